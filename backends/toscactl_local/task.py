"""`Task`: one operation of a node or relationship as it will run on this machine, as plain data."""

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from toscactl.backend import Address, Unit, Value

UPDATE = ("update", "modify")
"""Operations that change a node in place, by the names in use."""
CONFIGURING = frozenset(
    {
        "pre_configure_source",
        "pre_configure_target",
        "configure",
        "post_configure_source",
        "post_configure_target",
    }
)
STARTING = frozenset({"start", "add_target", "add_source"})
SEQUENCE = (
    "create",
    "pre_configure_source",
    "pre_configure_target",
    "configure",
    "post_configure_source",
    "post_configure_target",
    "start",
    "add_target",
    "add_source",
)
"""The way up (TOSCA 1.3, 7.2.2): operations of a node, and between them those of its edges."""
TARGET_CHANGED = "target_changed"
WAY_BACK = ("remove_target", "remove_source", "stop", "delete")
COUNTERPART: Mapping[str, str] = {
    "stop": "start",
    "delete": "create",
    "remove_target": "add_target",
    "remove_source": "add_source",
}
"""What an operation of the way back undoes."""
ON_TARGET = frozenset(
    {"pre_configure_target", "post_configure_target", "add_source", "remove_source"}
)
"""Operations of a relationship that run on the host of its target."""


@dataclass(frozen=True, slots=True)
class Edge:
    """The relationship that an operation belongs to."""

    name: str
    source: Address
    target: Address
    capability: str
    source_host: str
    target_host: str
    properties: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Task:
    """One operation as it will run.

    `key` is unique within the unit. `base` is the folder, relative to the working folder, from
    which the script is named as in the service; `files` maps paths below the working folder to
    keys of `Unit.files`. `interpreter` is `bash`, `python` or `program` (run as it is).
    `root_of` is the node whose file tree `$TOSCA_ROOT` is.
    """

    key: str
    name: str
    interface: str
    script: str
    path: str
    interpreter: str
    base: str
    files: Mapping[str, str]
    digest: str
    root_of: str
    host: str
    inputs: Mapping[str, Value] = field(default_factory=dict)
    outputs: Mapping[str, tuple[Address, tuple[str | int, ...]]] = field(default_factory=dict)
    asked: tuple[str, ...] = ()
    """Outputs that are asked for by `get_operation_output`; with or without a declaration."""
    timeout: float | None = None
    retries: int = 0
    backoff: float = 1.0
    run_once: bool = False
    edge: Edge | None = None

    @property
    def reported(self) -> tuple[str, ...]:
        """The names of all outputs that somebody waits for."""
        return tuple(dict.fromkeys((*self.outputs, *self.asked)))


def to_payload(task: Task) -> Mapping[str, Value]:
    """A task as values, for `Unit.payload` and `Step.payload`. `from_payload` reads it back."""
    return {
        "key": task.key,
        "operation": task.name,
        "interface": task.interface,
        "script": task.script,
        "path": task.path,
        "interpreter": task.interpreter,
        "base": task.base,
        "files": dict(task.files),
        "digest": task.digest,
        "root_of": task.root_of,
        "host": task.host,
        "inputs": dict(task.inputs),
        "outputs": {name: (str(address), *path) for name, (address, path) in task.outputs.items()},
        "asked": task.asked,
        "timeout": task.timeout,
        "retries": task.retries,
        "backoff": task.backoff,
        "run_once": task.run_once,
        "edge": None if task.edge is None else _edge_payload(task.edge),
    }


def _edge_payload(edge: Edge) -> Mapping[str, Value]:
    return {
        "name": edge.name,
        "source": str(edge.source),
        "target": str(edge.target),
        "capability": edge.capability,
        "source_host": edge.source_host,
        "target_host": edge.target_host,
        "properties": dict(edge.properties),
    }


def from_payload(payload: Mapping[str, Value]) -> Task:
    """The task that `to_payload` wrote."""
    timeout = payload.get("timeout")
    edge = payload.get("edge")
    return Task(
        key=string(payload, "key"),
        name=string(payload, "operation"),
        interface=string(payload, "interface"),
        script=string(payload, "script"),
        path=string(payload, "path"),
        interpreter=string(payload, "interpreter"),
        base=string(payload, "base"),
        files={name: str(key) for name, key in mapping(payload, "files").items()},
        digest=string(payload, "digest"),
        root_of=string(payload, "root_of"),
        host=string(payload, "host"),
        inputs=mapping(payload, "inputs"),
        outputs={name: _output(value) for name, value in mapping(payload, "outputs").items()},
        asked=_names(payload.get("asked")),
        timeout=None if timeout is None else float(str(timeout)),
        retries=int(string(payload, "retries")),
        backoff=float(string(payload, "backoff")),
        run_once=payload.get("run_once") is True,
        edge=_edge(edge) if isinstance(edge, Mapping) else None,
    )


def _edge(payload: Mapping[str, Value]) -> Edge:
    return Edge(
        name=string(payload, "name"),
        source=Address.parse(string(payload, "source")),
        target=Address.parse(string(payload, "target")),
        capability=string(payload, "capability"),
        source_host=string(payload, "source_host"),
        target_host=string(payload, "target_host"),
        properties=mapping(payload, "properties"),
    )


def _names(value: Value) -> tuple[str, ...]:
    return tuple(str(name) for name in value) if isinstance(value, tuple | list) else ()


def _output(value: Value) -> tuple[Address, tuple[str | int, ...]]:
    assert isinstance(value, Sequence)
    address, *path = value
    return Address.parse(str(address)), tuple(
        part if isinstance(part, int) else str(part) for part in path
    )


def tasks_of(unit: Unit) -> tuple[Task, ...]:
    """The tasks of a unit: the way up, then the update, then the way back."""
    tasks = unit.payload.get("tasks", ())
    assert isinstance(tasks, Sequence)
    return tuple(from_payload(task) for task in tasks if isinstance(task, Mapping))


def mapping(payload: Mapping[str, Value], key: str) -> Mapping[str, Value]:
    """A mapping inside a payload; an empty one if it is not there."""
    value = payload.get(key)
    return value if isinstance(value, Mapping) else {}


def string(payload: Mapping[str, Value], key: str) -> str:
    """A scalar inside a payload as text; empty if it is not there."""
    value = payload.get(key)
    return "" if value is None else str(value)


def inside(paths: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Paths as written in a service -> a base folder, and where they lie under the root of it.

    A path may lead above the service's own folder (`../common/lib.sh`); the base lies deep enough
    that all of them stay below one root and keep their places relative to each other.
    """
    normal = [posixpath.normpath(_relative(path)) for path in paths]
    depth = max((path.split("/").count("..") for path in normal), default=0)
    base = "/".join(["service"] * depth)
    return base, tuple(posixpath.normpath(posixpath.join(base, path)) for path in normal)


def _relative(path: str) -> str:
    """A web address or absolute path by its last names, anything else as it is."""
    if "://" in path:
        return posixpath.basename(path.split("?", maxsplit=1)[0].rstrip("/")) or "script"
    return path.replace("\\", "/").lstrip("/") or "script"
