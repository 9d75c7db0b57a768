"""Laws of the stages from text to instances: whatever is written, they answer."""

import random
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toscactl import graph, loading, topology, typesystem
from toscactl.diagnostics import Checked
from toscactl.topology import Topology

_CASES = Path(__file__).parent.parent / "language"
_FENCE = re.compile(r"^```ya?ml\n(.*?)^```", re.DOTALL | re.MULTILINE)
_TEXTS = [
    text
    for path in sorted(_CASES.glob("1x-*.md"))
    for text in _FENCE.findall(path.read_text(encoding="utf-8"))
]
_TOKENS = sorted({word for text in _TEXTS for word in re.findall(r"[\w.]+", text)})
_ODD = [
    "{",
    "]",
    "- ",
    "null",
    "~",
    "&a",
    "*a",
    "<<",
    "!!int",
    "|",
    '""',
    "[]",
    "{}",
    "-1",
    "1e400",
]
_SETTINGS = settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)


def build(text: str) -> Checked[Topology]:
    fetch = loading.MemoryFetch({"service.yaml": text.encode("utf-8", "replace")})
    bundle = loading.load(fetch.join("", "service.yaml"), fetch)
    return bundle.then(typesystem.bind).then(topology.build)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A service of the literate tests in which a few lines or words are other ones."""
    chance = random.Random(draw(st.integers(0, 2**32)))  # noqa: S311  (no secret)
    lines = chance.choice(_TEXTS).split("\n")
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(lines))
        word = chance.choice(_TOKENS + _ODD)
        change = chance.randrange(5)
        if change == 0:
            lines[at] = re.sub(r"[\w.]+", lambda _: word, lines[at], count=1)  # noqa: B023
        elif change == 1:
            lines.insert(at, chance.choice(lines))
        elif change == 2 and len(lines) > 1:
            del lines[at]
        elif change == 3:
            lines[at] = " " * chance.randrange(9) + lines[at].lstrip()
        else:
            lines[at] = f"{lines[at].split(':')[0]}: {word}"
    return "\n".join(lines)


@_SETTINGS
@given(damaged())
def test_damaged_services_are_answered_by_findings(text: str) -> None:
    checked = build(text)
    for diagnostic in checked.diagnostics:
        assert diagnostic.message
        assert diagnostic.span is None or diagnostic.span.place.line >= 1
    if checked.ok:
        graph.instantiate(checked.value, {}, service="service")


@_SETTINGS
@given(damaged())
def test_the_same_text_has_the_same_findings(text: str) -> None:
    first, second = build(text), build(text)
    assert [str(d.message) for d in first.diagnostics] == [
        str(d.message) for d in second.diagnostics
    ]


@pytest.mark.parametrize("size", [200])
def test_the_order_of_node_templates_means_nothing(size: int) -> None:
    nodes = [f"    n{i}: {{ type: tosca.nodes.Root, requirements: [ dependency: n{i // 2} ] }}"
             for i in range(1, size)]  # fmt: skip
    nodes.append("    n0: { type: tosca.nodes.Root }")
    head = (
        "tosca_definitions_version: tosca_simple_yaml_1_3\ntopology_template:\n  node_templates:\n"
    )
    forward = build(head + "\n".join(nodes))
    backward = build(head + "\n".join(reversed(nodes)))
    assert not forward.diagnostics
    assert not backward.diagnostics
    assert set(forward.value.nodes) == set(backward.value.nodes)
    for name, node in forward.value.nodes.items():
        other = backward.value.nodes[name]
        assert [r.target for r in node.requirements] == [r.target for r in other.requirements]
