"""Readers of schemas, constraints, and the definitions of properties, attributes and parameters."""

from typing import Any

from toscactl import document
from toscactl.definitions.expressions import expression
from toscactl.definitions.model import Dialect, FunctionCall, Name, ParameterDef, SchemaDef
from toscactl.definitions.table import (
    MISSING_KEYNAME,
    WRONG_SHAPE,
    Field,
    Reading,
    Table,
    as_mapping,
    as_name,
    map_of,
    read_fields,
    report_empty,
    shape,
)
from toscactl.definitions.values import (
    boolean,
    list_of,
    metadata,
    name,
    single_keys,
    text,
    value,
)
from toscactl.diagnostics import Rule, Severity, closest
from toscactl.document import Node, Scalar

UNKNOWN_CONSTRAINT = Rule("unknown-constraint", "A constraint has no known operator.")
CONSTRAINT_ARGUMENT = Rule(
    "constraint-argument", "A constraint's argument does not fit its operator."
)
NOT_A_CONDITION = Rule("not-a-condition", "A validation clause is no call of a function.")
VALUE_FOR_DEFINITION = Rule(
    "value-for-definition",
    "A value stands where an inherited property is defined anew; it is read as its default.",
    Severity.WARNING,
    lenient=True,
)
IMPLICIT_EQUAL = Rule(
    "implicit-equal",
    "A value stands where a constraint is needed, and means `equal`.",
    Severity.WARNING,
    lenient=True,
)

_ONE = frozenset({"equal", "greater_than", "greater_or_equal", "less_than", "less_or_equal"})
_LENGTHS = frozenset({"length", "min_length", "max_length"})
_OTHERS = frozenset({"in_range", "valid_values", "pattern", "schema"})
OPERATORS = _ONE | _LENGTHS | _OTHERS
"""The constraint operators of 1.x (1.3, 3.6.3)."""


def value_call(node: Node) -> FunctionCall:
    """A call of `value` without arguments: what a constraint speaks of."""
    return FunctionCall(Scalar(node.source, node.at, "value", plain=True), (), node)


def constraint(
    reading: Reading, operator: Name, argument: Node, subject: FunctionCall | None = None
) -> FunctionCall | None:
    """`operator: argument` as a boolean call on `subject`, the value itself if none is given.

    `length: n` becomes `equal(length($value), n)`; the others keep their names.
    """
    if operator.text not in OPERATORS:
        near = closest(operator.text, OPERATORS)
        hint = f"did you mean `{near}`?" if near else "known are " + ", ".join(sorted(OPERATORS))
        message = f"there is no constraint `{operator.text}`"
        reading.report(UNKNOWN_CONSTRAINT, operator, message, hint=hint)
        return None
    if not _argument_fits(reading, operator, argument):
        return None
    subject = subject or value_call(operator)
    read = expression(reading, argument)
    if operator.text == "length":
        length = FunctionCall(operator, (subject,), operator)
        equal = Scalar(operator.source, operator.at, "equal", plain=True)
        return FunctionCall(equal, (length, read), operator)
    return FunctionCall(operator, (subject, read), operator)


def _argument_fits(reading: Reading, operator: Name, argument: Node) -> bool:
    wanted = None
    is_call = isinstance(argument, document.Mapping) and len(argument) == 1
    if operator.text == "in_range":
        if not is_call and not (isinstance(argument, document.Sequence) and len(argument) == 2):  # noqa: PLR2004
            wanted = "a list of a lower and an upper bound"
    elif operator.text == "valid_values":
        if not is_call and not isinstance(argument, document.Sequence):
            wanted = "a list of values"
    elif operator.text in _LENGTHS:
        size = document.core_value(argument) if isinstance(argument, Scalar) else -1
        if not is_call and not (isinstance(size, int) and not isinstance(size, bool) and size >= 0):
            wanted = "a whole number that is not negative"
    elif (
        operator.text in {"pattern", "schema"} and not is_call and not isinstance(argument, Scalar)
    ):
        wanted = "a string"
    if wanted is None:
        return True
    message = f"`{operator.text}` takes {wanted}"
    reading.report(CONSTRAINT_ARGUMENT, argument, message)
    return False


