"""Document nodes to values where no type is declared: YAML 1.2's core types, nothing lost."""

from collections.abc import Mapping
from math import isfinite

from toscactl import document
from toscactl.definitions import Expr, FunctionCall
from toscactl.values import Call, Value

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_OF_TEXT = frozenset({"concat", "join", "token"})
"""Functions that put texts together: `concat: [v, 1.10]` is `v1.10`."""
_OF_NAMES = "get_"


def is_null(scalar: document.Scalar) -> bool:
    return scalar.plain and scalar.text in _NULLS and not is_tagged_text(scalar)


def is_tagged_text(scalar: document.Scalar) -> bool:
    return bool(scalar.tag) and (scalar.tag == "!" or scalar.tag.endswith("str"))


def untyped(expr: Expr) -> Value:
    """The value that a node has by itself.

    A plain scalar becomes a number only if the number reads the same when it is written again,
    so a version `1.10` or a mode `0777` for which nobody declared a type stays what it was.
    """
    match expr:
        case document.Scalar():
            return _scalar(expr)
        case FunctionCall():
            return call_of(expr)
        case document.Sequence():
            return tuple(untyped(item) for item in expr.items)
        case document.Mapping():
            return {key_text(key): untyped(value) for key, value in expr.entries}
        case _:
            raise AssertionError(f"no kind of node: {expr!r}")


def _scalar(scalar: document.Scalar) -> Value:
    text = scalar.text
    if not scalar.plain or is_tagged_text(scalar):
        return text
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    return _number(text)


def _number(text: str) -> int | float | str:
    if text[0] not in "0123456789-.":
        return text
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        if str(number) == text and isfinite(number):
            return number
    return text


def call_of(call: FunctionCall) -> Call:
    """A function call as a value, its arguments nested and untyped."""
    function = call.function.text
    if function in _OF_TEXT:
        return Call(function, tuple(_textual(argument) for argument in call.arguments))
    if function.startswith(_OF_NAMES):
        return Call(function, tuple(_named(argument) for argument in call.arguments))
    return Call(function, tuple(untyped(argument) for argument in call.arguments))


def _textual(expr: Expr) -> Value:
    if isinstance(expr, document.Scalar):
        return expr.text
    if isinstance(expr, document.Sequence):
        return tuple(_textual(item) for item in expr.items)
    return untyped(expr)


def _named(expr: Expr) -> Value:
    """Names, and plain integers, which are indexes."""
    if isinstance(expr, document.Scalar):
        text = expr.text
        return int(text) if expr.plain and text.isascii() and text.isdecimal() else text
    if isinstance(expr, document.Sequence):
        return tuple(_named(item) for item in expr.items)
    return untyped(expr)


def key_text(key: document.Node) -> str:
    """A key as text. Keys that are no scalars are written in flow style."""
    if isinstance(key, document.Scalar):
        return key.text
    if isinstance(key, document.Sequence):
        return "[" + ", ".join(key_text(item) for item in key.items) + "]"
    if isinstance(key, document.Mapping):
        return "{" + ", ".join(f"{key_text(k)}: {key_text(v)}" for k, v in key.entries) + "}"
    return ""


def metadata_of(metadata: Mapping[str, document.Node]) -> Mapping[str, object]:
    """Metadata as plain data."""
    return {name: untyped(node) for name, node in metadata.items()} if metadata else {}
