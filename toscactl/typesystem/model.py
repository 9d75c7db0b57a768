"""`TypeSystem` and its types: bound, inherited, refined. TOSCA 2.0, chapters 7 to 16.

Every type holds all that it has, inherited members included; each member knows the type that
declared it last (`declared_by`), so that `profiles show` can say where from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from toscactl import definitions
from toscactl.source import Span


@dataclass(frozen=True, slots=True)
class Type:
    """What all types have. `name` is canonical (`tosca.nodes.Compute`)."""

    name: str
    span: Span | None
    parent: Self | None
    version: str | None = None
    description: str = ""
    metadata: Mapping[str, object] = field(default_factory=dict)
    ancestors: tuple[str, ...] = ()
    """The names of this type and of all it is derived from, nearest first."""
    broken: bool = False
    """A stand-in for a type that could not be bound: everything about it is accepted."""

    def is_a(self, name: str) -> bool:
        """Whether this is the type of that canonical name or is derived from it."""
        return self.broken or name in self.ancestors


@dataclass(frozen=True, slots=True)
class Schema:
    """A bound schema definition: a data type with what was refined where it is used."""

    type: "DataType"
    key_schema: "Schema | None" = None
    entry_schema: "Schema | None" = None
    validation: tuple[definitions.FunctionCall, ...] = ()
    """Clauses beside those of the type; all must hold."""


@dataclass(frozen=True, slots=True)
class DataType(Type):
    """A data type. `primitive` is the built-in type at its root: `string`, `map`, ...

    It is `complex` for a type made of properties, and `any` where no type was declared.
    For scalar-units `units` maps a unit, as the standard writes it, to its size in canonical ones.
    """

    primitive: str = "complex"
    properties: Mapping[str, "PropertyDefinition"] = field(default_factory=dict)
    validation: tuple[definitions.FunctionCall, ...] = ()
    key_schema: Schema | None = None
    entry_schema: Schema | None = None
    units: Mapping[str, float] = field(default_factory=dict)
    canonical_unit: str = ""


@dataclass(frozen=True, slots=True)
class PropertyDefinition:
    """A bound property, attribute or parameter definition."""

    name: str
    span: Span | None
    schema: Schema
    required: bool
    default: definitions.Expr | None = None
    value: definitions.Expr | None = None
    """A fixed value; nothing may be assigned (2.0, 9.4)."""
    mapping: definitions.Expr | None = None
    description: str = ""
    metadata: Mapping[str, object] = field(default_factory=dict)
    declared_by: str = ""

    @property
    def sensitive(self) -> bool:
        """Whether its values are secrets: `metadata: {sensitive: true}`, for all versions."""
        return str(self.metadata.get("sensitive", "")).lower() == "true"


@dataclass(frozen=True, slots=True)
class ArtifactType(Type):
    mime_type: str | None = None
    file_ext: tuple[str, ...] = ()
    properties: Mapping[str, PropertyDefinition] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CapabilityType(Type):
    properties: Mapping[str, PropertyDefinition] = field(default_factory=dict)
    attributes: Mapping[str, PropertyDefinition] = field(default_factory=dict)
    valid_source_node_types: tuple[str, ...] = ()
    valid_relationship_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OperationDefinition:
    """A bound operation or notification, with the interface's inputs merged into its own.

    `implementation` is as written; names in it are looked up in the artifacts of the node that
    uses it, files relative to the file that wrote them (`implementation.span.source`).
    """

    name: str
    span: Span | None
    description: str = ""
    inputs: Mapping[str, PropertyDefinition] = field(default_factory=dict)
    outputs: Mapping[str, definitions.ParameterDef | definitions.AssignmentDef] = field(
        default_factory=dict
    )
    implementation: definitions.ImplementationDef | None = None
    metadata: Mapping[str, object] = field(default_factory=dict)
    declared_by: str = ""


@dataclass(frozen=True, slots=True)
class InterfaceType(Type):
    inputs: Mapping[str, PropertyDefinition] = field(default_factory=dict)
    operations: Mapping[str, OperationDefinition] = field(default_factory=dict)
    notifications: Mapping[str, OperationDefinition] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InterfaceDefinition:
    """An interface of a node or relationship type: its type, with what was refined."""

    name: str
    span: Span | None
    type: InterfaceType
    inputs: Mapping[str, PropertyDefinition] = field(default_factory=dict)
    operations: Mapping[str, OperationDefinition] = field(default_factory=dict)
    notifications: Mapping[str, OperationDefinition] = field(default_factory=dict)
    declared_by: str = ""


@dataclass(frozen=True, slots=True)
class RelationshipType(Type):
    properties: Mapping[str, PropertyDefinition] = field(default_factory=dict)
    attributes: Mapping[str, PropertyDefinition] = field(default_factory=dict)
    interfaces: Mapping[str, InterfaceDefinition] = field(default_factory=dict)
    valid_capability_types: tuple[str, ...] = ()
    valid_target_node_types: tuple[str, ...] = ()
    valid_source_node_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CapabilityDefinition:
    name: str
    span: Span | None
    type: CapabilityType
    description: str = ""
    properties: Mapping[str, PropertyDefinition] = field(default_factory=dict)
    attributes: Mapping[str, PropertyDefinition] = field(default_factory=dict)
    valid_source_node_types: tuple[str, ...] = ()
    valid_relationship_types: tuple[str, ...] = ()
    occurrences: definitions.CountRange = field(
        default_factory=lambda: definitions.CountRange(1, definitions.UNBOUNDED)
    )
    declared_by: str = ""


@dataclass(frozen=True, slots=True)
class RequirementDefinition:
    """A bound requirement. `capability` is None if only a symbolic name was given (2.0).

    `node` is the canonical name of the node type that a target must have, if one is named.
    """

    name: str
    span: Span | None
    capability: CapabilityType | None
    capability_name: str | None = None
    node: str | None = None
    relationship: RelationshipType | None = None
    relationship_refinement: definitions.RelationshipDef | None = None
    node_filters: tuple[definitions.NodeFilterDef, ...] = ()
    count_range: definitions.CountRange = field(
        default_factory=lambda: definitions.CountRange(1, 1)
    )
    description: str = ""
    metadata: Mapping[str, object] = field(default_factory=dict)
    declared_by: str = ""


@dataclass(frozen=True, slots=True)
class NodeType(Type):
    properties: Mapping[str, PropertyDefinition] = field(default_factory=dict)
    attributes: Mapping[str, PropertyDefinition] = field(default_factory=dict)
    capabilities: Mapping[str, CapabilityDefinition] = field(default_factory=dict)
    requirements: Mapping[str, RequirementDefinition] = field(default_factory=dict)
    """By name, in the order of declaration, inherited ones first."""
    interfaces: Mapping[str, InterfaceDefinition] = field(default_factory=dict)
    artifacts: Mapping[str, definitions.ArtifactDef] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GroupType(Type):
    properties: Mapping[str, PropertyDefinition] = field(default_factory=dict)
    attributes: Mapping[str, PropertyDefinition] = field(default_factory=dict)
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PolicyType(Type):
    properties: Mapping[str, PropertyDefinition] = field(default_factory=dict)
    targets: tuple[str, ...] = ()
    triggers: Mapping[str, definitions.TriggerDef] = field(default_factory=dict)
