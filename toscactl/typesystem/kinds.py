"""The binders: one for each kind of type, from its definition and its bound parent."""

from collections.abc import Mapping
from typing import Any, TypeVar

from toscactl.definitions import (
    ArtifactDef,
    ArtifactTypeDef,
    CapabilityTypeDef,
    GroupTypeDef,
    InterfaceTypeDef,
    Name,
    NodeTypeDef,
    PolicyTypeDef,
    RelationshipTypeDef,
    TypeKind,
)
from toscactl.diagnostics import Rule, Severity
from toscactl.typesystem.capabilities import capabilities, names_of, narrowed
from toscactl.typesystem.data_types import bind_data_type
from toscactl.typesystem.interfaces import interfaces, operations_of
from toscactl.typesystem.members import Member, members, parameters
from toscactl.typesystem.model import (
    ArtifactType,
    CapabilityType,
    GroupType,
    InterfaceType,
    NodeType,
    PolicyType,
    RelationshipType,
    Type,
)
from toscactl.typesystem.requirements import requirements
from toscactl.typesystem.system import Binder, Binding
from toscactl.typesystem.untyped import metadata_of

NODE_TYPE_AS_TARGET = Rule(
    "node-type-as-target",
    "The valid targets of a 1.x relationship type are capability types, not node types.",
    Severity.WARNING,
    lenient=True,
)

_Kind = TypeVar("_Kind", bound=Type)


def _common(binding: Binding) -> dict[str, Any]:
    """The fields that all types have."""
    definition = binding.definition
    return {
        "name": binding.name,
        "span": definition.name.span,
        "parent": binding.parent,
        "version": None if definition.version is None else definition.version.text,
        "description": definition.description,
        "metadata": metadata_of(definition.metadata),
        "ancestors": binding.ancestors,
        "broken": binding.broken,
    }


def _member(binding: Binding, kind: str) -> Member:
    return Member(binding.types, binding.name, kind, binding.dialect, binding.found)


def _parent(binding: Binding, class_: type[_Kind]) -> _Kind:
    """The parent, or a type that has nothing to inherit."""
    parent = binding.parent
    if parent is None:
        return class_("", None, None)
    assert isinstance(parent, class_)
    return parent


def bind_node_type(binding: Binding) -> NodeType:
    """TOSCA 1.3, 3.7.9; 2.0, 7.1."""
    definition, parent = binding.definition, _parent(binding, NodeType)
    assert isinstance(definition, NodeTypeDef)
    properties = _member(binding, "property")
    return NodeType(
        **_common(binding),
        properties=members(definition.properties, parent.properties, properties),
        attributes=members(definition.attributes, parent.attributes, _member(binding, "attribute")),
        capabilities=capabilities(definition.capabilities, parent.capabilities, properties),
        requirements=requirements(definition.requirements, parent.requirements, properties),
        interfaces=interfaces(definition.interfaces, parent.interfaces, _member(binding, "input")),
        artifacts=_artifacts(definition.artifacts, parent.artifacts, binding),
    )


def _artifacts(
    own: Mapping[str, ArtifactDef], above: Mapping[str, ArtifactDef], binding: Binding
) -> Mapping[str, ArtifactDef]:
    """Artifacts are not refined but replaced (2.0, 12.2)."""
    for definition in own.values():
        if definition.type is not None:
            binding.types.resolve(TypeKind.ARTIFACT, definition.type, binding.found)
    return {**above, **own} if own else above


def bind_relationship_type(binding: Binding) -> RelationshipType:
    """TOSCA 1.3, 3.7.10; 2.0, 7.3."""
    definition, parent = binding.definition, _parent(binding, RelationshipType)
    assert isinstance(definition, RelationshipTypeDef)
    capability_names, node_names = _targets(definition, binding)
    return RelationshipType(
        **_common(binding),
        properties=members(definition.properties, parent.properties, _member(binding, "property")),
        attributes=members(definition.attributes, parent.attributes, _member(binding, "attribute")),
        interfaces=interfaces(definition.interfaces, parent.interfaces, _member(binding, "input")),
        valid_capability_types=_narrow(
            capability_names, parent.valid_capability_types, TypeKind.CAPABILITY, binding
        ),
        valid_target_node_types=_narrow(
            node_names, parent.valid_target_node_types, TypeKind.NODE, binding
        ),
        valid_source_node_types=_narrow(
            definition.valid_source_node_types,
            parent.valid_source_node_types,
            TypeKind.NODE,
            binding,
        ),
    )


def _targets(
    definition: RelationshipTypeDef, binding: Binding
) -> tuple[tuple[Name, ...] | None, tuple[Name, ...] | None]:
    """Valid capability types and target node types; 1.x files mix them in one list."""
    types = binding.types
    names = definition.valid_capability_types
    strays = [
        name
        for name in names or ()
        if not types.knows(TypeKind.CAPABILITY, name) and types.knows(TypeKind.NODE, name)
    ]
    if not strays:
        return names, definition.valid_target_node_types
    for name in strays:
        message = f"`{name.text}` is a node type where capability types are listed"
        binding.found.append(NODE_TYPE_AS_TARGET.at(name.span, message))
    kept = tuple(name for name in names or () if name not in strays)
    return kept or None, (*(definition.valid_target_node_types or ()), *strays)


