"""Triggers of policies in one form, whatever version of the grammar wrote them (1.3, 3.6.22)."""

import re
from collections.abc import Iterator

from toscactl import definitions, document
from toscactl.definitions import FunctionCall, TypeKind
from toscactl.graph.evaluation import Evaluation, Subject
from toscactl.graph.model import Condition, Trigger
from toscactl.typesystem import DataType, Schema, TypeSystem, coerce, untyped
from toscactl.values import EvaluationError, ScalarUnit, Value

COMPARISONS = {
    "greater_than": "greater_than", "gt": "greater_than", ">": "greater_than",
    "greater_or_equal": "greater_or_equal", "ge": "greater_or_equal", ">=": "greater_or_equal",
    "less_than": "less_than", "lt": "less_than", "<": "less_than",
    "less_or_equal": "less_or_equal", "le": "less_or_equal", "<=": "less_or_equal",
    "equal": "equal", "eq": "equal", "==": "equal", "in_range": "in_range",
}  # fmt: skip
_OPPOSITE = {
    "greater_than": "less_or_equal", "less_or_equal": "greater_than",
    "less_than": "greater_or_equal", "greater_or_equal": "less_than",
}  # fmt: skip
_SENTENCE = re.compile(
    r"(?:(?P<metric>[\w.]+)\s+)?(?P<comparison>[a-z_]+|[<>=]{1,2}):?\s*(?P<threshold>[\d.]+)\s*%?"
)
"""`utilization greater_than 50%`, as the examples of the standard write it."""


def trigger(evaluation: Evaluation, written: definitions.TriggerDef, subject: Subject) -> Trigger:
    types = evaluation.topology.types
    action = written.actions[0] if written.actions else None
    evaluations = None if written.evaluations is None else untyped(written.evaluations)
    return Trigger(
        written.name.text,
        written.name.span.place,
        None if written.event is None else written.event.text,
        () if written.condition is None else tuple(conditions(written.condition)),
        None if written.period is None else seconds(written.period, types),
        evaluations if isinstance(evaluations, int) else None,
        None if written.method is None else written.method.text,
        None if action is None else _action(action),
        {} if action is None else dict(_inputs(evaluation, action, subject)),
    )


def _action(activity: definitions.ActivityDef) -> str:
    if activity.operation is not None:
        return f"{activity.subject.text}.{activity.operation.text}"
    return activity.subject.text


def _inputs(
    evaluation: Evaluation, activity: definitions.ActivityDef, subject: Subject
) -> Iterator[tuple[str, Value]]:
    for name, assignment in activity.inputs.items():
        try:
            yield name, evaluation.resolve(untyped(assignment.value), subject)
        except EvaluationError:
            # What an action is given may be known only when it runs.
            yield name, untyped(assignment.value)


def seconds(expr: definitions.Expr, types: TypeSystem) -> float | None:
    """A duration: a number of seconds, or a scalar-unit.time."""
    if not isinstance(expr, document.Scalar):
        return None
    value = document.plain_value(expr.text)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    time = types.by_name(TypeKind.DATA, "scalar-unit.time")
    if not isinstance(time, DataType):
        return None
    checked = coerce(expr, Schema(time), types, what="period")
    return float(checked.value.amount) if isinstance(checked.value, ScalarUnit) else None


def conditions(expr: definitions.Expr, *, negated: bool = False) -> Iterator[Condition]:
    """The comparisons of a condition clause, however they are joined."""
    if isinstance(expr, document.Scalar):
        yield from _sentence(expr.text)
    elif isinstance(expr, document.Sequence):
        for item in expr:
            yield from conditions(item, negated=negated)
    elif isinstance(expr, document.Mapping):
        yield from _map(expr)
    elif isinstance(expr, FunctionCall):
        if expr.function.text in COMPARISONS:
            found = _comparison(expr)
            if found is not None:
                yield _negation(found) if negated else found
        else:
            for argument in expr.arguments:
                yield from conditions(argument, negated=negated != (expr.function.text == "not"))


def _comparison(call: FunctionCall) -> Condition | None:
    """`greater_than(<subject>, 50)`; a subject is the metric that it reads."""
    if not call.arguments:
        return None
    metric = ""
    rest = call.arguments
    if isinstance(rest[0], FunctionCall):
        names = [item.text for item in rest[0].arguments if isinstance(item, document.Scalar)]
        metric = names[-1] if names else ""
        rest = rest[1:]
        if metric in COMPARISONS:
            metric = ""
    thresholds = tuple(percent(untyped(item)) for item in rest)
    threshold = thresholds[0] if len(thresholds) == 1 else thresholds
    return Condition(metric, COMPARISONS[call.function.text], threshold)


def _map(expr: document.Mapping) -> Iterator[Condition]:
    for key, item in expr:
        name = str(key)
        if name in COMPARISONS:
            yield Condition("", COMPARISONS[name], percent(untyped(item)))
            continue
        for found in conditions(item):
            yield found if found.metric else Condition(name, found.comparison, found.threshold)


def _negation(condition: Condition) -> Condition:
    opposite = _OPPOSITE.get(condition.comparison, condition.comparison)
    return Condition(condition.metric, opposite, condition.threshold)


def _sentence(text: str) -> Iterator[Condition]:
    match = _SENTENCE.fullmatch(text.strip())
    if match is not None and match["comparison"] in COMPARISONS:
        metric, comparison = match["metric"] or "", COMPARISONS[match["comparison"]]
        yield Condition(metric, comparison, percent(match["threshold"]))


def percent(value: Value) -> Value:
    """`50%` and `50 %` as the number 50; other values as they are."""
    if not isinstance(value, str):
        return value
    try:
        number = float(value.strip().removesuffix("%").strip())
    except ValueError:
        return value
    return int(number) if number.is_integer() else number
