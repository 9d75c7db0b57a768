"""A world for tests of the local target: a service in a folder, a state, and what happens."""

import socket
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from toscactl import pipeline
from toscactl.address import Address
from toscactl.backend import Portion, Value
from toscactl.execution import Done, Event, Failed, Finished, Progress, Started
from toscactl.planning import Plan
from toscactl.service import Service, load, resolved
from toscactl.state import open_store
from toscactl.state.model import State
from toscactl.targets import BUILT_IN
from toscactl_local import LocalBackend

LOCAL = BUILT_IN["local"]
HEAD = "tosca_definitions_version: tosca_simple_yaml_1_3\n"


@dataclass
class Run:
    """What a run had to say."""

    events: list[Event]

    @property
    def outcome(self) -> str:
        last = self.events[-1]
        assert isinstance(last, Finished)
        return last.outcome

    @property
    def outputs(self) -> Mapping[str, Value]:
        last = self.events[-1]
        assert isinstance(last, Finished)
        return last.outputs

    @property
    def started(self) -> list[str]:
        """Node and key of every step that began: `web#create`."""
        return [event.step.id.split("/")[-1] for event in self.events if isinstance(event, Started)]

    @property
    def lines(self) -> list[str]:
        return [event.line for event in self.events if isinstance(event, Progress)]

    @property
    def failures(self) -> list[Failed]:
        return [event for event in self.events if isinstance(event, Failed)]

    @property
    def warnings(self) -> list[str]:
        return [w for event in self.events if isinstance(event, Done) for w in event.warnings]


@dataclass
class World:
    """A service in a folder and a state of its own."""

    folder: Path
    state: Path
    name: str = "service"
    backends: dict[str, LocalBackend] = field(default_factory=lambda: {"local": LocalBackend()})

    def write(self, path: str, text: str) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text), encoding="utf-8")

    def service(self, text: str) -> None:
        self.write("service.yaml", HEAD + textwrap.dedent(text))

    def load(self) -> Service:
        service = load(str(self.folder))
        assert service.ok, [f"{d.rule.name}: {d.message}" for d in service.diagnostics]
        return service

    def portion(self, *, parameters: bool = False, **inputs: object) -> Portion:
        service = self.load()
        graph = resolved(service, inputs, parameters=parameters).value
        return Portion(
            self.name,
            LOCAL,
            graph,
            tuple(graph),
            graph.policies,
            graph.outputs,
            parameters=parameters,
        )

    def plan(self, **inputs: object) -> Plan:
        store = open_store(str(self.state))
        return pipeline.plan(
            self.load(), [LOCAL], inputs, store=store, name=self.name, backends=self.backends
        )

    def apply(self, **inputs: object) -> Run:
        store = open_store(str(self.state))
        return Run(list(pipeline.apply(self.plan(**inputs), store=store, backends=self.backends)))

    def destroy(self) -> Run:
        store = open_store(str(self.state))
        return Run(list(pipeline.destroy(self.name, store=store, backends=self.backends)))

    def known(self) -> State:
        return open_store(str(self.state)).read(self.name)

    def attributes(self, node: str) -> Mapping[str, Value]:
        return self.known().attributes.get(Address.parse(node), {})

    @property
    def work(self) -> Path:
        """The folder of the deployment's target."""
        return Path(open_store(str(self.state)).folder(self.name)) / "local"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "service", tmp_path / "state")
    yield made
    for process in processes_of(tmp_path):  # a test that failed half-way
        process.kill()


def processes_of(folder: Path) -> list[psutil.Process]:
    """The processes that carry a marker of a deployment below a folder."""
    found = []
    for process in psutil.process_iter():
        try:
            marker = process.environ().get("TOSCACTL_OPERATION", "")
        except psutil.Error:
            continue
        if marker.startswith(f"{folder.resolve()}/") and process.is_running():
            found.append(process)
    return found


@pytest.fixture
def left(tmp_path: Path) -> Callable[[], list[psutil.Process]]:
    """The processes that the deployments of this test have left."""
    return lambda: processes_of(tmp_path)


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
