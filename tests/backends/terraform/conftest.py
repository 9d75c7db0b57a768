"""Services as text, translated; and the check by the providers' schemas where it is at hand."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

from toscactl import pipeline, placement
from toscactl import service as services
from toscactl.backend import Portion
from toscactl.diagnostics import Diagnostic
from toscactl.errors import InvalidService
from toscactl.targets import Target
from toscactl_terraform import TerraformBackend

SHARED = Path(__file__).parents[4] / "shared" / "terraform"
HEAD = "tosca_definitions_version: tosca_simple_yaml_1_3\n"
BACKENDS = {"terraform": TerraformBackend()}


@dataclass(frozen=True)
class Translated:
    """What `translate` made: files by path, findings, and where the files were written."""

    files: Mapping[str, bytes]
    diagnostics: tuple[Diagnostic, ...]
    folder: Path

    def document(self, name: str) -> dict[str, Any]:
        data = self.files.get(f"{name}.tf.json", b"{}")
        loaded: dict[str, Any] = json.loads(data)
        return loaded

    @property
    def resources(self) -> dict[str, Any]:
        """The resources by type, then by name."""
        found: dict[str, Any] = self.document("main").get("resource", {})
        return found

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = self.document("main").get("data", {})
        return found

    @property
    def variables(self) -> dict[str, Any]:
        found: dict[str, Any] = self.document("variables").get("variable", {})
        return found

    @property
    def outputs(self) -> dict[str, Any]:
        found: dict[str, Any] = self.document("outputs").get("output", {})
        return found

    @property
    def rules(self) -> set[str]:
        return {diagnostic.rule.name for diagnostic in self.diagnostics}

    def one(self, kind: str) -> dict[str, Any]:
        """The only resource of a type."""
        (found,) = self.resources[kind].values()
        assert isinstance(found, dict)
        return found


class Translate(Protocol):
    def __call__(
        self,
        text: str,
        cloud: str = "aws",
        *,
        inputs: Mapping[str, object] | None = None,
        files: Mapping[str, str | bytes] | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> Translated: ...


@pytest.fixture
def translate(tmp_path: Path, judge: Callable[[Path, str], None]) -> Translate:
    """Translate a service of TOSCA 1.3 named `service`; what comes out is put before the judge."""

    def run(
        text: str,
        cloud: str = "aws",
        *,
        inputs: Mapping[str, object] | None = None,
        files: Mapping[str, str | bytes] | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> Translated:
        service = services.load(str(written(tmp_path / "service", HEAD + text, files or {})))
        assert service.ok, [d.message for d in service.diagnostics]
        target = Target("cloud", "terraform", cloud, facts=facts or {})
        try:
            made = pipeline.translate(service, target, inputs or {}, backends=BACKENDS)
        except InvalidService as problem:
            return Translated({}, problem.diagnostics, tmp_path)
        folder = written(tmp_path / "out", None, made.files)
        judge(folder, cloud)
        return Translated(made.files, made.diagnostics, folder)

    return run


@pytest.fixture
def judge() -> Callable[[Path, str], None]:
    """Check a folder by the provider's schema, if that lies beside the repository."""

    def ask(folder: Path, cloud: str) -> None:
        schema = SHARED / "schemas" / f"{cloud}.json.gz"
        if not schema.is_file():
            return
        checked = subprocess.run(
            [sys.executable, str(SHARED / "tf_check.py"), "check", str(folder), "-s", str(schema)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert checked.returncode == 0, checked.stdout + checked.stderr

    return ask


def written(folder: Path, text: str | None, files: Mapping[str, str | bytes]) -> Path:
    service: Mapping[str, str | bytes] = {} if text is None else {"service.yaml": text}
    for name, content in {**service, **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def portion_of(
    path: Path, target: Target, inputs: Mapping[str, object] | None = None, *, parameters: bool
) -> Portion:
    """What a target is to carry of the service at a path: all of it."""
    service = services.load(str(path))
    graph = services.resolve(service, inputs or {}, open_inputs=parameters)
    placed = placement.place(graph, (target,), BACKENDS)
    (portion,) = placement.portions(
        placed.value, graph, (target,), deployment=path.name, parameters=parameters
    )
    return portion
