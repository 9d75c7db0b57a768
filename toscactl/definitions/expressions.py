"""Calls of functions inside values: where they are written, in the syntax of every version.

In 1.x a call is a map whose only key is the name of a function and whose value fits it (1.3, 4);
in 2.0 a name begins with `$`, and `$$` stands for a `$` that is none (2.0, 10.1).
A node without a call inside is left as it is, so that a plain file costs no second tree.
"""

from collections.abc import Callable

from toscactl import document
from toscactl.definitions.model import Dialect, Expr, FunctionCall
from toscactl.definitions.table import Reading
from toscactl.diagnostics import Rule
from toscactl.document import Node, Scalar, Sequence

SEVERAL_FUNCTIONS = Rule("several-functions", "A map has a function among other keys.")

_Fits = Callable[[Node], bool]


def _list(node: Node) -> bool:
    return node.__class__ is Sequence


def _list_or_name(node: Node) -> bool:
    return node.__class__ is Sequence or (isinstance(node, Scalar) and not document.is_null(node))


_FUNCTIONS: dict[str, _Fits] = {
    "concat": _list,
    "join": _list,
    "token": _list,
    "get_input": _list_or_name,
    "get_property": _list_or_name,
    "get_attribute": _list_or_name,
    "get_operation_output": _list,
    "get_nodes_of_type": _list_or_name,
    "get_artifact": _list,
}


def expression(reading: Reading, node: Node) -> Expr:
    """The node with every call in it as a `FunctionCall`; the same node where there is none."""
    if reading.dialect is Dialect.V2_0:
        return _expression_2(reading, node)
    return _expression_1(node)


def _expression_1(node: Node) -> Expr:
    kind = node.__class__
    if kind is Scalar:
        return node
    if isinstance(node, document.Mapping):
        if len(node.entries) == 1:
            key, argument = node.entries[0]
            if key.__class__ is Scalar:
                fits = _FUNCTIONS.get(key.text)
                if fits is not None and fits(argument):
                    return _call_1(key, argument, node)
        values = [_expression_1(item) for _, item in node.entries]
        if all(new is old for new, (_, old) in zip(values, node.entries, strict=True)):
            return node
        pairs = [(key, new) for (key, _), new in zip(node.entries, values, strict=True)]
        return document.Mapping(node.source, node.at, pairs)
    if isinstance(node, Sequence):
        return _sequence(node, [_expression_1(item) for item in node.items])
    return node


def _call_1(function: Scalar, argument: Node, node: Node) -> FunctionCall:
    items = argument.items if isinstance(argument, Sequence) else [argument]
    return FunctionCall(function, tuple(_expression_1(item) for item in items), node)


def _sequence(node: Sequence, items: list[Node]) -> Sequence:
    if all(new is old for new, old in zip(items, node.items, strict=True)):
        return node
    return Sequence(node.source, node.at, items)


def _expression_2(reading: Reading, node: Node) -> Expr:
    if isinstance(node, Scalar):
        if not node.text.startswith("$"):
            return node
        if node.text.startswith("$$"):
            return _unescaped(node)
        return FunctionCall(_without_dollar(node), (), node)
    if isinstance(node, Sequence):
        return _sequence(node, [_expression_2(reading, item) for item in node.items])
    if isinstance(node, document.Mapping):
        return _map_2(reading, node)
    return node


def _map_2(reading: Reading, node: document.Mapping) -> Expr:
    calls = [key for key, _ in node.entries if isinstance(key, Scalar) and _is_function(key.text)]
    if calls and len(node.entries) == 1:
        key, argument = calls[0], node.entries[0][1]
        items = argument.items if isinstance(argument, Sequence) else [argument]
        arguments = tuple(_expression_2(reading, item) for item in items)
        return FunctionCall(_without_dollar(key), arguments, node)
    for key in calls:
        message = f"`{key.text}` is a function, and a call has no other keys beside it"
        hint = "write `$$` for a key that begins with `$` and is no function"
        reading.report(SEVERAL_FUNCTIONS, key, message, hint=hint)
    pairs = [
        (_expression_2(reading, key) if key not in calls else key, _expression_2(reading, item))
        for key, item in node.entries
    ]
    same = all(
        new is old and key is before
        for (key, new), (before, old) in zip(pairs, node.entries, strict=True)
    )
    return node if same else document.Mapping(node.source, node.at, pairs)


def _is_function(text: str) -> bool:
    return text.startswith("$") and not text.startswith("$$")


def _without_dollar(name: Scalar) -> Scalar:
    return Scalar(name.source, name.at, name.text[1:], name.plain, name.tag)


_unescaped = _without_dollar
