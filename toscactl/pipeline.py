"""The stages joined: what the command line does, as functions.

Nothing here prints, exits or reads the environment; everything that is needed is given.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from threading import Event as CancelEvent

from toscactl import document, execution, inventory, placement, planning, state
from toscactl.backend import Backend, Portion, Unit
from toscactl.diagnostics import Checked, Diagnostic, closest
from toscactl.errors import (
    BackendError,
    InvalidService,
    UnknownDeployment,
    UnknownTarget,
)
from toscactl.execution import Event
from toscactl.graph import InstanceGraph
from toscactl.planning import Plan, SavedPlan
from toscactl.service import (
    Inputs,
    Service,
    Text,
    check_inputs,
    load,
    resolve,
    resolved,
    validate,
)
from toscactl.source import Source
from toscactl.state import State, Store
from toscactl.targets import BUILT_IN, Target
from toscactl.values import Value

__all__ = [
    "Inputs",
    "Service",
    "Text",
    "Translation",
    "apply",
    "check_inputs",
    "deployment",
    "destroy",
    "find_targets",
    "installed",
    "load",
    "open_store",
    "outputs",
    "plan",
    "plan_destroy",
    "read_plan",
    "resolve",
    "translate",
    "validate",
    "verify_plan",
    "version",
]


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
    graph: InstanceGraph,
    chosen: Sequence[Target],
    backends: Mapping[str, Backend],
    deployment: str,
    *,
    parameters: bool,
) -> Checked[tuple[tuple[Portion, tuple[Unit, ...]], ...]]:
    placed = placement.place(graph, chosen, backends)
    lowered: list[tuple[Portion, tuple[Unit, ...]]] = []
    found = list(placed.diagnostics)
    if placed.ok:
        for portion in placement.portions(
            placed.value, graph, chosen, deployment=deployment, parameters=parameters
        ):
            units = backends[portion.target.backend].lower(portion)
            found.extend(units.diagnostics)
            lowered.append((portion, units.value))
    return Checked(tuple(lowered), tuple(found))


@document.collector_paused()
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
    graph = resolved(service, inputs or {}, parameters=True)
    lowered = _lower(graph.value, (target,), usable, name or service.name, parameters=True)
    found = graph.diagnostics + lowered.diagnostics
    if not lowered.ok:
        raise InvalidService(f"`{service.path}` cannot be expressed on `{target.name}`", found)
    files: dict[str, bytes] = {}
    for portion, units in lowered.value:
        files.update(usable[target.backend].files(portion, units))
    return Translation(target, files, found)


@document.collector_paused()
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
    graph = resolved(service, inputs or {}, parameters=False)
    lowered = _lower(graph.value, chosen, usable, deployment, parameters=False)
    if not lowered.ok:
        names = ", ".join(f"`{target.name}`" for target in chosen)
        found = graph.diagnostics + lowered.diagnostics
        raise InvalidService(f"`{service.path}` cannot be expressed on {names}", found)
    made = planning.diff(
        planning.Wanted(
            deployment=deployment,
            graph=graph.value,
            targets=tuple(chosen),
            units=tuple(unit for _, units in lowered.value for unit in units),
            diagnostics=lowered.diagnostics,
            source=service.path,
            digest=service.digest,
            tool_version=version(),
        ),
        store.read(deployment),
        installed() if backends is None else backends,
    )
    return replace(made, diagnostics=graph.diagnostics)


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

    Raises `Locked` if somebody else is at it, `StalePlan` if the state has moved since, and
    `BackendError` if a target cannot be reached or deployed to; nothing is touched then.
    To cancel, set `cancel` or close the iterator.
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


def read_plan(text: str) -> SavedPlan:
    """A plan that `planning.to_json` wrote. Raises `CannotRead` if it is none."""
    return planning.from_json(text)


def verify_plan(saved: SavedPlan, now: Plan) -> None:
    """Whether a saved plan is what would be done now. Raises `StalePlan`, naming what moved."""
    planning.verify(saved, now)
