"""Literals as values of their declared types, each problem at its own place.

This is the hot loop of large files: a text for a plain string property costs one comparison
or two, and nothing is made but the value.
"""

from collections.abc import Callable, Mapping

from toscactl import document
from toscactl.definitions import Expr, FunctionCall
from toscactl.diagnostics import Checked, Diagnostic, Rule, Severity, closest
from toscactl.typesystem.clauses import violations
from toscactl.typesystem.literals import READERS, Unreadable
from toscactl.typesystem.model import PropertyDefinition, Schema
from toscactl.typesystem.primitives import ANY_SCHEMA, INTEGER_SCHEMA, STRING_SCHEMA
from toscactl.typesystem.system import TypeSystem
from toscactl.typesystem.untyped import call_of, is_null, is_tagged_text, key_text, untyped
from toscactl.values import Secret, Value

WRONG_VALUE = Rule("wrong-value", "A value does not fit the type that is declared for it.")
LOOSE_VALUE = Rule(
    "loose-value",
    "A value is not written as its type asks, but can mean only one thing.",
    Severity.WARNING,
    lenient=True,
)
UNKNOWN_FIELD = Rule("unknown-field", "A value of a complex type has a key that the type lacks.")
MISSING_FIELD = Rule("missing-field", "A value of a complex type lacks a key that is required.")

UNBOUNDED = "UNBOUNDED"
_UNQUOTED = frozenset({"integer", "float", "boolean"})
_SHOWN = 60
_SHORT = 19
"""Digits of an integer that need no second look."""
_OF_KEYS = frozenset({"complex", "map"})
_OF_TEXT = frozenset({"concat", "join", "token"})


class Report:
    """Where findings about a value go, and whether they may show it."""

    __slots__ = ("found", "secret", "types")

    def __init__(self, types: TypeSystem, *, secret: bool) -> None:
        self.types = types
        self.secret = secret
        self.found: list[Diagnostic] = []

    def add(
        self, rule: Rule, node: document.Node, message: str, *, hint: str | None = None
    ) -> None:
        self.found.append(rule.at(node.span, message, hint=hint))

    def quoted(self, text: str) -> str:
        """A text as a message shows it."""
        if self.secret:
            return "a secret"
        return f"`{text}`" if len(text) <= _SHOWN else f"`{text[:_SHOWN]}...`"


def coerce(
    expr: Expr, schema: Schema, types: TypeSystem, *, what: str, secret: bool = False
) -> Checked[Value]:
    """The value that an expression has for a declared type.

    `what` begins the messages: "property `port`". Function calls become `values.Call`, with
    untyped arguments; validation clauses are checked on everything that is known.
    With `secret`, messages do not show the value.
    """
    if isinstance(expr, document.Scalar):
        simple = _at_once(expr, schema)
        if simple is not None:
            return Checked(simple)
    elif isinstance(expr, FunctionCall) and schema.type.primitive not in _OF_KEYS:
        return Checked(call_of(expr))
    report = Report(types, secret=secret)
    value = _coerce(expr, schema, what, report)
    return Checked(value, tuple(report.found))


def _at_once(scalar: document.Scalar, schema: Schema) -> str | int | None:
    """The commonest values, texts and short numbers without constraints, on the shortest way."""
    if schema.validation or schema.type.validation:
        return None
    text = scalar.text
    primitive = schema.type.primitive
    if primitive == "string":
        return None if scalar.plain and is_null(scalar) else text
    if primitive == "integer" and scalar.plain and not scalar.tag and len(text) < _SHORT:
        return int(text) if text.isascii() and text.isdecimal() else None
    return None


def default_of(definition: PropertyDefinition, types: TypeSystem) -> Value:
    """The coerced default (or fixed value) of a definition; None if it has none.

    What is wrong with it was reported where it is defined.
    """
    expr = definition.value if definition.value is not None else definition.default
    if expr is None:
        return None

    def make() -> Value:
        value = coerce(expr, definition.schema, types, what="").value
        return Secret(value) if definition.sensitive else value

    return types.remembered_default(definition, make)


