"""Clauses tested on known values, and computed values as values of their types."""

# ruff: noqa: E501  (YAML with what is expected on its line)

from collections.abc import Callable

import pytest

from toscactl import document, typesystem
from toscactl.address import Address
from toscactl.definitions import FunctionCall, TypeKind
from toscactl.diagnostics import Checked
from toscactl.typesystem import DataType, Schema, TypeSystem
from toscactl.typesystem.json_schema import BadSchema, compile_schema, is_json
from toscactl.values import AttributeOf, Call, InputOf, Secret, Value, Version

Bind = Callable[..., Checked[TypeSystem]]
Parse = Callable[[str], document.Node]

CLAUSES = [
    ("integer", "equal: 2", ["2"], ["3"]),
    ("integer", "greater_than: 2", ["3"], ["2", "1"]),
    ("float", "less_or_equal: 0.5", ["0.5", "0"], ["0.51"]),
    ("integer", "in_range: [1, 4]", ["1", "4"], ["0", "5"]),
    ("integer", "in_range: [1, UNBOUNDED]", ["1", "400"], ["0"]),
    ("scalar-unit.size", "greater_or_equal: 1 GB", ["1 GB", "1000 MB", "1 GiB"], ["999 MB"]),
    ("scalar-unit.size", "equal: 1 GB", ["1000MB"], ["1 GiB"]),
    ("scalar-unit.size", "valid_values: [1 GB, 2 GB]", ["2000 MB"], ["3 GB"]),
    ("scalar-unit.time", "in_range: [1 s, 1 m]", ["60 s"], ["61 s"]),
    ("version", "greater_than: 1.9", ["1.10", "2.0"], ["1.9", "1.8.5", "1.9.0.beta"]),
    ("version", "less_than: 2.0.0.beta-2", ["2.0.0.beta-1", "2.0.0.alpha"], ["2.0"]),
    ("timestamp", "less_than: 2020-01-01T00:00:00Z", ["2020-01-01T00:30:00+01:00"], ["2020-01-01"]),
    ("string", "valid_values: [tcp, udp, 1.10]", ["tcp", "1.10"], ["1.1", "TCP"]),
    ("string", "length: 3", ["abc", "'äöü'"], ["ab"]),
    ("string", "min_length: 2", ["ab"], ["a"]),
    ("list", "max_length: 1", ["[a]", "[]"], ["[a, b]"]),
    ("map", "min_length: 1", ["{a: b}"], ["{}"]),
    ("string", "pattern: 'a|b'", ["a", "b"], ["ab", "xa", "'a\n'"]),
    ("string", r"pattern: '^\d+$'", ["'12'"], ["'12\n'", "'١٢'"]),
    ("range", "in_range: [1, 10]", ["[2, 10]"], ["[0, 3]", "[5, UNBOUNDED]"]),
    ("range", "in_range: [1, UNBOUNDED]", ["[2, UNBOUNDED]"], ["[0, 3]"]),
    ("boolean", "equal: true", ["true"], ["false"]),
    ("list", "equal: [1, 2]", ["[1, 2]"], ["[2, 1]", "[1]"]),
    ("string", "schema: '{\"type\": \"object\"}'", ["'{}'"], ["'[]'", "'{'"]),
]  # fmt: skip


@pytest.mark.parametrize(("type_", "clause", "good", "bad"), CLAUSES, ids=[c[1] for c in CLAUSES])
def test_clauses(
    bind: Bind, node: Parse, type_: str, clause: str, good: list[str], bad: list[str]
) -> None:
    checked = bind(
        f"data_types:\n  T:\n    derived_from: {type_}\n    constraints:\n      - {clause}"
    )
    assert checked.diagnostics == ()
    types = checked.value
    data_type = types.by_name(TypeKind.DATA, "T")
    assert isinstance(data_type, DataType)
    for text in good:
        assert typesystem.coerce(node(text), Schema(data_type), types, what="it").diagnostics == ()
    for text in bad:
        found = typesystem.coerce(node(text), Schema(data_type), types, what="it").diagnostics
        assert [each.rule.name for each in found] == ["constraint-violated"]
        assert found[0].notes[0].span is not None


@pytest.fixture
def types(bind: Bind) -> TypeSystem:
    checked = bind(
        """
        data_types:
          Short: { derived_from: string, constraints: [ max_length: 3 ] }
          Shorts: { derived_from: list, entry_schema: { type: Short }, constraints: [ max_length: 2 ] }
          Record:
            properties:
              port: { type: PortDef }
              kind: { type: string, default: tcp }
              sizes: { type: map, entry_schema: { type: scalar-unit.size }, required: false }
        """
    )
    assert checked.diagnostics == ()
    return checked.value


def schema(types: TypeSystem, name: str) -> Schema:
    type_ = types.by_name(TypeKind.DATA, name)
    assert isinstance(type_, DataType)
    return Schema(type_)


