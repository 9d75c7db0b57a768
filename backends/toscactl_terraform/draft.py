"""The configuration while it is being written: blocks, variables, outputs, files and findings."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from toscactl.backend import (
    COMPUTE,
    Address,
    Artifact,
    AttributeOf,
    Blob,
    CannotRead,
    Diagnostic,
    EvaluationError,
    InputOf,
    Instance,
    InstanceGraph,
    Origin,
    Place,
    Portion,
    Relationship,
    Rule,
    Value,
    compute_of,
    evaluate,
    select,
)
from toscactl_terraform.facts import Facts

UNREADABLE_ARTIFACT = Rule(
    "terraform-unreadable-artifact", "A file that an operation needs on a server cannot be read."
)

Tf: TypeAlias = None | bool | int | float | str | Sequence["Tf"] | Mapping[str, "Tf"]
"""What Terraform's JSON syntax holds; an expression is a string of the form `${...}`."""

NO_DEFAULT = object()
VOLUMES = ("tosca.nodes.BlockStorage", "tosca.nodes.Storage.BlockStorage")
_RESERVED = frozenset(
    {"source", "version", "providers", "count", "for_each", "lifecycle", "depends_on", "locals"}
)


@dataclass(frozen=True, slots=True)
class Block:
    """One `resource` or `data` block. `needs` are the names of blocks in its `depends_on`."""

    mode: str
    """`resource` or `data`."""
    type: str
    name: str
    body: Mapping[str, Tf]
    instance: Address | None = None
    origin: Origin | None = None
    origins: Mapping[str, Origin] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"{'data.' if self.mode == 'data' else ''}{self.type}.{self.name}"


@dataclass(frozen=True, slots=True)
class Variable:
    name: str
    type: str = "string"
    description: str = ""
    default: object = NO_DEFAULT
    sensitive: bool = False
    validation: tuple[tuple[str, str], ...] = ()
    """Pairs of a condition and the message for what does not meet it."""


