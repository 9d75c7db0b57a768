"""What is to become of every unit: from what is wanted and what the state knows of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from toscactl.backend import Backend
from toscactl.desired import Action, Unit, UnitChange
from toscactl.desired.serialize import frozen
from toscactl.planning.decision import (
    Decision,
    Decisions,
    backend_of,
    keys,
    resumed,
    standing,
    step_keys,
)
from toscactl.planning.model import Reason
from toscactl.planning.spread import spread
from toscactl.state import State, UnitRecord

NEW = Reason("new", "not deployed yet")
UNCHANGED = Reason("unchanged", "as it is wanted")
REMOVED = Reason("node-removed", "no longer wanted by the service")
REQUESTED = Reason("requested", "the deployment is to be removed")
CHANGED = Reason("property-changed", "changed")
RESUME = Reason("resume", "an earlier run did not finish it")


def decide(
    units: Sequence[Unit], state: State, backends: Mapping[str, Backend], *, gone: Reason
) -> Decisions:
    """A decision for every unit that is wanted or that the state knows, in the order of units.

    `gone` is the reason for what is no longer wanted. Raises `BackendError` for a unit whose
    backend is not installed.
    """
    decisions: Decisions = {}
    for unit in map(frozen, units):
        decisions[unit.id] = _become(unit, state.units.get(unit.id), backend_of(unit, backends))
    moved = {(unit.kind, unit.name): unit.target for unit in units}
    for record in state.units.values():
        if record.id not in decisions:
            old = record.unit or (record.change and (record.change.after or record.change.before))
            elsewhere = moved.get((old.kind, old.name)) if old else None
            reason = gone if elsewhere is None else _moved(elsewhere)
            decisions[record.id] = _remove(record, backends, reason)
    spread(decisions, state, backends)
    return decisions


def _moved(target: str) -> Reason:
    return Reason(REMOVED.code, f"it goes to the target `{target}`")


def _become(unit: Unit, record: UnitRecord | None, backend: Backend) -> Decision:
    if record is not None and record.change is not None and record.ledger:
        return _go_on(unit, record, record.change, backend)
    if record is None or record.unit is None:
        return Decision(UnitChange(Action.CREATE, None, unit, keys(unit)), NEW)
    change = backend.change(record.unit, unit)
    return Decision(change, UNCHANGED if change.action is Action.NOOP else CHANGED)


def _go_on(unit: Unit, record: UnitRecord, pending: UnitChange, backend: Backend) -> Decision:
    """Go on with a change that was begun, or, if something else is wanted now, start from there."""
    if pending.after is not None and frozen(pending.after) == unit:
        change = resumed(replace(pending, after=unit), record, backend)
        if change.done >= step_keys(backend, change):
            return Decision(UnitChange(Action.NOOP, unit, unit), UNCHANGED)
        return Decision(change, RESUME)
    if pending.action is Action.UPDATE:
        change = _redirected(unit, record, pending, backend)
        return Decision(change, RESUME if change.action is Action.REPLACE else CHANGED)
    return Decision(_anew(unit, record, pending, backend), RESUME)


def _redirected(
    unit: Unit, record: UnitRecord, pending: UnitChange, backend: Backend
) -> UnitChange:
    """What makes a unit right that an abandoned update left half-way between two others.

    Another update will do if it runs every step again that the abandoned one has begun.
    """
    for before in (pending.before, pending.after):
        assert before is not None
        change = backend.change(before, unit)
        if change.action is Action.REPLACE:
            return change
        if change.action is not Action.NOOP:
            if step_keys(backend, change) >= frozenset(record.ledger):
                return change
            break
    return _anew(unit, record, pending, backend)


def _anew(unit: Unit, record: UnitRecord, pending: UnitChange, backend: Backend) -> UnitChange:
    """Delete whatever there is of a unit and create it anew."""
    there, goes_on = standing(record, pending, backend)
    change = UnitChange(Action.REPLACE, there, unit, keys(there, unit))
    return resumed(change, record, backend) if goes_on else change


def _remove(record: UnitRecord, backends: Mapping[str, Backend], reason: Reason) -> Decision:
    """The removal of a unit, of a half-made one too; one that never began has no steps left."""
    pending = record.change
    if pending is None or (not record.ledger and record.unit is not None):
        assert record.unit is not None
        return Decision(UnitChange(Action.DELETE, record.unit, None, keys(record.unit)), reason)
    known = pending.before or pending.after
    assert known is not None
    backend = backend_of(known, backends)
    there, goes_on = standing(record, pending, backend)
    change = UnitChange(Action.DELETE, there, None, keys(there))
    if not record.ledger:
        return Decision(replace(change, done=step_keys(backend, change)), reason)
    return Decision(resumed(change, record, backend) if goes_on else change, reason)
