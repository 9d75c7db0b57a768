"""The stages joined: what the command line does, as functions.

Nothing here prints, exits or reads the environment; everything that is needed is given.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from threading import Event as CancelEvent

import toscactl_profiles
from toscactl import (
    document,
    execution,
    graph,
    inventory,
    loading,
    placement,
    planning,
    state,
    topology,
    typesystem,
)
from toscactl.backend import Backend, Portion, Unit
from toscactl.definitions import TypeKind
from toscactl.diagnostics import Checked, Diagnostic, Severity, closest, render
from toscactl.errors import (
    BackendError,
    CannotRead,
    InvalidInputs,
    InvalidService,
    UnknownDeployment,
    UnknownTarget,
)
from toscactl.execution import Event
from toscactl.graph import InstanceGraph
from toscactl.planning import Plan, SavedPlan
from toscactl.source import Source
from toscactl.state import State, Store
from toscactl.targets import BUILT_IN, Target
from toscactl.topology import Topology
from toscactl.values import Value

Inputs = Mapping[str, object]
"""Values of inputs by name: plain JSON-like data, or `Text` as somebody typed it."""


@dataclass(frozen=True, slots=True)
class Text:
    """An input as it was typed: what it means is decided by the declared type of the input.

    `source` is what messages call it, e.g. `-i port` or `$TOSCACTL_INPUT_port`.
    """

    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Service:
    """A service that was read and checked. `topology` is complete only if there is no error.

    `name` is `metadata: template_name`, else the stem of the file, folder or archive;
    `digest` the SHA-256 of all its files.
    """

    path: str
    name: str
    topology: Topology
    diagnostics: tuple[Diagnostic, ...]
    digest: str
    files: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether it may be planned: nothing that was found is an error."""
        return all(d.severity is not Severity.ERROR for d in self.diagnostics)


@dataclass(frozen=True, slots=True)
class Translation:
    """Native files for one target, by relative path, and what was found on the way."""

    target: Target
    files: Mapping[str, bytes]
    diagnostics: tuple[Diagnostic, ...]


def version() -> str:
    """The version of toscactl that is installed."""
    return metadata.version("toscactl")


class _Installed(Mapping[str, Backend]):
    """Backends by name, each imported when it is first asked for."""

    def __init__(self, entries: Mapping[str, metadata.EntryPoint]) -> None:
        self._entries = entries
        self._loaded: dict[str, Backend] = {}

    def __getitem__(self, name: str) -> Backend:
        if name not in self._loaded:
            entry = self._entries[name]
            try:
                self._loaded[name] = entry.load()()
            except (ImportError, AttributeError, TypeError) as wrong:
                raise BackendError(
                    f"the backend `{name}` ({entry.value}) cannot be loaded: {wrong}"
                ) from wrong
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


def installed() -> Mapping[str, Backend]:
    """The backends that are installed, by name (entry-point group `toscactl.backends`).

    Looking one up imports it; raises `BackendError` if that fails.
    """
    entries = metadata.entry_points(group="toscactl.backends")
    return _Installed({entry.name: entry for entry in entries})


def load(path: str, *, offline: bool = False, profile_paths: Sequence[str] = ()) -> Service:
    """Read a service file, folder or CSAR and check it by every rule.

    Raises `CannotRead` if there is nothing to read. What is wrong with the text is in
    `Service.diagnostics`, all of it; nothing is raised for it.
    """
    opened = loading.open_path(path, offline=offline, profile_paths=profile_paths)
    bundle = loading.load(opened.location, opened.fetch)
    checked = bundle.then(typesystem.bind).then(topology.build)
    return Service(
        path,
        checked.value.name or opened.stem,
        checked.value,
        opened.diagnostics + checked.diagnostics,
        loading.digest(bundle.value),
        tuple(item.file.source.name for item in bundle.value.files.values()),
    )


def validate(
    service: Service, inputs: Inputs | None = None, *, strict: bool = False
) -> tuple[Diagnostic, ...]:
    """Everything that was found, by file and place; with `inputs`, what is wrong with those too.

    `strict` is the letter of the standard: what is tolerated by default becomes an error.
    """
    found = service.diagnostics
    if inputs is not None and service.ok:
        found += check_inputs(service, inputs)
    if strict:
        found = tuple(diagnostic.strictly() for diagnostic in found)
    return tuple(render.in_order(found))


def resolve(
    service: Service, inputs: Inputs | None = None, *, open_inputs: bool = False
) -> InstanceGraph:
    """The graph of instances, every value as far as it can be known before deployment.

    With `open_inputs` no input is missing: those without a value stay open, as `InputOf`.
    Raises `InvalidService` for errors in the text, `InvalidInputs` for those in the inputs.
    """
    return _resolve(service, inputs or {}, parameters=open_inputs).value


def check_inputs(service: Service, inputs: Inputs) -> tuple[Diagnostic, ...]:
    """What is wrong with a service for these inputs; empty for nothing. It must be `ok` itself."""
    return _instantiate(service, inputs, parameters=False).diagnostics