def _coerce(expr: Expr, schema: Schema, what: str, report: Report) -> Value:
    if isinstance(expr, FunctionCall):
        literal = _literal(expr, schema)
        if literal is None:
            return call_of(expr)
        expr = literal
    type_ = schema.type
    before = len(report.found)
    form = _FORMS.get(type_.primitive)
    if form is not None:
        value = form(expr, schema, what, report)
    else:
        value = _scalar(expr, schema, what, report)
    if schema.validation or type_.validation:
        wrong = any(each.severity is Severity.ERROR for each in report.found[before:])
        if not wrong:
            report.found.extend(
                violations(value, schema, expr.span, report.types, what, secret=report.secret)
            )
    return value


def _literal(call: FunctionCall, schema: Schema) -> Expr | None:
    """What a call says if the expected type shows that a map with one key was meant.

    A property of that name in a complex type (`token` of a credential), or, in a map, a function
    of texts without the list of arguments that it needs.
    """
    type_ = schema.type
    name = call.function.text
    written = call.node
    if not isinstance(written, document.Mapping) or len(written) != 1:
        return None
    key, argument = written.entries[0]
    if key_text(key) != name:
        return None
    is_list = isinstance(argument, document.Sequence)
    if type_.primitive == "map":
        meant = name in _OF_TEXT and not is_list
    else:
        meant = type_.primitive == "complex" and name in type_.properties
    if not meant:
        return None
    value: Expr = argument
    if is_list:
        value = document.Sequence(argument.source, argument.at, list(call.arguments))
    elif len(call.arguments) == 1:
        value = call.arguments[0]
    return document.Mapping(written.source, written.at, [(key, value)])


def _any(expr: Expr, _schema: Schema, _what: str, _report: Report) -> Value:
    return untyped(expr)


def _string(expr: Expr, schema: Schema, what: str, report: Report) -> Value:
    if isinstance(expr, document.Scalar) and not is_null(expr):
        return expr.text
    return _wrong_shape(expr, schema, what, report)


def _scalar(expr: Expr, schema: Schema, what: str, report: Report) -> Value:
    if not isinstance(expr, document.Scalar) or is_null(expr):
        return _wrong_shape(expr, schema, what, report)
    type_ = schema.type
    try:
        reading = READERS[type_.primitive](expr.text, type_)
    except Unreadable as problem:
        shown = report.quoted(expr.text)
        report.add(WRONG_VALUE, expr, f"{what} is {shown}, which {problem}", hint=problem.hint)
        return expr.text
    if reading.remark:
        shown = report.quoted(expr.text)
        report.add(LOOSE_VALUE, expr, f"{what} is {shown}, which {reading.remark}")
    elif type_.primitive in _UNQUOTED and (not expr.plain or is_tagged_text(expr)):
        message = f"{what} is the string {report.quoted(expr.text)}, taken for a `{type_.name}`"
        report.add(LOOSE_VALUE, expr, message, hint="leave out the quotes")
    return reading.value


def _null(expr: Expr, schema: Schema, what: str, report: Report) -> Value:
    if isinstance(expr, document.Scalar) and is_null(expr):
        return None
    return _wrong_shape(expr, schema, what, report)


def _range(expr: Expr, schema: Schema, what: str, report: Report) -> Value:
    """`[lower, upper]`, both integers, the upper one may be `UNBOUNDED` (1.3, 3.3.3)."""
    if not isinstance(expr, document.Sequence):
        return _wrong_shape(expr, schema, what, report)
    if len(expr) != 2:  # noqa: PLR2004
        message = f"{what} has {len(expr)} bounds, a range has two"
        report.add(WRONG_VALUE, expr, message, hint="write `[1, 10]` or `[1, UNBOUNDED]`")
        return untyped(expr)
    lower = _coerce(expr.items[0], INTEGER_SCHEMA, f"the lower bound of {what}", report)
    top = expr.items[1]
    if isinstance(top, document.Scalar) and top.text == UNBOUNDED:
        return (lower, UNBOUNDED)
    upper = _coerce(top, INTEGER_SCHEMA, f"the upper bound of {what}", report)
    if isinstance(lower, int) and isinstance(upper, int) and lower > upper:
        report.add(WRONG_VALUE, expr, f"{what} ends at {upper}, before it begins at {lower}")
    return (lower, upper)


