"""Readers of condition clauses (1.3, 3.6.25), mapped onto the boolean functions of 2.0."""

from toscactl import document
from toscactl.definitions.expressions import expression
from toscactl.definitions.model import Dialect, Expr, FunctionCall, Name
from toscactl.definitions.schemas import OPERATORS, constraint, constraints_on
from toscactl.definitions.table import WRONG_SHAPE, Reading, as_name, shape
from toscactl.document import Node, Scalar

_CONNECTIVES = frozenset({"and", "or", "not", "assert"})


def condition(reading: Reading, node: Node) -> Expr | None:
    """A condition clause as one boolean call.

    In 1.x a list is a conjunction of `and`, `or`, `not`, `assert` and of attribute assertions
    `attribute: [constraints]`. An assertion becomes the constraints on `get_attribute(SELF,
    attribute)`; a bare constraint, seen in triggers, is one on what the event measures (`value`).
    Text such as `utilization greater_than 50%` stays text. In 2.0 a condition is an expression.
    """
    if reading.dialect is Dialect.V2_0:
        return expression(reading, node)
    if isinstance(node, Scalar):
        return node
    return _all(node, _clauses(reading, node))


def _clauses(reading: Reading, node: Node) -> list[Expr]:
    if isinstance(node, document.Sequence):
        return [clause for item in node for clause in _clauses(reading, item)]
    if not isinstance(node, document.Mapping):
        message = f"a condition is a list of clauses, and here is {shape(node)}"
        reading.report(WRONG_SHAPE, node, message)
        return []
    found: list[Expr] = []
    for key, item in node.entries:
        label = as_name(reading, key)
        if label is None:
            continue
        if label.text in OPERATORS:
            call = constraint(reading, label, item)
            found.extend(() if call is None else (call,))
        elif label.text in _CONNECTIVES:
            found.append(_connected(reading, label, item, node))
        else:
            found.extend(constraints_on(reading, item, _attribute(label)))
    return found


def _connected(reading: Reading, label: Name, item: Node, node: Node) -> Expr:
    clauses = tuple(_clauses(reading, item))
    if label.text == "assert":
        return _all(node, list(clauses))
    if label.text == "not":
        return FunctionCall(label, (_all(item, list(clauses)),), node)
    return FunctionCall(label, clauses, node)


def _all(node: Node, clauses: list[Expr]) -> Expr:
    if len(clauses) == 1:
        return clauses[0]
    return FunctionCall(Scalar(node.source, node.at, "and", plain=True), tuple(clauses), node)


def _attribute(label: Name) -> FunctionCall:
    function = Scalar(label.source, label.at, "get_attribute", plain=True)
    self_ = Scalar(label.source, label.at, "SELF", plain=True)
    return FunctionCall(function, (self_, label), label)