def _resolve(service: Service, inputs: Inputs, *, parameters: bool) -> Checked[InstanceGraph]:
    if not service.ok:
        raise InvalidService(f"`{service.path}` is not valid", service.diagnostics)
    checked = _instantiate(service, inputs, parameters=parameters)
    if not checked.ok:
        raise InvalidInputs(f"`{service.path}` cannot be resolved", checked.diagnostics)
    return checked


def _instantiate(service: Service, inputs: Inputs, *, parameters: bool) -> Checked[InstanceGraph]:
    nodes: dict[str, document.Node] = {}
    found: list[Diagnostic] = []
    for name, value in inputs.items():
        parsed = _input_node(service.topology, name, value)
        found.extend(parsed.diagnostics)
        if parsed.value is not None:
            nodes[name] = parsed.value
    checked = graph.instantiate(
        service.topology, nodes, service=service.name, parameters=parameters
    )
    return Checked(checked.value, tuple(found) + checked.diagnostics)


def _input_node(service: Topology, name: str, value: object) -> Checked[document.Node | None]:
    if isinstance(value, document.Node):
        return Checked(value)
    if isinstance(value, Text):
        source = Source(value.source, value.text)
        declared = service.inputs.get(name)
        if declared is None or declared.definition.schema.type.primitive == "string":
            at = document.pack(0, len(value.text))
            return Checked(document.Scalar(source, at, value.text, plain=False))
    else:
        import json

        source = Source(f"input {name}", json.dumps(value, ensure_ascii=False))
    parsed = document.parse(source)
    return Checked(parsed.value.root, parsed.diagnostics)


def find_targets(names: Sequence[str], file: Source | None = None) -> tuple[Target, ...]:
    """The targets of these names, from a `targets.yaml` or built in. Raises `UnknownTarget`."""
    known: Mapping[str, Target] = BUILT_IN
    if file is not None:
        read = inventory.read(file)
        if not read.ok:
            raise InvalidService(f"`{file.name}` is not a file of targets", read.diagnostics)
        known = read.value
    for name in names:
        if name not in known:
            guess = closest(name, known)
            raise UnknownTarget(
                f"there is no target `{name}`",
                hint=f"did you mean `{guess}`?" if guess else f"known are: {', '.join(known)}",
            )
    return tuple(known[name] for name in dict.fromkeys(names))


def _backends_for(
    chosen: Sequence[Target], backends: Mapping[str, Backend]
) -> Mapping[str, Backend]:
    for target in chosen:
        if target.backend not in backends:
            raise UnknownTarget(
                f"target `{target.name}` needs the backend `{target.backend}`,"
                " which is not installed",
                hint=f"installed are: {', '.join(sorted(backends))}",
            )
    return {target.backend: backends[target.backend] for target in chosen}


def _lower(
    resolved: InstanceGraph,
    chosen: Sequence[Target],
    backends: Mapping[str, Backend],
    deployment: str,
    *,
    parameters: bool,
) -> Checked[tuple[tuple[Portion, tuple[Unit, ...]], ...]]:
    placed = placement.place(resolved, chosen, backends)
    lowered: list[tuple[Portion, tuple[Unit, ...]]] = []
    found = list(placed.diagnostics)
    if placed.ok:
        for portion in placement.portions(
            placed.value, resolved, chosen, deployment=deployment, parameters=parameters
        ):
            units = backends[portion.target.backend].lower(portion)
            found.extend(units.diagnostics)
            lowered.append((portion, units.value))
    return Checked(tuple(lowered), tuple(found))


def translate(
    service: Service,
    target: Target,
    inputs: Inputs | None = None,
    *,
    name: str | None = None,
    backends: Mapping[str, Backend] | None = None,
) -> Translation:
    """Native files for a target, ready to use without toscactl; inputs become its parameters.

    Raises `InvalidService` if something cannot be expressed there, with every place and reason.
    """
    usable = _backends_for((target,), installed() if backends is None else backends)
    resolved = _resolve(service, inputs or {}, parameters=True)
    lowered = _lower(resolved.value, (target,), usable, name or service.name, parameters=True)
    found = resolved.diagnostics + lowered.diagnostics
    if not lowered.ok:
        raise InvalidService(f"`{service.path}` cannot be expressed on `{target.name}`", found)
    files: dict[str, bytes] = {}
    for portion, units in lowered.value:
        files.update(usable[target.backend].files(portion, units))
    return Translation(target, files, found)


def plan(
    service: Service,
    chosen: Sequence[Target],
    inputs: Inputs | None = None,
    *,
    store: Store,
    name: str | None = None,
    backends: Mapping[str, Backend] | None = None,
) -> Plan:
    """What would change, and why. Nothing is touched.

    Raises `InvalidService` if something cannot be expressed on the targets.
    """
    deployment = name or service.name
    usable = _backends_for(chosen, installed() if backends is None else backends)
    resolved = _resolve(service, inputs or {}, parameters=False)
    lowered = _lower(resolved.value, chosen, usable, deployment, parameters=False)
    found = resolved.diagnostics + lowered.diagnostics
    if not lowered.ok:
        names = ", ".join(f"`{target.name}`" for target in chosen)
        raise InvalidService(f"`{service.path}` cannot be expressed on {names}", found)
    return planning.diff(
        planning.Wanted(
            deployment=deployment,
            graph=resolved.value,
            targets=tuple(chosen),
            units=tuple(unit for _, units in lowered.value for unit in units),
            diagnostics=found,
            source=service.path,
            digest=service.digest,
            tool_version=version(),
        ),
        store.read(deployment),
        installed() if backends is None else backends,
    )