def _list(expr: Expr, schema: Schema, what: str, report: Report) -> Value:
    if not isinstance(expr, document.Sequence):
        return _wrong_shape(expr, schema, what, report)
    entry = schema.entry_schema or schema.type.entry_schema or ANY_SCHEMA
    if _takes_any_text(entry):
        items = expr.items
        return tuple(
            item.text
            if item.__class__ is document.Scalar and not is_null(item)
            else _coerce(item, entry, f"item {index} of {what}", report)
            for index, item in enumerate(items)
        )
    return tuple(
        _coerce(item, entry, f"item {index} of {what}", report)
        for index, item in enumerate(expr.items)
    )


def _takes_any_text(schema: Schema) -> bool:
    return (
        schema.type.primitive == "string" and not schema.validation and not schema.type.validation
    )


def _map(expr: Expr, schema: Schema, what: str, report: Report) -> Value:
    if not isinstance(expr, document.Mapping):
        return _wrong_shape(expr, schema, what, report)
    entry = schema.entry_schema or schema.type.entry_schema or ANY_SCHEMA
    keys = schema.key_schema or schema.type.key_schema or STRING_SCHEMA
    value: dict[str, Value] = {}
    for key, node in expr.entries:
        name = key_text(key)
        if keys is not STRING_SCHEMA:
            _coerce(key, keys, f"the key `{name}` of {what}", report)
        value[name] = _coerce(node, entry, f"`{name}` of {what}", report)
    return value


def _complex(expr: Expr, schema: Schema, what: str, report: Report) -> Value:
    if not isinstance(expr, document.Mapping):
        return _wrong_shape(expr, schema, what, report)
    type_ = schema.type
    properties = type_.properties
    value: dict[str, Value] = {}
    for key, node in expr.entries:
        name = key_text(key)
        definition = properties.get(name)
        if definition is None:
            value[name] = untyped(node)
            if not type_.broken:
                _unknown_field(key, name, schema, what, report)
        else:
            value[name] = _field(node, definition, what, report)
    for name, definition in properties.items():
        if name in value:
            continue
        if definition.default is not None or definition.value is not None:
            value[name] = default_of(definition, report.types)
        elif definition.required and not type_.broken:
            message = f"{what} lacks `{name}`, which `{type_.name}` requires"
            report.add(MISSING_FIELD, expr, message)
    return value


def _field(node: Expr, definition: PropertyDefinition, what: str, report: Report) -> Value:
    inner = f"`{definition.name}` of {what}"
    if not definition.sensitive:
        return _coerce(node, definition.schema, inner, report)
    hidden = Report(report.types, secret=True)
    value = _coerce(node, definition.schema, inner, hidden)
    report.found.extend(hidden.found)
    return Secret(value)


def _unknown_field(
    key: document.Node, name: str, schema: Schema, what: str, report: Report
) -> None:
    meant = closest(name, schema.type.properties)
    hint = f"did you mean `{meant}`?" if meant else None
    message = f"{what} has no `{name}`: `{schema.type.name}` does not define it"
    report.add(UNKNOWN_FIELD, key, message, hint=hint)


def _wrong_shape(expr: Expr, schema: Schema, what: str, report: Report) -> Value:
    expected = schema.type.name
    hint = None
    if isinstance(expr, document.Scalar):
        is_ = "null" if is_null(expr) else report.quoted(expr.text)
        if is_null(expr) and schema.type.primitive == "string":
            hint = 'write `""` for an empty text, or leave it out'
    else:
        is_ = "a list" if isinstance(expr, document.Sequence) else "a map"
    report.add(WRONG_VALUE, expr, f"{what} is {is_}, but `{expected}` is expected", hint=hint)
    return untyped(expr)


def value_type(schema: Schema) -> str:
    """The primitive type of what a schema allows, as residual expressions carry it."""
    return schema.type.primitive


_Form = Callable[[Expr, Schema, str, Report], Value]
_FORMS: Mapping[str, _Form] = {
    "any": _any,
    "complex": _complex,
    "list": _list,
    "map": _map,
    "null": _null,
    "range": _range,
    "string": _string,
}
"""How a value of a primitive type is made; the others are read from the text of a scalar."""
