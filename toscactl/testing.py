"""For tests, ours and others': a backend in memory, and laws that every backend keeps.

`MemoryBackend` claims every instance and keeps what it "makes" in a `World`, which can be told to
let steps fail or wait. `check_backend` is the conformance kit: call it from a backend's own tests.
"""

import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from toscactl.address import Address
from toscactl.backend import Backend, Context, Driver, Portion, Result
from toscactl.desired import Action, Need, Origin, Resource, Step, Unit, UnitChange
from toscactl.desired.serialize import blobs, from_json, frozen, to_json
from toscactl.diagnostics import Checked
from toscactl.errors import OperationFailed
from toscactl.graph import Instance
from toscactl.targets import Target
from toscactl.values import (
    AttributeOf,
    Secret,
    Value,
    references,
    text,
    walk,
)

HOSTED_ON = "tosca.relationships.HostedOn"
FORWARD = ("create", "configure", "start")
REMOVAL = ("stop", "delete")


@dataclass
class World:
    """What a `MemoryBackend` has made, and how it is to behave.

    `failing` maps the id of a step to how often it still fails; `blocked` to an event for which
    it waits; `attributes` maps an instance (as text) to attributes that it is to get.
    `ran` lists the ids of all steps that were begun, in order.
    """

    things: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, Mapping[str, Value]] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    interrupted: dict[str, Mapping[str, Value]] = field(default_factory=dict)
    failing: dict[str, int] = field(default_factory=dict)
    blocked: dict[str, threading.Event] = field(default_factory=dict)
    attributes: dict[str, Mapping[str, Value]] = field(default_factory=dict)
    connections: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True)
class MemoryBackend:
    """Makes instances in a dict. Each is one unit with create, configure, start; stop, delete.

    A change of a property in `replace_on` needs a new instance; any other one is updated in place.
    """

    world: World = field(default_factory=World)
    replace_on: frozenset[str] = frozenset()
    name: str = "memory"

    def claims(self, instance: Instance, target: Target) -> bool:
        del instance, target
        return True

    def lower(self, portion: Portion) -> Checked[tuple[Unit, ...]]:
        read = _read_attributes(portion)
        return Checked(tuple(self._unit(portion, instance, read) for instance in portion.instances))

    def _unit(
        self,
        portion: Portion,
        instance: Instance,
        read: Mapping[Address, Mapping[str, Value]],
    ) -> Unit:
        target = portion.target.name
        element = f"node {instance.name}"
        origins = {path: Origin(element, place, path) for path, place in instance.places.items()}
        operations = {
            operation.name: dict(operation.inputs)
            for operation in instance.operations
            if operation.interface == "Standard"
        }
        resource = Resource(
            instance.type,
            instance.name,
            instance.properties,
            instance.address,
            {"": Origin(element, instance.place), **origins},
            self.replace_on,
        )
        return frozen(
            Unit(
                id=f"{target}/node/{instance.name}",
                target=target,
                backend=self.name,
                kind="node",
                name=instance.name,
                resources=(resource,),
                instances=(instance.address,),
                needs=_needs(instance, portion, target),
                payload={"operations": operations, "attributes": read.get(instance.address, {})},
            )
        )

    def files(self, portion: Portion, units: Sequence[Unit]) -> Mapping[str, bytes]:
        del portion
        return {f"{unit.name}.json": json.dumps(to_json(unit)).encode() for unit in units}

    def change(self, before: Unit, after: Unit) -> UnitChange:
        if before.resources == after.resources and before.payload == after.payload:
            return UnitChange(Action.NOOP, before, after)
        old = {resource.key: resource for resource in before.resources}
        changed = tuple(r.key for r in after.resources if old.get(r.key) != r)
        forcing = any(
            name in self.replace_on
            for resource in after.resources
            for name in {*resource.properties, *old.get(resource.key, resource).properties}
            if resource.properties.get(name) != old.get(resource.key, resource).properties.get(name)
        )
        replaced = forcing or old.keys() != {r.key for r in after.resources}
        return UnitChange(
            Action.REPLACE if replaced else Action.UPDATE, before, after, changed or tuple(old)
        )

    def steps(self, change: UnitChange) -> Sequence[Step]:
        removal = _chain(change.before, REMOVAL, removes=True)
        match change.action:
            case Action.CREATE:
                steps = _chain(change.after, FORWARD)
            case Action.UPDATE:
                steps = _chain(change.after, ("update",))
            case Action.DELETE:
                steps = removal
            case Action.REPLACE:
                steps = (*removal, *_chain(change.after, FORWARD))
            case _:
                steps = ()
        return [step for step in steps if step.key not in change.done]

    @contextmanager
    def connect(self, target: Target) -> Iterator[Driver]:
        del target
        with self.world.lock:
            self.world.connections += 1
        yield MemoryDriver(self.world)


