"""Readers of workflows, their steps and activities (1.3, 3.6.19 to 3.8.9; 2.0, 12)."""

from toscactl import document
from toscactl.definitions.conditions import condition
from toscactl.definitions.interfaces import implementation
from toscactl.definitions.model import (
    ActivityDef,
    Dialect,
    Name,
    PreconditionDef,
    StepDef,
    WorkflowDef,
)
from toscactl.definitions.schemas import input_definitions, parameter_definitions
from toscactl.definitions.table import (
    Field,
    Reading,
    Table,
    as_mapping,
    as_name,
    entity,
    map_of,
    read_fields,
    shape,
)
from toscactl.definitions.values import (
    SINGLE_FOR_LIST,
    annotated,
    assignments,
    documented,
    list_of,
    metadata,
    name,
    names,
    text,
)
from toscactl.diagnostics import Rule, closest
from toscactl.document import Node, Scalar

UNKNOWN_ACTIVITY = Rule("unknown-activity", "An activity is none that the language knows.")

_DELEGATE = Table(
    "delegate activity",
    {
        "workflow": Field(name, into="subject", mandatory=True),
        "operation": Field(name),
        "inputs": Field(assignments),
    },
)
_CALL = Table(
    "call_operation activity",
    {"operation": Field(name, into="subject", mandatory=True), "inputs": Field(assignments)},
)
_INLINE = Table(
    "inline activity",
    {"workflow": Field(name, into="subject", mandatory=True), "inputs": Field(assignments)},
)
_SET_STATE = Table("set_state activity", {"state": Field(name, into="subject", mandatory=True)})
_ACTIVITIES = {
    "delegate": _DELEGATE,
    "set_state": _SET_STATE,
    "call_operation": _CALL,
    "inline": _INLINE,
}


def _activity(reading: Reading, kind: Name, node: Node) -> ActivityDef | None:
    """One activity: its kind, and a name or a map (1.3, 3.6.23)."""
    table = _ACTIVITIES.get(kind.text)
    if table is None:
        near = closest(kind.text, _ACTIVITIES)
        hint = f"did you mean `{near}`?" if near else "known are " + ", ".join(_ACTIVITIES)
        message = f"there is no activity `{kind.text}`"
        reading.report(UNKNOWN_ACTIVITY, kind, message, hint=hint)
        return None
    if isinstance(node, document.Mapping):
        fields = read_fields(reading, table, node, kind)
        return ActivityDef(kind.span, kind, **fields) if "subject" in fields else None
    subject = as_name(reading, node)
    return None if subject is None else ActivityDef(kind.span, kind, subject)


activities = list_of("activities", _activity)


def _one_or_more(reading: Reading, node: Node) -> tuple[PreconditionDef, ...] | None:
    items = node.items if isinstance(node, document.Sequence) else [node]
    if not isinstance(node, document.Sequence):
        reading.report(SINGLE_FOR_LIST, node, f"a list is needed, and here is {shape(node)}")
    found = (_precondition(reading, item) for item in items)
    return tuple(item for item in found if item is not None)


_PRECONDITION = Table(
    "precondition",
    {
        "target": Field(name, mandatory=True),
        "target_relationship": Field(name),
        "condition": Field(condition),
    },
)


def _precondition(reading: Reading, node: Node) -> PreconditionDef | None:
    section = as_mapping(reading, node, "a precondition")
    if section is None:
        return None
    fields = read_fields(reading, _PRECONDITION, section)
    fields.setdefault("target", None)
    return PreconditionDef(node.span, **fields)


def _precondition_2(reading: Reading, node: Node) -> tuple[PreconditionDef, ...] | None:
    clause = condition(reading, node)
    return None if clause is None else (PreconditionDef(node.span, None, condition=clause),)


_STEP = Table(
    "workflow step",
    {
        "target": Field(name, mandatory=True),
        "target_relationship": Field(name),
        "operation_host": Field(name, until=Dialect.V1_3),
        "filter": Field(condition),
        "activities": Field(activities, mandatory=True),
        "on_success": Field(names),
        "on_failure": Field(names),
        "description": Field(documented),
        "metadata": Field(annotated),
    },
)


def _step(reading: Reading, label: Name, node: Node) -> StepDef | None:
    fields = entity(reading, _STEP, label, node)
    if fields is None:
        return None
    fields.setdefault("target", None)
    return StepDef(label, label.span, **fields)


_WORKFLOW = Table(
    "workflow",
    {
        "description": Field(text),
        "metadata": Field(metadata),
        "inputs": Field(input_definitions),
        "outputs": Field(parameter_definitions, since=Dialect.V1_3),
        "preconditions": Field(_one_or_more, until=Dialect.V1_3),
        "precondition": Field(_precondition_2, into="preconditions", since=Dialect.V2_0),
        "steps": Field(map_of("`steps`", _step)),
        "implementation": Field(implementation, since=Dialect.V1_3),
    },
)


def _workflow(reading: Reading, label: Name, node: Node) -> WorkflowDef | None:
    if isinstance(node, Scalar) and not document.is_null(node):
        as_mapping(reading, node, f"the workflow `{label.text}`")
        return None
    fields = entity(reading, _WORKFLOW, label, node)
    return None if fields is None else WorkflowDef(label, label.span, **fields)


workflow_definitions = map_of("`workflows`", _workflow)
