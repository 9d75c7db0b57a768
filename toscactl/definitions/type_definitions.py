"""Readers of the eight kinds of types, each with its table (1.3, 3.7; 2.0, 7 to 13)."""

from typing import Any

from toscactl import document
from toscactl.definitions.interfaces import (
    IN_TYPES,
    artifact_definitions,
    interface_definitions,
)
from toscactl.definitions.model import (
    ArtifactTypeDef,
    CapabilityTypeDef,
    DataTypeDef,
    Dialect,
    GroupTypeDef,
    InterfaceTypeDef,
    Name,
    NodeTypeDef,
    PolicyTypeDef,
    RelationshipTypeDef,
    TypeDef,
    TypeKind,
)
from toscactl.definitions.policies import trigger_definitions
from toscactl.definitions.requirements import capability_definitions, requirement_definitions
from toscactl.definitions.schemas import (
    attribute_definitions,
    constraints,
    parameter_definitions,
    property_definitions,
    schema,
    validation,
)
from toscactl.definitions.table import Field, Reading, Table, as_mapping, entity, ignored, map_of
from toscactl.definitions.values import metadata, name, names, text, texts, version
from toscactl.document import Node, Scalar

_COMMON = {
    "derived_from": Field(name),
    "version": Field(version),
    "metadata": Field(metadata),
    "description": Field(text),
}
_PROPERTIES = Field(property_definitions)
_ATTRIBUTES = Field(attribute_definitions)
_INTERFACES = Field(interface_definitions)
_V1_3, _V2_0 = Dialect.V1_3, Dialect.V2_0


def _raw_map(reading: Reading, node: Node) -> dict[str, Node] | None:
    """Units and prefixes by name; the empty name is that of the plain number."""
    section = as_mapping(reading, node, "this section")
    if section is None:
        return None
    return {key.text: item for key, item in section.entries if isinstance(key, Scalar)}


_TABLES: dict[TypeKind, Table] = {
    TypeKind.NODE: Table(
        "node type",
        {
            **_COMMON,
            "properties": _PROPERTIES,
            "attributes": _ATTRIBUTES,
            "capabilities": Field(capability_definitions),
            "requirements": Field(requirement_definitions),
            "interfaces": _INTERFACES,
            "artifacts": Field(artifact_definitions),
        },
    ),
    TypeKind.RELATIONSHIP: Table(
        "relationship type",
        {
            **_COMMON,
            "properties": _PROPERTIES,
            "attributes": _ATTRIBUTES,
            "interfaces": _INTERFACES,
            "valid_target_types": Field(names, into="valid_capability_types", until=_V1_3),
            "valid_capability_types": Field(names, since=_V2_0),
            "valid_target_node_types": Field(names, since=_V2_0),
            "valid_source_node_types": Field(names, since=_V2_0),
        },
    ),
    TypeKind.CAPABILITY: Table(
        "capability type",
        {
            **_COMMON,
            "properties": _PROPERTIES,
            "attributes": _ATTRIBUTES,
            "valid_source_types": Field(names, into="valid_source_node_types", until=_V1_3),
            "valid_source_node_types": Field(names, since=_V2_0),
            "valid_relationship_types": Field(names, since=_V2_0),
        },
    ),
    TypeKind.INTERFACE: Table(
        "interface type",
        {
            **_COMMON,
            "inputs": Field(parameter_definitions),
            "operations": Field(IN_TYPES.read_operations, since=_V1_3),
            "notifications": Field(IN_TYPES.read_operations, since=_V1_3),
        },
    ),
    TypeKind.ARTIFACT: Table(
        "artifact type",
        {
            **_COMMON,
            "mime_type": Field(text),
            "file_ext": Field(texts),
            "properties": _PROPERTIES,
        },
    ),
    TypeKind.DATA: Table(
        "data type",
        {
            **_COMMON,
            "properties": _PROPERTIES,
            "constraints": Field(constraints, into="validation", until=_V1_3),
            "validation": Field(validation, since=_V2_0),
            "key_schema": Field(schema, since=_V1_3),
            "entry_schema": Field(schema, since=_V1_3),
            "data_type": Field(name, since=_V2_0),
            "units": Field(_raw_map, since=_V2_0),
            "canonical_unit": Field(name, since=_V2_0),
            "prefixes": Field(_raw_map, since=_V2_0),
        },
    ),
    TypeKind.GROUP: Table(
        "group type",
        {
            **_COMMON,
            "properties": _PROPERTIES,
            "attributes": _ATTRIBUTES,
            "members": Field(names),
            "interfaces": Field(interface_definitions, until=Dialect.V1_2),
            "capabilities": Field(ignored, until=_V1_3),
            "requirements": Field(ignored, until=_V1_3),
        },
    ),
    TypeKind.POLICY: Table(
        "policy type",
        {
            **_COMMON,
            "properties": _PROPERTIES,
            "targets": Field(names),
            "triggers": Field(trigger_definitions, since=Dialect.V1_1),
            "action": Field(ignored, vendor="Tacker"),
        },
    ),
}

_NOUNS: dict[TypeKind, type[TypeDef]] = {
    TypeKind.NODE: NodeTypeDef,
    TypeKind.RELATIONSHIP: RelationshipTypeDef,
    TypeKind.CAPABILITY: CapabilityTypeDef,
    TypeKind.INTERFACE: InterfaceTypeDef,
    TypeKind.ARTIFACT: ArtifactTypeDef,
    TypeKind.DATA: DataTypeDef,
    TypeKind.GROUP: GroupTypeDef,
    TypeKind.POLICY: PolicyTypeDef,
}


def type_section(reading: Reading, kind: TypeKind, node: Node) -> dict[str, TypeDef] | None:
    """The types of one section, by name."""

    def read(reading: Reading, label: Name, body: Node) -> TypeDef | None:
        fields = _fields(reading, kind, label, body)
        if fields is None:
            return None
        common: dict[str, Any] = {
            "derived_from": None, "version": None, "description": "", "metadata": {}, **fields
        }  # fmt: skip
        return _NOUNS[kind](name=label, span=label.span, **common)

    return map_of(f"`{kind.value}`", read)(reading, node)


def _fields(reading: Reading, kind: TypeKind, label: Name, body: Node) -> dict[str, Any] | None:
    table = _TABLES[kind]
    if kind is not TypeKind.INTERFACE or reading.dialect is Dialect.V2_0:
        return entity(reading, table, label, body)
    if isinstance(body, Scalar) and document.is_null(body):
        return entity(reading, table, label, body)
    return IN_TYPES.fields(reading, table, label, body)