class Draft:
    """What the modules of this backend write into, and look things up in."""

    def __init__(self, portion: Portion, facts: Facts) -> None:
        self.portion = portion
        self.facts = facts
        self.here = {instance.address for instance in portion.instances}
        self.blocks: dict[str, Block] = {}
        self.variables: dict[str, Variable] = {}
        self.outputs: dict[str, Mapping[str, Tf]] = {}
        self.files: dict[str, Blob] = {}
        self.inputs: dict[str, Value] = {}
        """Values for variables that only applying will give: secrets, attributes from elsewhere."""
        self.findings: list[Diagnostic] = []
        self.locate: Callable[[AttributeOf], str | None] = lambda _: None
        """How the cloud says an attribute, its path included: an expression without `${}`."""
        self.in_gib: frozenset[str] = frozenset()
        inputs = portion.graph.inputs if portion.parameters else ()
        self._input_names = frozenset(variable_name(name) for name in inputs)
        self._names: dict[tuple[Address, str], str] = {}
        self._taken: set[str] = set()
        self._hosted: dict[Address, list[Instance]] = {}
        self._computes: dict[Address, Instance | None] = {}
        self._incoming: dict[Address, list[Relationship]] = {}
        for instance in portion.graph:
            for edge in instance.relationships:
                self._incoming.setdefault(edge.target, []).append(edge)
        servers = sum(instance.is_a(COMPUTE) for instance in portion.instances)
        self.only_server = servers <= 1
        """Whether there is but one server, so that its variables need no name in front."""
        for instance in portion.instances:
            self.name(instance.address)
            compute = self.compute(instance)
            if compute is not None and compute is not instance:
                self._hosted.setdefault(compute.address, []).append(instance)

    @property
    def graph(self) -> InstanceGraph:
        return self.portion.graph

    def hosted(self, server: Address) -> Sequence[Instance]:
        """What runs on a server, hosts before what they host."""
        return self._hosted.get(server, ())

    def incoming(self, target: Address) -> Sequence[Relationship]:
        """The relationships that lead to an instance, in the order of the graph."""
        return self._incoming.get(target, ())

    def compute(self, instance: Instance) -> Instance | None:
        """The server on which an instance runs, or which it is."""
        if instance.address not in self._computes:
            self._computes[instance.address] = compute_of(self.graph, instance)
        return self._computes[instance.address]

    def title(self, name: str) -> str:
        """How the cloud shows a thing of that name, so that deployments can be told apart."""
        return f"{self.portion.deployment}-{name}"

    def own_variable(self, wanted: str) -> str:
        """The name of a variable that no input is, as near to the wanted one as can be."""
        return unused(variable_name(wanted), self._input_names)

    def name(self, address: Address, role: str = "") -> str:
        """The name of the block for an instance and a role; each is used once."""
        key = (address, role)
        if key not in self._names:
            base = (
                address.template if address.index is None else f"{address.template}_{address.index}"
            )
            self._names[key] = self.fresh(f"{base}_{role}" if role else base)
        return self._names[key]

    def fresh(self, wanted: str) -> str:
        """A name that nothing has yet, as near to the wanted one as can be."""
        name = unused(safe(wanted), self._taken)
        self._taken.add(name)
        return name

    def report(
        self, rule: Rule, place: Place | None, message: str, *, hint: str | None = None
    ) -> None:
        self.findings.append(rule.at(place.span if place else None, message, hint=hint))

    def resource(
        self,
        type_: str,
        name: str,
        body: Mapping[str, Tf],
        cause: Instance | None,
        /,
        **more: Origin,
    ) -> str:
        """Add a resource; gives its address, to refer to it."""
        return self._add(Block("resource", type_, name, body, *_cause(cause), dict(more)))

    def origin(self, instance: Instance, property_: str) -> Origin:
        """The place of a property of an instance."""
        place = instance.places.get(property_, instance.place)
        return Origin(f"node {instance.name}", place, property_)

    def data(self, type_: str, name: str, body: Mapping[str, Tf], cause: Instance | None) -> str:
        """Add a data source; gives its address."""
        return self._add(Block("data", type_, name, body, *_cause(cause)))

    def _add(self, block: Block) -> str:
        self.blocks.setdefault(block.address, block)
        return block.address

    def variable(self, variable: Variable) -> str:
        """Declare a variable; gives the expression for it."""
        self.variables.setdefault(variable.name, variable)
        return f"var.{variable.name}"

    def given(self, value: Value) -> Value:
        """A value with every input that has one put in, for decisions made while translating."""
        return evaluate(value, self._input)

    def _input(self, reference: AttributeOf | InputOf) -> Value:
        if not isinstance(reference, InputOf):
            return reference
        source = self.graph.inputs.get(reference.name)
        if source is None or source.value is None:
            return reference
        try:
            return select(source.value, reference.path)
        except EvaluationError:
            return reference

    def read(self, artifact: Artifact) -> bytes | None:
        """The content of an artifact; None if it cannot be read, which is reported."""
        if artifact.content is None:
            self.report(
                UNREADABLE_ARTIFACT,
                artifact.place,
                f"`{artifact.file}` is no file of the service, and a server needs its content",
            )
            return None
        try:
            return artifact.content()
        except CannotRead as problem:
            self.report(UNREADABLE_ARTIFACT, artifact.place, f"`{artifact.file}`: {problem}")
            return None

    def put(self, path: str, data: bytes) -> str:
        """Keep a file beside the configuration; gives the expression for its path."""
        self.files[path] = Blob(hashlib.sha256(data).hexdigest(), data)
        return f"${{path.module}}/{path}"


def _cause(instance: Instance | None) -> tuple[Address | None, Origin | None]:
    if instance is None:
        return None, None
    return instance.address, Origin(f"node {instance.name}", instance.place)


def safe(name: str) -> str:
    """A name with nothing but letters, digits, `_` and `-`, that begins with a letter."""
    clean = re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_")[:120] or "unnamed"
    return clean if clean[0].isalpha() else f"n_{clean}"


def unused(wanted: str, taken: Iterable[str]) -> str:
    """The wanted name, with a number behind it if it is taken."""
    there = taken if isinstance(taken, set | frozenset) else set(taken)
    name, number = wanted, 1
    while name in there:
        number += 1
        name = f"{wanted}_{number}"
    return name


def variable_name(name: str) -> str:
    """The variable for an input; some names mean something to Terraform itself."""
    clean = safe(name)
    return f"{clean}_" if clean in _RESERVED else clean
