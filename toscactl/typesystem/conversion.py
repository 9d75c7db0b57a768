"""Values that were computed, from inputs or functions, as values of the type they go to."""

from collections.abc import Iterator, Mapping, Sequence

from toscactl.diagnostics import Checked, Diagnostic, Severity
from toscactl.source import Span
from toscactl.typesystem.clauses import violations
from toscactl.typesystem.coercion import MISSING_FIELD, UNKNOWN_FIELD, WRONG_VALUE, default_of
from toscactl.typesystem.literals import READERS, Unreadable
from toscactl.typesystem.model import Schema
from toscactl.typesystem.primitives import ANY_SCHEMA, STRING_SCHEMA
from toscactl.typesystem.system import TypeSystem
from toscactl.values import (
    Expression,
    ScalarUnit,
    Secret,
    Value,
    Version,
    is_sensitive,
    reveal,
    text,
)

_SHOWN = 60


def convert(
    value: Value, schema: Schema, span: Span | None, types: TypeSystem, *, what: str
) -> Checked[Value]:
    """A known value as one of a declared type; what is still open in it stays open.

    Texts become numbers, versions, ... as the same text in a file would; secrets stay secret.
    """
    conversion = _Conversion(span, types)
    return Checked(conversion.of(value, schema, what), tuple(conversion.found))


def check_value(
    value: Value, schema: Schema, span: Span | None, types: TypeSystem, *, what: str
) -> Iterator[Diagnostic]:
    """What keeps a known value from being one of a declared type, validation clauses included."""
    yield from convert(value, schema, span, types, what=what).diagnostics


class _Conversion:
    """One value on its way to its type."""

    __slots__ = ("found", "secret", "span", "types")

    def __init__(self, span: Span | None, types: TypeSystem) -> None:
        self.span = span
        self.types = types
        self.found: list[Diagnostic] = []
        self.secret = False

    def of(self, value: Value, schema: Schema, what: str) -> Value:
        if isinstance(value, Secret):
            return self._hidden(value, schema, what)
        if isinstance(value, Expression) or schema.type.primitive == "any":
            return value
        before = len(self.found)
        result = self._shaped(value, schema, what)
        fits = all(each.severity is not Severity.ERROR for each in self.found[before:])
        if fits and (schema.validation or schema.type.validation):
            self.found.extend(
                violations(result, schema, self.span, self.types, what, secret=self.secret)
            )
        return result

    def _hidden(self, value: Secret, schema: Schema, what: str) -> Value:
        outer, self.secret = self.secret, True
        result = self.of(value.value, schema, what)
        self.secret = outer
        return result if isinstance(result, Secret) else Secret(result)

    def _shaped(self, value: Value, schema: Schema, what: str) -> Value:
        match schema.type.primitive:
            case "list" if isinstance(value, Sequence) and not isinstance(value, str):
                entry = schema.entry_schema or schema.type.entry_schema or ANY_SCHEMA
                return tuple(
                    self.of(item, entry, f"item {index} of {what}")
                    for index, item in enumerate(value)
                )
            case "map" if isinstance(value, Mapping):
                return self._map(value, schema, what)
            case "complex" if isinstance(value, Mapping):
                return self._complex(value, schema, what)
            case "range" if isinstance(value, Sequence) and not isinstance(value, str):
                if len(value) == 2:  # noqa: PLR2004
                    return tuple(value)
            case "null" if value is None:
                return None
            case "list" | "map" | "complex" | "range" | "null":
                pass
            case _:
                return self._scalar(value, schema, what)
        return self._wrong(value, schema, what)

    def _scalar(self, value: Value, schema: Schema, what: str) -> Value:
        type_ = schema.type
        primitive = type_.primitive
        if _is_of(value, primitive, type_.canonical_unit):
            return value
        scalar = isinstance(value, str | bool | int | float | ScalarUnit | Version)
        if not scalar:
            return self._wrong(value, schema, what)
        if primitive == "string":
            return text(value)
        if isinstance(value, bool) or primitive not in READERS:
            return self._wrong(value, schema, what)
        try:
            return READERS[primitive](text(value), type_).value
        except Unreadable as problem:
            message = f"{what} is {self._quoted(value)}, which {problem}"
            self.found.append(WRONG_VALUE.at(self.span, message, hint=problem.hint))
            return value

    def _map(self, value: Mapping[str, Value], schema: Schema, what: str) -> Value:
        entry = schema.entry_schema or schema.type.entry_schema or ANY_SCHEMA
        keys = schema.key_schema or schema.type.key_schema or STRING_SCHEMA
        for key in value if keys is not STRING_SCHEMA else ():
            self.of(key, keys, f"the key `{key}` of {what}")
        return {key: self.of(item, entry, f"`{key}` of {what}") for key, item in value.items()}

    def _complex(self, value: Mapping[str, Value], schema: Schema, what: str) -> Value:
        properties = schema.type.properties
        result: dict[str, Value] = {}
        for name, item in value.items():
            definition = properties.get(name)
            if definition is None:
                result[name] = item
                if not schema.type.broken:
                    message = f"{what} has no `{name}`: `{schema.type.name}` does not define it"
                    self.found.append(UNKNOWN_FIELD.at(self.span, message))
            else:
                result[name] = self.of(item, definition.schema, f"`{name}` of {what}")
        for name, definition in properties.items():
            if name in result:
                continue
            if definition.default is not None or definition.value is not None:
                result[name] = default_of(definition, self.types)
            elif definition.required and not schema.type.broken:
                message = f"{what} lacks `{name}`, which `{schema.type.name}` requires"
                self.found.append(MISSING_FIELD.at(self.span, message))
        return result

    def _wrong(self, value: Value, schema: Schema, what: str) -> Value:
        message = f"{what} is {self._quoted(value)}, but `{schema.type.name}` is expected"
        self.found.append(WRONG_VALUE.at(self.span, message))
        return value

    def _quoted(self, value: Value) -> str:
        if self.secret or is_sensitive(value):
            return "a secret"
        if value is None:
            return "null"
        if isinstance(value, Mapping):
            return "a map"
        if isinstance(value, Sequence) and not isinstance(value, str):
            return "a list"
        written = text(reveal(value))
        return f"`{written}`" if len(written) <= _SHOWN else f"`{written[:_SHOWN]}...`"


def _is_of(value: Value, primitive: str, canonical_unit: str) -> bool:
    """Whether a scalar value already is one of a primitive type."""
    match value:
        case ScalarUnit():
            return value.unit == canonical_unit
        case Version():
            return primitive == "version"
        case bool():
            return primitive == "boolean"
        case int():
            return primitive in {"integer", "float"}
        case float():
            return primitive == "float"
        case str():
            return primitive == "string"
        case _:
            return False
