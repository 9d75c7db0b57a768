"""The order of steps, waves, circles; what becomes of half-done changes; laws on any service."""

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toscactl.address import Address
from toscactl.desired import Need, Step, UnitChange
from toscactl.errors import BackendError, InvalidService
from toscactl.graph import InstanceGraph
from toscactl.planning import Plan, diff
from toscactl.state import SqliteStore, open_store
from toscactl.testing import MemoryBackend, World
from toscactl.values import AttributeOf

Shop = Any  # the classes of conftest.py; pytest gives no name to import them by
Services = Any


def waves(plan: Plan) -> dict[str, int]:
    return {action.name: action.wave for action in plan.actions}


def test_waves_count_what_must_come_before(shop: Shop, services: Services) -> None:
    node = services.node
    service = services.graph(node("a"), node("b", "a"), node("c", "b"), node("d", "a"), node("e"))
    made = shop.plan(service)
    assert waves(made) == {"a": 1, "e": 1, "b": 2, "d": 2, "c": 3}
    after = {action.name: action.after for action in made.actions}
    assert after["c"] == ("here/node/b",)
    assert after["a"] == ()
    shop.apply(service)
    assert waves(shop.plan_destroy()) == {"c": 1, "d": 1, "e": 1, "b": 2, "a": 3}
    assert set(waves(shop.plan(service)).values()) == {0}


def test_reading_an_attribute_is_an_order_too(shop: Shop, services: Services) -> None:
    service = services.graph(
        services.node("web", properties={"db": AttributeOf(Address("db"), "ip")}),
        services.node("db"),
    )
    assert waves(shop.plan(service)) == {"db": 1, "web": 2}
    shop.apply(service)
    assert waves(shop.plan_destroy()) == {"web": 1, "db": 2}


def test_a_circle_is_shown_as_a_path(shop: Shop, services: Services) -> None:
    service = services.graph(
        services.node("web", "db"),
        services.node("db", properties={"client": AttributeOf(Address("web"), "ip")}),
    )
    with pytest.raises(InvalidService) as caught:
        shop.plan(service)
    text = str(caught.value)
    assert "db.create" in text
    assert "web.create" in text
    assert "service.yaml:" in text
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.rule.name == "cyclic-order"


class Finer(MemoryBackend):
    """Its nodes wait for the creation of what they need only."""

    def steps(self, change: UnitChange) -> list[Step]:
        unit = change.after
        needs = () if unit is None else tuple(f"{need.unit}#create" for need in unit.needs)
        return [
            replace(step, needs=(*step.needs, *needs)) if step.key == "create" else step
            for step in super().steps(change)
        ]


def test_a_backend_can_wait_for_less_than_the_whole_unit(shop: Shop, services: Services) -> None:
    shop.backend = Finer()
    made = shop.plan(services.graph(services.node("db"), services.node("web", "db")))
    needs = {step.id.removeprefix("here/node/"): step.needs for step in made.steps}
    assert needs["web#create"] == ("here/node/db#create",)


def test_a_unit_without_its_backend_is_an_error(shop: Shop, services: Services) -> None:
    service = services.graph(services.node("db"))
    with pytest.raises(BackendError, match="not installed"):
        diff(shop.wanted(service), shop.state, {})


def test_a_node_that_moves_to_another_host(shop: Shop, services: Services) -> None:
    vms = [services.node("vm1"), services.node("vm2")]
    shop.apply(services.graph(*vms, services.node("db", on="vm1")))
    shop.ran()
    shop.apply(services.graph(vms[1], services.node("db", on="vm2")))
    ran = shop.ran()
    assert ran.index("db#delete") < ran.index("vm1#stop")
    assert ran[-1] == "db#start"
    assert sorted(shop.world.things) == ["here/node/db", "here/node/vm2"]


def test_what_no_longer_needs_a_node_changes_before_that_goes(
    shop: Shop, services: Services
) -> None:
    before = services.graph(services.node("db"), services.node("web", "db", properties={"a": 1}))
    shop.apply(before)
    shop.ran()
    shop.apply(services.graph(services.node("web", properties={"a": 2})))
    assert shop.ran() == ["web#update", "db#stop", "db#delete"]


def test_an_update_that_failed_can_be_corrected_in_place(shop: Shop, services: Services) -> None:
    service = services.graph(services.node("vm", properties={"size": 1}))
    shop.apply(service)
    shop.world.failing["here/node/vm#update"] = 2
    shop.apply(services.changed(service, "vm", size=2))
    shop.ran()
    shop.apply(services.changed(service, "vm", size=3))
    assert shop.ran() == ["vm#update"]
    shop.apply(service)
    assert shop.ran() == ["vm#update"]
    assert not shop.plan(service).has_changes


