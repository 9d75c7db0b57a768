"""How a unit becomes another one: nothing, some operations again, or made anew; and the steps.

What an operation was run with is known: its inputs, and the digest of its script and of the files
that go with it. From this follows what a change needs:

- A node with an operation `update` (or `modify`) is changed by it, whatever changed.
- An operation of the configuring kind (`pre_configure_*`, `configure`, `post_configure_*`) whose
  inputs or script changed is run again. With metadata `restart: "true"` the node is stopped
  before and started after it; then changed inputs or a changed script of `start` (`add_target`,
  `add_source`) are no reason to make it anew either.
- Changed scripts of the way back (`stop`, `delete`, `remove_*`), timeouts and retries are only
  recorded: they matter when the node is taken away.
- A changed property that shows up in no changed input of such an operation may have been read by
  any of them (through `ctx`): the node is made anew. So it is if an input or the script of
  `create` changed, or the type, or the host. A node without operations is only recorded.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from toscactl.backend import Action, Resource, Unit, UnitChange, Value, reveal
from toscactl_local.task import (
    CONFIGURING,
    STARTING,
    TARGET_CHANGED,
    UPDATE,
    WAY_BACK,
    Task,
    tasks_of,
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a change needs: which operations to run again, or which properties force a new node."""

    action: Action
    tasks: tuple[Task, ...] = ()
    forcing: frozenset[str] = frozenset()


def change(before: Unit, after: Unit) -> UnitChange:
    """How a unit becomes another one of the same id: NOOP, UPDATE or REPLACE.

    The properties that force a replacement are named in the resource's `replace_on`.
    """
    judged = judge(before, after)
    resource = after.resources[0]
    if judged.forcing:
        resource = replace(resource, replace_on=judged.forcing)
        after = replace(after, resources=(resource,))
    changed = () if judged.action is Action.NOOP else (resource.key,)
    return UnitChange(judged.action, before, after, changed)


def judge(before: Unit, after: Unit) -> Judgement:
    """What a change needs, by the rules of this module."""
    properties = _changed_properties(before.resources[0], after.resources[0])
    old = {task.key: task for task in tasks_of(before)}
    new = {task.key: task for task in tasks_of(after)}
    if not old and not new:
        return Judgement(Action.UPDATE if properties or _moved(before, after) else Action.NOOP)
    if _moved(before, after):
        return Judgement(Action.REPLACE, forcing=frozenset({"type", "host"} & set(properties)))
    differing = [task for task in new.values() if _differs(old.get(task.key), task)]
    away = [task for key, task in old.items() if key not in new]
    if not properties and not differing and not away:
        same = reveal(dict(before.payload)) == reveal(dict(after.payload))
        return Judgement(Action.NOOP if same else Action.UPDATE)
    updates = tuple(task for task in new.values() if task.name in UPDATE)
    if updates:
        return Judgement(Action.UPDATE, updates)
    return _in_place(after, old, [*differing, *away], properties)


def _moved(before: Unit, after: Unit) -> bool:
    """Whether a node has another type or is on another host."""
    keys = ("types", "hosted_on")
    return any(before.payload.get(key) != after.payload.get(key) for key in keys)


def _in_place(
    after: Unit,
    old: Mapping[str, Task],
    differing: Sequence[Task],
    properties: Mapping[str, tuple[Value, Value]],
) -> Judgement:
    """Which operations to run again, or what forces a replacement instead."""
    restart = after.payload.get("restart") is True
    again = CONFIGURING | (STARTING if restart else frozenset())
    passive = frozenset({*WAY_BACK, TARGET_CHANGED})
    explaining = [
        (old[task.key].inputs, task.inputs)
        for task in differing
        if task.name in again and task.key in old
    ]
    unread = {
        path.split(".", 1)[0]
        for path, values in properties.items()
        if not any(_explains(*values, *inputs) for inputs in explaining)
    }
    forcing = [task for task in differing if task.name not in again | passive]
    if unread or forcing:
        named = unread | {
            path.split(".", 1)[0]
            for path, values in properties.items()
            if any(
                task.key in old and _explains(*values, old[task.key].inputs, task.inputs)
                for task in forcing
            )
        }
        return Judgement(Action.REPLACE, forcing=frozenset(named or {"operations"}))
    rerun = {task.key for task in differing if task.name in CONFIGURING}
    tasks = tuple(task for task in tasks_of(after) if task.key in rerun)
    if restart and any(task.name in again for task in differing):
        return Judgement(Action.UPDATE, _restarted(after, tasks))
    return Judgement(Action.UPDATE, tasks)


