"""Plans carried out with the memory backend: order, resume, failure, change, removal."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from toscactl.address import Address
from toscactl.errors import StalePlan
from toscactl.execution import Done, Failed, Progress, Skipped, Started, Waiting
from toscactl.testing import MemoryBackend
from toscactl.values import AttributeOf, Call, Secret

Shop = Any  # the classes of conftest.py; pytest gives no name to import them by
Services = Any


def chain(s: Services) -> object:
    return s.graph(s.node("db", on="server"), s.node("server"), s.node("web", "db", on="server"))


def test_needed_nodes_come_first_and_apply_twice_changes_nothing(
    shop: Shop, services: Services
) -> None:
    service = chain(services)
    events = shop.apply(service)
    assert services.end(events).outcome == "done"
    assert shop.ran() == [
        f"{name}#{verb}"
        for name in ("server", "db", "web")
        for verb in ("create", "configure", "start")
    ]
    again = shop.plan(service)
    assert not again.has_changes
    assert services.end(shop.run(again)).outcome == "done"
    assert shop.ran() == []


def test_destroy_goes_the_other_way_and_leaves_nothing_but_history(
    shop: Shop, services: Services
) -> None:
    shop.apply(chain(services))
    shop.ran()
    assert services.end(shop.destroy()).outcome == "done"
    assert shop.ran() == [
        f"{name}#{verb}" for name in ("web", "db", "server") for verb in ("stop", "delete")
    ]
    assert shop.world.things == {}
    assert shop.store.deployments() == ()
    assert not shop.state.exists
    assert [entry.event for entry in shop.store.history("shop")].count("run-ended") == 2


def test_a_failed_step_stops_what_needs_it_and_nothing_else(shop: Shop, services: Services) -> None:
    service = services.graph(
        services.node("db"), services.node("web", "db"), services.node("cache")
    )
    shop.world.failing["here/node/db#configure"] = 1
    events = shop.apply(service)
    finished = services.end(events)
    assert (finished.outcome, finished.done, finished.failed, finished.skipped) == (
        "failed", 4, 1, 4,
    )  # fmt: skip
    skipped = [event for event in events if isinstance(event, Skipped)]
    assert {event.cause for event in skipped} == {"here/node/db#configure"}
    assert [event.tail for event in events if isinstance(event, Failed)] == [("told to fail",)]
    shop.ran()

    assert services.end(shop.apply(service)).outcome == "done"
    assert shop.ran() == ["db#configure", "db#start", "web#create", "web#configure", "web#start"]
    assert not shop.plan(service).has_changes


def test_the_plan_of_a_resumed_run_says_so(shop: Shop, services: Services) -> None:
    service = services.graph(services.node("db"))
    shop.world.failing["here/node/db#start"] = 1
    shop.apply(service)
    (action,) = shop.plan(service).actions
    assert (action.action.value, action.reason.code) == ("create", "resume")


def test_something_else_wanted_after_a_failure_is_made_anew(shop: Shop, services: Services) -> None:
    service = services.graph(services.node("db", properties={"port": 1}))
    shop.world.failing["here/node/db#configure"] = 1
    shop.apply(service)
    shop.ran()
    other = services.changed(service, "db", port=2)
    assert services.end(shop.apply(other)).outcome == "done"
    assert shop.ran() == ["db#stop", "db#delete", "db#create", "db#configure", "db#start"]
    assert not shop.plan(other).has_changes


def test_destroy_removes_half_made_nodes(shop: Shop, services: Services) -> None:
    service = services.graph(services.node("db"), services.node("web", "db"))
    shop.world.failing["here/node/db#create"] = 1
    shop.apply(service)
    shop.ran()
    assert services.end(shop.destroy()).outcome == "done"
    assert shop.ran() == ["db#stop", "db#delete"]
    assert shop.store.deployments() == ()


def test_a_failed_destroy_goes_on_where_it_was(shop: Shop, services: Services) -> None:
    shop.apply(chain(services))
    shop.world.failing["here/node/db#delete"] = 1
    assert services.end(shop.destroy()).outcome == "failed"
    shop.ran()
    assert services.end(shop.destroy()).outcome == "done"
    assert shop.ran() == ["db#delete", "server#stop", "server#delete"]


def test_a_property_changes_in_place_or_forces_a_new_one(shop: Shop, services: Services) -> None:
    shop.backend = MemoryBackend(shop.world, frozenset({"flavor"}))
    service = services.graph(services.node("vm", properties={"flavor": "s", "label": "a"}))
    shop.apply(service)
    shop.ran()
    labelled = services.changed(service, "vm", label="b")
    (action,) = shop.plan(labelled).actions
    assert (action.action.value, action.reason.paths) == ("update", ("label",))
    shop.apply(labelled)
    assert shop.ran() == ["vm#update"]
    larger = services.changed(labelled, "vm", flavor="l")
    (action,) = shop.plan(larger).actions
    assert (action.action.value, action.reason.code) == ("replace", "immutable-property")
    assert [(c.path, c.before, c.after, c.forces_replace) for c in action.changes] == [
        ("flavor", "s", "l", True)
    ]
    shop.apply(larger)
    assert shop.ran() == ["vm#stop", "vm#delete", "vm#create", "vm#configure", "vm#start"]


def test_what_runs_on_a_replaced_node_is_replaced_too(shop: Shop, services: Services) -> None:
    shop.backend = MemoryBackend(shop.world, frozenset({"flavor"}))
    service = services.graph(
        services.node("vm", properties={"flavor": "s"}),
        services.node("db", on="vm"),
        services.node("web", "db"),
    )
    shop.apply(service)
    shop.ran()
    shop.apply(services.changed(service, "vm", flavor="l"))
    assert shop.ran() == [
        "db#stop", "db#delete", "vm#stop", "vm#delete",
        "vm#create", "vm#configure", "vm#start", "db#create", "db#configure", "db#start",
    ]  # fmt: skip


def test_obsolete_nodes_go_before_new_ones_come(shop: Shop, services: Services) -> None:
    shop.apply(services.graph(services.node("old")))
    shop.ran()
    shop.apply(services.graph(services.node("new")))
    assert shop.ran()[:2] == ["old#stop", "old#delete"]
    assert list(shop.state.units) == ["here/node/new"]


def test_a_removal_that_fails_stops_nothing_else(shop: Shop, services: Services) -> None:
    shop.apply(services.graph(services.node("old")))
    shop.world.failing["here/node/old#stop"] = 1
    events = shop.apply(services.graph(services.node("new")))
    assert services.end(events).outcome == "failed"
    assert shop.world.things == {"here/node/old": "start", "here/node/new": "start"}


def reading(s: Services, **properties: object) -> object:
    url = Call("concat", ("http://", AttributeOf(Address("db"), "ip")))
    return s.graph(
        s.node("db", properties=properties),
        s.node("web", "db", properties={"url": url}),
        outputs={"url": AttributeOf(Address("web"), "address"), "db": url},
    )


def test_attributes_are_put_in_just_before_a_step(shop: Shop, services: Services) -> None:
    shop.world.attributes["db"] = {"ip": "10.0.0.7"}
    events = shop.apply(reading(services))
    assert shop.world.inputs["here/node/web#create"] == {"url": "http://10.0.0.7"}
    assert services.end(events).outputs == {"url": "web.address", "db": "http://10.0.0.7"}


def test_a_reader_may_change_with_what_it_reads(shop: Shop, services: Services) -> None:
    shop.world.attributes["db"] = {"ip": "10.0.0.7"}
    shop.apply(reading(services, size=1))
    shop.ran()
    made = shop.plan(reading(services, size=2))
    assert {a.name: (a.action.value, a.certainty.value) for a in made.actions} == {
        "db": ("update", "will"), "web": ("update", "may"),
    }  # fmt: skip
    events = shop.run(made)
    assert shop.ran() == ["db#update"]
    assert [e.cause for e in events if isinstance(e, Skipped)] == ["unchanged"]
    assert services.end(events).skipped == 0
    assert not shop.plan(reading(services, size=2)).has_changes

    shop.world.attributes["db"] = {"ip": "10.0.0.8"}
    shop.apply(reading(services, size=3))
    assert shop.ran() == ["db#update", "web#update"]
    assert shop.world.inputs["here/node/web#update"] == {"url": "http://10.0.0.8"}
    assert not shop.plan(reading(services, size=3)).has_changes


def test_a_reader_that_missed_a_change_gets_it_later(shop: Shop, services: Services) -> None:
    shop.world.attributes["db"] = {"ip": "10.0.0.7"}
    shop.apply(reading(services, size=1))
    shop.world.attributes["db"] = {"ip": "10.0.0.8"}
    shop.world.failing["here/node/web#update"] = 1
    assert services.end(shop.apply(reading(services, size=2))).outcome == "failed"
    shop.ran()
    assert services.end(shop.apply(reading(services, size=2))).outcome == "done"
    assert shop.ran() == ["web#update"]


def test_retries_wait_longer_each_time(shop: Shop, services: Services) -> None:
    made = shop.plan(services.graph(services.node("db")))
    steps = tuple(replace(step, retries=2, backoff=0.001) for step in made.steps)
    shop.world.failing["here/node/db#create"] = 2
    events = shop.run(replace(made, steps=steps))
    assert services.end(events).outcome == "done"
    attempts = [e.attempt for e in events if isinstance(e, Started) and e.step.key == "create"]
    assert attempts == [1, 2, 3]


def test_a_plan_that_does_not_fit_any_more_is_refused(shop: Shop, services: Services) -> None:
    service = services.graph(services.node("db"))
    made = shop.plan(service)
    shop.apply(service)
    shop.ran()
    with pytest.raises(StalePlan, match="moved since"):
        shop.run(made)
    assert shop.ran() == []


def test_events_tell_who_waits_for_whom(shop: Shop, services: Services) -> None:
    service = services.graph(services.node("a"), services.node("b"), services.node("c", "a", "b"))
    events = shop.run(shop.plan(service), parallelism=1)
    (waiting,) = [event for event in events if isinstance(event, Waiting)]
    assert (waiting.step.id, waiting.on) == ("here/node/c#create", ("here/node/b#start",))
    assert len([event for event in events if isinstance(event, Done)]) == 9
    assert len([event for event in events if isinstance(event, Progress)]) == 9


def test_secrets_are_masked_in_what_is_said(shop: Shop, services: Services) -> None:
    service = services.graph(
        services.node("db", properties={"password": Secret("s3cret-word")}),
        inputs={"password": "s3cret-word"},
        secret=("password",),
    )
    shop.world.attributes["db"] = {"dsn": "user:s3cret-word@db", "plain": "x"}
    shop.apply(service)
    known = shop.state.attributes[Address("db")]
    assert known["dsn"] == Secret("user:s3cret-word@db")
    assert known["plain"] == "x"
    assert shop.world.inputs["here/node/db#create"]["password"] == Secret("s3cret-word")
    folder = shop.store.folder("shop")
    for path in Path(folder).parents[1].rglob("*"):
        assert not path.is_file() or b"s3cret" not in path.read_bytes()