def constraints(reading: Reading, node: Node) -> tuple[FunctionCall, ...] | None:
    """`constraints` of 1.x: a list of single-key maps, all of which must hold."""
    return _constraint_list(reading, node)


_constraint_list = list_of("constraints", constraint)


def constraints_on(
    reading: Reading, node: Node, subject: FunctionCall | None = None
) -> tuple[FunctionCall, ...]:
    """What a node filter or a condition says of one value: a constraint, several, or the value."""
    pairs: list[tuple[Name, Node]] | None = None
    if isinstance(node, document.Mapping) and _has_operator(node):
        if len(node) == 1:
            pairs = [(key, item) for key, item in node.entries if isinstance(key, Scalar)]
        else:
            pairs = single_keys(reading, node, "constraints")
    elif isinstance(node, document.Sequence) and any(map(_has_operator, node)):
        pairs = single_keys(reading, node, "constraints")
    if pairs is not None:
        found = (constraint(reading, key, argument, subject) for key, argument in pairs)
        return tuple(call for call in found if call is not None)
    message = "a value stands where a constraint is needed; it is taken for `equal`"
    reading.report(IMPLICIT_EQUAL, node, message, hint="write `{equal: ...}`")
    equal = Scalar(node.source, node.at, "equal", plain=True)
    return (FunctionCall(equal, (subject or value_call(node), expression(reading, node)), node),)


def _has_operator(node: Node) -> bool:
    """Whether a map is a constraint, also if its one operator is misspelled."""
    if not isinstance(node, document.Mapping):
        return False
    keys = [key.text for key, _ in node if isinstance(key, Scalar)]
    return not OPERATORS.isdisjoint(keys) or (
        len(keys) == 1 and closest(keys[0], OPERATORS) is not None
    )


def validation(reading: Reading, node: Node) -> tuple[FunctionCall, ...] | None:
    """`validation` of 2.0 (9.11): one boolean expression."""
    read = expression(reading, node)
    if isinstance(read, FunctionCall):
        return (read,)
    reading.report(NOT_A_CONDITION, node, "a validation clause is a call, such as `$greater_than`")
    return None


def schema(reading: Reading, node: Node) -> SchemaDef | None:
    """A schema of list entries or map keys: a type's name, or a map (1.3, 3.6.9; 2.0, 9.8)."""
    if isinstance(node, Scalar):
        type_ = as_name(reading, node)
        return None if type_ is None else SchemaDef(type_.span, type_)
    section = as_mapping(reading, node, "a schema")
    if section is None:
        return None
    fields = read_fields(reading, SCHEMA, section)
    if "type" not in fields:
        # In 2.0 a refined schema inherits its type.
        if reading.dialect is not Dialect.V2_0 and section.get("type") is None:
            reading.report(MISSING_KEYNAME, node, "the schema has no `type`")
        fields["type"] = None
    at = fields["type"] or node
    return SchemaDef(at.span, **fields)


SCHEMA = Table(
    "schema",
    {
        "type": Field(name),
        "description": Field(text),
        "constraints": Field(constraints, into="validation", until=Dialect.V1_3),
        "validation": Field(validation, since=Dialect.V2_0),
        "key_schema": Field(schema, since=Dialect.V1_3),
        "entry_schema": Field(schema),
    },
)

_ATTRIBUTE = SCHEMA.extended(
    "attribute definition",
    {
        "default": Field(value, nullable=True),
        "status": Field(name, until=Dialect.V1_3),
        "metadata": Field(metadata, since=Dialect.V1_3),
    },
)
_PROPERTY = _ATTRIBUTE.extended(
    "property definition",
    {
        "required": Field(boolean),
        "value": Field(value, since=Dialect.V2_0, nullable=True),
        "external-schema": Field(text, into="external_schema", until=Dialect.V1_3),
        "external_schema": Field(text, until=Dialect.V1_3),
    },
)
_PARAMETER = _PROPERTY.extended(
    "parameter definition",
    {
        "value": Field(value, nullable=True),
        "mapping": Field(value, since=Dialect.V2_0),
    },
)

_SCHEMA_FIELDS = frozenset({"type", "description", "validation", "key_schema", "entry_schema"})


