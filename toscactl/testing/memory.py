"""`MemoryBackend`: claims every instance and keeps what it "makes" in a `World`.

The world can be told to let steps fail or wait, and which attributes instances get.
"""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from toscactl import values
from toscactl.address import Address
from toscactl.backend import Context, Driver, Portion, Result
from toscactl.desired import Action, Need, Origin, Resource, Step, Unit, UnitChange
from toscactl.desired.serialize import frozen, to_json
from toscactl.diagnostics import Checked
from toscactl.errors import OperationFailed
from toscactl.graph import Instance
from toscactl.targets import Target
from toscactl.values import (
    AttributeOf,
    Secret,
    Value,
    references,
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
        return {
            f"{unit.name}.json": json.dumps(to_json(unit, _without_secrets)).encode()
            for unit in units
        }

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


def _without_secrets(value: Value) -> object:
    match value:
        case Secret():
            return None
        case str():
            return value
        case Mapping():
            return {key: _without_secrets(item) for key, item in value.items()}
        case Sequence():
            return [_without_secrets(item) for item in value]
        case _:
            return values.to_json(value)


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
