"""What a plan shows: what happens to every resource of every unit."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from toscactl.desired import Action, Resource, Step, Unit
from toscactl.planning.decision import Decision, Decisions
from toscactl.planning.model import Certainty, PropertyChange, Reason, ResourceAction, Risk
from toscactl.planning.order import depth, waves
from toscactl.planning.properties import Knowledge, origin_of, property_changes

_UNCHANGED = Reason("unchanged", "as it is wanted")


def actions(
    decisions: Decisions, steps: Sequence[Step], known: Knowledge
) -> tuple[ResourceAction, ...]:
    """What happens to every resource, in the order of waves; unchanged ones come first."""
    working = _by_unit(steps)
    found: list[ResourceAction] = []
    for id_, decision in decisions.items():
        found.extend(_of_unit(decision, working.get(id_, ()), known))
    placed = _placed(found, decisions, steps, working)
    return tuple(sorted(placed, key=lambda action: action.wave))


def _by_unit(steps: Sequence[Step]) -> Mapping[str, Sequence[Step]]:
    found: dict[str, list[Step]] = {}
    for step in steps:
        found.setdefault(step.unit, []).append(step)
    return found


def _of_unit(
    decision: Decision, steps: Sequence[Step], known: Knowledge
) -> Iterator[ResourceAction]:
    change = decision.change
    if change.action is Action.DELETE and not steps:
        return
    old = _resources(change.before)
    new = _resources(change.after)
    forcing = _forcing(old, new, known) if change.action is Action.REPLACE else {}
    for key in {**new, **old}:
        before, after = old.get(key), new.get(key)
        resource = after or before
        assert resource is not None
        what = _what(decision, key, before, after, known, forcing)
        yield ResourceAction(
            id=_id(decision.unit, key),
            wave=0,
            after=(),
            target=decision.unit.target,
            kind=resource.kind,
            name=resource.name,
            unit=decision.unit.id,
            action=what.action,
            certainty=Certainty.WILL if what.action is Action.NOOP else decision.certainty,
            reason=what.reason,
            origin=origin_of(resource, ""),
            changes=what.changes,
            risk=_risk(what.action, resource),
            instance=resource.instance,
        )


def _resources(unit: Unit | None) -> Mapping[str, Resource]:
    """The resources of a unit by key; a unit without any is shown as one of its own kind."""
    if unit is None:
        return {}
    if not unit.resources:
        whole = Resource(unit.kind, unit.name, unit.payload)
        return {whole.key: whole}
    return {resource.key: resource for resource in unit.resources}


def _id(unit: Unit, key: str) -> str:
    return unit.id if len(unit.resources) <= 1 else f"{unit.id}/{key}"


@dataclass(frozen=True, slots=True)
class _What:
    action: Action
    reason: Reason
    changes: tuple[PropertyChange, ...] = ()


def _what(
    decision: Decision,
    key: str,
    before: Resource | None,
    after: Resource | None,
    known: Knowledge,
    forcing: Mapping[str, tuple[str, ...]],
) -> _What:
    match decision.change.action:
        case Action.CREATE:
            return _What(Action.CREATE, decision.reason, property_changes(None, after, known))
        case Action.DELETE:
            return _What(Action.DELETE, decision.reason, property_changes(before, None, known))
        case Action.REPLACE:
            return _replaced(decision, key, before, after, known, forcing)
        case Action.UPDATE | Action.RUN:
            return _updated(decision, key, before, after, known)
        case Action.NOOP | Action.READ:
            return _What(Action.NOOP, decision.reason)


def _updated(
    decision: Decision, key: str, before: Resource | None, after: Resource | None, known: Knowledge
) -> _What:
    if before is None:
        reason = Reason("new", "not deployed yet")
        return _What(Action.CREATE, reason, property_changes(None, after, known))
    if after is None:
        reason = Reason("node-removed", "no longer wanted by the service")
        return _What(Action.DELETE, reason, property_changes(before, None, known))
    changes = property_changes(before, after, known)
    if not changes and key not in decision.change.changed:
        return _What(Action.NOOP, _UNCHANGED)
    if not changes:
        reason = decision.reason
        if reason.code == "property-changed":
            reason = Reason("property-changed", "its operations or their files changed")
        return _What(Action.RUN, reason)
    replaced = tuple(c.path for c in changes if _top(c.path) in after.replace_on)
    if replaced and decision.reason.code == "property-changed":
        flagged = _flagged(changes, replaced)
        return _What(Action.REPLACE, _immutable(replaced), flagged)
    return _What(Action.UPDATE, _with_paths(decision.reason, changes), changes)


def _forcing(
    old: Mapping[str, Resource], new: Mapping[str, Resource], known: Knowledge
) -> Mapping[str, tuple[str, ...]]:
    """The paths that make a replacement necessary, by resource.

    Where none of them is declared as such, the backend cannot change any of them in place.
    """
    differing = {
        key: [change.path for change in property_changes(old[key], new[key], known)]
        for key in old
        if key in new
    }
    declared = {
        key: tuple(path for path in paths if _top(path) in new[key].replace_on)
        for key, paths in differing.items()
    }
    if any(declared.values()):
        return {key: paths for key, paths in declared.items() if paths}
    return {key: tuple(paths) for key, paths in differing.items() if paths}


def _replaced(
    decision: Decision,
    key: str,
    before: Resource | None,
    after: Resource | None,
    known: Knowledge,
    forcing: Mapping[str, tuple[str, ...]],
) -> _What:
    changes = property_changes(before, after, known)
    if after is None:
        reason = Reason("node-removed", "no longer wanted by the service")
        return _What(Action.DELETE, reason, changes)
    if before is None:
        return _What(Action.CREATE, Reason("new", "not deployed yet"), changes)
    if decision.reason.code != "property-changed":
        changes = _flagged(changes, forcing.get(key, ()))
        return _What(Action.REPLACE, decision.reason, changes)
    if key in forcing:
        return _What(Action.REPLACE, _immutable(forcing[key]), _flagged(changes, forcing[key]))
    if forcing:
        first = next(iter(forcing))
        reason = Reason("dependency-replaced", f"it is made anew together with `{first}`", (first,))
    else:
        reason = Reason("property-changed", "its operations or their files changed")
    return _What(Action.REPLACE, reason, changes)


def _flagged(
    changes: tuple[PropertyChange, ...], paths: Sequence[str]
) -> tuple[PropertyChange, ...]:
    forcing = frozenset(paths)
    return tuple(
        replace(change, forces_replace=True) if change.path in forcing else change
        for change in changes
    )


def _immutable(paths: tuple[str, ...]) -> Reason:
    shown = ", ".join(f"`{path}`" for path in paths)
    return Reason("immutable-property", f"{shown} cannot be changed in place", paths)


def _with_paths(reason: Reason, changes: tuple[PropertyChange, ...]) -> Reason:
    if reason.code != "property-changed":
        return reason
    paths = tuple(change.path for change in changes)
    return Reason(reason.code, ", ".join(f"`{path}`" for path in paths) + " changed", paths)


def _top(path: str) -> str:
    return path.partition(".")[0]


def _risk(action: Action, resource: Resource) -> Risk:
    if action in (Action.DELETE, Action.REPLACE) and resource.holds_data:
        return Risk.DATA_LOSS
    return Risk.DOWNTIME if action is Action.REPLACE else Risk.NONE


def _placed(
    found: Sequence[ResourceAction],
    decisions: Decisions,
    steps: Sequence[Step],
    working: Mapping[str, Sequence[Step]],
) -> Iterator[ResourceAction]:
    """The actions with wave and predecessors; an action that does nothing is in wave 0."""
    units = {id_: decision.unit for id_, decision in decisions.items()}
    wave_of = waves(steps, units)
    raw = {
        action.id: _wave(action, units[action.unit], working.get(action.unit, ()), wave_of)
        for action in found
    }
    numbers = {wave: number for number, wave in enumerate(sorted({*raw.values(), 0}))}
    before = _Predecessors(found, decisions, steps)
    for action in found:
        yield replace(action, wave=numbers[raw[action.id]], after=before.of(action))


def _wave(
    action: ResourceAction, unit: Unit, steps: Sequence[Step], wave_of: Mapping[str, int]
) -> int:
    if action.action is Action.NOOP:
        return 0
    key = f"{action.kind}/{action.name}"
    removes = action.action is Action.DELETE
    own = [s for s in steps if s.removes == removes and s.resource == key]
    if own:
        return max(wave_of[step.id] for step in own)
    whole = [wave_of[s.id] for s in steps if s.removes == removes] or [wave_of[s.id] for s in steps]
    return max(whole, default=1) + (0 if removes else depth(unit).get(key, 0))


class _Predecessors:
    """Which actions come before an action: of its own unit, and of the units it waits for."""

    def __init__(
        self, found: Sequence[ResourceAction], decisions: Decisions, steps: Sequence[Step]
    ) -> None:
        self.by_unit: dict[str, list[ResourceAction]] = {}
        for action in found:
            if action.action is not Action.NOOP:
                self.by_unit.setdefault(action.unit, []).append(action)
        self.own = {
            id_: _own_needs(decision.unit, self.by_unit.get(id_, ()))
            for id_, decision in decisions.items()
        }
        self.units: dict[str, dict[str, None]] = {}
        unit_of = {step.id: step.unit for step in steps}
        for step in steps:
            others = {unit_of[need]: None for need in step.needs if unit_of[need] != step.unit}
            self.units.setdefault(step.unit, {}).update(others)

    def of(self, action: ResourceAction) -> tuple[str, ...]:
        if action.action is Action.NOOP:
            return ()
        inside = self.own[action.unit].get(action.id, ())
        if inside:
            return tuple(inside)
        return tuple(
            sorted(
                other
                for unit in self.units.get(action.unit, {})
                for other in self._ends(unit)
                if other != action.id
            )
        )

    def _ends(self, unit: str) -> Iterator[str]:
        inner = {need for needs in self.own[unit].values() for need in needs}
        return (action.id for action in self.by_unit.get(unit, ()) if action.id not in inner)


def _own_needs(unit: Unit, found: Sequence[ResourceAction]) -> Mapping[str, Sequence[str]]:
    if len(found) <= 1:
        return {}
    by_name: dict[str, list[str]] = {}
    for action in found:
        by_name.setdefault(action.name, []).append(action.id)
    ids = {f"{action.kind}/{action.name}": action.id for action in found}
    return {
        ids[resource.key]: sorted(one for name in resource.needs for one in by_name.get(name, ()))
        for resource in unit.resources
        if resource.key in ids
    }
