"""Hand-made graphs and plans for the tests of plan, state and execution."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event as Cancel

import pytest

from toscactl.address import Address
from toscactl.backend import Backend, Portion
from toscactl.execution import Event, Finished, execute
from toscactl.graph import Input, Instance, InstanceGraph, Operation, Output, Relationship
from toscactl.planning import Plan, Wanted, destroy, diff
from toscactl.source import Place
from toscactl.state import SqliteStore, State, Store
from toscactl.targets import Target
from toscactl.testing import MemoryBackend, World
from toscactl.values import Value

HERE = Target("here", "memory")
ROOT = "tosca.nodes.Root"
DEPENDS = "tosca.relationships.DependsOn"
HOSTED = "tosca.relationships.HostedOn"


def place(line: int) -> Place:
    return Place("service.yaml", line, 5)


def make_node(
    name: str,
    *needs: str,
    on: str | None = None,
    properties: Mapping[str, Value] | None = None,
    operations: Sequence[Operation] = (),
) -> Instance:
    """A node that depends on others and, with `on`, is hosted on one."""
    line = 10 + sum(map(ord, name)) % 50
    edges = [
        Relationship("dependency", Address(name), Address(need), "feature", (DEPENDS,), place(line))
        for need in needs
    ]
    if on is not None:
        edges.append(
            Relationship("host", Address(name), Address(on), "host", (HOSTED,), place(line))
        )
    return Instance(
        Address(name),
        (ROOT,),
        place(line),
        properties=properties or {},
        places={key: place(line + 2) for key in properties or {}},
        relationships=tuple(edges),
        operations=tuple(operations),
    )


def make_graph(
    *nodes: Instance,
    inputs: Mapping[str, Value] | None = None,
    outputs: Mapping[str, Value] | None = None,
    secret: Iterable[str] = (),
) -> InstanceGraph:
    return InstanceGraph(
        "shop",
        "",
        "1.0",
        {one.address: one for one in nodes},
        inputs={
            name: Input(name, "string", place(3), value, given=True, sensitive=name in secret)
            for name, value in (inputs or {}).items()
        },
        outputs={name: Output(name, value, place(90)) for name, value in (outputs or {}).items()},
    )


@dataclass
class Shop:
    """A deployment `shop` with a backend in memory and a store in a folder."""

    store: Store
    backend: MemoryBackend = field(default_factory=MemoryBackend)
    name: str = "shop"

    @property
    def world(self) -> World:
        return self.backend.world

    @property
    def backends(self) -> Mapping[str, Backend]:
        return {self.backend.name: self.backend}

    @property
    def state(self) -> State:
        return self.store.read(self.name)

    def wanted(self, service: InstanceGraph, *targets: Target) -> Wanted:
        chosen = targets or (HERE,)
        portions = [Portion(self.name, target, service, tuple(service)) for target in chosen]
        return Wanted(
            deployment=self.name,
            graph=service,
            targets=chosen,
            units=tuple(u for portion in portions for u in self.backend.lower(portion).value),
            diagnostics=(),
            source="service.yaml",
            digest="d1",
            tool_version="0.1.0",
        )

    def plan(self, service: InstanceGraph) -> Plan:
        return diff(self.wanted(service), self.state, self.backends)

    def plan_destroy(self) -> Plan:
        return destroy(self.state, self.backends, tool_version="0.1.0")

    def run(self, made: Plan, parallelism: int = 10, cancel: Cancel | None = None) -> list[Event]:
        return list(
            execute(made, self.store, self.backends, parallelism=parallelism, cancel=cancel)
        )

    def apply(self, service: InstanceGraph) -> list[Event]:
        return self.run(self.plan(service))

    def destroy(self) -> list[Event]:
        return self.run(self.plan_destroy())

    def ran(self) -> list[str]:
        """Which steps ran since this was asked last, without the target: `web#create`."""
        names = [step.removeprefix("here/node/") for step in self.world.ran]
        self.world.ran.clear()
        return names


def end(events: Sequence[Event]) -> Finished:
    last = events[-1]
    assert isinstance(last, Finished)
    return last


def changed_node(service: InstanceGraph, name: str, **properties: Value) -> InstanceGraph:
    """The same service with other properties of a node."""
    old = service.instances[Address(name)]
    new = replace(old, properties={**old.properties, **properties})
    return replace(service, instances={**service.instances, old.address: new})


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(SqliteStore(tmp_path / "state"))


@pytest.fixture
def services() -> type["Services"]:
    return Services


class Services:
    """How tests make services and look at results."""

    node = staticmethod(make_node)
    graph = staticmethod(make_graph)
    changed = staticmethod(changed_node)
    end = staticmethod(end)
