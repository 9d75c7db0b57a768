"""Which target carries what: wishes, hosts, claims, and the portions that follow."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager

from toscactl.address import Address
from toscactl.backend import Backend, Driver, Portion, Step, Unit, UnitChange
from toscactl.diagnostics import Checked
from toscactl.graph import HOSTED_ON, Instance, InstanceGraph, Policy, Relationship
from toscactl.placement import place, portions
from toscactl.source import Place
from toscactl.targets import Target

HERE = Place("service.yaml", 1)
EDGE, CLOUD = Target("edge", "small"), Target("cloud", "large")


class OfTypes:
    """A backend that claims some types, and does nothing else."""

    def __init__(self, name: str, *types: str) -> None:
        self.name = name
        self._types = types

    def claims(self, instance: Instance, target: Target) -> bool:
        assert target.backend == self.name
        return any(instance.is_a(name) for name in self._types)

    def lower(self, portion: Portion) -> Checked[tuple[Unit, ...]]:
        raise AssertionError(portion)

    def files(self, portion: Portion, units: Sequence[Unit]) -> Mapping[str, bytes]:
        raise AssertionError(portion, units)

    def change(self, before: Unit, after: Unit) -> UnitChange:
        raise AssertionError(before, after)

    def steps(self, change: UnitChange) -> Sequence[Step]:
        raise AssertionError(change)

    def connect(self, target: Target) -> AbstractContextManager[Driver]:
        raise AssertionError(target)


BACKENDS: Mapping[str, Backend] = {
    "small": OfTypes("small", "App", "Sensor"),
    "large": OfTypes("large", "App", "Server"),
}


def node(name: str, type_: str, *, host: str | None = None, target: str | None = None) -> Instance:
    address = Address(name)
    edges = () if host is None else (
        Relationship("host", address, Address(host), "host", (HOSTED_ON,), HERE),
    )  # fmt: skip
    metadata = {} if target is None else {"target": target}
    return Instance(address, (type_,), HERE, metadata=metadata, relationships=edges)


def graph(instances: Iterable[Instance], *policies: Policy) -> InstanceGraph:
    found = {instance.address: instance for instance in instances}
    return InstanceGraph("service", "", None, found, policies=policies)


def policy(target: str, *names: str) -> Policy:
    return Policy(
        "put", ("tosca.policies.Placement",), HERE, tuple(Address(n) for n in names),
        {"target": target},
    )  # fmt: skip


def placed(found: Checked[object]) -> list[str]:
    return [each.rule.name for each in found.diagnostics]


def names(targets: Mapping[Address, str]) -> dict[str, str]:
    return {str(address): name for address, name in targets.items()}


def test_the_first_target_that_claims_a_node_carries_it() -> None:
    service = graph([node("a", "App"), node("s", "Server"), node("b", "App", host="s")])
    found = place(service, (EDGE, CLOUD), BACKENDS)
    assert found.ok
    assert names(found.value.targets) == {"a": "edge", "s": "cloud", "b": "cloud"}
    both = portions(found.value, service, (EDGE, CLOUD), deployment="d")
    assert [each.target.name for each in both] == ["edge", "cloud"]
    assert [str(i.address) for i in both[1].instances] == ["s", "b"]
    assert both[0].elsewhere == {Address("s"), Address("b")}


def test_policies_go_before_metadata_and_metadata_before_order() -> None:
    service = graph(
        [node("a", "App", target="cloud"), node("b", "App", target="cloud"), node("c", "App")],
        policy("edge", "b"),
    )
    found = place(service, (EDGE, CLOUD), BACKENDS)
    assert names(found.value.targets) == {"a": "cloud", "b": "edge", "c": "edge"}
    (edge, cloud) = portions(found.value, service, (EDGE, CLOUD), deployment="d")
    assert [each.name for each in edge.policies] == ["put"]
    assert cloud.policies == ()


def test_one_target_alone_is_given_everything() -> None:
    found = place(graph([node("x", "Ship"), node("a", "App")]), (EDGE,), BACKENDS)
    assert names(found.value.targets) == {"x": "edge", "a": "edge"}
    assert found.diagnostics == ()


def test_what_nobody_can_carry_is_an_error() -> None:
    found = place(graph([node("x", "Ship"), node("a", "App")]), (EDGE, CLOUD), BACKENDS)
    assert placed(found) == ["unclaimed-node"]
    assert "`Ship`" in found.diagnostics[0].message


def test_unknown_and_contradicting_wishes_are_errors() -> None:
    service = graph([node("a", "App", target="cluod")])
    found = place(service, (EDGE, CLOUD), BACKENDS)
    assert placed(found) == ["unknown-placement"]
    assert found.diagnostics[0].hint == "did you mean `cloud`?"
    service = graph([node("s", "Server"), node("a", "App", host="s", target="edge")])
    assert placed(place(service, (EDGE, CLOUD), BACKENDS)) == ["conflicting-placement"]
    service = graph([node("a", "App")], policy("edge", "a"), policy("cloud", "a"))
    assert placed(place(service, (EDGE, CLOUD), BACKENDS)) == ["conflicting-placement"]


def test_one_target_gets_everything() -> None:
    service = graph([node("a", "App"), node("b", "Sensor")])
    found = place(service, (EDGE,), BACKENDS)
    (only,) = portions(found.value, service, (EDGE,), deployment="d", parameters=True)
    assert only.parameters
    assert len(only.instances) == 2
    assert only.elsewhere == frozenset()
