"""What happens when an operation ends badly, hangs, is cancelled, or leaves something behind."""

import dataclasses
import re
import shlex
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from toscactl import pipeline
from toscactl.address import Address
from toscactl.backend import Action, OperationFailed, Unit, UnitChange, Value
from toscactl.execution import Event, Failed, Finished, Progress
from toscactl.state import open_store
from toscactl_local import leftovers

World = Any
Left = Callable[[], list[psutil.Process]]

NODES = """
    topology_template:
      inputs:
        word: { type: string, default: one }
      node_templates:
        it:
          type: tosca.nodes.SoftwareComponent
          requirements: [ host: server ]
          interfaces:
            Standard:
              create: create.sh
              start: { implementation: { primary: start.sh, timeout: 2 } }
              stop: stop.sh
              delete: delete.sh
        server: { type: tosca.nodes.Compute }
"""


def nodes(world: World, **scripts: str) -> World:
    world.service(NODES)
    for name in ("create", "start", "stop", "delete"):
        world.write(f"{name}.sh", scripts.get(name, f"echo {name}\n"))
    return world


def test_a_failure_shows_the_last_twenty_lines_and_ends_the_group(world: World, left: Left) -> None:
    run = nodes(
        world, start="sleep 100 &\nfor i in $(seq 30); do echo $i >&2; done\nexit 3\n"
    ).apply()
    (failure,) = run.failures
    assert failure.message == "`start` of `it` (start.sh) ended with exit status 3"
    assert failure.tail == tuple(str(i) for i in range(11, 31))
    assert left() == []
    assert run.outcome == "failed"


def test_what_failed_is_run_again_and_what_ended_is_not(world: World) -> None:
    nodes(world, start='[ -e "$TOSCA_ROOT/mended" ] && echo started\n').apply()
    (world.work / "root/server/mended").touch()
    run = world.apply()
    assert (run.started, run.lines, run.outcome) == (["it#start"], ["started"], "done")


def test_an_operation_ended_by_a_signal_says_so(world: World) -> None:
    (failure,) = nodes(world, start="kill -SEGV $$\n").apply().failures
    assert failure.message == "`start` of `it` (start.sh) was ended by SIGSEGV"


def test_time_is_up(world: World, left: Left) -> None:
    began = time.monotonic()
    run = nodes(world, start="echo waiting; sleep 100 & sleep 100\n").apply()
    (failure,) = run.failures
    assert failure.message == "`start` of `it` (start.sh) did not end within 2 s and was ended"
    assert failure.tail == ("waiting",)
    assert 2 <= time.monotonic() - began < 8
    assert left() == []


def test_who_ignores_sigterm_is_killed(
    world: World, left: Left, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leftovers, "GRACE", 0.5)
    run = nodes(world, start="trap '' TERM\nwhile true; do sleep 0.1; done\n").apply()
    assert run.outcome == "failed"
    assert left() == []


def test_cancel_ends_the_running_operation(world: World, left: Left) -> None:
    nodes(world, create="echo there; sleep 100\n")
    cancel = threading.Event()
    events: list[Event] = []
    for event in pipeline.apply(
        world.plan(), store=open_store(str(world.state)), cancel=cancel, backends=world.backends
    ):
        events.append(event)
        if isinstance(event, Progress):
            cancel.set()
    assert any(isinstance(e, Failed) and e.message.endswith("was cancelled") for e in events)
    assert isinstance(events[-1], Finished)
    assert events[-1].outcome == "interrupted"
    assert left() == []


def test_a_daemon_lives_on_until_it_is_destroyed(world: World, left: Left) -> None:
    """Also one that left its session, for which there is no `stop` that knows it."""
    alone = "python3 -c 'import os, time; os.setsid(); print(1, flush=True); time.sleep(200)' &\n"
    begin = "nohup sleep 100 >/dev/null 2>&1 &\n" + alone + "sleep 0.5\n"
    nodes(world, start=begin).apply()
    assert len(left()) == 2
    assert world.apply().started == []
    run = world.destroy()
    assert run.outcome == "done"
    assert left() == []
    assert any(line.startswith("ending what `it` left running") for line in run.lines)
    assert not world.state.joinpath("deployments", "service").exists()


def test_a_daemon_that_writes_does_not_hold_the_operation(world: World, left: Left) -> None:
    nodes(world, start="(while true; do echo alive; sleep 0.05; done) &\necho begun\n").apply()
    time.sleep(0.3)
    assert len(left()) >= 1
    world.destroy()
    assert left() == []


