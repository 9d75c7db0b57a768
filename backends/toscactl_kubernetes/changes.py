"""Changes of objects, and their steps: an object is applied or deleted as one."""

from collections.abc import Mapping

from toscactl.backend import Action, Resource, Step, Unit, UnitChange

APPLY = "apply"
DELETE = "delete"


def change(before: Unit, after: Unit) -> UnitChange:
    """How an object becomes another one: not at all, in place, or by making it anew."""
    old = {resource.key: resource for resource in before.resources}
    new = {resource.key: resource for resource in after.resources}
    differing = [
        key for key in (*old, *(k for k in new if k not in old)) if _differs(old, new, key)
    ]
    if not differing and before.payload == after.payload:
        return UnitChange(Action.NOOP, before, after)
    replaced = any(key in old and key in new and _replaced(old[key], new[key]) for key in differing)
    changed = tuple(differing) or tuple(new)
    return UnitChange(Action.REPLACE if replaced else Action.UPDATE, before, after, changed)


def _differs(old: Mapping[str, Resource], new: Mapping[str, Resource], key: str) -> bool:
    return key not in old or key not in new or old[key].properties != new[key].properties


def _replaced(before: Resource, after: Resource) -> bool:
    return any(
        before.properties.get(name) != after.properties.get(name)
        for name in before.replace_on | after.replace_on
    )


def steps(wanted: UnitChange) -> tuple[Step, ...]:
    """The steps of a change that are still to be done: delete what was, apply what is to be."""
    found: list[Step] = []
    if wanted.action in {Action.DELETE, Action.REPLACE} and wanted.before is not None:
        last = wanted.action is Action.DELETE
        found.append(_delete(wanted.before, last=last))
    if wanted.action in {Action.CREATE, Action.UPDATE, Action.REPLACE} and wanted.after:
        found.append(_apply(wanted.after, after=found))
    done = {f"{step.unit}#{key}" for step in found for key in wanted.done}
    return tuple(step for step in found if step.id not in done)


def _apply(unit: Unit, *, after: list[Step]) -> Step:
    resource = unit.resources[0]
    return Step(
        f"{unit.id}#{APPLY}",
        APPLY,
        "apply",
        unit.id,
        unit.target,
        unit.backend,
        tuple(step.id for step in after),
        resource.key,
        resource.instance,
        inputs={"manifest": unit.payload},
        last=True,
        origin=resource.origins.get(""),
    )


def _delete(unit: Unit, *, last: bool) -> Step:
    resource = unit.resources[0]
    metadata = unit.payload.get("metadata")
    return Step(
        f"{unit.id}#{DELETE}",
        DELETE,
        "delete",
        unit.id,
        unit.target,
        unit.backend,
        (),
        resource.key,
        resource.instance,
        payload={
            "apiVersion": unit.payload.get("apiVersion"),
            "kind": unit.payload.get("kind"),
            "name": metadata.get("name") if isinstance(metadata, Mapping) else None,
            "namespace": metadata.get("namespace") if isinstance(metadata, Mapping) else None,
        },
        removes=True,
        last=last,
        origin=resource.origins.get(""),
    )
