"""The stack while it is being written: its resources, parameters, outputs, files and findings."""

import hashlib
import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

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
from toscactl_heat.facts import Facts
from toscactl_heat.hot import GetFile, GetParam, GetResource, Hot

UNREADABLE_ARTIFACT = Rule(
    "heat-unreadable-artifact", "A file that an operation needs on a server cannot be read."
)

NO_DEFAULT = object()
STAGES = ("", "create", "configure", "start")


@dataclass(frozen=True, slots=True)
class HotResource:
    """One resource of the template. `member_of` is the scaling group whose member it belongs to."""

    name: str
    type: str
    properties: Mapping[str, Hot]
    depends_on: tuple[str, ...] = ()
    member_of: str | None = None
    instance: Address | None = None
    origin: Origin | None = None
    origins: Mapping[str, Origin] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the template. `default` is `NO_DEFAULT` where a value must be given."""

    name: str
    type: str = "string"
    description: str = ""
    default: object = NO_DEFAULT
    hidden: bool = False
    constraints: tuple[Mapping[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class HotOutput:
    name: str
    value: Hot
    description: str = ""


@dataclass(frozen=True, slots=True)
class Opening:
    """A port, or a range, of a server: open to anybody, or to servers and load balancers.

    `sources` says whether the service says who connects; if all of them are on the server itself,
    nothing is opened.
    """

    transport: str
    port: Value
    last: Value
    origin: Origin
    place: Place
    anybody: bool
    sources: bool
    servers: tuple[Address, ...] = ()
    balancers: tuple[Address, ...] = ()


class Names:
    """Names of resources and parameters, which Heat wants apart: each is used once.

    Inputs keep theirs. An instance's own name goes to its main resource; the others append what
    they are.
    """

    def __init__(self, instances: Iterable[Instance], inputs: Iterable[str]) -> None:
        self._taken: set[str] = set(inputs)
        self._of: dict[tuple[Address, str], str] = {}
        for instance in instances:
            self.of(instance.address)

    def of(self, address: Address, role: str = "") -> str:
        key = (address, role)
        if key not in self._of:
            base = (
                address.template if address.index is None else f"{address.template}_{address.index}"
            )
            self._of[key] = self.fresh(f"{base}_{role}" if role else base)
        return self._of[key]

    def fresh(self, wanted: str) -> str:
        """A name that nothing has yet, as near to the wanted one as can be."""
        name = unused(safe(wanted), self._taken)
        self._taken.add(name)
        return name


def safe(name: str) -> str:
    """A name with nothing but letters, digits, `_` and `-`: good for resources and file names."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_")[:200] or "unnamed"


def unused(wanted: str, taken: Container[str]) -> str:
    """The wanted name, with a number behind it if it is taken."""
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}_{number}"
    return name