def plan_destroy(name: str, *, store: Store, backends: Mapping[str, Backend] | None = None) -> Plan:
    """What it takes to remove a deployment, from its state alone. Raises `UnknownDeployment`."""
    return planning.destroy(
        _deployed(name, store),
        installed() if backends is None else backends,
        tool_version=version(),
    )


def _deployed(name: str, store: Store) -> State:
    found = store.read(name)
    if not found.exists:
        known = store.deployments()
        guess = closest(name, known)
        if guess:
            hint = f"did you mean `{guess}`?"
        else:
            hint = f"there are: {', '.join(known)}" if known else "nothing is deployed"
        raise UnknownDeployment(f"there is no deployment `{name}`", hint=hint)
    return found


def apply(
    wanted: Plan,
    *,
    store: Store,
    parallelism: int = 10,
    cancel: CancelEvent | None = None,
    backends: Mapping[str, Backend] | None = None,
) -> Iterator[Event]:
    """Carry out a plan; yields what happens as it happens, `Finished` last.

    Raises `Locked` if somebody else is at it and `StalePlan` if the state has moved since;
    nothing is touched then. To cancel, set `cancel` or close the iterator.
    """
    usable = installed() if backends is None else backends
    return execution.execute(wanted, store, usable, parallelism=parallelism, cancel=cancel)


def destroy(
    name: str,
    *,
    store: Store,
    parallelism: int = 10,
    cancel: CancelEvent | None = None,
    backends: Mapping[str, Backend] | None = None,
) -> Iterator[Event]:
    """Remove a deployment, half-created things too; the source is not needed."""
    wanted = plan_destroy(name, store=store, backends=backends)
    return apply(wanted, store=store, parallelism=parallelism, cancel=cancel, backends=backends)


def open_store(path: str) -> Store:
    """The store of states in a folder, made if it is not there. Raises `StateError`."""
    return state.open_store(path)


def outputs(name: str, *, store: Store) -> Mapping[str, Value]:
    """The outputs of a deployment, as far as they are known. Raises `UnknownDeployment`."""
    return execution.outputs(_deployed(name, store))


def deployment(name: str, *, store: Store) -> State:
    """All that is known of a deployment. Raises `UnknownDeployment`."""
    return _deployed(name, store)


@dataclass(frozen=True, slots=True)
class Profile:
    """A bundled profile, and how many types it has."""

    name: str
    version: str
    types: int


def profiles() -> tuple[Profile, ...]:
    """The bundled profiles, sorted by name and version."""
    found = []
    for name, number in toscactl_profiles.names():
        types = _profile_types(name, number)
        count = sum(len(types.names(kind)) for kind in TypeKind)
        found.append(Profile(name, number, count))
    return tuple(found)


def _profile_types(name: str, number: str) -> typesystem.TypeSystem:
    fetch = loading.MemoryFetch({})
    return loading.load(f"profile:{name}/{number}", fetch).then(typesystem.bind).value


def describe_type(
    name: str,
    *,
    version: str = "1.3",
    path: str | None = None,
    offline: bool = False,
    profile_paths: Sequence[str] = (),
) -> str:
    """A type as text, with everything that it inherits and where from.

    It is looked up in the Simple Profile of a version, or in the service at `path` and what that
    imports, by its full, short or qualified name. Raises `CannotRead` if there is none.
    """
    if path is not None:
        types = load(path, offline=offline, profile_paths=profile_paths).topology.types
    elif ("simple", version) in toscactl_profiles.names():
        types = _profile_types("simple", version)
    else:
        known = ", ".join(f"{name} {number}" for name, number in toscactl_profiles.names())
        raise CannotRead(
            f"there is no version `{version}` of the profile", hint=f"there are: {known}"
        )
    root = types.bundle.root.file.source
    found = []
    for kind in TypeKind:
        written = document.Scalar(root, 0, name, plain=True)
        if types.knows(kind, written):
            found.append(typesystem.describe(types.find(kind, written).value))
    if not found:
        guess = closest(name, [one for kind in TypeKind for one in types.names(kind)])
        raise CannotRead(
            f"there is no type `{name}`", hint=f"did you mean `{guess}`?" if guess else None
        )
    return "\n".join(found)


def read_plan(text: str) -> SavedPlan:
    """A plan that `planning.to_json` wrote. Raises `CannotRead` if it is none."""
    return planning.from_json(text)


def verify_plan(saved: SavedPlan, now: Plan) -> None:
    """Whether a saved plan is what would be done now. Raises `StalePlan`, naming what moved."""
    planning.verify(saved, now)
