"""Readers of capabilities, requirements, relationships and node filters."""

from toscactl import document
from toscactl.definitions.expressions import expression
from toscactl.definitions.interfaces import interface_assignments, interface_definitions
from toscactl.definitions.model import (
    CapabilityAssignmentDef,
    CapabilityDef,
    ConditionDef,
    Dialect,
    FunctionCall,
    Name,
    NodeFilterDef,
    RelationshipDef,
    RequirementAssignmentDef,
    RequirementDef,
)
from toscactl.definitions.schemas import (
    NOT_A_CONDITION,
    attribute_definitions,
    constraints_on,
    property_definitions,
)
from toscactl.definitions.table import (
    Field,
    Reading,
    Table,
    as_mapping,
    as_name,
    entity,
    map_of,
    read_fields,
)
from toscactl.definitions.values import (
    annotated,
    assignments,
    attribute_assignments,
    count_range,
    documented,
    list_of,
    metadata,
    name,
    names,
    single_keys,
    text,
    value,
)
from toscactl.document import Node, Scalar


def _property_conditions(
    reading: Reading, node: Node, capability: Name | None
) -> tuple[ConditionDef, ...]:
    found: list[ConditionDef] = []
    for label, item in single_keys(reading, node, "`properties` of a node filter") or []:
        found.extend(
            ConditionDef(label.span, clause, label, capability)
            for clause in constraints_on(reading, item)
        )
    return tuple(found)


def _properties(reading: Reading, node: Node) -> tuple[ConditionDef, ...]:
    return _property_conditions(reading, node, None)


def _capabilities(reading: Reading, node: Node) -> tuple[ConditionDef, ...]:
    found: list[ConditionDef] = []
    for capability, body in single_keys(reading, node, "`capabilities` of a node filter") or []:
        section = as_mapping(reading, body, f"the filter on `{capability.text}`")
        if section is None:
            continue
        fields = read_fields(reading, _CAPABILITY_FILTER, section)
        if "properties" in fields:
            found.extend(_property_conditions(reading, fields["properties"], capability))
    return tuple(found)


def _condition(reading: Reading, node: Node) -> tuple[ConditionDef, ...] | None:
    clause = expression(reading, node)
    if isinstance(clause, FunctionCall):
        return (ConditionDef(node.span, clause),)
    reading.report(NOT_A_CONDITION, node, "a condition is a call, such as `$greater_than`")
    return None


def _raw(reading: Reading, node: Node) -> Node:  # noqa: ARG001  (a reader, by its signature)
    return node


_CAPABILITY_FILTER = Table("filter on a capability", {"properties": Field(_raw)})
_FILTER = Table(
    "node filter",
    {
        "properties": Field(_properties, until=Dialect.V1_3),
        "capabilities": Field(_capabilities, until=Dialect.V1_3),
        "condition": Field(_condition, since=Dialect.V2_0),
    },
)


def node_filter(reading: Reading, node: Node) -> NodeFilterDef | None:
    """Conditions on a target (1.3, 3.6.6), or one condition clause (2.0, 8.6)."""
    section = as_mapping(reading, node, "a node filter")
    if section is None:
        return None
    if reading.dialect is Dialect.V2_0 and section.get("condition") is None:
        found = _condition(reading, section)
        return None if found is None else NodeFilterDef(node.span, found)
    fields = read_fields(reading, _FILTER, section)
    found = tuple(condition for part in fields.values() for condition in part)
    return NodeFilterDef(node.span, found)


_RELATIONSHIP_REFINED = Table(
    "relationship",
    {
        "type": Field(name),
        "properties": Field(assignments),
        "attributes": Field(attribute_assignments),
        "interfaces": Field(interface_assignments),
        "description": Field(documented),
        "metadata": Field(annotated),
    },
)
_RELATIONSHIP_DEFINED = Table(
    "relationship",
    {
        "type": Field(name),
        "properties": Field(property_definitions),
        "attributes": Field(attribute_definitions),
        "interfaces": Field(interface_definitions),
        "description": Field(documented),
        "metadata": Field(annotated),
    },
)


def _relationship(reading: Reading, node: Node, table: Table) -> RelationshipDef | None:
    if isinstance(node, Scalar):
        type_ = as_name(reading, node)
        return None if type_ is None else RelationshipDef(type_.span, type_)
    section = as_mapping(reading, node, "a relationship")
    if section is None:
        return None
    fields = read_fields(reading, table, section)
    fields.setdefault("type", None)
    return RelationshipDef((fields["type"] or node).span, **fields)


def _relationship_definition(reading: Reading, node: Node) -> RelationshipDef | None:
    return _relationship(reading, node, _RELATIONSHIP_DEFINED)


def _relationship_assignment(reading: Reading, node: Node) -> RelationshipDef | None:
    return _relationship(reading, node, _RELATIONSHIP_REFINED)


