"""Services as text, translated; and the real Heat engine as judge where it is installed."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest
import yaml

from toscactl import pipeline, placement
from toscactl.backend import Unit
from toscactl.diagnostics import Diagnostic
from toscactl.errors import InvalidService
from toscactl.targets import Target
from toscactl_heat import HeatBackend

JUDGE = Path(__file__).parents[4] / "shared" / "heat" / "hot_check.py"


@dataclass(frozen=True)
class Translated:
    """What `translate` made: files by path, findings, and where the files were written."""

    name: str
    files: Mapping[str, bytes]
    diagnostics: tuple[Diagnostic, ...]
    folder: Path

    def template(self, name: str | None = None) -> dict[str, Any]:
        loaded: dict[str, Any] = yaml.safe_load(self.files[name or f"{self.name}.yaml"])
        return loaded

    @property
    def resources(self) -> dict[str, Any]:
        found: dict[str, Any] = self.template()["resources"]
        return found

    @property
    def rules(self) -> list[str]:
        return [diagnostic.rule.name for diagnostic in self.diagnostics]

    def of_type(self, kind: str) -> dict[str, Any]:
        return {name: it for name, it in self.resources.items() if it["type"] == kind}


class Lower(Protocol):
    def __call__(
        self,
        text: str,
        inputs: Mapping[str, object] | None = None,
        files: Mapping[str, str | bytes] | None = None,
        **facts: Any,  # noqa: ANN401
    ) -> Unit: ...


class Translate(Protocol):
    def __call__(
        self,
        text: str,
        *,
        facts: Mapping[str, Any] | None = None,
        inputs: Mapping[str, object] | None = None,
        files: Mapping[str, str | bytes] | None = None,
    ) -> Translated: ...


@pytest.fixture
def translate(tmp_path: Path, judge: Callable[[Path], None]) -> Translate:
    """Translate a service named `service`; everything that comes out is put before the judge."""

    def run(
        text: str,
        *,
        facts: Mapping[str, Any] | None = None,
        inputs: Mapping[str, object] | None = None,
        files: Mapping[str, str | bytes] | None = None,
    ) -> Translated:
        service = pipeline.load(str(written(tmp_path / "service", text, files or {})))
        assert service.ok, [d.message for d in service.diagnostics]
        target = Target("cloud", "heat", facts=facts or {})
        backends = {"heat": HeatBackend()}
        try:
            made = pipeline.translate(service, target, inputs or {}, backends=backends)
        except InvalidService as problem:
            return Translated("service", {}, problem.diagnostics, tmp_path)
        folder = tmp_path / "out"
        for name, data in made.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        main = "service.hot.yaml" if "service.hot.yaml" in made.files else "service.yaml"
        judge(folder / main)
        return Translated("service", made.files, made.diagnostics, folder)

    return run


@pytest.fixture
def unit(tmp_path: Path) -> Lower:
    """The stack of a service with its inputs put in, as a plan has it."""

    def run(
        text: str,
        inputs: Mapping[str, object] | None = None,
        files: Mapping[str, str | bytes] | None = None,
        **facts: Any,  # noqa: ANN401
    ) -> Unit:
        service = pipeline.load(str(written(tmp_path / "service", text, files or {})))
        graph = pipeline.resolve(service, inputs or {})
        target, backend = Target("cloud", "heat", facts=facts), HeatBackend()
        placed = placement.place(graph, (target,), {"heat": backend})
        (portion,) = placement.portions(
            placed.value, graph, (target,), deployment="service", parameters=False
        )
        lowered = backend.lower(portion)
        assert lowered.ok, [d.message for d in lowered.diagnostics]
        return lowered.value[0]

    return run


def written(folder: Path, text: str, files: Mapping[str, str | bytes]) -> Path:
    for name, content in {"service.yaml": text, **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


@pytest.fixture(scope="session")
def engine() -> Iterator["subprocess.Popen[str] | None"]:
    """The Heat engine, answering; None where there is none (set HOT_CHECK_PYTHON)."""
    python = os.environ.get("HOT_CHECK_PYTHON")
    if not python or not JUDGE.is_file():
        yield None
        return
    with subprocess.Popen(
        [python, str(JUDGE), "--strict", "--serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture
def judge(engine: "subprocess.Popen[str] | None") -> Callable[[Path], None]:
    """Ask the Heat engine about a template; without one, nothing is asked."""

    def ask(template: Path) -> None:
        if engine is None:
            return
        assert engine.stdin is not None
        assert engine.stdout is not None
        engine.stdin.write(json.dumps({"template": str(template), "strict": True}) + "\n")
        engine.stdin.flush()
        report = json.loads(engine.stdout.readline())
        assert not report["errors"], report["errors"]

    return ask
