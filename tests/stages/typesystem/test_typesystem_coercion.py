"""Literals as values of their declared types, and what is found in them."""

# ruff: noqa: E501  (YAML with what is expected on its line)

from collections.abc import Callable

import pytest

from toscactl import document, typesystem
from toscactl.definitions import SchemaDef, TypeKind
from toscactl.diagnostics import Checked
from toscactl.document import Node
from toscactl.typesystem import DataType, NodeType, PropertyDefinition, Schema, TypeSystem
from toscactl.values import Call, ScalarUnit, Secret, Value, Version, plain

Bind = Callable[..., Checked[TypeSystem]]
Parse = Callable[[str], Node]

TYPES = """
    data_types:
      Name: { derived_from: string, constraints: [ pattern: '[a-z]+', max_length: 5 ] }
      Names: { derived_from: list, entry_schema: { type: Name } }
      Codes: { derived_from: map, key_schema: { type: Name }, entry_schema: { type: integer } }
      Secretive: { properties: { key: { type: string, metadata: { sensitive: true }, constraints: [ min_length: 8 ] } } }
      Record:
        properties:
          name: { type: Name }
          size: { type: scalar-unit.size, default: 1 GB }
          ports: { type: list, entry_schema: { type: PortDef }, required: false }
    """


@pytest.fixture
def types(bind: Bind) -> TypeSystem:
    checked = bind(TYPES)
    assert checked.diagnostics == ()
    return checked.value


def schema(types: TypeSystem, name: str, entry: str | None = None) -> Schema:
    type_ = types.by_name(TypeKind.DATA, name)
    assert isinstance(type_, DataType)
    return Schema(type_, entry_schema=None if entry is None else schema(types, entry))


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        ("string", "1.10", "1.10"),
        ("string", "yes", "yes"),
        ("string", "0777", "0777"),
        ("string", "2001-01-01", "2001-01-01"),
        ("string", "''", ""),
        ("string", "'null'", "null"),
        ("integer", "0777", 777),
        ("integer", "0o17", 15),
        ("integer", "0xff", 255),
        ("integer", "-3", -3),
        ("float", "1.50", 1.5),
        ("float", "3", 3),
        ("float", "1e3", 1000.0),
        ("float", "-.inf", float("-inf")),
        ("boolean", "true", True),
        ("boolean", "FALSE", False),
        ("version", "1.10", Version("1.10", 1, 10)),
        ("version", "'2.0.1'", Version("2.0.1", 2, 0, 1)),
        ("version", "6.1.3.beta-3", Version("6.1.3.beta-3", 6, 1, 3, "beta", 3)),
        ("timestamp", "2001-12-14t21:59:43.10-05:00", "2001-12-14t21:59:43.10-05:00"),
        ("timestamp", "2002-12-14", "2002-12-14"),
        ("null", "~", None),
        ("range", "[1, 10]", (1, 10)),
        ("range", "[1, UNBOUNDED]", (1, "UNBOUNDED")),
        ("list", "[a, 1, true]", ("a", 1, True)),
        ("map", "{a: 1.10, b: ~}", {"a": "1.10", "b": None}),
        ("Codes", "{ab: 1}", {"ab": 1}),
        ("Names", "[ab, c]", ("ab", "c")),
    ],
)
def test_values(types: TypeSystem, node: Parse, type_: str, text: str, value: Value) -> None:
    checked = typesystem.coerce(node(text), schema(types, type_), types, what="it")
    assert checked.diagnostics == ()
    assert checked.value == value
    assert type(checked.value) is type(value)


@pytest.mark.parametrize(
    ("type_", "text", "amount"),
    [
        ("scalar-unit.size", "4 GB", 4_000_000_000),
        ("scalar-unit.size", "4GiB", 4 * 2**30),
        ("scalar-unit.size", "1.5 kb", 1500),
        ("scalar-unit.time", "10 m", 600),
        ("scalar-unit.time", "5 ms", 0.005),
        ("scalar-unit.frequency", "0.1 GHz", 100_000_000),
        ("scalar-unit.bitrate", "10 Mbps", 10_000_000),
        ("scalar-unit.bitrate", "10 MBps", 80_000_000),
        ("scalar-unit.bitrate", "10 mbps", 10_000_000),
    ],
)
def test_scalar_units(types: TypeSystem, node: Parse, type_: str, text: str, amount: float) -> None:
    checked = typesystem.coerce(node(text), schema(types, type_), types, what="it")
    assert checked.diagnostics == ()
    assert isinstance(checked.value, ScalarUnit)
    assert checked.value.amount == amount
    assert checked.value.text == text