def test_a_daemon_without_our_marker_is_known_by_its_birth(world: World) -> None:
    run = nodes(world, start="env -i sleep 300 >/dev/null 2>&1 &\necho $!; sleep 0.2\n").apply()
    daemon = psutil.Process(int(run.lines[-1]))
    assert "TOSCACTL_OPERATION" not in daemon.environ()
    world.destroy()
    assert not daemon.is_running() or daemon.status() == psutil.STATUS_ZOMBIE


def test_half_of_a_node_is_taken_away_although_its_stop_cannot_work(world: World) -> None:
    nodes(world, start="exit 1\n", stop="echo nothing to stop >&2; exit 1\n").apply()
    run = world.destroy()
    assert (run.outcome, run.started) == ("done", ["it#stop", "it#delete", "server#delete"])
    assert any("taken as done" in line for line in run.lines)


def test_what_never_began_is_not_undone(world: World) -> None:
    nodes(world, create="exit 1\n").apply()
    run = world.destroy()
    assert "`start` never ran, so there is nothing for `stop` to undo" in run.lines
    assert "delete" in run.lines


def test_a_stop_that_fails_stops_the_removal_of_a_whole_node(world: World) -> None:
    nodes(world, stop='[ -e "$TOSCA_ROOT/ok" ]\n').apply()
    assert world.destroy().outcome == "failed"
    (world.work / "root/server/ok").touch()
    assert world.destroy().outcome == "done"


def test_an_operation_that_must_not_run_twice_is_asked_about(world: World) -> None:
    """As if its run had been killed: the trace is there, the result is not."""
    nodes(world)
    portion = world.portion()
    (unit,) = [u for u in world.backends["local"].lower(portion).value if u.name == "it"]
    tasks = [{**task, "run_once": True} for task in unit.payload["tasks"]]
    unit = dataclasses.replace(unit, payload={**unit.payload, "tasks": tuple(tasks)})
    change = UnitChange(Action.CREATE, None, unit)
    step = world.backends["local"].steps(change)[0]
    context = HandMade(unit, world.state, interrupted={})
    with world.backends["local"].connect(portion.target) as driver:
        with pytest.raises(OperationFailed, match="must not run twice") as raised:
            driver.run(step, {}, context)
        context.interrupted = None
        with pytest.raises(OperationFailed):
            driver.run(step, {}, context)
        done, again = re.findall(r"`(touch [^`]*|rm [^`]*)`", str(raised.value.hint))
        subprocess.run(shlex.split(again), check=True)
        driver.run(step, {}, context)
        assert context.lines == ["create"]
        context.interrupted = {}
        journal = world.state.resolve() / "local/work/local%2Fnode%2Fit/create/ok"
        assert journal.exists()
        driver.run(step, {}, context)  # it had ended; only the result was lost
        assert context.lines == ["create"]
        journal.unlink()
        with pytest.raises(OperationFailed):
            driver.run(step, {}, context)
        subprocess.run(shlex.split(done), check=True)
        driver.run(step, {}, context)
        assert context.lines == ["create"]


class HandMade:
    """A context without an executor."""

    deployment = "service"
    observed: Mapping[str, Value] = {}
    attributes: Mapping[Address, Mapping[str, Value]] = {}

    def __init__(self, unit: Unit, folder: Path, interrupted: Mapping[str, Value] | None) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = str(folder)
        self.unit = unit
        self.interrupted = interrupted
        self.lines: list[str] = []

    def log(self, line: str) -> None:
        self.lines.append(line)

    def running(self, record: Mapping[str, Value]) -> None:
        assert record["pid"]

    def cancelled(self) -> bool:
        return False


def test_an_operation_is_tried_again_as_its_metadata_say(world: World) -> None:
    world.service(
        """
        topology_template:
          node_templates:
            it:
              type: tosca.nodes.SoftwareComponent
              metadata:
                toscactl.Standard.create.retries: 2
                toscactl.Standard.create.backoff: 0.05
              requirements: [ host: server ]
              interfaces: { Standard: { create: flaky.sh } }
            server: { type: tosca.nodes.Compute }
        """
    )
    world.write(
        "flaky.sh",
        """\
        echo try >>"$TOSCA_ROOT/tries"
        [ "$(grep -c . "$TOSCA_ROOT/tries")" = 3 ]
        """,
    )
    run = world.apply()
    assert (run.outcome, run.started) == ("done", ["server#create", *["it#create"] * 3])


def test_a_script_with_line_ends_of_windows_says_so(world: World) -> None:
    run = nodes(world, start="if true; then\r\n  exit 0\r\nfi\r\n").apply()
    (failure,) = run.failures
    assert "CRLF" in failure.hint
    assert nodes(world, start="exit 3\n").apply().failures[0].hint is None
