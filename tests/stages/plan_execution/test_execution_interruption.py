"""Runs that are cancelled, interrupted or killed: what is true afterwards, and going on."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from toscactl.errors import BackendError, StateError
from toscactl.execution import Finished, Skipped, Started, execute
from toscactl.state import SqliteStore, StepResult, StepStatus
from toscactl.values import Value

Shop = Any  # the classes of conftest.py; pytest gives no name to import them by
Services = Any


def test_cancelling_ends_what_runs_and_begins_nothing_more(shop: Shop, services: Services) -> None:
    service = services.graph(services.node("db"), services.node("web", "db"))
    shop.world.blocked["here/node/db#configure"] = threading.Event()
    cancel = threading.Event()
    events = []
    for event in execute(shop.plan(service), shop.store, shop.backends, cancel=cancel):
        events.append(event)
        if isinstance(event, Started) and event.step.key == "configure":
            cancel.set()
    finished = services.end(events)
    assert (finished.outcome, finished.done, finished.failed, finished.skipped) == (
        "interrupted", 1, 1, 4,
    )  # fmt: skip
    shop.world.blocked.clear()
    shop.ran()
    assert services.end(shop.apply(service)).outcome == "done"
    assert shop.ran() == ["db#configure", "db#start", "web#create", "web#configure", "web#start"]


def test_cancelling_between_steps(shop: Shop, services: Services) -> None:
    service = services.graph(*(services.node(f"n{i}") for i in range(30)))
    cancel = threading.Event()
    cancel.set()
    events = shop.run(shop.plan(service), cancel=cancel)
    assert shop.ran() == []
    assert services.end(events) == Finished("interrupted", 0, 0, 90)
    assert {event.cause for event in events if isinstance(event, Skipped)} == {"cancelled"}


def test_closing_the_iterator_waits_for_what_runs(shop: Shop, services: Services) -> None:
    service = services.graph(services.node("db"))
    shop.world.blocked["here/node/db#create"] = threading.Event()
    run = execute(shop.plan(service), shop.store, shop.backends)
    next(run)
    run.close()
    record = shop.state.units["here/node/db"]
    assert record.ledger == {"create": StepStatus.FAILED}
    assert shop.store.owner("shop") is None
    assert [e.detail for e in shop.store.history("shop") if e.event == "run-ended"] == [
        "interrupted"
    ]


def test_an_interrupt_in_the_consumer(shop: Shop, services: Services) -> None:
    service = services.graph(services.node("db"))
    shop.world.blocked["here/node/db#create"] = threading.Event()
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    events = shop.run(shop.plan(service))
    timer.join()
    assert services.end(events).outcome == "interrupted"


def test_independent_steps_run_in_parallel_up_to_a_number(shop: Shop, services: Services) -> None:
    service = services.graph(*(services.node(f"n{i}") for i in range(6)))
    gate = threading.Event()
    shop.world.blocked.update({f"here/node/n{i}#create": gate for i in range(6)})
    events = []
    for event in execute(shop.plan(service), shop.store, shop.backends, parallelism=4):
        events.append(event)
        if len([one for one in events if isinstance(one, Started)]) == 4:
            assert len(shop.world.ran) <= 4
            gate.set()
    assert services.end(events).outcome == "done"
    assert shop.world.connections == 1


def test_nothing_is_connected_when_nothing_is_to_be_done(shop: Shop, services: Services) -> None:
    service = services.graph(services.node("n"))
    shop.apply(service)
    shop.apply(service)
    assert shop.world.connections == 1


class Broken(RuntimeError):
    """A bug in a driver."""


def test_a_bug_in_a_driver_ends_the_run_and_is_not_hidden(
    shop: Shop, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*_: object) -> None:
        raise Broken

    monkeypatch.setattr("toscactl.testing.memory.MemoryDriver.run", run)
    service = services.graph(services.node("db"), services.node("web", "db"))
    with pytest.raises(Broken):
        shop.apply(service)
    monkeypatch.undo()
    assert shop.store.owner("shop") is None
    assert shop.state.units["here/node/db"].ledger == {"create": StepStatus.RUNNING}
    assert services.end(shop.apply(service)).outcome == "done"
    assert shop.world.interrupted["here/node/db#create"] == {}


def test_a_target_that_cannot_be_reached_costs_nothing(
    shop: Shop, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect(*_: object) -> None:
        raise BackendError("no route to `here`", hint="look at the cable")

    monkeypatch.setattr("toscactl.testing.memory.MemoryBackend.connect", connect)
    with pytest.raises(BackendError, match="no route to `here`") as raised:
        shop.apply(services.graph(services.node("a"), services.node("b")))
    assert raised.value.hint == "look at the cable"
    assert not shop.state.exists
    assert shop.store.owner("shop") is None
    monkeypatch.undo()
    assert services.end(shop.apply(services.graph(services.node("a")))).outcome == "done"


def test_a_state_that_cannot_be_written_ends_the_run(
    shop: Shop, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = services.graph(services.node("db"), services.node("web", "db"))
    real = SqliteStore.end_step

    def end_step(
        self: SqliteStore, deployment: str, run: int, unit: str, key: str, result: StepResult
    ) -> None:
        if key == "configure":
            raise StateError("the disk is full")
        real(self, deployment, run, unit, key, result)

    monkeypatch.setattr(SqliteStore, "end_step", end_step)
    with pytest.raises(StateError, match="disk is full"):
        shop.apply(service)
    monkeypatch.undo()
    assert shop.state.units["here/node/db"].ledger == {
        "create": StepStatus.OK, "configure": StepStatus.RUNNING,
    }  # fmt: skip
    shop.ran()
    assert services.end(shop.apply(service)).outcome == "done"
    assert shop.ran()[:2] == ["db#configure", "db#start"]


CHILD = """
import json, os, sys, threading
from pathlib import Path
from toscactl.address import Address
from toscactl.backend import Portion
from toscactl.execution import execute
from toscactl.graph import Instance, InstanceGraph, Relationship
from toscactl.planning import Wanted, destroy, diff
from toscactl.source import Place
from toscactl.state import SqliteStore
from toscactl.targets import Target
from toscactl import testing

