"""Laws: whatever is written, there is a value, and a value that was accepted stays accepted."""

# ruff: noqa: E501  (patterns that make texts)

import importlib
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from toscactl import document, loading, typesystem
from toscactl.definitions import TypeKind
from toscactl.diagnostics import Rule
from toscactl.document.literal import node
from toscactl.typesystem import DataType, Schema, TypeSystem

_HEADER = "tosca_definitions_version: tosca_simple_yaml_1_3\n"
_BUNDLE = loading.load("s.yaml", loading.MemoryFetch({"s.yaml": _HEADER})).value
_TYPES: TypeSystem = typesystem.bind(_BUNDLE).value
_NAMES = _TYPES.names(TypeKind.DATA)

_texts = st.one_of(
    st.text(max_size=12),
    st.from_regex(r"[-+]?[0-9]{0,3}\.?[0-9]{0,3}(e[0-9]{1,12})? ?[A-Za-z]{0,4}", fullmatch=True),
    st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9:.]{0,12}[Z+-]?[0-9:]{0,5})?", fullmatch=True),
    st.from_regex(r"[0-9]{1,3}(\.[0-9a-z-]{1,5}){0,4}", fullmatch=True),
)  # fmt: skip
_scalars = st.builds(
    lambda text, plain: document.Scalar(_BUNDLE.root.file.source, 0, text, plain),
    _texts,
    st.booleans(),
)
_nodes = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["user", "token", "protocol", "target", "x"]), inner, max_size=3),
    ),
    max_leaves=5,
).map(node)  # fmt: skip


def _schema(name: str) -> Schema:
    type_ = _TYPES.by_name(TypeKind.DATA, name)
    assert isinstance(type_, DataType)
    return Schema(type_)


@settings(deadline=None, max_examples=300)
@given(_nodes, st.sampled_from(_NAMES))
def test_there_is_always_a_value(expr: document.Node, name: str) -> None:
    schema = _schema(name)
    checked = typesystem.coerce(expr, schema, _TYPES, what="it")
    if checked.ok:
        again = typesystem.convert(checked.value, schema, None, _TYPES, what="it")
        assert again.diagnostics == ()
        assert typesystem.same(again.value, checked.value) or checked.value != checked.value


@settings(deadline=None, max_examples=200)
@given(_nodes)
def test_what_has_no_type_is_always_accepted(expr: document.Node) -> None:
    value = typesystem.untyped(expr)
    schema = typesystem.ANY_SCHEMA
    assert typesystem.coerce(expr, schema, _TYPES, what="it").diagnostics == ()
    assert typesystem.convert(value, schema, None, _TYPES, what="it").value == value


def test_every_rule_has_its_page() -> None:
    folder = Path(typesystem.__file__).parent
    declared = {
        rule.name
        for module in folder.glob("*.py")
        for rule in _rules(f"toscactl.typesystem.{module.stem}")
    }
    pages = {page.stem for page in (folder / "rules").glob("*.md")}
    assert declared == pages
    for page in pages:
        text = (folder / "rules" / f"{page}.md").read_text(encoding="utf-8")
        assert text.startswith(f"# {page}: ")


def _rules(module: str) -> list[Rule]:
    return [
        each for each in vars(importlib.import_module(module)).values() if isinstance(each, Rule)
    ]
