"""`InstanceGraph`: the instances to be, what needs what, and every value as far as it is known."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from toscactl.address import Address
from toscactl.source import Place
from toscactl.values import Path, Value


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file that belongs to an instance. `file` is its path or image name as written.

    `content` reads it; it raises `CannotRead`. It is None for what is no file of the package
    (a container image in a registry).
    `types` are its type and all types that this is derived from.
    """

    name: str
    types: tuple[str, ...]
    file: str
    place: Place
    content: Callable[[], bytes] | None = None
    deploy_path: str | None = None
    repository_url: str | None = None
    properties: Mapping[str, Value] = field(default_factory=dict)

    def is_a(self, name: str) -> bool:
        return name in self.types


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation that has an implementation.

    `outputs` maps an output to the attribute that takes it, as a path of an instance.
    `host` is the address of the node on which it runs, None for the orchestrator's machine.
    """

    interface: str
    name: str
    place: Place
    primary: Artifact
    dependencies: tuple[Artifact, ...] = ()
    inputs: Mapping[str, Value] = field(default_factory=dict)
    outputs: Mapping[str, tuple[Address, Path]] = field(default_factory=dict)
    timeout: float | None = None
    """Seconds."""
    retries: int = 0
    backoff: float = 1.0
    """Seconds before the first retry; doubled for each further one."""
    run_once: bool = False
    """It must not be run again if it is not known whether it ended (metadata `run_once: true`)."""
    host: Address | None = None


@dataclass(frozen=True, slots=True)
class Capability:
    name: str
    types: tuple[str, ...]
    properties: Mapping[str, Value] = field(default_factory=dict)
    attributes: Mapping[str, Value] = field(default_factory=dict)
    place: Place | None = None

    def is_a(self, name: str) -> bool:
        """Whether its type is, or is derived from, the type of that canonical name."""
        return name in self.types


@dataclass(frozen=True, slots=True)
class Relationship:
    """A fulfilled requirement: an edge from `source` to a capability of `target`."""

    name: str
    source: Address
    target: Address
    capability: str
    types: tuple[str, ...]
    place: Place
    template: str | None = None
    properties: Mapping[str, Value] = field(default_factory=dict)
    attributes: Mapping[str, Value] = field(default_factory=dict)
    operations: tuple[Operation, ...] = ()
    after: str | None = None
    """Which operation of the target must be done before the source is created: create, configure
    or start (the default, None), from the requirement's metadata `after`."""

    def is_a(self, name: str) -> bool:
        return name in self.types


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance of a node template.

    `properties` and `attributes` hold values evaluated as far as they can be; a residual
    expression says what it waits for. `places` says where a property was set.
    `types` are the canonical names of its type and all that this is derived from, nearest first.
    """

    address: Address
    types: tuple[str, ...]
    place: Place
    description: str = ""
    metadata: Mapping[str, object] = field(default_factory=dict)
    properties: Mapping[str, Value] = field(default_factory=dict)
    attributes: Mapping[str, Value] = field(default_factory=dict)
    places: Mapping[str, Place] = field(default_factory=dict)
    capabilities: Mapping[str, Capability] = field(default_factory=dict)
    relationships: tuple[Relationship, ...] = ()
    operations: tuple[Operation, ...] = ()
    artifacts: Mapping[str, Artifact] = field(default_factory=dict)

    @property
    def type(self) -> str:
        return self.types[0]

    @property
    def name(self) -> str:
        return str(self.address)

    def is_a(self, name: str) -> bool:
        return name in self.types

    def operation(self, name: str, interface: str = "Standard") -> Operation | None:
        """The operation of that name, if it has an implementation."""
        for operation in self.operations:
            if operation.name == name and operation.interface == interface:
                return operation
        return None


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of a trigger: `metric` `comparison` `threshold`, e.g. cpu greater_than 50."""

    metric: str
    comparison: str
    threshold: Value


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger as far as it can be understood; `period` in seconds.

    `action` is the name of what is to happen: an operation, a workflow or a state.
    """

    name: str
    place: Place
    event: str | None = None
    conditions: tuple[Condition, ...] = ()
    period: float | None = None
    evaluations: int | None = None
    method: str | None = None
    action: str | None = None
    inputs: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy with its targets resolved to instances (groups are expanded)."""

    name: str
    types: tuple[str, ...]
    place: Place
    targets: tuple[Address, ...] = ()
    properties: Mapping[str, Value] = field(default_factory=dict)
    triggers: tuple[Trigger, ...] = ()
    metadata: Mapping[str, object] = field(default_factory=dict)

    @property
    def type(self) -> str:
        return self.types[0]

    def is_a(self, name: str) -> bool:
        return name in self.types


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    types: tuple[str, ...]
    place: Place
    members: tuple[Address, ...] = ()
    properties: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Input:
    """An input of the service: `value` is what was given or the default; None if there is none.

    `type` is the built-in type at the root of its own: string, integer, map, ...
    `constraints` are its 1.x constraint operators with their arguments, as far as literal.
    """

    name: str
    type: str
    place: Place
    value: Value = None
    given: bool = False
    """Whether somebody gave a value (else `value` is the default)."""
    required: bool = False
    description: str = ""
    sensitive: bool = False
    constraints: tuple[tuple[str, Value], ...] = ()
    entry_type: str | None = None


@dataclass(frozen=True, slots=True)
class Output:
    name: str
    value: Value
    place: Place
    description: str = ""
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class InstanceGraph:
    """All instances of a service, every one after those that it needs."""

    service: str
    """The service's own name: `template_name`, or the stem of its folder, archive or file."""
    description: str
    version: str | None
    instances: Mapping[Address, Instance]
    inputs: Mapping[str, Input] = field(default_factory=dict)
    outputs: Mapping[str, Output] = field(default_factory=dict)
    policies: tuple[Policy, ...] = ()
    groups: tuple[Group, ...] = ()
    metadata: Mapping[str, object] = field(default_factory=dict)
    _incoming: Mapping[Address, tuple[Relationship, ...]] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        incoming: dict[Address, list[Relationship]] = {}
        for instance in self.instances.values():
            for edge in instance.relationships:
                incoming.setdefault(edge.target, []).append(edge)
        index = {target: tuple(edges) for target, edges in incoming.items()}
        object.__setattr__(self, "_incoming", index)

    def __iter__(self) -> Iterator[Instance]:
        return iter(self.instances.values())

    def __getitem__(self, address: Address) -> Instance:
        return self.instances[address]

    def related(self, instance: Instance, relationship_type: str) -> Sequence[Instance]:
        """The targets of an instance's relationships of a type, in the order of requirements."""
        return [
            self.instances[edge.target]
            for edge in instance.relationships
            if edge.is_a(relationship_type)
        ]

    def relating(self, target: Address, relationship_type: str) -> Sequence[Relationship]:
        """The relationships of a type that lead to a target, in the order of the graph."""
        return [edge for edge in self._incoming.get(target, ()) if edge.is_a(relationship_type)]