folder, verb, kill, phase = Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
place = Place("s.yaml", 1)
def node(name, *needs):
    return Instance(Address(name), ("T",), place, relationships=tuple(
        Relationship("host", Address(name), Address(n), "host", (testing.HOSTED_ON,), place)
        for n in needs))
nodes = [node("a"), node("b", "a"), node("c", "a")]
graph = InstanceGraph("shop", "", None, {n.address: n for n in nodes})
target = Target("here", "memory")
real = testing.MemoryDriver.run
def run(self, step, inputs, context):
    with open(folder / "ran", "a") as file:
        file.write(json.dumps([step.id, context.interrupted is not None]) + chr(10))
    if step.id == kill and phase == "before":
        os.kill(os.getpid(), 9)
    result = real(self, step, inputs, context)
    if step.id == kill and phase == "during":
        os.kill(os.getpid(), 9)
    return result
testing.MemoryDriver.run = run
class Store(SqliteStore):
    def end_step(self, deployment, run, unit, key, result):
        super().end_step(deployment, run, unit, key, result)
        if f"{unit}#{key}" == kill and phase == "after":
            os.kill(os.getpid(), 9)
backend = testing.MemoryBackend()
store = Store(folder / "state")
backends = {"memory": backend}
if verb == "apply":
    units = backend.lower(Portion("shop", target, graph, tuple(graph))).value
    plan = diff(Wanted("shop", graph, (target,), units, (), "s.yaml", "d", "1"),
                store.read("shop"), backends)
else:
    plan = destroy(store.read("shop"), backends, tool_version="1")