@pytest.mark.parametrize(
    ("type_", "text", "value", "message"),
    [
        ("integer", "'80'", 80, "it is the string `80`, taken for a `integer`"),
        ("boolean", "yes", True, "it is `yes`, which is a string in YAML 1.2, taken for `true`"),
        ("boolean", "'true'", True, "it is the string `true`, taken for a `boolean`"),
        ("version", "7", Version("7", 7, 0), "it is `7`, which lacks a minor version, taken for `7.0`"),
        ("scalar-unit.size", "0", ScalarUnit("0 B", 0, "B"), "it is `0`, which lacks a unit; zero needs none"),
    ],
)  # fmt: skip
def test_loose_values_mean_one_thing(
    types: TypeSystem, node: Parse, type_: str, text: str, value: Value, message: str
) -> None:
    checked = typesystem.coerce(node(text), schema(types, type_), types, what="it")
    assert checked.ok
    assert checked.value == value
    (found,) = checked.diagnostics
    assert found.rule.name == "loose-value"
    assert found.rule.lenient
    assert found.message == message


@pytest.mark.parametrize(
    ("type_", "text", "rule", "column", "message"),
    [
        ("integer", "many", "wrong-value", 1, "it is `many`, which is no integer"),
        ("integer", "1.0", "wrong-value", 1, "it is `1.0`, which is no integer"),
        ("integer", "[1]", "wrong-value", 1, "it is a list, but `integer` is expected"),
        ("integer", "9" * 5000, "wrong-value", 1, f"it is `{'9' * 60}...`, which has too many digits"),
        ("string", "~", "wrong-value", 1, "it is null, but `string` is expected"),
        ("string", "{a: b}", "wrong-value", 1, "it is a map, but `string` is expected"),
        ("boolean", "perhaps", "wrong-value", 1, "it is `perhaps`, which is no boolean"),
        ("version", "newest", "wrong-value", 1, "it is `newest`, which is no version"),
        ("timestamp", "2001-02-30", "wrong-value", 1, "it is `2001-02-30`, which is no date that exists"),
        ("scalar-unit.size", "10", "wrong-value", 1, "it is `10`, which has no unit"),
        ("scalar-unit.size", "10 GHz", "wrong-value", 1, "it is `10 GHz`, which has the unknown unit `GHz`"),
        ("range", "[1, 2, 3]", "wrong-value", 1, "it has 3 bounds, a range has two"),
        ("range", "[3, 1]", "wrong-value", 1, "it ends at 1, before it begins at 3"),
        ("range", "[1, x]", "wrong-value", 5, "the upper bound of it is `x`, which is no integer"),
        ("Names", "[ab, '5']", "constraint-violated", 6, "item 1 of it is `5`, but must match the pattern `[a-z]+`"),
        ("Codes", "{ab: x}", "wrong-value", 6, "`ab` of it is `x`, which is no integer"),
        ("Codes", "{A: 1}", "constraint-violated", 2, "the key `A` of it is `A`, but must match the pattern `[a-z]+`"),
        ("Record", "{name: abcdefgh}", "constraint-violated", 8, "`name` of it is `abcdefgh`, but must have at most 5 characters"),
        ("Record", "{nam: a, name: b}", "unknown-field", 2, "it has no `nam`: `Record` does not define it"),
        ("Record", "{size: 1 GB}", "missing-field", 1, "it lacks `name`, which `Record` requires"),
        ("Record", "{name: a, ports: [1, 70000]}", "constraint-violated", 22, "item 1 of `ports` of it is `70000`, but must be in the range from `1` to `65535`"),
    ],
)  # fmt: skip
def test_wrong_values(
    types: TypeSystem, node: Parse, type_: str, text: str, rule: str, column: int, message: str
) -> None:
    checked = typesystem.coerce(node(text), schema(types, type_), types, what="it")
    (found,) = checked.diagnostics
    assert found.rule.name == rule
    assert found.span is not None
    assert found.span.place.column == column
    assert found.message.startswith(message)


def test_all_problems_at_once_and_what_is_right_stays(types: TypeSystem, node: Parse) -> None:
    text = "{name: UPPER, size: big, ports: [a, 80], extra: 1}"
    checked = typesystem.coerce(node(text), schema(types, "Record"), types, what="it")
    rules = [each.rule.name for each in checked.diagnostics]
    assert rules == ["constraint-violated", "wrong-value", "wrong-value", "unknown-field"]
    assert isinstance(checked.value, dict)
    assert checked.value["ports"] == ("a", 80)