def _restarted(after: Unit, tasks: Sequence[Task]) -> tuple[Task, ...]:
    everything = tasks_of(after)
    return (
        *(task for task in everything if task.name == "stop"),
        *tasks,
        *(task for task in everything if task.name in STARTING),
    )


def refreshed(after: Unit) -> tuple[Task, ...]:
    """What to run if nothing of a unit changed but attributes of others that it uses."""
    everything = tasks_of(after)
    told = tuple(task for task in everything if task.name in (TARGET_CHANGED, *UPDATE))
    if told:
        return told
    tasks = tuple(task for task in everything if task.name in CONFIGURING)
    return _restarted(after, tasks) if after.payload.get("restart") is True else tasks


def _differs(before: Task | None, after: Task) -> bool:
    """Whether running an operation now would be something else than it was."""
    if before is None:
        return True
    return (
        reveal(dict(before.inputs)) != reveal(dict(after.inputs))
        or before.digest != after.digest
        or before.path != after.path
        or (before.outputs, before.asked) != (after.outputs, after.asked)
        or before.edge != after.edge
    )


def _changed_properties(before: Resource, after: Resource) -> dict[str, tuple[Value, Value]]:
    """Properties that differ, by dotted path, with both values; operations are judged apart."""
    found: dict[str, tuple[Value, Value]] = {}
    for name in sorted({*before.properties, *after.properties}):
        if name == "operations" and not _is_property(before, after, name):
            continue
        old, new = before.properties.get(name), after.properties.get(name)
        if name == "capabilities" and not _is_property(before, after, name):
            found.update(_differences(name, old, new, depth=2))
        elif reveal(old) != reveal(new):
            found[name] = (old, new)
    return found


def _is_property(before: Resource, after: Resource, name: str) -> bool:
    """Whether a name that `lower` uses is one of the node's own properties after all."""
    return any(name in resource.origins for resource in (before, after))


def _differences(
    path: str, old: Value, new: Value, *, depth: int
) -> Iterator[tuple[str, tuple[Value, Value]]]:
    if reveal(old) == reveal(new):
        return
    if depth == 0 or not (isinstance(old, Mapping) and isinstance(new, Mapping)):
        yield path, (old, new)
        return
    for name in sorted({*old, *new}):
        yield from _differences(f"{path}.{name}", old.get(name), new.get(name), depth=depth - 1)


def _explains(
    old: Value, new: Value, before: Mapping[str, Value], after: Mapping[str, Value]
) -> bool:
    """Whether an operation's changed inputs show a changed property.

    They do if the old value stands in an input before and the new one in the same input after,
    as the whole of it or as a part.
    """
    return any(
        reveal(value) != reveal(after.get(name))
        and _shows(value, old)
        and _shows(after.get(name), new)
        for name, value in before.items()
    )


def _shows(value: Value, part: Value) -> bool:
    value, part = reveal(value), reveal(part)
    if value == part:
        return True
    if isinstance(value, str):
        return part is None or (isinstance(part, str | int | float) and str(part) in value)
    if isinstance(value, Mapping):
        return any(_shows(item, part) for item in value.values())
    if isinstance(value, Sequence):
        return any(_shows(item, part) for item in value)
    return str(value) == str(part)