class Draft:
    """What the modules of this backend write into, and look things up in."""

    def __init__(self, portion: Portion, facts: Facts) -> None:
        self.portion = portion
        self.facts = facts
        inputs = portion.graph.inputs if portion.parameters else ()
        self.here = {instance.address for instance in portion.instances}
        self.instances = tuple(it for it in portion.graph if it.address in self.here)
        """What the stack carries, every one after those that it needs."""
        self.names = Names(self.instances, inputs)
        self._parameter_names: dict[str, str] = {}
        self._servers = sum(instance.is_a(COMPUTE) for instance in self.instances)
        self._incoming: dict[Address, list[Relationship]] = {}
        for instance in portion.graph:
            for edge in instance.relationships:
                self._incoming.setdefault(edge.target, []).append(edge)
        self._hosted: dict[Address, list[Instance]] = {}
        for instance in self.instances:
            server = compute_of(portion.graph, instance)
            if server is not None and server is not instance:
                self._hosted.setdefault(server.address, []).append(instance)
        self._done: dict[Address, dict[str, tuple[str, ...]]] = {}
        self.mounted: dict[Address, tuple[str, ...]] = {}
        """What to wait for until the volumes of an instance are where it wants them."""
        self.resources: dict[str, HotResource] = {}
        self.parameters: dict[str, Parameter] = {}
        self.outputs: dict[str, HotOutput] = {}
        self.files: dict[str, Blob] = {}
        self.findings: list[Diagnostic] = []
        self._said: set[tuple[str, Place | None, str]] = set()
        self.public: frozenset[Address] = frozenset()
        """Compute nodes and load balancers that need a public address."""
        self.alone: frozenset[Address] = frozenset()
        """Containers that are hosted on no server of the stack."""
        self.scaled: Mapping[Address, str] = {}
        """Compute nodes that are members of scaling groups, with the name of the group."""
        self.attributes: dict[tuple[Address, tuple[str | int, ...]], tuple[str, str]] = {}
        """Attributes that operations give: the deployment and the name of its output."""
        self.served: Mapping[Address, tuple[Address, ...]] = {}
        """Load balancers with the servers that they send requests to."""
        self.openings: Mapping[Address, tuple[Opening, ...]] = {}
        """What is to be reached on each server."""
        self.guarded: frozenset[Address] = frozenset()
        """Servers that have a security group."""
        self.asked: dict[Address, list[str]] = {}
        """Outputs of operations that values ask for, as `<interface>.<operation>.<output>`."""
        self.in_gib: frozenset[str] = frozenset()
        """Inputs that are parameters in whole GiB."""

    @property
    def only_server(self) -> bool:
        """Whether there is but one server, so that its parameters need no name in front."""
        return self._servers <= 1

    @property
    def graph(self) -> InstanceGraph:
        return self.portion.graph

    def incoming(self, target: Address) -> Sequence[Relationship]:
        """The relationships that lead to an instance, in the order of the graph."""
        return self._incoming.get(target, ())

    def hosted(self, server: Address) -> Sequence[Instance]:
        """What runs on a server, hosts before what they host."""
        return self._hosted.get(server, ())

    def seat(self, instance: Instance) -> Address | None:
        """Where an instance is reached: its server, or itself as a container on none."""
        compute = compute_of(self.graph, instance)
        if compute is not None:
            return compute.address if compute.address in self.here else None
        return instance.address if instance.address in self.alone else None

    def finish(self, address: Address, names: tuple[str, ...], stage: str = "start") -> None:
        """Note which resources are there when an instance has reached a stage."""
        self._done.setdefault(address, {})[stage] = names

    def done_at(self, address: Address, stage: str | None) -> tuple[str, ...]:
        """What to wait for until an instance has reached a stage, or the last one before it."""
        stages = self._done.get(address, {})
        if stage not in STAGES:
            return next(reversed(stages.values()), ())
        for earlier in reversed(STAGES[: STAGES.index(stage) + 1]):
            if earlier in stages:
                return stages[earlier]
        return ()

    def report(
        self, rule: Rule, place: Place | None, message: str, *, hint: str | None = None
    ) -> None:
        if (rule.name, place, message) not in self._said:
            self._said.add((rule.name, place, message))
            self.findings.append(rule.at(place.span if place else None, message, hint=hint))

    def add(self, resource: HotResource) -> GetResource:
        assert resource.name not in self.resources, f"{resource.name} is there already"
        self.resources[resource.name] = resource
        return GetResource(resource.name)

    def parameter(self, parameter: Parameter) -> GetParam:
        """Ask for a parameter of that very name; the same one again is the same parameter."""
        known = self.parameters.get(parameter.name)
        if known is None:
            self.parameters[parameter.name] = parameter
        return GetParam(parameter.name)

    def own_parameter(self, wanted: str, parameter: Parameter) -> GetParam:
        """A parameter that no input is, under the wanted name if it is free; the same if again."""
        if wanted not in self._parameter_names:
            self._parameter_names[wanted] = self.names.fresh(wanted)
        return self.parameter(replace(parameter, name=self._parameter_names[wanted]))

    def constrain(self, name: str, constraint: str) -> None:
        """Let Heat check that the value of a parameter names a thing of the cloud."""
        known = self.parameters.get(name)
        wanted = {"custom_constraint": constraint}
        if known is not None and known.type == "string" and wanted not in known.constraints:
            self.parameters[name] = replace(known, constraints=(*known.constraints, wanted))

    def given(self, value: Value) -> Value:
        """A value with every input that has one put in, for decisions that Heat cannot make."""
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

    def file(self, artifact: Artifact) -> tuple[GetFile, bytes] | None:
        """An artifact as a file beside the template, and what is in it; None if unreadable."""
        if artifact.content is None:
            self.report(
                UNREADABLE_ARTIFACT,
                artifact.place,
                f"`{artifact.file}` is no file of the service, and a server needs its content",
            )
            return None
        try:
            data = artifact.content()
        except CannotRead as problem:
            self.report(UNREADABLE_ARTIFACT, artifact.place, f"`{artifact.file}`: {problem}")
            return None
        return GetFile(self.put(artifact.file, data)), data

    def put(self, path: str, data: bytes) -> str:
        """Keep a file under a path like the one that is wanted; gives the path that it got."""
        blob = Blob(hashlib.sha256(data).hexdigest(), data)
        parts = [safe_part(part) for part in path.replace("\\", "/").split("/")]
        clean = "/".join(part for part in parts if part) or "file"
        stem, dot, suffix = clean.rpartition(".")
        number, name = 1, clean
        while name in self.files and self.files[name] != blob:
            number += 1
            name = f"{stem}-{number}.{suffix}" if dot else f"{clean}-{number}"
        self.files[name] = blob
        return name


def safe_part(part: str) -> str:
    """One part of a path that stays where it is put."""
    return "" if part in {"", ".", ".."} else re.sub(r"[^A-Za-z0-9._-]+", "_", part)