OPEN = AttributeOf(Address("web"), "address")


@pytest.mark.parametrize(
    ("type_", "value", "result"),
    [
        ("integer", "80", 80),
        ("string", 80, "80"),
        ("string", Version("1.10", 1, 10), "1.10"),
        ("version", "1.10", Version("1.10", 1, 10)),
        ("boolean", "true", True),
        ("float", 1, 1),
        ("integer", OPEN, OPEN),
        ("Short", Secret("abc"), Secret("abc")),
        ("Shorts", ("abc", OPEN), ("abc", OPEN)),
        ("Record", {"port": "80"}, {"port": 80, "kind": "tcp"}),
        ("range", (1, 2), (1, 2)),
        ("null", None, None),
    ],
)
def test_conversion(types: TypeSystem, type_: str, value: Value, result: Value) -> None:
    checked = typesystem.convert(value, schema(types, type_), None, types, what="it")
    assert checked.diagnostics == ()
    assert checked.value == result


@pytest.mark.parametrize(
    ("type_", "value", "message"),
    [
        ("integer", "many", "it is `many`, which is no integer"),
        ("integer", True, "it is `true`, but `integer` is expected"),
        ("string", None, "it is null, but `string` is expected"),
        ("string", ("a",), "it is a list, but `string` is expected"),
        ("list", {"a": 1}, "it is a map, but `list` is expected"),
        ("Short", "abcd", "it is `abcd`, but must have at most 3 characters"),
        ("Short", Secret("abcd"), "it is a secret, but must have at most 3 characters"),
        ("integer", Secret("abcd"), "it is a secret, which is no integer"),
        ("Shorts", (OPEN, OPEN, OPEN), "it is "),
        ("Shorts", ("a", "abcd"), "item 1 of it is `abcd`, but must have at most 3 characters"),
        ("Record", {"port": 0}, "`port` of it is `0`, but must be in the range from `1` to `65535`"),
        ("Record", {}, "it lacks `port`, which `Record` requires"),
        ("Record", {"port": 1, "x": 1}, "it has no `x`: `Record` does not define it"),
        ("Record", {"port": 1, "sizes": {"a": 5}}, "`a` of `sizes` of it is `5`, which has no unit"),
    ],
)  # fmt: skip
def test_values_that_do_not_fit(types: TypeSystem, type_: str, value: Value, message: str) -> None:
    (found,) = typesystem.check_value(value, schema(types, type_), None, types, what="it")
    assert found.message.startswith(message)


def clause(types: TypeSystem, type_: str) -> tuple[FunctionCall, Schema]:
    found = schema(types, type_)
    return found.type.validation[0], found


def test_a_clause_alone_for_node_filters(types: TypeSystem) -> None:
    short, of = clause(types, "Short")
    assert typesystem.clause_holds(short, "abc", of, types) is True
    assert typesystem.clause_holds(short, "abcd", of, types) is False
    assert typesystem.clause_holds(short, OPEN, of, types) is None


def test_arguments_that_are_calls_are_resolved(types: TypeSystem) -> None:
    value = FunctionCall(document.name("value"), (), document.name("value"))
    limit = FunctionCall(document.name("get_input"), (document.name("n"),), document.name("n"))
    at_least = FunctionCall(document.name("greater_or_equal"), (value, limit), limit)
    integer = schema(types, "integer")
    holds = typesystem.clause_holds
    assert holds(at_least, 3, integer, types) is None
    assert holds(at_least, 3, integer, types, resolve=lambda _: 2) is True
    assert holds(at_least, 3, integer, types, resolve=lambda _: 4) is False
    assert holds(at_least, 3, integer, types, resolve=lambda _: InputOf("n")) is None
    both = FunctionCall(document.name("and"), (at_least, at_least), limit)
    opposite = FunctionCall(document.name("not"), (at_least,), limit)
    assert holds(both, 3, integer, types, resolve=lambda _: 2) is True
    assert holds(opposite, 3, integer, types, resolve=lambda _: 2) is False


def test_versions_in_their_order() -> None:
    other: Value = True
    assert typesystem.same(Version("1.0", 1, 0), Version("1.0.0", 1, 0, 0))
    assert not typesystem.same(Version("1.0", 1, 0), "1.0")
    assert not typesystem.same(1, other)


def test_json_schemas() -> None:
    assert is_json('{"a": 1}')
    assert not is_json("{")
    assert compile_schema("true")("1")
    assert not compile_schema("false")("1")
    for text in ("{", "3", '{"type": 3}'):
        with pytest.raises(BadSchema):
            compile_schema(text)


def test_residual_calls_are_not_tested(types: TypeSystem) -> None:
    call = Call("concat", ("a", OPEN))
    assert [*typesystem.check_value(call, schema(types, "Short"), None, types, what="it")] == []