@dataclass(frozen=True)
class MemoryDriver:
    """Does what a `MemoryBackend` plans: it changes the dict of its world."""

    world: World

    def run(self, step: Step, inputs: Mapping[str, Value], context: Context) -> Result:
        world = self.world
        with world.lock:
            world.ran.append(step.id)
            world.inputs[step.id] = inputs
            if context.interrupted is not None:
                world.interrupted[step.id] = context.interrupted
            failing = world.failing.get(step.id, 0)
            if failing:
                world.failing[step.id] = failing - 1
        context.running({"step": step.id})
        context.log(f"{step.verb} {step.instance}")
        self._wait(step, context)
        if failing:
            raise OperationFailed(f"`{step.id}` was told to fail", tail=("told to fail",))
        with world.lock:
            if step.verb == "delete":
                world.things.pop(step.unit, None)
            else:
                world.things[step.unit] = step.verb
        if step.removes:
            return Result()
        return Result(self._attributes(step), {"verb": step.verb})

    def observe(self, unit: Unit, observed: Mapping[str, Value]) -> Mapping[str, Value] | None:
        del observed
        with self.world.lock:
            state = self.world.things.get(unit.id)
        return None if state is None else {"state": state}

    def _wait(self, step: Step, context: Context) -> None:
        gate = self.world.blocked.get(step.id)
        while gate is not None and not gate.wait(0.01):
            if context.cancelled():
                raise OperationFailed(f"`{step.id}` was cancelled")

    def _attributes(self, step: Step) -> Mapping[Address, Mapping[str, Value]]:
        assert step.instance is not None
        simulated = step.payload.get("attributes", {})
        assert isinstance(simulated, Mapping)
        told = self.world.attributes.get(str(step.instance), {})
        return {step.instance: {"state": step.verb, **simulated, **told}}


def _needs(instance: Instance, portion: Portion, target: str) -> tuple[Need, ...]:
    here = {one.address for one in portion.instances}
    found = {
        edge.target: Need(f"{target}/node/{edge.target}", edge.name, edge.is_a(HOSTED_ON))
        for edge in instance.relationships
        if edge.target in here
    }
    return tuple(found.values())


def _chain(unit: Unit | None, verbs: Sequence[str], *, removes: bool = False) -> tuple[Step, ...]:
    if unit is None:
        return ()
    operations = unit.payload.get("operations", {})
    assert isinstance(operations, Mapping)
    steps: list[Step] = []
    for verb in verbs:
        inputs = operations.get(verb, {})
        assert isinstance(inputs, Mapping)
        (resource,) = unit.resources
        steps.append(
            Step(
                id=f"{unit.id}#{verb}",
                key=verb,
                verb=verb,
                unit=unit.id,
                target=unit.target,
                backend=unit.backend,
                needs=(steps[-1].id,) if steps else (),
                resource=resource.key,
                instance=unit.instances[0],
                inputs={**resource.properties, **inputs}
                if verb in ("create", "update")
                else inputs,
                payload={"attributes": unit.payload.get("attributes", {})},
                removes=removes,
                last=verb == verbs[-1],
                origin=resource.origins.get(""),
            )
        )
    return tuple(steps)


def _read_attributes(portion: Portion) -> Mapping[Address, Mapping[str, Value]]:
    """A value for every attribute that anybody reads, so that nothing stays unknown."""
    found: dict[Address, dict[str, Value]] = {}
    for value in _values(portion):
        for reference in references(value):
            if isinstance(reference, AttributeOf):
                _simulate(found.setdefault(reference.address, {}), reference)
    return found


def _values(portion: Portion) -> Iterator[Value]:
    for instance in portion.graph:
        yield instance.properties
        for operation in instance.operations:
            yield operation.inputs
        for relationship in instance.relationships:
            yield relationship.properties
            for operation in relationship.operations:
                yield operation.inputs
    for output in portion.graph.outputs.values():
        yield output.value


def _simulate(attributes: dict[str, Value], reference: AttributeOf) -> None:
    samples: Mapping[str, Value] = {"integer": 1, "float": 1.0, "boolean": True}
    leaf = samples.get(reference.type, f"{reference.address}.{reference.name}")
    names = [*((reference.capability,) if reference.capability else ()), reference.name]
    value: Value = leaf
    for step in reversed((*names[1:], *reference.path)):
        value = {step: value} if isinstance(step, str) else (value,) * (step + 1)
    old = attributes.get(names[0])
    attributes[names[0]] = _merged(old, value)


def _merged(old: Value, new: Value) -> Value:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return {**old, **{key: _merged(old.get(key), item) for key, item in new.items()}}
    return new if old is None else old


# The conformance kit.


def check_backend(backend: Backend, portion: Portion) -> tuple[Unit, ...]:
    """Check every law on what a backend makes of a portion; returns its units.

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
    check_secrecy(backend, portion, units)
    return units


def check_lowering(backend: Backend, portion: Portion) -> None:
    """Lowering is a function: twice the same gives the same, in the same order."""
    first, second = backend.lower(portion), backend.lower(portion)
    one = [_text(unit) for unit in first.value]
    _law(one == [_text(unit) for unit in second.value], "lowering twice gives the same units")
    _law(first.diagnostics == second.diagnostics, "lowering twice finds the same")
    turned = replace(portion, instances=tuple(reversed(portion.instances)))
    other = sorted(_text(unit) for unit in backend.lower(turned).value)
    ids = sorted(unit.id for unit in first.value)
    _law(
        ids == sorted(unit.id for unit in backend.lower(turned).value) and len(other) == len(one),
        "the ids of units do not depend on the order of instances",
    )


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
    for one, other in ((kept, unit), (unit, kept), (kept, kept)):
        change = backend.change(one, other)
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


def check_secrecy(backend: Backend, portion: Portion, units: Sequence[Unit]) -> None:
    """No secret of the inputs is in clear in a native file, unless the file is there for it.

    A file declares that it holds secrets by `secret` in its name.
    """
    hidden = {
        text(part)
        for item in portion.graph.inputs.values()
        for part in walk(item.value)
        if isinstance(part, Secret)
    }
    for path, data in backend.files(portion, units).items():
        if "secret" in path.lower():
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
