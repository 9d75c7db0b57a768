"""Types bound from texts in memory, and findings matched with comments on the lines."""

import re
from collections.abc import Callable
from textwrap import dedent

import pytest

from toscactl import document, loading, typesystem
from toscactl.diagnostics import Checked, Diagnostic
from toscactl.source import Source
from toscactl.typesystem import TypeSystem

Bind = Callable[..., Checked[TypeSystem]]

_EXPECTED = re.compile(r"# (error|warning): ((?:\[[a-z-]+\] ?)+)")


def bind_files(files: dict[str, str]) -> Checked[TypeSystem]:
    """The last file is the root. Nothing may be wrong before types are bound."""
    texts = {name: dedent(text).lstrip() for name, text in files.items()}
    fetch = loading.MemoryFetch(texts)
    bundle = loading.load([*texts][-1], fetch)
    assert bundle.diagnostics == ()
    return typesystem.bind(bundle.value)


def header(text: str, version: str = "tosca_simple_yaml_1_3") -> str:
    """The text below a version header, on the same line, so that lines keep their numbers."""
    return f"tosca_definitions_version: {version}\n{dedent(text).lstrip()}"


@pytest.fixture
def bind() -> Bind:
    """Types of one text, or of several files by name, the root last."""

    def bound(
        text: str = "", version: str = "tosca_simple_yaml_1_3", **files: str
    ) -> Checked[TypeSystem]:
        named = {f"{name}.yaml": header(other, version) for name, other in files.items()}
        return bind_files({**named, "service.yaml": header(text, version)})

    return bound


@pytest.fixture
def agrees(bind: Bind) -> Callable[..., None]:
    """Check that what is found in a text is what the comments on its lines say."""

    def check(text: str, version: str = "tosca_simple_yaml_1_3") -> None:
        checked = bind(text, version)
        expected = {
            (number, severity, rule)
            for number, line in enumerate(header(text, version).splitlines(), 1)
            for severity, rules in _EXPECTED.findall(line)
            for rule in re.findall(r"\[([a-z-]+)\]", rules)
        }
        assert {_key(each) for each in checked.diagnostics} == expected, [
            (str(each.span), each.message) for each in checked.diagnostics
        ]

    return check


def _key(found: Diagnostic) -> tuple[int, str, str]:
    assert found.span is not None
    return found.span.place.line, found.severity.value, found.rule.name


@pytest.fixture
def node() -> Callable[[str], document.Node]:
    """The node of a value as YAML text."""

    def parsed(text: str) -> document.Node:
        checked = document.parse(Source("value.yaml", dedent(text)))
        assert checked.diagnostics == ()
        assert checked.value.root is not None
        return checked.value.root

    return parsed