_CAPABILITY = Table(
    "capability definition",
    {
        "type": Field(name),
        "description": Field(text),
        "properties": Field(property_definitions),
        "attributes": Field(attribute_definitions),
        "valid_source_types": Field(names, into="valid_source_node_types", until=Dialect.V1_3),
        "valid_source_node_types": Field(names, since=Dialect.V2_0),
        "valid_relationship_types": Field(names, since=Dialect.V2_0),
        "occurrences": Field(count_range, until=Dialect.V1_3),
        "metadata": Field(annotated, since=Dialect.V2_0),
    },
)


def _capability(reading: Reading, label: Name, node: Node) -> CapabilityDef | None:
    if isinstance(node, Scalar) and not document.is_null(node):
        type_ = as_name(reading, node)
        return None if type_ is None else CapabilityDef(label, label.span, type_)
    fields = entity(reading, _CAPABILITY, label, node)
    if fields is None:
        return None
    fields.setdefault("type", None)
    return CapabilityDef(label, label.span, **fields)


capability_definitions = map_of("`capabilities`", _capability)

_CAPABILITY_ASSIGNMENT = Table(
    "capability assignment",
    {
        "properties": Field(assignments),
        "attributes": Field(attribute_assignments),
        "occurrences": Field(count_range, since=Dialect.V1_3, until=Dialect.V1_3),
        "directives": Field(names, since=Dialect.V2_0),
    },
)


def _capability_assignment(
    reading: Reading, label: Name, node: Node
) -> CapabilityAssignmentDef | None:
    fields = entity(reading, _CAPABILITY_ASSIGNMENT, label, node)
    return None if fields is None else CapabilityAssignmentDef(label, label.span, **fields)


capability_assignments = map_of("`capabilities`", _capability_assignment)

_REQUIREMENT = Table(
    "requirement definition",
    {
        "capability": Field(name),
        "node": Field(name),
        "relationship": Field(_relationship_definition),
        "occurrences": Field(count_range, into="count_range", until=Dialect.V1_3),
        "count_range": Field(count_range, since=Dialect.V2_0),
        "node_filter": Field(node_filter, since=Dialect.V1_3),
        "description": Field(text, since=Dialect.V1_2),
        "metadata": Field(metadata, since=Dialect.V1_3),
    },
)


def _requirement(reading: Reading, label: Name, node: Node) -> RequirementDef | None:
    if isinstance(node, Scalar) and not document.is_null(node):
        capability = as_name(reading, node)
        return None if capability is None else RequirementDef(label, label.span, capability)
    fields = entity(reading, _REQUIREMENT, label, node)
    if fields is None:
        return None
    fields.setdefault("capability", None)
    return RequirementDef(label, label.span, **fields)


requirement_definitions = list_of("`requirements`", _requirement)


def _target(reading: Reading, node: Node) -> Node | None:
    """The target of a requirement: a name; in 2.0 also `[name, index]`."""
    if reading.dialect is Dialect.V2_0 and isinstance(node, document.Sequence):
        return node
    return as_name(reading, node)


_ALLOCATION = Table("allocation", {"properties": Field(assignments)})


def _allocation(reading: Reading, node: Node) -> object:
    """Allocated amounts by property (2.0, 8.7): under `properties`, or directly."""
    if isinstance(node, document.Mapping) and node.get("properties") is None:
        return assignments(reading, node)
    section = as_mapping(reading, node, "an allocation")
    return None if section is None else read_fields(reading, _ALLOCATION, section).get("properties")


_REQUIREMENT_ASSIGNMENT = Table(
    "requirement assignment",
    {
        "node": Field(_target),
        "capability": Field(name),
        "relationship": Field(_relationship_assignment),
        "node_filter": Field(node_filter),
        "occurrences": Field(count_range, since=Dialect.V1_3, until=Dialect.V1_3),
        "count": Field(value, since=Dialect.V2_0),
        "optional": Field(value, since=Dialect.V2_0),
        "directives": Field(names, since=Dialect.V2_0),
        "allocation": Field(_allocation, since=Dialect.V2_0),
        "metadata": Field(annotated, since=Dialect.V2_0),
        "description": Field(documented),
    },
)


def _requirement_assignment(
    reading: Reading, label: Name, node: Node
) -> RequirementAssignmentDef | None:
    if isinstance(node, document.Mapping):
        fields = read_fields(reading, _REQUIREMENT_ASSIGNMENT, node, label)
    elif isinstance(node, Scalar) and document.is_null(node):
        # `- host:` leaves the requirement to the orchestrator.
        fields = {}
    else:
        target = _target(reading, node)
        if target is None:
            return None
        fields = {"node": target}
    target = fields.get("node")
    if isinstance(target, document.Sequence):
        fields["node"], fields["node_index"] = _indexed(reading, target)
    return RequirementAssignmentDef(label, label.span, **fields)


def _indexed(reading: Reading, target: document.Sequence) -> tuple[Name | None, Node | None]:
    first = as_name(reading, target.items[0]) if target.items else None
    second = expression(reading, target.items[1]) if len(target) > 1 else None
    return first, second


requirement_assignments = list_of("`requirements`", _requirement_assignment)
