"""`Topology`: templates checked against their types, values coerced; TOSCA 2.0, chapters 6 to 13.

Values are `toscactl.values.Value`; what refers to something else is still a `Call` as it was
written (`get_input`, `get_property`, `get_attribute`, `get_artifact`, `get_operation_output`,
`get_nodes_of_type`), with its arguments as values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from toscactl import definitions, typesystem
from toscactl.source import Source, Span
from toscactl.values import Value


@dataclass(frozen=True, slots=True)
class Assigned:
    """A value with where it comes from and what it must be.

    `span` is the assignment in the template, or the default in the type (`is_default`).
    """

    value: Value
    span: Span | None
    definition: typesystem.PropertyDefinition | None
    is_default: bool = False

    @property
    def sensitive(self) -> bool:
        return self.definition is not None and self.definition.sensitive


@dataclass(frozen=True, slots=True)
class Parameter:
    """An input or output of the service. An input's `default` is coerced; None: there is none."""

    name: str
    span: Span
    definition: typesystem.PropertyDefinition
    default: Assigned | None = None
    value: Assigned | None = None

    @property
    def sensitive(self) -> bool:
        return self.definition.sensitive

    @property
    def required(self) -> bool:
        return self.definition.required and self.default is None


@dataclass(frozen=True, slots=True)
class Artifact:
    """An artifact with its type known. `location` is what `Bundle.fetch` reads; `file` as written.

    `missing` says that nothing was found there when the service was loaded.
    """

    name: str
    type: typesystem.ArtifactType
    file: str
    location: str
    span: Span
    deploy_path: str | None = None
    version: str | None = None
    checksum: tuple[str, str] | None = None
    """Algorithm and digest."""
    repository_url: str | None = None
    properties: Mapping[str, Assigned] = field(default_factory=dict)
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation as it will run: definition and assignment merged (2.0, 10.3).

    `primary` None: it has no implementation and does nothing.
    `outputs` maps an output to the path of the attribute that takes it: `("SELF", "url")`.
    """

    interface: str
    name: str
    span: Span | None
    primary: Artifact | None = None
    dependencies: tuple[Artifact, ...] = ()
    inputs: Mapping[str, Assigned] = field(default_factory=dict)
    outputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    timeout: float | None = None
    """Seconds."""
    host: str | None = None
    """`operation_host`: SELF, HOST, SOURCE, TARGET, ORCHESTRATOR, or None."""
    metadata: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Capability:
    name: str
    definition: typesystem.CapabilityDefinition
    span: Span | None
    properties: Mapping[str, Assigned] = field(default_factory=dict)
    attributes: Mapping[str, Assigned] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RelationshipTemplate:
    name: str | None
    """None if it was given inline, or follows from the requirement's definition alone."""
    type: typesystem.RelationshipType
    span: Span | None
    properties: Mapping[str, Assigned] = field(default_factory=dict)
    attributes: Mapping[str, Assigned] = field(default_factory=dict)
    operations: tuple[Operation, ...] = ()


@dataclass(frozen=True, slots=True)
class Requirement:
    """A requirement assignment. Without `target` it is dangling: the graph fulfils it.

    `node_type` is the type that a target must have; `capability` the name of the target's
    capability where it is known, else it is chosen by type when the graph is made.
    """

    name: str
    span: Span
    definition: typesystem.RequirementDefinition
    relationship: RelationshipTemplate
    target: str | None = None
    target_index: Value = None
    node_type: str | None = None
    capability: str | None = None
    capability_type: str | None = None
    node_filters: tuple[definitions.NodeFilterDef, ...] = ()
    count: Value = 1
    optional: bool = False
    implicit: bool = False
    """It was not written: the lower bound of the definition asks for it."""


@dataclass(frozen=True, slots=True)
class NodeTemplate:
    name: str
    type: typesystem.NodeType
    span: Span
    description: str = ""
    metadata: Mapping[str, object] = field(default_factory=dict)
    directives: tuple[str, ...] = ()
    properties: Mapping[str, Assigned] = field(default_factory=dict)
    attributes: Mapping[str, Assigned] = field(default_factory=dict)
    capabilities: Mapping[str, Capability] = field(default_factory=dict)
    requirements: tuple[Requirement, ...] = ()
    operations: tuple[Operation, ...] = ()
    """All operations of all interfaces, those without implementation too."""
    artifacts: Mapping[str, Artifact] = field(default_factory=dict)
    node_filter: definitions.NodeFilterDef | None = None
    count: Value = 1


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    type: typesystem.GroupType
    span: Span
    members: tuple[str, ...] = ()
    properties: Mapping[str, Assigned] = field(default_factory=dict)
    metadata: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy; its triggers are data (2.0, 13.4), those of its type included."""

    name: str
    type: typesystem.PolicyType
    span: Span
    targets: tuple[str, ...] = ()
    properties: Mapping[str, Assigned] = field(default_factory=dict)
    triggers: Mapping[str, definitions.TriggerDef] = field(default_factory=dict)
    metadata: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Topology:
    """A service template, checked. Every name in it is bound, every literal has its type."""

    source: Source
    dialect: definitions.Dialect
    name: str | None
    """`metadata: template_name`, if there is one."""
    types: "typesystem.TypeSystem"
    version: str | None = None
    description: str = ""
    metadata: Mapping[str, object] = field(default_factory=dict)
    inputs: Mapping[str, Parameter] = field(default_factory=dict)
    outputs: Mapping[str, Parameter] = field(default_factory=dict)
    nodes: Mapping[str, NodeTemplate] = field(default_factory=dict)
    relationships: Mapping[str, RelationshipTemplate] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    policies: Mapping[str, Policy] = field(default_factory=dict)
    workflows: Mapping[str, definitions.WorkflowDef] = field(default_factory=dict)
    substitution: definitions.SubstitutionDef | None = None
