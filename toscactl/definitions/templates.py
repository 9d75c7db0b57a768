"""Readers of templates, groups and the service template around them (1.3, 3.8, 3.9)."""

from toscactl import document
from toscactl.definitions.functions import function_definitions
from toscactl.definitions.interfaces import artifacts, interface_assignments
from toscactl.definitions.model import (
    Dialect,
    GroupDef,
    Name,
    NodeTemplateDef,
    PolicyDef,
    RelationshipTemplateDef,
    ServiceTemplateDef,
)
from toscactl.definitions.policies import policy_list
from toscactl.definitions.requirements import (
    capability_assignments,
    node_filter,
    requirement_assignments,
)
from toscactl.definitions.schemas import input_definitions, parameter_definitions
from toscactl.definitions.substitution import substitution
from toscactl.definitions.table import (
    MISSING_KEYNAME,
    Field,
    Reading,
    Table,
    as_mapping,
    entity,
    map_of,
    read_fields,
)
from toscactl.definitions.values import (
    assignments,
    attribute_assignments,
    metadata,
    name,
    names,
    text,
    value,
)
from toscactl.definitions.workflows import workflow_definitions
from toscactl.diagnostics import Note, Rule, Severity
from toscactl.document import Node

DUPLICATE_POLICY = Rule(
    "duplicate-policy", "Two policies have the same name.", Severity.WARNING, lenient=True
)

_NODE = Table(
    "node template",
    {
        "type": Field(name),
        "description": Field(text),
        "metadata": Field(metadata),
        "directives": Field(names),
        "properties": Field(assignments),
        "attributes": Field(attribute_assignments),
        "capabilities": Field(capability_assignments),
        "requirements": Field(requirement_assignments),
        "interfaces": Field(interface_assignments),
        "artifacts": Field(artifacts),
        "node_filter": Field(node_filter),
        "copy": Field(name),
        "count": Field(value, since=Dialect.V2_0),
    },
)


def _node_template(reading: Reading, label: Name, node: Node) -> NodeTemplateDef | None:
    fields = entity(reading, _NODE, label, node)
    if fields is None:
        return None
    if "type" not in fields:
        fields["type"] = None
        _typeless(reading, label, node, "node template")
    return NodeTemplateDef(label, label.span, **fields)


def _typeless(reading: Reading, label: Name, node: Node, what: str) -> None:
    # With `copy`, the type comes from what is copied.
    section = node if isinstance(node, document.Mapping) else None
    if section is None or (section.get("copy") is None and section.get("type") is None):
        message = f"the {what} `{label.text}` has no `type`"
        reading.report(MISSING_KEYNAME, label, message)


_RELATIONSHIP = Table(
    "relationship template",
    {
        "type": Field(name),
        "description": Field(text),
        "metadata": Field(metadata),
        "properties": Field(assignments),
        "attributes": Field(attribute_assignments),
        "interfaces": Field(interface_assignments),
        "copy": Field(name),
    },
)


def _relationship_template(
    reading: Reading, label: Name, node: Node
) -> RelationshipTemplateDef | None:
    fields = entity(reading, _RELATIONSHIP, label, node)
    if fields is None:
        return None
    if "type" not in fields:
        fields["type"] = None
        _typeless(reading, label, node, "relationship template")
    return RelationshipTemplateDef(label, label.span, **fields)


_GROUP = Table(
    "group",
    {
        "type": Field(name, mandatory=True),
        "description": Field(text),
        "metadata": Field(metadata),
        "properties": Field(assignments),
        "attributes": Field(attribute_assignments),
        "members": Field(names),
        "interfaces": Field(interface_assignments, until=Dialect.V1_2),
    },
)


def _group(reading: Reading, label: Name, node: Node) -> GroupDef | None:
    fields = entity(reading, _GROUP, label, node)
    if fields is None:
        return None
    fields.setdefault("type", None)
    return GroupDef(label, label.span, **fields)


def _policies(reading: Reading, node: Node) -> dict[str, PolicyDef] | None:
    found = policy_list(reading, node)
    if found is None:
        return None
    result: dict[str, PolicyDef] = {}
    for policy in found:
        first = result.setdefault(policy.name.text, policy)
        if first is not policy:
            message = f"there is another policy `{policy.name.text}`"
            notes = [Note(first.span, "it stands here first")]
            reading.deviation(DUPLICATE_POLICY, policy.name, message, notes=notes)
            result[f"{policy.name.text}#{len(result) + 1}"] = policy
    return result


_SERVICE = Table(
    "topology template",
    {
        "description": Field(text),
        "metadata": Field(metadata, since=Dialect.V2_0),
        "inputs": Field(input_definitions),
        "outputs": Field(parameter_definitions),
        "node_templates": Field(map_of("`node_templates`", _node_template)),
        "relationship_templates": Field(map_of("`relationship_templates`", _relationship_template)),
        "groups": Field(map_of("`groups`", _group)),
        "policies": Field(_policies),
        "workflows": Field(workflow_definitions, since=Dialect.V1_1),
        "substitution_mappings": Field(substitution, into="substitution"),
        "functions": Field(function_definitions, since=Dialect.V2_0),
    },
)


def service_template(reading: Reading, node: Node) -> ServiceTemplateDef | None:
    """The `topology_template` of 1.x, the `service_template` of 2.0."""
    section = as_mapping(reading, node, "the template")
    if section is None:
        return None
    if reading.dialect is Dialect.V2_0 and section.get("node_templates") is None:
        reading.report(MISSING_KEYNAME, node, "the service template has no `node_templates`")
    return ServiceTemplateDef(node.span, **read_fields(reading, _SERVICE, section))