def test_a_removal_that_failed_and_is_wanted_again(shop: Shop, services: Services) -> None:
    service = services.graph(services.node("db"))
    shop.apply(service)
    shop.world.failing["here/node/db#delete"] = 1
    shop.apply(services.graph())
    shop.ran()
    shop.apply(service)
    assert shop.ran() == ["db#delete", "db#create", "db#configure", "db#start"]


def test_a_replacement_that_failed_half_way_goes_on(shop: Shop, services: Services) -> None:
    shop.backend = MemoryBackend(shop.world, frozenset({"flavor"}))
    service = services.graph(
        services.node("vm", properties={"flavor": "s"}), services.node("db", on="vm")
    )
    shop.apply(service)
    larger = services.changed(service, "vm", flavor="l")
    shop.world.failing["here/node/vm#create"] = 2
    shop.apply(larger)
    shop.ran()
    shop.apply(larger)
    assert shop.ran() == ["vm#create"]
    shop.apply(larger)
    assert shop.ran() == [
        "vm#create", "vm#configure", "vm#start", "db#create", "db#configure", "db#start",
    ]  # fmt: skip
    assert not shop.plan(larger).has_changes


def test_a_node_that_never_began_needs_no_removal(shop: Shop, services: Services) -> None:
    made = shop.plan(services.graph(services.node("db"), services.node("web", "db")))
    run = shop.store.begin_run(
        replace(shop.state, targets={target.name: target for target in made.targets}), "apply"
    )
    shop.store.begin_change("shop", run, "here/node/db", made.units[0])
    removal = shop.plan_destroy()
    assert removal.steps == ()
    assert removal.actions == ()
    shop.run(removal)
    assert shop.store.deployments() == ()


def shaped(services: Services, edges: list[list[int]], sizes: list[int]) -> InstanceGraph:
    """A service whose node i needs the nodes in edges[i], all before it; the first one hosts it."""
    nodes = []
    for number, size in enumerate(sizes):
        needs = sorted({edge % number for edge in edges[number]}) if number else []
        host = f"n{needs[0]}" if needs else None
        others = [f"n{need}" for need in needs[1:]]
        properties: dict[str, object] = {"size": size, "flavor": size % 2}
        if others:
            properties["peer"] = AttributeOf(Address(others[0]), "ip")
        nodes.append(services.node(f"n{number}", *others, on=host, properties=properties))
    graph: InstanceGraph = services.graph(*nodes)
    return graph


@settings(
    deadline=None,
    max_examples=10,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    edges=st.lists(st.lists(st.integers(0, 20), max_size=3), min_size=6, max_size=6),
    sizes=st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=6), min_size=1, max_size=4),
    seed=st.integers(0, 1000),
)
def test_whatever_fails_on_the_way_the_end_is_what_was_wanted(
    shop: Shop, services: Services, edges: list[list[int]], sizes: list[list[int]], seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311  (which steps fail)
    world = World()
    backend = MemoryBackend(world, frozenset({"flavor"}))
    made = replace(shop, store=open_store(None), backend=backend)
    assert isinstance(made.store, SqliteStore)
    for some in sizes:
        service = shaped(services, edges, some)
        plan = made.plan(service)
        positions = {step.id: number for number, step in enumerate(plan.steps)}
        assert all(positions[n] < positions[s.id] for s in plan.steps for n in s.needs)
        world.failing = {s.id: 1 for s in plan.steps if chance.random() < 0.2}
        made.run(plan)
    world.failing = {}
    for _ in range(2):
        made.apply(service)
    assert not made.plan(service).has_changes
    assert sorted(world.things) == sorted(made.state.units)
    assert sorted(made.state.units) == [f"here/node/n{i}" for i in range(len(sizes[-1]))]
    world.failing = {s.id: 1 for s in made.plan_destroy().steps if chance.random() < 0.2}
    made.destroy()
    world.failing = {}
    made.destroy()
    assert world.things == {}
    assert made.store.deployments() == ()


def test_needs_of_units_that_are_elsewhere_are_met(shop: Shop, services: Services) -> None:
    wanted = shop.wanted(services.graph(services.node("db")))
    unit = replace(wanted.units[0], needs=(Need("there/node/other", "x"),))
    made = diff(replace(wanted, units=(unit,)), shop.state, shop.backends)
    assert made.steps[0].needs == ()
