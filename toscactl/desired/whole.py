"""Units that their target changes as one: a Heat stack, a Terraform workspace.

Such a target finds out itself what differs inside, replaces what must be, and keeps its own order;
so a change of the unit is one step, whatever is in it.
"""

from collections.abc import Iterator, Sequence

from toscactl.desired.model import Action, Step, Unit, UnitChange


def whole_change(before: Unit, after: Unit) -> UnitChange:
    """An update in place if anything differs; `changed` names the resources that do."""
    changed = tuple(_changed(before, after))
    same = (
        not changed
        and before.payload == after.payload
        and before.inputs == after.inputs
        and before.files == after.files
    )
    return UnitChange(Action.NOOP if same else Action.UPDATE, before, after, changed)


def _changed(before: Unit, after: Unit) -> Iterator[str]:
    """The keys of resources that are new, gone or different, in the order of the new unit."""
    old = {resource.key: resource for resource in before.resources}
    new = {resource.key: resource for resource in after.resources}
    for key, resource in new.items():
        if key not in old or old[key].properties != resource.properties:
            yield key
    yield from (key for key in old if key not in new)


def whole_steps(change: UnitChange) -> Sequence[Step]:
    """One step that makes, changes or removes the unit; a replace is two."""
    found: list[Step] = []
    if change.action in (Action.DELETE, Action.REPLACE) and change.before is not None:
        found.append(_step(change.before, "delete", removes=True))
    if change.action in (Action.CREATE, Action.UPDATE, Action.REPLACE) and change.after is not None:
        verb = "update" if change.action is Action.UPDATE else "create"
        needs = tuple(step.id for step in found if step.key not in change.done)
        found.append(_step(change.after, verb, needs))
    return tuple(step for step in found if step.key not in change.done)


def _step(unit: Unit, verb: str, needs: tuple[str, ...] = (), *, removes: bool = False) -> Step:
    return Step(
        id=f"{unit.id}#{verb}",
        key=verb,
        verb=verb,
        unit=unit.id,
        target=unit.target,
        backend=unit.backend,
        needs=needs,
        inputs={} if removes else unit.inputs,
        removes=removes,
        last=True,
    )