def test_defaults_of_fields_are_filled_in(types: TypeSystem, node: Parse) -> None:
    value = typesystem.coerce(node("{name: a}"), schema(types, "Record"), types, what="it").value
    assert plain(value) == {"name": "a", "size": "1 GB"}


def test_sensitive_fields_are_secrets_and_not_shown(types: TypeSystem, node: Parse) -> None:
    checked = typesystem.coerce(
        node("{key: hunter2}"), schema(types, "Secretive"), types, what="it"
    )
    assert checked.value == {"key": Secret("hunter2")}
    (found,) = checked.diagnostics
    assert "hunter2" not in found.message
    hidden = typesystem.coerce(
        node("hunter2"), schema(types, "integer"), types, what="it", secret=True
    )
    assert "hunter2" not in hidden.diagnostics[0].message


def properties_of(bind: Bind, text: str) -> tuple[TypeSystem, dict[str, PropertyDefinition]]:
    """The properties of a node type `T`, whose defaults hold what a reader made of them."""
    lines = "\n".join(f"      {line}" for line in text.strip().splitlines())
    checked = bind(f"node_types:\n  T:\n    properties:\n{lines}")
    assert checked.diagnostics == ()
    type_ = checked.value.by_name(TypeKind.NODE, "T")
    assert isinstance(type_, NodeType)
    return checked.value, dict(type_.properties)


def test_calls_stay_calls(bind: Bind) -> None:
    types, found = properties_of(
        bind,
        """
a: { type: integer, default: { get_input: [ ports, 0 ] } }
b: { type: string, default: { concat: [ v, 1.10, { get_property: [ SELF, name ] } ] } }
c: { type: list, entry_schema: { type: integer }, default: [ 1, { get_input: n } ] }
d: { type: string, default: { token: [ 'a,b', ',', 1 ] } }
""",
    )
    values = {name: typesystem.default_of(each, types) for name, each in found.items()}
    assert values == {
        "a": Call("get_input", ("ports", 0)),
        "b": Call("concat", ("v", "1.10", Call("get_property", ("SELF", "name")))),
        "c": (1, Call("get_input", ("n",))),
        "d": Call("token", ("a,b", ",", "1")),
    }


def test_a_call_is_literal_where_the_type_shows_it(bind: Bind) -> None:
    types, found = properties_of(
        bind,
        """
credential: { type: Credential, default: { token: { get_input: password } } }
texts: { type: map, entry_schema: { type: string }, default: { token: secret } }
""",
    )
    credential = typesystem.default_of(found["credential"], types)
    assert credential == {"token": Call("get_input", ("password",)), "token_type": "password"}
    assert typesystem.default_of(found["texts"], types) == {"token": "secret"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("1.5", 1.5),
        ("1.10", "1.10"),
        ("0777", "0777"),
        ("1e3", "1e3"),
        ("-inf", "-inf"),
        ("1_000", "1_000"),
        ("true", True),
        ("yes", "yes"),
        ("2001-01-01", "2001-01-01"),
        ("~", None),
        ("'12'", "12"),
        ("!!str 12", "12"),
        ("{a: [1, '1']}", {"a": (1, "1")}),
    ],
)
def test_what_no_type_is_declared_for_loses_nothing(node: Parse, text: str, value: Value) -> None:
    assert typesystem.untyped(node(text)) == value


def test_a_broken_type_accepts_everything(types: TypeSystem, node: Parse) -> None:
    broken = types.data_type(document.name("Nothing")).value
    checked = typesystem.coerce(node("{any: [thing]}"), Schema(broken), types, what="it")
    assert checked == Checked({"any": ("thing",)})


def test_inputs_are_bound_and_their_constraints_checked(bind: Bind) -> None:
    types = bind(
        """
        topology_template:
          inputs:
            size: { type: integer, constraints: [ max_length: 3 ] }
            kind: { type: Nothing }
            free: { default: 1 }
        """
    ).value
    template = types.bundle.root.file.service_template
    assert template is not None
    found = {
        name: typesystem.bind_parameter(each, types, kind="input")
        for name, each in template.inputs.items()
    }
    rules = {name: [d.rule.name for d in each.diagnostics] for name, each in found.items()}
    assert rules == {"size": ["constraint-type"], "kind": ["unknown-type"], "free": []}
    assert typesystem.value_type(found["free"].value.schema) == "any"


def test_schemas_are_bound(types: TypeSystem) -> None:
    source = types.bundle.root.file.source
    name = document.name("Record", source)
    checked = typesystem.bind_schema(SchemaDef(name.span, name), types)
    assert checked.value.type.name == "Record"