events = list(execute(plan, store, backends, parallelism=3))
print(events[-1].outcome, len(plan.steps))
"""


def child(folder: Path, verb: str, kill: str = "", phase: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(folder), verb, kill, phase],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.stdout.strip()


def ran(folder: Path) -> list[tuple[str, bool]]:
    path = folder / "ran"
    found = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    path.unlink(missing_ok=True)
    return [(step.removeprefix("here/node/"), interrupted) for step, interrupted in found]


APPLY = [f"{name}#{verb}" for name in "abc" for verb in ("create", "configure", "start")]
DESTROY = [f"{name}#{verb}" for name in "cba" for verb in ("stop", "delete")]


@pytest.mark.parametrize("phase", ["before", "during", "after"])
@pytest.mark.parametrize("kill", ["a#create", "b#configure"])
def test_a_killed_apply_goes_on_and_repeats_nothing_that_was_journaled(
    tmp_path: Path, kill: str, phase: str
) -> None:
    assert child(tmp_path, "apply", f"here/node/{kill}", phase) == ""
    first = ran(tmp_path)
    assert child(tmp_path, "apply").startswith("done")
    second = ran(tmp_path)
    again = {step for step, interrupted in second if interrupted}
    assert (kill in again) == (phase != "after")
    in_flight = {step for step, _ in first} & {step for step, _ in second}
    assert in_flight <= again
    assert {step for step, _ in first + second} == set(APPLY)
    assert child(tmp_path, "apply") == "done 0"


@pytest.mark.parametrize(("kill", "phase"), [("a#create", "after"), ("b#start", "before")])
def test_destroy_cleans_up_after_a_killed_apply(tmp_path: Path, kill: str, phase: str) -> None:
    child(tmp_path, "apply", f"here/node/{kill}", phase)
    begun = {step.partition("#")[0] for step, _ in ran(tmp_path)}
    assert child(tmp_path, "destroy").startswith("done")
    assert {step for step, _ in ran(tmp_path)} == {
        step for step in DESTROY if step.partition("#")[0] in begun
    }


@pytest.mark.parametrize("phase", ["before", "during", "after"])
@pytest.mark.parametrize("kill", ["b#delete"])
def test_a_killed_destroy_goes_on(tmp_path: Path, kill: str, phase: str) -> None:
    child(tmp_path, "apply")
    ran(tmp_path)
    assert child(tmp_path, "destroy", f"here/node/{kill}", phase) == ""
    first = ran(tmp_path)
    assert child(tmp_path, "destroy").startswith("done")
    second = ran(tmp_path)
    assert {step for step, _ in first + second} == set(DESTROY)
    assert {s for s, _ in first} & {s for s, _ in second} <= {s for s, i in second if i}


def test_what_a_step_left_running_is_told_to_the_removal(shop: Shop, services: Services) -> None:
    service = services.graph(services.node("db"))
    made = shop.plan(service)
    targets = {target.name: target for target in made.targets}
    run = shop.store.begin_run(replace(shop.state, targets=targets), "apply")
    (change,) = made.units
    shop.store.begin_change("shop", run, "here/node/db", change)
    shop.store.begin_step("shop", run, "here/node/db", "create", "create")
    record: dict[str, Value] = {"pid": 4711}
    shop.store.running("shop", "here/node/db", "create", record)
    assert services.end(shop.destroy()).outcome == "done"
    assert shop.world.interrupted == {"here/node/db#stop": record}


def test_many_steps_cost_no_more_each(shop: Shop, services: Services) -> None:
    def seconds(number: int) -> float:
        names = [f"n{i}" for i in range(number)]
        nodes = [
            services.node(name, *([names[i - 1]] if i else [])) for i, name in enumerate(names)
        ]
        service = services.graph(*nodes)
        begin = time.process_time()
        shop.plan(service)
        return (time.process_time() - begin) / number

    seconds(100)
    assert seconds(2000) < 4 * seconds(500)
