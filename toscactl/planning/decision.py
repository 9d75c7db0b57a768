"""`Decision`: what is to become of one unit, and what of it an earlier run has done already."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from toscactl.backend import Backend
from toscactl.desired import Action, Unit, UnitChange
from toscactl.errors import BackendError
from toscactl.planning.model import Certainty, Reason
from toscactl.state import StepStatus, UnitRecord


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to become of a unit, and why.

    `sources` are the ids of the units whose attributes decide whether a `MAY` happens.
    """

    change: UnitChange
    reason: Reason
    certainty: Certainty = Certainty.WILL
    sources: tuple[str, ...] = ()

    @property
    def unit(self) -> Unit:
        unit = self.change.after or self.change.before
        assert unit is not None
        return unit

    @property
    def fresh(self) -> bool:
        """Whether no earlier run has begun this change."""
        return not self.change.done and not self.change.begun


Decisions = dict[str, Decision]


def backend_of(unit: Unit, backends: Mapping[str, Backend]) -> Backend:
    """The backend that owns a unit. Raises `BackendError` if it is not installed."""
    if unit.backend not in backends:
        raise BackendError(
            f"`{unit.id}` belongs to the backend `{unit.backend}`, which is not installed",
            hint=f"installed are: {', '.join(sorted(backends)) or 'none'}",
        )
    return backends[unit.backend]


def keys(*units: Unit | None) -> tuple[str, ...]:
    """The keys of all resources of units, each once."""
    found = {resource.key: None for unit in units if unit for resource in unit.resources}
    return tuple(found)


def step_keys(backend: Backend, change: UnitChange) -> frozenset[str]:
    """The keys of all steps of a change, as if nothing of it was done."""
    whole = replace(change, done=frozenset(), begun=frozenset())
    return frozenset(step.key for step in backend.steps(whole))


def resumed(change: UnitChange, record: UnitRecord, backend: Backend) -> UnitChange:
    """The change with what the ledger knows of its steps."""
    known = step_keys(backend, change)
    done = {key for key, status in record.ledger.items() if status is StepStatus.OK}
    begun = {
        key
        for key, status in record.ledger.items()
        if status in (StepStatus.RUNNING, StepStatus.FAILED)
    }
    return replace(change, done=frozenset(done & known), begun=frozenset(begun & known))


def standing(record: UnitRecord, pending: UnitChange, backend: Backend) -> tuple[Unit, bool]:
    """The unit that there is something of while a change of it is half done.

    The second value says whether it is being removed by that change, so that the removal can
    go on; else it is (partly) made, and a removal starts from the beginning.
    """
    if pending.before is not None and pending.action in (Action.DELETE, Action.REPLACE):
        removal = UnitChange(Action.DELETE, pending.before, None)
        if pending.after is None or step_keys(backend, removal) >= frozenset(record.ledger):
            return pending.before, True
    unit = pending.after or pending.before
    assert unit is not None
    return unit, False
