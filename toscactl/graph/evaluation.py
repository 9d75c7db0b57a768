"""Values of instances, evaluated partially: what is known now is put in, the rest stays a residual.

TOSCA 1.3, chapter 4. Each value is evaluated once, when it is first asked for.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType

from toscactl.address import Address
from toscactl.definitions import TypeKind
from toscactl.diagnostics import Diagnostic, Rule
from toscactl.graph.model import Input
from toscactl.graph.residuals import (
    below,
    hidden,
    mapped_attributes,
    path_of,
    residual,
    type_at,
)
from toscactl.topology import Assigned, NodeTemplate, RelationshipTemplate, Requirement, Topology
from toscactl.typesystem import convert
from toscactl.values import (
    AttributeOf,
    Call,
    EvaluationError,
    InputOf,
    Path,
    ScalarUnit,
    Secret,
    Value,
    Version,
    call,
    select,
    text,
    walk,
)

EVALUATION_FAILED = Rule("evaluation-failed", "A function cannot be computed.")
EMPTY_RESULT = Rule("empty-result", "A function yields nothing where a value is required.")
_LITERALS = (str, int, float, ScalarUnit, Version, NoneType)
HOSTED_ON = "tosca.relationships.HostedOn"


@dataclass(frozen=True, slots=True)
class Edge:
    """A fulfilled requirement: who needs whom, and which capability it is about."""

    requirement: Requirement
    source: Address
    target: Address
    capability: str


@dataclass(frozen=True, slots=True)
class Subject:
    """What SELF is: an instance, a capability of one, or a relationship; nothing in outputs."""

    what: str
    node: Address | None = None
    edge: Edge | None = None
    capability: str | None = None
    may_lack: bool = False
    """Nothing is a good value here: an output, an input of an operation."""


Edges = Callable[[Address], Sequence[Edge]]

_Key = tuple[Address, str | None, str, str]
"""Instance, capability, `property` or `attribute`, name."""


class Evaluation:
    """The values of one instantiation. `edges` gives the fulfilled requirements of an instance."""

    def __init__(
        self,
        topology: Topology,
        inputs: Mapping[str, Input],
        addresses: Mapping[str, tuple[Address, ...]],
        *,
        parameters: bool,
    ) -> None:
        self.topology = topology
        self.inputs = inputs
        self.addresses = addresses
        self.parameters = parameters
        self.found: list[Diagnostic] = []
        self.edges: Edges = lambda _: ()
        self._known: dict[_Key, Value] = {}
        self._running: dict[_Key, None] = {}
        self._mapped = frozenset(mapped_attributes(topology))

    def template(self, address: Address) -> NodeTemplate:
        return self.topology.nodes[address.template]

    def property_of(self, address: Address, name: str, capability: str | None = None) -> Value:
        """A property of an instance, or of a capability of it; None if it has no value."""
        return self._member(address, capability, "property", name)

    def _assigned(
        self, address: Address, capability: str | None, kind: str, name: str
    ) -> Assigned | None:
        template = self.template(address)
        if capability is not None:
            holder = template.capabilities.get(capability)
            if holder is None:
                return None
            members = holder.properties if kind == "property" else holder.attributes
        else:
            members = template.properties if kind == "property" else template.attributes
        return members.get(name)

    def _member(self, address: Address, capability: str | None, kind: str, name: str) -> Value:
        assigned = self._assigned(address, capability, kind, name)
        if assigned is None:
            return None
        key = (address, capability, kind, name)
        if key in self._known:
            return self._known[key]
        if key in self._running:
            path = [*self._running][[*self._running].index(key) :]
            names = " -> ".join(_shown(each) for each in (*path, key))
            raise EvaluationError(f"it depends on itself: {names}")
        self._running[key] = None
        of = f"capability `{capability}` of node" if capability else "node"
        subject = Subject(f"{kind} `{name}` of {of} `{address}`", address, capability=capability)
        try:
            value = self.value_of(assigned, subject)
        finally:
            del self._running[key]
        self._known[key] = value
        return value

    def value_of(self, assigned: Assigned, subject: Subject) -> Value:
        """An assigned value, evaluated and checked; problems are reported at its place."""
        value = assigned.value
        if not isinstance(value, _LITERALS) and any(isinstance(part, Call) for part in walk(value)):
            try:
                value = self.resolve(value, subject)
            except EvaluationError as problem:
                message = f"{subject.what} cannot be computed: {problem}"
                self.found.append(EVALUATION_FAILED.at(assigned.span, message))
                return None
            value = self._fit(value, assigned, subject)
        return hidden(value) if assigned.sensitive else value

    def _fit(self, value: Value, assigned: Assigned, subject: Subject) -> Value:
        """A computed value as a value of the declared type."""
        definition = assigned.definition
        if definition is None:
            return value
        schema = definition.schema
        if value is None:
            if definition.required and not self.parameters and not subject.may_lack:
                message = f"{subject.what} is required, but its function yields nothing"
                self.found.append(EMPTY_RESULT.at(assigned.span, message))
            return None
        checked = convert(value, schema, assigned.span, self.topology.types, what=subject.what)
        self.found.extend(checked.diagnostics)
        return checked.value

    def resolve(self, value: Value, subject: Subject) -> Value:
        """A value with every function computed as far as it can be. Raises `EvaluationError`."""
        match value:
            case Call(function=function, arguments=arguments):
                known = tuple(self.resolve(argument, subject) for argument in arguments)
                reference = _REFERENCES.get(function)
                return (
                    call(function, known) if reference is None else reference(self, known, subject)
                )
            case Secret(value=inner):
                return hidden(self.resolve(inner, subject))
            case str() | None | bool() | int() | float() | ScalarUnit() | Version():
                return value
            case AttributeOf() | InputOf():
                return value
            case Mapping():
                return {key: self.resolve(item, subject) for key, item in value.items()}
            case Sequence():
                return tuple(self.resolve(item, subject) for item in value)

    def hosts(self, address: Address) -> Iterator[Address]:
        """The hosts of an instance, the nearest first."""
        seen = {address}
        current = self._host(address)
        while current is not None and current not in seen:
            seen.add(current)
            yield current
            current = self._host(current)

    def _host(self, address: Address) -> Address | None:
        for edge in self.edges(address):
            if edge.requirement.relationship.type.is_a(HOSTED_ON):
                return edge.target
        return None

    def _address(self, name: str, subject: Subject) -> Address:
        """The instance that a template's name means: the one of the same index, else the first."""
        instances = self.addresses.get(name, ())
        if not instances:
            raise EvaluationError(f"there are no instances of `{name}`")
        index = None if subject.node is None else subject.node.index
        return instances[index] if index is not None and index < len(instances) else instances[0]

    def _node(self, name: str, subject: Subject) -> Address | None:
        if name in self.topology.nodes:
            return self._address(name, subject)
        match name:
            case "SELF":
                return subject.node
            case "SOURCE":
                return None if subject.edge is None else subject.edge.source
            case "TARGET":
                return None if subject.edge is None else subject.edge.target
            case _:
                return None

    def _relationship(self, name: str, subject: Subject) -> RelationshipTemplate | None:
        if name == "SELF" and subject.edge is not None:
            return subject.edge.requirement.relationship
        return self.topology.relationships.get(name)

    def input(self, arguments: Sequence[Value], _: Subject) -> Value:
        name, *rest = arguments
        path = path_of(rest)
        given = self.inputs.get(str(name))
        if given is None:
            raise EvaluationError(f"there is no input `{text(name)}`")
        if not self.parameters:
            return below(given.value, path)
        schema = self.topology.inputs[given.name].definition.schema
        return InputOf(given.name, path, type_at(schema, path), given.sensitive)

    def property(self, arguments: Sequence[Value], subject: Subject) -> Value:
        return self._reference("property", arguments, subject)

    def attribute(self, arguments: Sequence[Value], subject: Subject) -> Value:
        return self._reference("attribute", arguments, subject)

    def _reference(self, kind: str, arguments: Sequence[Value], subject: Subject) -> Value:
        name, *rest = arguments
        entity, steps = str(name), path_of(rest)
        relationship = self._relationship(entity, subject)
        if relationship is not None and entity not in self.topology.nodes:
            return self._of_relationship(kind, relationship, steps, subject)
        if entity == "HOST" and entity not in self.topology.nodes:
            return self._of_host(kind, steps, subject)
        address = self._node(entity, subject)
        if address is None:
            raise EvaluationError(f"`{entity}` means nothing here")
        return self._of_node(kind, address, steps, subject)

    def _of_relationship(
        self, kind: str, relationship: RelationshipTemplate, steps: Path, subject: Subject
    ) -> Value:
        name = str(steps[0])
        assigned = relationship.properties.get(name)
        if assigned is None and kind == "attribute":
            assigned = relationship.attributes.get(name)
        if assigned is None:
            if kind == "attribute" and subject.edge is not None:
                declared = relationship.type.attributes.get(name)
                return residual(subject.edge.source, name, steps[1:], declared)
            return None
        value = self.resolve(assigned.value, subject)
        return select(hidden(value) if assigned.sensitive else value, steps[1:])

    def _of_host(self, kind: str, steps: Path, subject: Subject) -> Value:
        """HOST: the nearest host that has such a member (1.3, 4.1)."""
        if subject.node is None:
            raise EvaluationError("`HOST` means nothing here")
        problem = EvaluationError(f"`{subject.node}` is not hosted on anything")
        for host in self.hosts(subject.node):
            if self._has(kind, host, steps):
                return self._of_node(kind, host, steps, Subject(subject.what, host))
            problem = EvaluationError(f"no host of `{subject.node}` has `{steps[0]}`")
        raise problem

    def _has(self, kind: str, address: Address, steps: Path) -> bool:
        name = str(steps[0])
        template = self.template(address)
        if name in template.type.properties:
            return kind == "attribute" or self.property_of(address, name) is not None
        if kind == "attribute" and name in template.type.attributes:
            return True
        return len(steps) > 1 and (
            name in template.capabilities or name in template.type.requirements
        )

    def _of_node(self, kind: str, address: Address, steps: Path, subject: Subject) -> Value:
        """A member of an instance, of a capability of it, or of what fulfils a requirement."""
        name, rest = str(steps[0]), steps[1:]
        template = self.template(address)
        if rest and isinstance(rest[0], str):
            fulfilled = [e for e in self.edges(address) if e.requirement.name == name]
            if fulfilled:
                return self._of_target(kind, fulfilled[0], rest, subject)
            if name in template.capabilities:
                return self._of_capability(kind, address, name, rest)
            if name in template.type.requirements:
                raise EvaluationError(f"requirement `{name}` of `{address}` has no target")
        own = subject.capability
        declared = template.type.properties.keys() | template.type.attributes.keys()
        if own is not None and address == subject.node and name not in declared:
            return self._of_capability(kind, address, own, steps)
        if kind == "attribute":
            return self._attribute(address, None, name, rest)
        return below(self.property_of(address, name), rest)

    def _of_target(self, kind: str, edge: Edge, steps: Path, subject: Subject) -> Value:
        """The capability of the target is looked at first, then the target itself."""
        capability = self.template(edge.target).capabilities.get(edge.capability)
        if capability is not None:
            definition = capability.definition
            name = str(steps[0])
            if name in definition.properties or (
                kind == "attribute" and name in definition.attributes
            ):
                return self._of_capability(kind, edge.target, edge.capability, steps)
        return self._of_node(kind, edge.target, steps, Subject(subject.what, edge.target))

    def _of_capability(self, kind: str, address: Address, capability: str, steps: Path) -> Value:
        name, rest = str(steps[0]), steps[1:]
        if kind == "attribute":
            return self._attribute(address, capability, name, rest)
        return below(self.property_of(address, name, capability), rest)

    def _attribute(self, address: Address, capability: str | None, name: str, rest: Path) -> Value:
        """What an attribute is assigned or reflects; what only deployment knows is a residual."""
        template = self.template(address)
        if capability is None and name == "tosca_name":
            return template.name
        if (address.template, capability, name) not in self._mapped:
            for kind in ("attribute", "property"):
                assigned = self._assigned(address, capability, kind, name)
                # An attribute's default is where it starts, not what it will be.
                if assigned is None or (kind == "attribute" and assigned.is_default):
                    continue
                value = self._member(address, capability, kind, name)
                if value is not None:
                    return select(value, rest)
        holder = (
            template.type if capability is None else template.capabilities[capability].definition
        )
        declared = holder.attributes.get(name) or holder.properties.get(name)
        return residual(address, name, rest, declared, capability)

    def operation_output(self, arguments: Sequence[Value], subject: Subject) -> Value:
        name, interface, operation, output, *rest = (text(argument) for argument in arguments)
        if name == "SELF" and subject.edge is not None:
            address: Address | None = subject.edge.source
        elif name == "HOST" and subject.node is not None:
            address = next(self.hosts(subject.node), None)
        else:
            address = self._node(name, subject)
        if address is None:
            raise EvaluationError(f"`{name}` means nothing here")
        return AttributeOf(address, f"{interface}.{operation}.{output}", tuple(rest))

    def nodes_of_type(self, arguments: Sequence[Value], _: Subject) -> Value:
        found = self.topology.types.by_name(TypeKind.NODE, text(arguments[0]))
        if found is None:
            return ()
        return tuple(
            template.name
            for template in self.topology.nodes.values()
            if template.type.is_a(found.name)
        )

    def artifact(self, arguments: Sequence[Value], subject: Subject) -> Value:
        entity, name = text(arguments[0]), text(arguments[1])
        node = self._node(entity, subject)
        candidates = [] if node is None else [node]
        if entity == "HOST" and subject.node is not None:
            candidates = list(self.hosts(subject.node))
        for address in candidates:
            artifact = self.template(address).artifacts.get(name)
            if artifact is not None:
                return artifact.file
        raise EvaluationError(f"there is no artifact `{name}`")


_Reference = Callable[[Evaluation, Sequence[Value], Subject], Value]
_REFERENCES: Mapping[str, _Reference] = {
    "get_input": Evaluation.input,
    "get_property": Evaluation.property,
    "get_attribute": Evaluation.attribute,
    "get_operation_output": Evaluation.operation_output,
    "get_nodes_of_type": Evaluation.nodes_of_type,
    "get_artifact": Evaluation.artifact,
}


def _shown(key: _Key) -> str:
    address, capability, _, name = key
    return f"{address}.{capability}.{name}" if capability else f"{address}.{name}"