def _narrow(
    names: tuple[Name, ...] | None, above: tuple[str, ...], kind: TypeKind, binding: Binding
) -> tuple[str, ...]:
    own = names_of(names, kind, binding.types, binding.found)
    return narrowed(own, above, kind, names, _member(binding, "type"))


def bind_capability_type(binding: Binding) -> CapabilityType:
    """TOSCA 1.3, 3.7.7; 2.0, 8.1."""
    definition, parent = binding.definition, _parent(binding, CapabilityType)
    assert isinstance(definition, CapabilityTypeDef)
    return CapabilityType(
        **_common(binding),
        properties=members(definition.properties, parent.properties, _member(binding, "property")),
        attributes=members(definition.attributes, parent.attributes, _member(binding, "attribute")),
        valid_source_node_types=_narrow(
            definition.valid_source_node_types,
            parent.valid_source_node_types,
            TypeKind.NODE,
            binding,
        ),
        valid_relationship_types=_narrow(
            definition.valid_relationship_types,
            parent.valid_relationship_types,
            TypeKind.RELATIONSHIP,
            binding,
        ),
    )


def bind_interface_type(binding: Binding) -> InterfaceType:
    """TOSCA 1.3, 3.7.5; 2.0, 11.1."""
    definition, parent = binding.definition, _parent(binding, InterfaceType)
    assert isinstance(definition, InterfaceTypeDef)
    context = _member(binding, "input")
    inputs = parameters(definition.inputs, parent.inputs, context)
    return InterfaceType(
        **_common(binding),
        inputs=inputs,
        operations=operations_of(definition.operations, parent.operations, inputs, context),
        notifications=operations_of(
            definition.notifications, parent.notifications, inputs, context
        ),
    )


def bind_artifact_type(binding: Binding) -> ArtifactType:
    """TOSCA 1.3, 3.7.4; 2.0, 12.1."""
    definition, parent = binding.definition, _parent(binding, ArtifactType)
    assert isinstance(definition, ArtifactTypeDef)
    extensions = definition.file_ext
    return ArtifactType(
        **_common(binding),
        mime_type=definition.mime_type or parent.mime_type,
        file_ext=parent.file_ext if extensions is None else extensions,
        properties=members(definition.properties, parent.properties, _member(binding, "property")),
    )


def bind_group_type(binding: Binding) -> GroupType:
    """TOSCA 1.3, 3.7.11; 2.0, 16.1. Interfaces of groups (to 1.2) are checked, no one runs them."""
    definition, parent = binding.definition, _parent(binding, GroupType)
    assert isinstance(definition, GroupTypeDef)
    interfaces(definition.interfaces, {}, _member(binding, "input"))
    return GroupType(
        **_common(binding),
        properties=members(definition.properties, parent.properties, _member(binding, "property")),
        attributes=members(definition.attributes, parent.attributes, _member(binding, "attribute")),
        members=_narrow(definition.members, parent.members, TypeKind.NODE, binding),
    )


def bind_policy_type(binding: Binding) -> PolicyType:
    """TOSCA 1.3, 3.7.12; 2.0, 16.3. Targets are node types or group types."""
    definition, parent = binding.definition, _parent(binding, PolicyType)
    assert isinstance(definition, PolicyTypeDef)
    return PolicyType(
        **_common(binding),
        properties=members(definition.properties, parent.properties, _member(binding, "property")),
        targets=_policy_targets(definition.targets, parent.targets, binding),
        triggers={**parent.triggers, **definition.triggers},
    )


def _policy_targets(
    names: tuple[Name, ...] | None, above: tuple[str, ...], binding: Binding
) -> tuple[str, ...]:
    if names is None:
        return above
    groups = tuple(name for name in names if binding.types.knows(TypeKind.GROUP, name))
    nodes = tuple(name for name in names if name not in groups)
    context = _member(binding, "type")
    group_names = names_of(groups, TypeKind.GROUP, binding.types, binding.found)
    node_names = names_of(nodes, TypeKind.NODE, binding.types, binding.found)
    known_groups = tuple(name for name in above if _is_group(name, binding))
    known_nodes = tuple(name for name in above if name not in known_groups)
    if above:
        narrowed(group_names, known_groups or above, TypeKind.GROUP, groups or None, context)
        narrowed(node_names, known_nodes or above, TypeKind.NODE, nodes or None, context)
    return (*node_names, *group_names)


def _is_group(name: str, binding: Binding) -> bool:
    return binding.types.scopes.declaration(TypeKind.GROUP, name) is not None


BINDERS: Mapping[TypeKind, Binder] = {
    TypeKind.ARTIFACT: bind_artifact_type,
    TypeKind.DATA: bind_data_type,
    TypeKind.CAPABILITY: bind_capability_type,
    TypeKind.INTERFACE: bind_interface_type,
    TypeKind.RELATIONSHIP: bind_relationship_type,
    TypeKind.NODE: bind_node_type,
    TypeKind.GROUP: bind_group_type,
    TypeKind.POLICY: bind_policy_type,
}
