"""What a TOSCA file says, in the terms of TOSCA 2.0: entities with spans, names still unbound.

The 1.x grammars are mapped onto this model by the readers, so no later stage asks for a version
except to choose a rule of meaning (`ServiceFile.dialect`).
Where a value is expected there is an `Expr`: a document node in which every function call,
in the syntax of any version, has become a `FunctionCall`.

Definitions are told apart by identity: nobody compares what is written in two places, and making
`__eq__`, `__hash__` and `__repr__` for forty classes would cost every start of a command 20 ms.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from toscactl import document
from toscactl.source import Source, Span

Name: TypeAlias = document.Scalar
"""A name as it was written: `.text` and `.span`."""


class Dialect(enum.Enum):
    """The versions of the language, by the text of `tosca_definitions_version`."""

    V1_0 = "tosca_simple_yaml_1_0"
    V1_1 = "tosca_simple_yaml_1_1"
    V1_2 = "tosca_simple_yaml_1_2"
    V1_3 = "tosca_simple_yaml_1_3"
    V2_0 = "tosca_2_0"


class TypeKind(enum.Enum):
    """The eight kinds of types, by the keyname of their section."""

    ARTIFACT = "artifact_types"
    DATA = "data_types"
    CAPABILITY = "capability_types"
    INTERFACE = "interface_types"
    RELATIONSHIP = "relationship_types"
    NODE = "node_types"
    GROUP = "group_types"
    POLICY = "policy_types"


class FunctionCall(document.Node):
    """A call of a function where a value is expected; its arguments may hold further calls.

    `function` is the name in TOSCA 2.0 without the `$`; `node` is what was written, for the rare
    case that the expected type shows that no function was meant (`{token: secret}`).
    """

    __slots__ = ("arguments", "function", "node")

    def __init__(self, function: Name, arguments: "tuple[Expr, ...]", node: document.Node) -> None:
        super().__init__(node.source, node.at)
        self.function = function
        self.arguments = arguments
        self.node = node


Expr: TypeAlias = document.Node
"""A document node, or a `FunctionCall`, or a sequence or mapping with such inside."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SchemaDef:
    """A schema definition (2.0, 9.8): the type of a property, a list entry, a map key.

    `validation` holds clauses that must all be true; a 1.x constraint `{greater_than: 1}` is the
    call `greater_than($value, 1)`, where `$value` is a call of `value` without arguments.
    The 1.x operators that 2.0 lacks keep their names: in_range, min_length, max_length, schema;
    `pattern` is `matches` on the whole text and is named `pattern`; `length: n` is written as
    `equal(length($value), n)`. `type` None: it is inherited from what is refined, if anything is.
    """

    span: Span
    type: Name | None
    description: str = ""
    key_schema: "SchemaDef | None" = None
    entry_schema: "SchemaDef | None" = None
    validation: tuple[FunctionCall, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ParameterDef:
    """A property, attribute, input, output or parameter definition (2.0, 9.10, 9.12, 9.14).

    Which keynames were allowed is decided by the reader. `mapping` is the target of an incoming
    parameter (an attribute path, `[SELF, attribute]`), `value` a fixed or outgoing value.
    """

    name: Name
    schema: SchemaDef
    required: bool | None = None
    default: Expr | None = None
    value: Expr | None = None
    mapping: Expr | None = None
    status: Name | None = None
    external_schema: str | None = None
    metadata: Mapping[str, document.Node] = field(default_factory=dict)

    @property
    def span(self) -> Span:
        return self.name.span


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ArtifactDef:
    """An artifact definition (2.0, 10.4; 1.3, 3.6.7). `type` None: told by the file's name."""

    name: Name | None
    span: Span
    file: Name
    type: Name | None = None
    repository: Name | None = None
    description: str = ""
    deploy_path: Name | None = None
    version: Name | None = None
    checksum: Name | None = None
    checksum_algorithm: Name | None = None
    properties: Mapping[str, "AssignmentDef"] = field(default_factory=dict)
    metadata: Mapping[str, document.Node] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class AssignmentDef:
    """A value given to a name: `name: value`."""

    name: Name
    value: Expr

    @property
    def span(self) -> Span:
        return self.value.span


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ImplementationDef:
    """An operation's implementation (2.0, 10.3.5): what runs, with what, where, for how long.

    `primary` and `dependencies` are inline artifacts or names (of an artifact or a file).
    """

    span: Span
    primary: Name | ArtifactDef | None
    dependencies: tuple[Name | ArtifactDef, ...] = ()
    timeout: Expr | None = None
    """Seconds (1.2 and 1.3)."""
    operation_host: Name | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class OperationDef:
    """An operation or notification, defined or assigned (2.0, 10.3).

    In types, `inputs` are definitions; where a value is assigned it is the definition's `value`.
    """

    name: Name
    span: Span
    description: str = ""
    implementation: ImplementationDef | None = None
    inputs: Mapping[str, ParameterDef | AssignmentDef] = field(default_factory=dict)
    outputs: Mapping[str, ParameterDef | AssignmentDef] = field(default_factory=dict)
    metadata: Mapping[str, document.Node] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class InterfaceDef:
    """An interface, defined in a type or assigned in a template (2.0, 10.1, 10.2)."""

    name: Name
    span: Span
    type: Name | None = None
    description: str = ""
    inputs: Mapping[str, ParameterDef | AssignmentDef] = field(default_factory=dict)
    operations: Mapping[str, OperationDef] = field(default_factory=dict)
    notifications: Mapping[str, OperationDef] = field(default_factory=dict)


UNBOUNDED = None
"""The upper bound of a count range that has none."""


@dataclass(frozen=True, slots=True)
class CountRange:
    """How many of something: inclusive bounds, `UNBOUNDED` for no upper bound."""

    lower: int
    upper: int | None
    span: Span | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CapabilityDef:
    """A capability definition in a node type (2.0, 8.4)."""

    name: Name
    span: Span
    type: Name | None
    description: str = ""
    properties: Mapping[str, ParameterDef] = field(default_factory=dict)
    attributes: Mapping[str, ParameterDef] = field(default_factory=dict)
    valid_source_node_types: tuple[Name, ...] | None = None
    valid_relationship_types: tuple[Name, ...] | None = None
    occurrences: CountRange | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ConditionDef:
    """One condition of a node filter: a property of the target or of one of its capabilities.

    `clause` is a boolean call in which `value` stands for the property. A 2.0 condition that is
    no single property's has no `property`.
    """

    span: Span
    clause: FunctionCall
    property: Name | None = None
    capability: Name | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class NodeFilterDef:
    """A node filter (2.0, 8.6; 1.3, 3.6.6): all conditions must hold for a target."""

    span: Span
    conditions: tuple[ConditionDef, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RelationshipDef:
    """The relationship of a requirement: a type or template name, and what is refined inline."""

    span: Span
    type: Name | None
    template: Name | None = None
    properties: Mapping[str, AssignmentDef | ParameterDef] = field(default_factory=dict)
    attributes: Mapping[str, AssignmentDef | ParameterDef] = field(default_factory=dict)
    interfaces: Mapping[str, InterfaceDef] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RequirementDef:
    """A requirement definition in a node type (2.0, 8.5). 1.x `occurrences` is the count range."""

    name: Name
    span: Span
    capability: Name | None
    node: Name | None = None
    relationship: RelationshipDef | None = None
    node_filter: NodeFilterDef | None = None
    count_range: CountRange | None = None
    description: str = ""
    metadata: Mapping[str, document.Node] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TypeDef:
    """What all types have (2.0, 7.1)."""

    name: Name
    span: Span
    derived_from: Name | None
    version: Name | None
    description: str
    metadata: Mapping[str, document.Node]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class NodeTypeDef(TypeDef):
    properties: Mapping[str, ParameterDef] = field(default_factory=dict)
    attributes: Mapping[str, ParameterDef] = field(default_factory=dict)
    capabilities: Mapping[str, CapabilityDef] = field(default_factory=dict)
    requirements: tuple[RequirementDef, ...] = ()
    interfaces: Mapping[str, InterfaceDef] = field(default_factory=dict)
    artifacts: Mapping[str, ArtifactDef] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RelationshipTypeDef(TypeDef):
    properties: Mapping[str, ParameterDef] = field(default_factory=dict)
    attributes: Mapping[str, ParameterDef] = field(default_factory=dict)
    interfaces: Mapping[str, InterfaceDef] = field(default_factory=dict)
    valid_capability_types: tuple[Name, ...] | None = None
    valid_target_node_types: tuple[Name, ...] | None = None
    valid_source_node_types: tuple[Name, ...] | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CapabilityTypeDef(TypeDef):
    properties: Mapping[str, ParameterDef] = field(default_factory=dict)
    attributes: Mapping[str, ParameterDef] = field(default_factory=dict)
    valid_source_node_types: tuple[Name, ...] | None = None
    valid_relationship_types: tuple[Name, ...] | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class InterfaceTypeDef(TypeDef):
    inputs: Mapping[str, ParameterDef] = field(default_factory=dict)
    operations: Mapping[str, OperationDef] = field(default_factory=dict)
    notifications: Mapping[str, OperationDef] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ArtifactTypeDef(TypeDef):
    mime_type: str | None = None
    file_ext: tuple[str, ...] | None = None
    properties: Mapping[str, ParameterDef] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class DataTypeDef(TypeDef):
    """A data type (2.0, 9.7). The `scalar` keynames are 2.0's user-defined scalars (9.5)."""

    properties: Mapping[str, ParameterDef] = field(default_factory=dict)
    validation: tuple[FunctionCall, ...] = ()
    key_schema: SchemaDef | None = None
    entry_schema: SchemaDef | None = None
    data_type: Name | None = None
    units: Mapping[str, document.Node] | None = None
    canonical_unit: Name | None = None
    prefixes: Mapping[str, document.Node] | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class GroupTypeDef(TypeDef):
    properties: Mapping[str, ParameterDef] = field(default_factory=dict)
    attributes: Mapping[str, ParameterDef] = field(default_factory=dict)
    members: tuple[Name, ...] | None = None
    interfaces: Mapping[str, InterfaceDef] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PolicyTypeDef(TypeDef):
    properties: Mapping[str, ParameterDef] = field(default_factory=dict)
    targets: tuple[Name, ...] | None = None
    triggers: Mapping[str, "TriggerDef"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ImportDef:
    """One import (2.0, 6.5): a file by `url`, or a profile by name."""

    span: Span
    url: Name | None = None
    profile: Name | None = None
    repository: Name | None = None
    namespace: Name | None = None
    """The prefix under which imported names are known: `namespace`, 1.x `namespace_prefix`."""
    namespace_uri: Name | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RepositoryDef:
    name: Name
    span: Span
    url: Name
    description: str = ""
    credential: document.Node | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CapabilityAssignmentDef:
    name: Name
    span: Span
    properties: Mapping[str, AssignmentDef] = field(default_factory=dict)
    attributes: Mapping[str, AssignmentDef] = field(default_factory=dict)
    directives: tuple[Name, ...] = ()
    occurrences: CountRange | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RequirementAssignmentDef:
    """A requirement assignment in a node template (2.0, 8.7). `node` is a template or a type."""

    name: Name
    span: Span
    node: Name | None = None
    node_index: Expr | None = None
    capability: Name | None = None
    relationship: RelationshipDef | None = None
    node_filter: NodeFilterDef | None = None
    count: Expr | None = None
    occurrences: CountRange | None = None
    optional: Expr | None = None
    allocation: Mapping[str, AssignmentDef] = field(default_factory=dict)
    directives: tuple[Name, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class NodeTemplateDef:
    name: Name
    span: Span
    type: Name | None
    description: str = ""
    metadata: Mapping[str, document.Node] = field(default_factory=dict)
    directives: tuple[Name, ...] = ()
    properties: Mapping[str, AssignmentDef] = field(default_factory=dict)
    attributes: Mapping[str, AssignmentDef] = field(default_factory=dict)
    capabilities: Mapping[str, CapabilityAssignmentDef] = field(default_factory=dict)
    requirements: tuple[RequirementAssignmentDef, ...] = ()
    interfaces: Mapping[str, InterfaceDef] = field(default_factory=dict)
    artifacts: Mapping[str, ArtifactDef] = field(default_factory=dict)
    node_filter: NodeFilterDef | None = None
    count: Expr | None = None
    copy: Name | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RelationshipTemplateDef:
    name: Name
    span: Span
    type: Name | None
    description: str = ""
    metadata: Mapping[str, document.Node] = field(default_factory=dict)
    properties: Mapping[str, AssignmentDef] = field(default_factory=dict)
    attributes: Mapping[str, AssignmentDef] = field(default_factory=dict)
    interfaces: Mapping[str, InterfaceDef] = field(default_factory=dict)
    copy: Name | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class GroupDef:
    name: Name
    span: Span
    type: Name | None
    description: str = ""
    metadata: Mapping[str, document.Node] = field(default_factory=dict)
    properties: Mapping[str, AssignmentDef] = field(default_factory=dict)
    attributes: Mapping[str, AssignmentDef] = field(default_factory=dict)
    members: tuple[Name, ...] = ()
    interfaces: Mapping[str, InterfaceDef] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ActivityDef:
    """One activity of a workflow step or trigger (2.0, 12.5).

    `kind` is `delegate`, `set_state`, `call_operation` or `inline`; `subject` the workflow, state
    or `interface.operation`; `operation` the delegate's or call's operation where given apart.
    """

    span: Span
    kind: Name
    subject: Name
    operation: Name | None = None
    inputs: Mapping[str, AssignmentDef] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TriggerDef:
    """A policy's trigger (2.0, 13.5; 1.3, 3.6.22) as data."""

    name: Name
    span: Span
    description: str = ""
    event: Name | None = None
    condition: Expr | None = None
    """The clause itself; the sampling keynames of 1.x (period, evaluations, method) stand below."""
    period: Expr | None = None
    evaluations: Expr | None = None
    method: Name | None = None
    schedule: document.Node | None = None
    target_node: Name | None = None
    target_requirement: Name | None = None
    target_capability: Name | None = None
    actions: tuple[ActivityDef, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PolicyDef:
    name: Name
    span: Span
    type: Name | None
    description: str = ""
    metadata: Mapping[str, document.Node] = field(default_factory=dict)
    properties: Mapping[str, AssignmentDef] = field(default_factory=dict)
    targets: tuple[Name, ...] = ()
    triggers: Mapping[str, TriggerDef] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class StepDef:
    name: Name
    span: Span
    target: Name | None
    target_relationship: Name | None = None
    operation_host: Name | None = None
    filter: Expr | None = None
    activities: tuple[ActivityDef, ...] = ()
    on_success: tuple[Name, ...] = ()
    on_failure: tuple[Name, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PreconditionDef:
    span: Span
    target: Name | None
    target_relationship: Name | None = None
    condition: Expr | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class WorkflowDef:
    name: Name
    span: Span
    description: str = ""
    metadata: Mapping[str, document.Node] = field(default_factory=dict)
    inputs: Mapping[str, ParameterDef] = field(default_factory=dict)
    outputs: Mapping[str, ParameterDef] = field(default_factory=dict)
    preconditions: tuple[PreconditionDef, ...] = ()
    steps: Mapping[str, StepDef] = field(default_factory=dict)
    implementation: ImplementationDef | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class MappingDef:
    """One entry of substitution mappings: `name` (or a path key) to a target inside or a value.

    `target` is e.g. `[template, capability]`, an input's name, or a constant (1.x).
    """

    name: document.Node
    target: Expr

    @property
    def span(self) -> Span:
        return self.name.span


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SubstitutionDef:
    span: Span
    node_type: Name | None
    substitution_filter: NodeFilterDef | None = None
    properties: tuple[MappingDef, ...] = ()
    attributes: tuple[MappingDef, ...] = ()
    capabilities: tuple[MappingDef, ...] = ()
    requirements: tuple[MappingDef, ...] = ()
    interfaces: tuple[MappingDef, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SignatureDef:
    """One signature of a custom function (2.0, 10.6)."""

    span: Span
    arguments: tuple[SchemaDef, ...] = ()
    optional_arguments: tuple[SchemaDef, ...] = ()
    variadic: bool = False
    """Whether the last argument may be repeated."""
    result: SchemaDef | None = None
    implementation: ImplementationDef | None = None
    description: str = ""
    metadata: Mapping[str, document.Node] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FunctionDef:
    """A custom function (2.0, 10.6): what it takes and gives, and what computes it."""

    name: Name
    span: Span
    signatures: tuple[SignatureDef, ...] = ()
    description: str = ""
    metadata: Mapping[str, document.Node] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ServiceTemplateDef:
    """The `service_template` of 2.0, the `topology_template` of 1.x."""

    span: Span
    description: str = ""
    metadata: Mapping[str, document.Node] = field(default_factory=dict)
    inputs: Mapping[str, ParameterDef] = field(default_factory=dict)
    outputs: Mapping[str, ParameterDef] = field(default_factory=dict)
    node_templates: Mapping[str, NodeTemplateDef] = field(default_factory=dict)
    relationship_templates: Mapping[str, RelationshipTemplateDef] = field(default_factory=dict)
    groups: Mapping[str, GroupDef] = field(default_factory=dict)
    policies: Mapping[str, PolicyDef] = field(default_factory=dict)
    workflows: Mapping[str, WorkflowDef] = field(default_factory=dict)
    substitution: SubstitutionDef | None = None
    functions: Mapping[str, FunctionDef] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ServiceFile:
    """One TOSCA file."""

    source: Source
    dialect: Dialect
    description: str = ""
    metadata: Mapping[str, document.Node] = field(default_factory=dict)
    namespace: Name | None = None
    profile: Name | None = None
    imports: tuple[ImportDef, ...] = ()
    repositories: Mapping[str, RepositoryDef] = field(default_factory=dict)
    types: Mapping[TypeKind, Mapping[str, TypeDef]] = field(default_factory=dict)
    service_template: ServiceTemplateDef | None = None
    functions: Mapping[str, FunctionDef] = field(default_factory=dict)
