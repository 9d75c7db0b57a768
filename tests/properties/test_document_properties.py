"""Laws of reading: never an exception, whatever the text; places are places of the text."""

import json

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from toscactl import definitions, document
from toscactl.document import Limits, Node, Scalar
from toscactl.source import Source

YAMLISH = st.text(
    alphabet=st.sampled_from(
        list("ab01 \n\t:-?[]{},&*!|>'\"%@`#~<.\r\ufeff\x85\u2028é\U0001f600\x00")
    ),
    max_size=60,
)
KEYNAMES = st.sampled_from(
    [
        "tosca_definitions_version",
        "topology_template",
        "node_templates",
        "node_types",
        "type",
        "properties",
        "requirements",
        "capabilities",
        "interfaces",
        "policies",
        "triggers",
        "imports",
        "inputs",
        "outputs",
        "constraints",
        "operations",
        "implementation",
        "substitution_mappings",
        "workflows",
        "steps",
        "activities",
        "get_input",
        "concat",
        "node_filter",
        "occurrences",
        "artifacts",
        "groups",
        "members",
        "data_types",
        "repositories",
        "service_template",
        "condition",
        "relationship",
        "metadata",
        "entry_schema",
        "in_range",
        "action",
        "event",
        "$get_property",
        "x",
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | KEYNAMES
    | st.sampled_from(["tosca_simple_yaml_1_0", "tosca_simple_yaml_1_3", "tosca_2_0", "UNBOUNDED"])
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYNAMES, inner, max_size=4),
    max_leaves=25,
)


@given(st.text() | YAMLISH)
@settings(max_examples=400, deadline=None)
def test_parsing_never_fails(text: str) -> None:
    checked = document.parse(Source("t", text), Limits(depth=20, aliased=1000))
    assert (checked.value.root is not None) or not checked.ok
    for finding in checked.diagnostics:
        assert finding.span is not None
        assert 0 <= finding.span.start <= len(text)
        assert finding.span.position.line >= 1
    definitions.read(checked.value)


@given(st.binary())
@settings(deadline=None)
def test_decoding_never_fails(content: bytes) -> None:
    checked = document.decode("t", content)
    document.parse(checked.value)


@given(TREES, st.sampled_from(["tosca_simple_yaml_1_0", "tosca_simple_yaml_1_3", "tosca_2_0"]))
@settings(max_examples=400, deadline=None)
def test_reading_never_fails(tree: object, version: str) -> None:
    root: object = tree
    if isinstance(tree, dict):
        root = {"tosca_definitions_version": version, **tree}
    parsed = document.Document(Source("t", ""), document.node(root))
    definitions.read(parsed)


@given(TREES, st.sampled_from(sorted(kind.value for kind in definitions.TypeKind)))
@settings(max_examples=200, deadline=None)
def test_reading_types_never_fails(tree: object, section: str) -> None:
    root = {"tosca_definitions_version": "tosca_simple_yaml_1_3", section: {"a": tree}}
    definitions.read(document.Document(Source("t", ""), document.node(root)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from("abcdef"), JSON, min_size=1, max_size=3))
@settings(deadline=None)
def test_json_is_yaml(data: dict[str, object]) -> None:
    text = json.dumps(data).replace("\\ud8", "x").replace("\\udc", "y")
    text = json.dumps(json.loads(text))
    checked = document.parse(Source("t", text))
    if checked.ok:
        assert _plain(checked.value.root) == json.loads(text)


@given(st.dictionaries(st.sampled_from("abcdef"), JSON, min_size=1, max_size=3))
@settings(deadline=None)
def test_offsets_are_those_of_the_text(data: dict[str, object]) -> None:
    text = yaml.safe_dump(data, allow_unicode=True, width=1000)
    checked = document.parse(Source("t", text))
    for scalar in _scalars(checked.value.root):
        span = scalar.span
        if scalar.plain:
            assert text[span.start : span.end] == scalar.text


def _plain(node: Node | None) -> object:
    match node:
        case document.Scalar():
            return document.core_value(node)
        case document.Sequence():
            return [_plain(item) for item in node]
        case document.Mapping():
            return {str(key): _plain(item) for key, item in node}
        case _:
            pass
    return None


def _scalars(node: Node | None) -> list[Scalar]:
    match node:
        case document.Scalar():
            return [node]
        case document.Sequence():
            return [scalar for item in node for scalar in _scalars(item)]
        case document.Mapping():
            return [scalar for pair in node for item in pair for scalar in _scalars(item)]
        case _:
            pass
    return []
