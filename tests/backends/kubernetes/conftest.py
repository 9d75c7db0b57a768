"""Services as text, translated to manifests: what all tests of the Kubernetes backend share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from toscactl import pipeline
from toscactl.backend import Diagnostic, Severity
from toscactl.errors import InvalidService
from toscactl.targets import BUILT_IN
from toscactl_kubernetes import KubernetesBackend

HEADER = "tosca_definitions_version: tosca_simple_yaml_1_3\n"


@dataclass(frozen=True, slots=True)
class Translated:
    """What came out: documents by `Kind/name`, files, and findings."""

    documents: Mapping[str, Any]
    files: Mapping[str, str]
    diagnostics: tuple[Diagnostic, ...]

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401  (YAML)
        return self.documents[key]

    def pod(self, key: str) -> Any:  # noqa: ANN401
        return self[key]["spec"]["template"]["spec"]

    def container(self, key: str) -> Any:  # noqa: ANN401
        return self.pod(key)["containers"][0]

    def env(self, key: str) -> Mapping[str, Any]:
        return {e["name"]: e.get("value", e.get("valueFrom")) for e in self.container(key)["env"]}

    def rules(self) -> set[str]:
        return {found.rule.name.removeprefix("kubernetes-") for found in self.diagnostics}

    def said(self, rule: str) -> str:
        return "\n".join(
            found.message for found in self.diagnostics if found.rule.name == f"kubernetes-{rule}"
        )

    def kinds(self, kind: str) -> set[str]:
        return {key.partition("/")[2] for key in self.documents if key.startswith(f"{kind}/")}


Translate = Callable[..., Translated]


@pytest.fixture
def translate(tmp_path: Path) -> Translate:
    """Translate a service, given as text below its version line, with the files that it needs."""

    def run(
        text: str,
        target: str = "kubernetes",
        *,
        files: Mapping[str, str] | None = None,
        facts: Mapping[str, Any] | None = None,
        inputs: Mapping[str, object] | None = None,
    ) -> Translated:
        folder = tmp_path / "shop"
        folder.mkdir(exist_ok=True)
        for name, content in {"service.yaml": HEADER + text, **(files or {})}.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(content, encoding="utf-8")
        service = pipeline.load(str(folder))
        errors = [d for d in service.diagnostics if d.severity is Severity.ERROR]
        assert not errors, "\n".join(f"{d.span}: {d.message}" for d in errors)
        place = replace(BUILT_IN[target], facts=facts or {})
        backends = {"kubernetes": KubernetesBackend()}
        try:
            made = pipeline.translate(service, place, inputs or {}, backends=backends)
        except InvalidService as refused:
            return Translated({}, {}, refused.diagnostics)
        stream = next(data for name, data in made.files.items() if name.endswith(".yaml"))
        documents = [d for d in yaml.safe_load_all(stream) if d]
        return Translated(
            {f"{d['kind']}/{d['metadata']['name']}": d for d in documents},
            {name: data.decode() for name, data in made.files.items()},
            made.diagnostics,
        )

    return run
