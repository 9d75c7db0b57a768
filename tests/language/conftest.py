"""Literate tests of the language: a section of a Markdown file is a test.

A section with a `yaml` block is validated as a service file. A comment on a line says what is
expected of that line:

    # error: [rule] [another-rule]
    # warning: [rule]

What is expected and not found fails, and so does what is found and not expected; findings of
severity note count only where a line asks for them (`# note: [rule]`). Several files: a block whose
first line is `# file: name.yaml` is what an import of that name reads; the last block is the root.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from toscactl import loading, topology, typesystem
from toscactl.diagnostics import Diagnostic, Severity

_EXPECTED = re.compile(r"#\s*(error|warning|note):((?:\s*\[[a-z0-9-]+\])+)")
_FENCE = re.compile(r"^```ya?ml\n(.*?)^```", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"# file: (\S+)\n")


def pytest_collect_file(parent: pytest.Collector, file_path: Path) -> pytest.File | None:
    if file_path.suffix == ".md" and file_path.name != "README.md":
        return LiterateFile.from_parent(parent, path=file_path)
    return None


class LiterateFile(pytest.File):
    def collect(self) -> Iterator[pytest.Item]:
        text = self.path.read_text(encoding="utf-8")
        for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
            title, _, body = section.partition("\n")
            blocks = _FENCE.findall(body)
            if blocks:
                yield LiterateCase.from_parent(self, name=title.strip(), blocks=blocks)


class LiterateCase(pytest.Item):
    def __init__(self, *, blocks: list[str], **named: object) -> None:
        super().__init__(**named)  # type: ignore[arg-type]  # pytest's own arguments
        self.blocks = blocks

    def runtest(self) -> None:
        files = {}
        for block in self.blocks:
            named = _FILE.match(block)
            files[named[1] if named else "service.yaml"] = block
        fetch = loading.MemoryFetch({name: text.encode() for name, text in files.items()})
        root = list(files)[-1]
        bundle = loading.load(fetch.join("", root), fetch)
        checked = bundle.then(typesystem.bind).then(topology.build)
        problems = list(_compare(files, checked.diagnostics))
        if problems:
            pytest.fail("\n".join(problems), pytrace=False)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, self.name


def _compare(files: dict[str, str], found: tuple[Diagnostic, ...]) -> Iterator[str]:
    expected = {
        (name, number, severity, rule)
        for name, text in files.items()
        for number, line in enumerate(text.splitlines(), 1)
        for severity, rules in _EXPECTED.findall(line)
        for rule in re.findall(r"\[([a-z0-9-]+)\]", rules)
    }
    notes = {item for item in expected if item[2] == "note"}
    actual = {}
    for diagnostic in found:
        place = diagnostic.span.place if diagnostic.span else None
        name = Path(place.file).name if place else ""
        key = (name, place.line if place else 0, diagnostic.severity.value, diagnostic.rule.name)
        if diagnostic.severity is not Severity.NOTE or key in notes:
            actual[key] = diagnostic.message
    for name, number, severity, rule in sorted(expected - set(actual)):
        yield f"expected, not found: {severity} [{rule}] {name}:{number}"
    for (name, number, severity, rule), message in sorted(actual.items()):
        if (name, number, severity, rule) not in expected:
            yield f"not expected: {severity} [{rule}] {name}:{number}: {message}"
