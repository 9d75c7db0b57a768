"""The conformance kit: laws that every backend keeps, to be called from a backend's own tests."""

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from toscactl.backend import Backend, Portion
from toscactl.desired import Action, Step, Unit, UnitChange
from toscactl.desired.serialize import blobs, from_json, frozen, to_json
from toscactl.values import Secret, text, walk


def check_backend(
    backend: Backend, portion: Portion, *, declared: Collection[str] = ()
) -> tuple[Unit, ...]:
    """Check every law on what a backend makes of a portion; returns its units.

    `declared` are the paths of native files that are there to hold secrets.
    Raises `AssertionError`, which says which law was broken by what.
    """
    units = backend.lower(portion).value
    check_lowering(backend, portion)
    check_units(units, backend)
    for unit in units:
        check_serialization(unit)
        check_change_to_itself(backend, unit)
        check_steps(backend, UnitChange(Action.CREATE, None, unit, _keys(unit)))
        check_steps(backend, UnitChange(Action.REPLACE, unit, unit, _keys(unit)))
        check_steps(backend, UnitChange(Action.DELETE, unit, None, _keys(unit)))
    check_secrecy(backend, portion, units, declared=declared)
    return units


def check_lowering(backend: Backend, portion: Portion) -> None:
    """Lowering is a function: twice the same gives the same, in the same order."""
    first, second = backend.lower(portion), backend.lower(portion)
    one = [_text(unit) for unit in first.value]
    _law(one == [_text(unit) for unit in second.value], "lowering twice gives the same units")
    _law(first.diagnostics == second.diagnostics, "lowering twice finds the same")


def check_units(units: Sequence[Unit], backend: Backend) -> None:
    """Ids are unique and well-formed, keys of resources unique, needs acyclic."""
    ids = Counter(unit.id for unit in units)
    _law(not _twice(ids), f"the ids of units are unique: {_twice(ids)}")
    for unit in units:
        _law(unit.backend == backend.name, f"`{unit.id}` names its backend")
        expected = f"{unit.target}/{unit.kind}/{unit.name}"
        _law(unit.id == expected, f"`{unit.id}` reads <target>/<kind>/<name>: `{expected}`")
        keys = Counter(resource.key for resource in unit.resources)
        _law(not _twice(keys), f"the keys of resources of `{unit.id}` are unique: {_twice(keys)}")
        names = {resource.name for resource in unit.resources}
        for resource in unit.resources:
            missing = set(resource.needs) - names
            _law(not missing, f"`{resource.key}` needs resources of its own unit: {missing}")
    needs = {unit.id: [need.unit for need in unit.needs if need.unit in ids] for unit in units}
    _law(_acyclic(needs), "the needs of units are acyclic")


def check_serialization(unit: Unit) -> None:
    """A unit is plain data: written as JSON and read back it is the same."""
    files = blobs(unit)
    data = json.loads(json.dumps(to_json(unit)))
    back = from_json(Unit, data, content=lambda digest: files[digest].data)
    _law(back == frozen(unit), f"`{unit.id}` is the same after writing and reading")


def check_change_to_itself(backend: Backend, unit: Unit) -> None:
    """A unit that is as it is wanted needs nothing, also after it was kept in a state."""
    change = backend.change(unit, unit)
    _law(change.action is Action.NOOP, f"`{unit.id}` to itself is no change: {change.action}")
    _law(not list(backend.steps(change)), f"no change of `{unit.id}` has no steps")
    kept = frozen(unit)
    change = backend.change(kept, kept)
    _law(change.action is Action.NOOP, f"`{unit.id}` read back is no change")


def check_steps(backend: Backend, change: UnitChange) -> None:
    """Steps are unique, well-formed, in order, removing only where that is wanted; resumable."""
    steps = list(backend.steps(change))
    unit = change.after or change.before
    assert unit is not None
    what = f"{change.action.value} of `{unit.id}`"
    keys = Counter(step.key for step in steps)
    _law(not _twice(keys), f"the keys of steps are unique in {what}: {_twice(keys)}")
    seen: set[str] = set()
    for step in steps:
        _law(step.id == f"{unit.id}#{step.key}", f"`{step.id}` reads <unit>#<key>")
        _law(step.unit == unit.id and step.backend == unit.backend, f"`{step.id}` is of its unit")
        inner = {need for need in step.needs if need.startswith(f"{unit.id}#")}
        _law(inner <= seen, f"`{step.id}` comes after what it needs: {inner - seen}")
        seen.add(step.id)
        _law(
            from_json(Step, json.loads(json.dumps(to_json(step)))).id == step.id,
            f"`{step.id}` can be written and read",
        )
    if change.action is Action.DELETE:
        _law(bool(steps), f"{what} has steps")
        _law(all(step.removes for step in steps), f"{what} only removes")
    if change.action is Action.CREATE:
        _law(not any(step.removes for step in steps), f"{what} removes nothing")
    again = [step.key for step in backend.steps(change)]
    _law([step.key for step in steps] == again, f"{what} has the same steps each time")
    for number in range(1, len(steps)):
        done = frozenset(step.key for step in steps[:number])
        left = [step.key for step in backend.steps(replace(change, done=done))]
        _law(
            left == [step.key for step in steps[number:]],
            f"{what} goes on where it was, after {sorted(done)}",
        )


def check_secrecy(
    backend: Backend, portion: Portion, units: Sequence[Unit], *, declared: Collection[str] = ()
) -> None:
    """No secret of the inputs is in clear in a native file, unless it is declared to hold some.

    A file declares that by `secret` in its name, or the caller does for it.
    """
    hidden = {
        text(part)
        for item in portion.graph.inputs.values()
        for part in walk(item.value)
        if isinstance(part, Secret)
    }
    for path, data in backend.files(portion, units).items():
        if path in declared or "secret" in path.lower():
            continue
        for one in hidden:
            _law(not one or one.encode() not in data, f"`{path}` holds no secret in clear")


def _law(holds: bool, law: str) -> None:  # noqa: FBT001  (it reads like `assert`)
    if not holds:
        raise AssertionError(law)


def _text(unit: Unit) -> str:
    return json.dumps(to_json(unit), sort_keys=True)


def _keys(unit: Unit) -> tuple[str, ...]:
    return tuple(resource.key for resource in unit.resources)


def _twice(counted: Mapping[str, int]) -> list[str]:
    return sorted(key for key, number in counted.items() if number > 1)


def _acyclic(needs: Mapping[str, Sequence[str]]) -> bool:
    open_needs = {id_: len(some) for id_, some in needs.items()}
    dependents: dict[str, list[str]] = {}
    for id_, some in needs.items():
        for need in some:
            dependents.setdefault(need, []).append(id_)
    ready = [id_ for id_, number in open_needs.items() if number == 0]
    done = 0
    while ready:
        done += 1
        for id_ in dependents.get(ready.pop(), ()):
            open_needs[id_] -= 1
            if open_needs[id_] == 0:
                ready.append(id_)
    return done == len(needs)
