"""Readers of policies and triggers (1.3, 3.6.22, 3.7.12; 2.0, 13)."""

from typing import Any

from toscactl import document
from toscactl.definitions.conditions import condition
from toscactl.definitions.model import ActivityDef, Dialect, Name, PolicyDef, TriggerDef
from toscactl.definitions.table import (
    WRONG_SHAPE,
    Field,
    Reading,
    Table,
    as_mapping,
    as_name,
    entity,
    ignored,
    map_of,
    read_fields,
    shape,
)
from toscactl.definitions.values import (
    anything,
    assignments,
    list_of,
    metadata,
    name,
    names,
    text,
    value,
)
from toscactl.definitions.workflows import activities
from toscactl.diagnostics import Rule, Severity
from toscactl.document import Node, Scalar

ACTION_OPERATION = Rule(
    "action-as-operation",
    "A trigger's action is written as a named operation, and not as a list of activities.",
    Severity.WARNING,
    lenient=True,
)

EVENT_MAP = Rule(
    "event-as-map",
    "A trigger's event is written as a map with its type.",
    Severity.WARNING,
    lenient=True,
)

_TACKER = "Tacker"

_SAMPLED = Table(
    "condition",
    {
        "constraint": Field(condition, into="condition"),
        "period": Field(value),
        "evaluations": Field(value),
        "method": Field(name),
        "granularity": Field(value, into="period", vendor=_TACKER),
        "aggregation_method": Field(name, into="method", vendor=_TACKER),
        "resource_type": Field(ignored, vendor=_TACKER),
        "threshold": Field(ignored, vendor=_TACKER),
        "comparison_operator": Field(ignored, vendor=_TACKER),
    },
)
_FILTER = Table(
    "target filter",
    {
        "node": Field(name, into="target_node", mandatory=True),
        "requirement": Field(name, into="target_requirement"),
        "capability": Field(name, into="target_capability"),
    },
)


def _sampled(reading: Reading, node: Node) -> dict[str, Any] | None:
    """A condition clause, or the extended form `{constraint, period, evaluations, method}`."""
    if isinstance(node, document.Mapping) and any(
        isinstance(key, Scalar) and key.text in _SAMPLED.fields for key, _ in node
    ):
        return read_fields(reading, _SAMPLED, node)
    clause = condition(reading, node)
    return None if clause is None else {"condition": clause}


def _target_filter(reading: Reading, node: Node) -> dict[str, Any] | None:
    section = as_mapping(reading, node, "a target filter")
    return None if section is None else read_fields(reading, _FILTER, section)


def _event(reading: Reading, node: Node) -> Name | None:
    """An event's name; some 1.0 and 1.1 files give its type in a map."""
    if isinstance(node, document.Mapping):
        for keyname in ("type", "implements"):
            given = node.get(keyname)
            if given is not None:
                message = "an event is a name; of this map, only the type is read"
                reading.report(EVENT_MAP, node, message)
                return as_name(reading, given)
    return as_name(reading, node)


def _action(reading: Reading, node: Node) -> tuple[ActivityDef, ...] | None:
    """A list of activities (1.3); before, an operation: its name, or a map of named operations."""
    if isinstance(node, document.Sequence):
        names_only = any(isinstance(item, Scalar) for item in node)
        if names_only and reading.dialect is not Dialect.V2_0:
            return _policies_to_run(reading, node)
        return activities(reading, node)
    if reading.dialect is Dialect.V2_0:
        message = f"`action` is a list of activities, and here is {shape(node)}"
        reading.report(WRONG_SHAPE, node, message)
        return None
    if not reading.before(Dialect.V1_3):
        message = "`action` is a list of activities from 1.3 on; this is read as an operation"
        reading.report(ACTION_OPERATION, node, message)
    if isinstance(node, document.Mapping):
        labels = [label for key, _ in node if (label := as_name(reading, key)) is not None]
        bodies = [item for _, item in node]
    else:
        label = as_name(reading, node)
        labels, bodies = ([label] if label else []), [node]
    return tuple(
        _operation(reading, label, body) for label, body in zip(labels, bodies, strict=False)
    )


def _policies_to_run(reading: Reading, node: document.Sequence) -> tuple[ActivityDef, ...]:
    message = "an action is a list of activities; names in it are read as `delegate`"
    reading.report(ACTION_OPERATION, node, message)
    subjects = [subject for item in node if (subject := as_name(reading, item)) is not None]
    kind = Scalar(node.source, node.at, "delegate", plain=True)
    return tuple(ActivityDef(subject.span, kind, subject) for subject in subjects)


def _operation(reading: Reading, label: Name, body: Node) -> ActivityDef:
    kind = Scalar(label.source, label.at, "call_operation", plain=True)
    inputs = body.get("inputs") if isinstance(body, document.Mapping) else None
    given = assignments(reading, inputs) if inputs is not None else None
    return ActivityDef(label.span, kind, label, inputs=given or {})


_TRIGGER = Table(
    "trigger",
    {
        "description": Field(text),
        "event": Field(_event),
        "event_type": Field(_event, into="event", until=Dialect.V1_2),
        "schedule": Field(anything, until=Dialect.V1_3),
        "target_filter": Field(_target_filter, until=Dialect.V1_3),
        "condition": Field(_sampled),
        "constraint": Field(condition, into="constraint", until=Dialect.V1_2),
        "period": Field(value, until=Dialect.V1_2),
        "evaluations": Field(value, until=Dialect.V1_2),
        "method": Field(name, until=Dialect.V1_2),
        "action": Field(_action, into="actions", mandatory=True),
        "metadata": Field(ignored, vendor=_TACKER),
        "meter_name": Field(name, into="event", vendor=_TACKER),
        "metric": Field(name, into="event", vendor=_TACKER),
    },
)


def _trigger(reading: Reading, label: Name, node: Node) -> TriggerDef | None:
    fields = entity(reading, _TRIGGER, label, node)
    if fields is None:
        return None
    constraint = fields.pop("constraint", None)
    sampled = fields.pop("condition", None) or {}
    if constraint is not None:
        sampled.setdefault("condition", constraint)
    return TriggerDef(label, label.span, **{**fields.pop("target_filter", {}), **fields, **sampled})


trigger_definitions = map_of("`triggers`", _trigger)

_POLICY = Table(
    "policy",
    {
        "type": Field(name, mandatory=True),
        "description": Field(text),
        "metadata": Field(metadata),
        "properties": Field(assignments),
        "targets": Field(names),
        "triggers": Field(trigger_definitions, since=Dialect.V1_1),
    },
)


def _policy(reading: Reading, label: Name, node: Node) -> PolicyDef | None:
    fields = entity(reading, _POLICY, label, node)
    if fields is None:
        return None
    fields.setdefault("type", None)
    return PolicyDef(label, label.span, **fields)


policy_list = list_of("`policies`", _policy)
