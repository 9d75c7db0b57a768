"""three-tier, in processes that can be killed: paused in an operation, then SIGKILL."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from toscactl.state import open_store
from toscactl.state.model import JournalEntry

PATIENCE = 60.0
"""Seconds, for a machine that has much else to do."""

WORKER = """
import json, sys
import toscactl
from toscactl_local import LocalBackend

state, what, parallelism, inputs = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
store, backends = toscactl.open_store(state), {"local": LocalBackend()}
if what == "destroy":
    plan = toscactl.plan_destroy("shop", store=store, backends=backends)
else:
    plan = toscactl.plan(
        toscactl.load(what), toscactl.find_targets(["local"]), json.loads(inputs),
        store=store, name="shop", backends=backends,
    )
for event in toscactl.apply(plan, store=store, parallelism=parallelism, backends=backends):
    print(type(event).__name__, getattr(getattr(event, "step", None), "id", ""), flush=True)
    if type(event).__name__ == "Failed":
        print(event.message, event.hint, *event.tail, sep="\\n", file=sys.stderr, flush=True)
    if type(event).__name__ == "Finished":
        sys.exit({"done": 0, "failed": 1}.get(event.outcome, 2))
"""

PAUSE = """
__at="$TOSCA_NODE.$TOSCA_OP"
__pause() {
  case "$PAUSE_AT" in
    "$__at:$1") ;;
    next)
      case $TOSCA_OP in create|start|stop) [ "$1" = end ] ;; *) [ "$1" = begin ] ;; esac || return
      grep -qx "$__at" "$TRACE.killed" 2>/dev/null && return ;;
    *) return ;;
  esac
  echo "$__at" >>"$TRACE.killed"
  echo "$$ $__at:$1" >>"$TRACE.paused"
  while [ ! -e "$TRACE.go" ]; do sleep 0.02; done
  echo "$__at" >>"$TRACE.went-on"
}
echo "$__at" >>"$TRACE"
__pause begin
trap '__pause end' EXIT
"""


@dataclass
class Shop:
    """The sample, with scripts that can be told to pause at their beginning or end."""

    folder: Path
    state: Path
    trace: Path
    inputs: dict[str, int] = field(default_factory=dict)

    def run(self, what: str, parallelism: int = 1, pause: str = "") -> subprocess.Popen[str]:
        path = "destroy" if what == "destroy" else str(self.folder)
        return subprocess.Popen(
            [sys.executable, "-c", WORKER, str(self.state), path, str(parallelism),
             json.dumps(self.inputs)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TRACE": str(self.trace), "PAUSE_AT": pause},
        )  # fmt: skip

    def finish(self, what: str, parallelism: int = 10) -> list[str]:
        """Run to the end; the steps that began."""
        process = self.run(what, parallelism)
        out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, err
        return [line.split()[1] for line in out.splitlines() if line.startswith("Started ")]

    def kill_at(self, what: str, pause: str, parallelism: int = 1) -> psutil.Process | None:
        """Kill a run when a script pauses; returns the script's process, which lives on.

        `next` pauses in every operation once: at the end of those that make or end something that
        lasts, at the beginning of the others. None if the run came to its end.
        """
        paused = Path(f"{self.trace}.paused")
        paused.unlink(missing_ok=True)
        process = self.run(what, parallelism, pause)
        deadline = time.monotonic() + PATIENCE
        while not paused.exists() or not paused.read_text().endswith("\n"):
            if process.poll() is not None:
                error = process.communicate()[1]
                assert process.returncode == 0, error
                return None
            assert time.monotonic() < deadline, f"{what} never came to {pause}"
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        script = psutil.Process(int(paused.read_text().split()[0]))
        assert script.is_running()
        return script

    def kill_everywhere(self, what: str) -> list[psutil.Process]:
        """Kill runs until every operation was killed once and the last run came to its end."""
        killed = []
        while (script := self.kill_at(what, "next")) is not None:
            killed.append(script)
        return killed

    def traced(self) -> list[str]:
        return self.trace.read_text().split() if self.trace.exists() else []

    def visit(self) -> str:
        address = f"http://127.0.0.1:{self.inputs['balancer_port']}/shop/"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(address, timeout=10) as answer:
            return str(answer.read().decode())

    def history(self) -> Sequence[JournalEntry]:
        return list(open_store(str(self.state)).history("shop"))

    def exists(self) -> bool:
        return open_store(str(self.state)).read("shop").exists

    def processes(self) -> list[psutil.Process]:
        """Everything that belongs to the deployment, by our marker."""
        found = []
        for process in psutil.process_iter():
            try:
                marker = process.environ().get("TOSCACTL_OPERATION", "")
                if marker.startswith(f"{self.state.resolve()}/"):
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def is_gone(self) -> None:
        """Nothing of the deployment is left: no state, no process, no port, no folder."""
        assert not self.exists()
        assert self.processes() == []
        for port in self.inputs.values():
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
        assert list((self.state / "deployments").glob("*")) == []


@pytest.fixture
def shop(tmp_path: Path, root: Path) -> Iterator[Shop]:
    folder = tmp_path / "three-tier"
    shutil.copytree(root / "samples/three-tier", folder)
    for script in folder.glob("scripts/*/*.sh"):
        first, rest = script.read_text("utf-8").split("\n", 1)
        script.write_text(f"{first}\n{PAUSE}\n{rest}", "utf-8")
    with socket.socket() as one, socket.socket() as two, socket.socket() as three:
        probes = (one, two, three)
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        ports = [int(probe.getsockname()[1]) for probe in probes]
    made = Shop(folder, tmp_path / "state", tmp_path / "trace")
    made.inputs = dict(zip(("balancer_port", "web_port", "db_port"), ports, strict=True))
    yield made
    for process in made.processes():  # a test that failed half-way
        process.kill()


@pytest.fixture
def pause() -> str:
    """Lines for the head of a script that can be told to pause."""
    return PAUSE