def _definition(
    reading: Reading, table: Table, label: Name, node: document.Mapping
) -> ParameterDef:
    fields = read_fields(reading, table, node, label)
    inner: dict[str, Any] = {key: fields.pop(key) for key in _SCHEMA_FIELDS & fields.keys()}
    inner.setdefault("type", None)
    at = inner["type"] or label
    return ParameterDef(label, SchemaDef(at.span, **inner), **fields)


def _defined(reading: Reading, table: Table, label: Name, node: Node) -> ParameterDef | None:
    if isinstance(node, document.Mapping):
        return _definition(reading, table, label, node)
    if isinstance(node, Scalar) and document.is_null(node):
        report_empty(reading, label)
        return ParameterDef(label, SchemaDef(label.span, None))
    message = f"the {table.what} `{label.text}` must be a map, and here is {shape(node)}"
    hint = f"write `{{ type: {node.text} }}`" if isinstance(node, Scalar) else None
    reading.report(WRONG_SHAPE, node, message, hint=hint)
    return None


def property_definition(reading: Reading, label: Name, node: Node) -> ParameterDef | None:
    """A property definition (1.3, 3.6.10; 2.0, 9.10); an inherited type may be absent."""
    if reading.dialect is Dialect.V2_0 and not isinstance(node, document.Mapping):
        # The short form of a refinement: a fixed value (2.0, 9.10).
        return ParameterDef(label, SchemaDef(label.span, None), value=expression(reading, node))
    if isinstance(node, Scalar) and not document.is_null(node) and not _may_be_a_type(node):
        message = (
            f"`{node.text}` stands where `{label.text}` is defined, and is read as its default"
        )
        reading.report(
            VALUE_FOR_DEFINITION, node, message, hint=f"write `{{ default: {node.text} }}`"
        )
        return ParameterDef(label, SchemaDef(label.span, None), default=node)
    return _defined(reading, _PROPERTY, label, node)


def _may_be_a_type(node: Scalar) -> bool:
    """Whether a single value in the place of a definition is a type rather than a default."""
    text = node.text.removeprefix("tosca:")
    return node.plain and (text in _PRIMITIVES or text.startswith(("tosca.", "scalar-unit")))


_PRIMITIVES = frozenset(
    {"string", "integer", "float", "boolean", "timestamp", "null"}
    | {"version", "range", "list", "map", "bytes", "int", "bool", "str", "number", "json", "xml"}
)


def attribute_definition(reading: Reading, label: Name, node: Node) -> ParameterDef | None:
    return _defined(reading, _ATTRIBUTE, label, node)


def input_definition(reading: Reading, label: Name, node: Node) -> ParameterDef | None:
    """An input of a service, an interface or an operation, where it is defined."""
    return _defined(reading, _PARAMETER, label, node)


def parameter_definition(reading: Reading, label: Name, node: Node) -> ParameterDef | None:
    """A parameter definition, or the value itself in its place (1.3, 3.6.14; 2.0, 9.14).

    A map is a definition if all its keys are keynames of one and it says a type, a value, ...;
    any other map, and any call, is a value.
    """
    if isinstance(node, document.Mapping):
        read = expression(reading, node)
        keys = {key.text for key, _ in node.entries if isinstance(key, Scalar)}
        if not isinstance(read, FunctionCall) and (not keys or keys & _PARAMETER.fields.keys()):
            return _definition(reading, _PARAMETER, label, node)
        return ParameterDef(label, SchemaDef(label.span, None), value=read)
    if isinstance(node, Scalar) and document.is_null(node):
        report_empty(reading, label)
        return ParameterDef(label, SchemaDef(label.span, None))
    return ParameterDef(label, SchemaDef(label.span, None), value=expression(reading, node))


def defines_a_value(node: Node) -> bool:
    """Whether a map is a parameter definition with a type and with a value or a default.

    Only such a map is told from a value where both may stand: all its keys must be keynames.
    """
    if not isinstance(node, document.Mapping) or node.get("type") is None:
        return False
    keys = {key.text if isinstance(key, Scalar) else "" for key, _ in node.entries}
    return bool(keys & {"value", "default"}) and keys <= _PARAMETER.fields.keys()


property_definitions = map_of("`properties`", property_definition)
attribute_definitions = map_of("`attributes`", attribute_definition)
input_definitions = map_of("`inputs`", input_definition)
parameter_definitions = map_of("this section", parameter_definition)
