"""Lifecycle operations of a workload, as shell scripts that its container runs.

All components of a pod are set up in one container, in the order of TOSCA: whatever a component
is hosted on is started before the component is created (TOSCA 1.3, 7.2; a Database needs its DBMS
running). `start.sh` then stays in the foreground as long as what was started lives; `stop.sh` is
the container's `preStop`.
"""

import base64
import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files

from toscactl.backend import (
    Address,
    Artifact,
    Instance,
    Operation,
    Place,
    Relationship,
    Rule,
    Severity,
    Value,
    endpoints,
)
from toscactl_kubernetes.environment import entries
from toscactl_kubernetes.images import container_artifact, is_container_image
from toscactl_kubernetes.manifests import Draft, Manifest, annotations_of
from toscactl_kubernetes.naming import config_key, dns_label
from toscactl_kubernetes.terms import Composer, FromOperation, FromSecret, Later, Term, Use
from toscactl_kubernetes.workloads import Workload

ARTIFACT_NOT_RUNNABLE = Rule(
    "kubernetes-artifact-not-runnable", "An operation's artifact cannot be run in a container."
)
ARTIFACT_TOO_LARGE = Rule(
    "kubernetes-artifact-too-large", "A file is too large for a ConfigMap, which holds 1 MiB."
)
OPERATION_ELSEWHERE = Rule(
    "kubernetes-operation-elsewhere",
    "An operation of a relationship would have to run in another pod.",
    Severity.WARNING,
)

NEEDS_ROOT = Rule(
    "kubernetes-needs-root",
    "A script seems to need the rights of root, which its container does not have.",
    Severity.WARNING,
)

FILES_PATH = "/opt/toscactl"
WORK_PATH = "/work"
ROOT_PATH = f"{WORK_PATH}/root"
STARTED = f"{WORK_PATH}/started"
CONFIG_MAP_LIMIT = 900_000
"""Bytes; an object of the API holds at most 1 MiB, its metadata included."""

_SOURCE = f'. "${{FILES:-{FILES_PATH}}}/lifecycle.sh"'
_BASH = "tosca.artifacts.Implementation.Bash"
_PYTHON = "tosca.artifacts.Implementation.Python"
_ROOT_WORDS = re.compile(
    rb"^\s*(?:sudo\s.*|(?:apt|apt-get|yum|dnf|apk|zypper|systemctl|service|useradd|adduser|groupadd"
    rb"|mount|mkfs\S*|sysctl|modprobe)\s.*)$",
    re.MULTILINE,
)
_STAGES = (
    ("before", ("pre_configure_source", "pre_configure_target")),
    ("after", ("post_configure_source", "post_configure_target")),
    ("added", ("add_target", "add_source")),
)
_ON_TARGET = frozenset({"pre_configure_target", "post_configure_target", "add_source"})


@dataclass(frozen=True, slots=True)
class Call:
    """An operation to be run in a pod: on which component, or for which relationship."""

    operation: Operation
    component: Instance
    edge: Relationship | None = None

    @property
    def node(self) -> str:
        return str(self.component.address)

    @property
    def label(self) -> str:
        if self.edge is None:
            return self.operation.name
        return f"{self.operation.name}.{self.edge.name}"


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """What a container needs to run the operations of its components."""

    config_maps: tuple[Manifest, ...]
    volume: Mapping[str, Value]
    variables: tuple[Mapping[str, Value], ...]
    secrets: tuple[FromSecret, ...]
    stops: bool
    digest_of: tuple[str, ...]
    seconds: float
    """How long setting up may take, as far as timeouts say; 0 if they do not."""


@dataclass(slots=True)
class _Script:
    """A shell script in the making, and what it needs from outside."""

    lines: list[str] = field(default_factory=list)
    secrets: dict[tuple[str, str], FromSecret] = field(default_factory=dict)
    variables: list[Mapping[str, Value]] = field(default_factory=list)
    identity: str = ""
    """The node whose operations are being written."""


def lifecycle(
    draft: Draft,
    composer: Composer,
    workload: Workload,
    volumes: Sequence[str],
    *,
    stays: bool,
) -> Lifecycle:
    """The scripts of a workload, and what its container must have to run them.

    `stays` says whether the container goes on when everything is started.
    """
    script = _Script()
    contents: dict[str, bytes] = {"lifecycle.sh": _shared()}
    starts = list(_starts(draft, workload))
    opening = ["begin", *(f"volume {shlex.quote(path)}" for path in volumes)]
    closing = ["stay"] if stays else []
    contents["start.sh"] = _start(composer, workload, script, starts, (opening, closing))
    stops = list(_stops(workload))
    if stops:
        contents["stop.sh"] = _stop(composer, workload, script, stops)
    for call in (*starts, *stops):
        contents |= _folder(draft, call)
    maps, sources = _config_maps(draft, workload, contents)
    volume: dict[str, Value] = {
        "name": "scripts",
        "projected": {"defaultMode": 0o555, "sources": tuple(sources)},
    }
    return Lifecycle(
        tuple(maps),
        volume,
        tuple(script.variables),
        tuple(script.secrets.values()),
        bool(stops),
        tuple(manifest.name for manifest in maps),
        sum(call.operation.timeout or 0 for call in starts),
    )


def _shared() -> bytes:
    return files("toscactl_kubernetes").joinpath("lifecycle.sh").read_bytes()


def _starts(draft: Draft, workload: Workload) -> Iterator[Call]:
    """The operations that bring the components up, in order (execution of TOSCA 1.3, 7.2.3)."""
    for component in workload.components:
        yield from _own(component, "create")
        yield from _of_edges(draft, workload, component, "before")
        yield from _own(component, "configure")
        yield from _of_edges(draft, workload, component, "after")
        yield from _own(component, "start")
        yield from _of_edges(draft, workload, component, "added")


def _stops(workload: Workload) -> Iterator[Call]:
    for component in reversed(workload.components):
        yield from _own(component, "stop")


def _own(component: Instance, name: str) -> Iterator[Call]:
    operation = component.operation(name)
    if operation is not None and not is_container_image(operation.primary):
        yield Call(operation, component)


def _of_edges(draft: Draft, workload: Workload, component: Instance, stage: str) -> Iterator[Call]:
    inside = {other.address: other for other in workload.components}
    names = dict(_STAGES)[stage]
    for edge in component.relationships:
        for name in names:
            for operation in edge.operations:
                if operation.name != name:
                    continue
                if name not in _ON_TARGET:
                    yield Call(operation, component, edge)
                elif edge.target in inside:
                    yield Call(operation, inside[edge.target], edge)
                else:
                    draft.report(
                        OPERATION_ELSEWHERE,
                        operation.place,
                        f"`{name}` of `{edge.name}` would run on `{edge.target}`, which is "
                        f"another pod than `{component.address}`; it is left out",
                        "do its work in an operation of the source, over the network",
                    )


def _start(
    composer: Composer,
    workload: Workload,
    script: _Script,
    calls: Sequence[Call],
    frame: tuple[Sequence[str], Sequence[str]],
) -> bytes:
    script.lines = ["#!/bin/sh", "set -eu", _SOURCE, *frame[0]]
    waited: set[tuple[str, str]] = set()
    for call in calls:
        for host, port in _awaited(composer, workload, call.component):
            if (host, port) not in waited:
                waited.add((host, port))
                script.lines.append(f"await {shlex.quote(host)} {port}")
        _write(composer, workload, script, call)
    return _bytes([*script.lines, *frame[1]])


def _stop(composer: Composer, workload: Workload, script: _Script, calls: Sequence[Call]) -> bytes:
    script.lines, script.identity = ["#!/bin/sh", "set -u", _SOURCE], ""
    script.lines.append('touch "$WORK/stopping"')
    for call in calls:
        _write(composer, workload, script, call)
    return _bytes(script.lines)


def _bytes(lines: Sequence[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def _awaited(
    composer: Composer, workload: Workload, component: Instance
) -> Iterator[tuple[str, str]]:
    """The TCP ports in other pods that a component connects to."""
    directory = composer.directory
    graph = composer.draft.graph
    for edge in component.relationships:
        target = graph.instances.get(edge.target)
        found = directory.workloads_of(edge.target) if target is not None else ()
        if target is None or not found or workload.name in {other.name for other in found}:
            continue
        for endpoint in endpoints(target):
            if isinstance(endpoint.port, int) and endpoint.capability in (edge.capability, ""):
                directory.wanted.add(found[0].name)
                directory.links.add((workload.name, found[0].name))
                yield found[0].name, str(endpoint.port)


def _write(composer: Composer, workload: Workload, script: _Script, call: Call) -> None:
    """The lines that run one operation: whose it is, its inputs, what becomes of its outputs."""
    operation = call.operation
    runner = _runner(composer.draft, call)
    if runner is None:
        return
    identity = _identity(workload, call)
    if identity != script.identity:
        script.lines.append(identity)
        script.identity = identity
    words = [
        f"operation {shlex.quote(call.label)} {shlex.quote(operation.interface)}",
        f"{_folder_name(call)} {shlex.quote(runner)} {shlex.quote(_path(operation.primary))}",
        f"{operation.timeout or 0:g} {operation.retries} {max(1, round(operation.backoff))}",
    ]
    lines = [f"# {call.label} of {call.node}, {_short(operation.place)}"]
    variables = []
    for name, value in {**_relationship(composer, call), **operation.inputs}.items():
        use = Use(workload, f"{call.component.address.template}.{name}", operation.place)
        terms = composer.compose(value, use)
        lines += [f"need {_attribute(t)}" for t in terms if isinstance(t, FromOperation)]
        variables.append(f"{shlex.quote(name)}={_word(script, terms)}")
    script.lines += [*dict.fromkeys(lines), " \\\n    ".join([" ".join(words), *variables])]
    for output, (address, path) in operation.outputs.items():
        attribute = shlex.quote(f"{address}/{'.'.join(map(str, path))}")
        script.lines.append(f"bring {shlex.quote(call.label)} {shlex.quote(output)} {attribute}")


def _short(place: Place) -> str:
    return f"{place.file.rpartition('/')[2]}:{place.line}"


def instance_name(address: Address) -> str:
    """The name of an instance as scripts get it: template and index, fit for a variable."""
    return f"{re.sub('[^A-Za-z0-9_]', '_', address.template)}_{address.index or 0}"


def _identity(workload: Workload, call: Call) -> str:
    component = call.component
    host = workload.compute.address.template if workload.compute else "localhost"
    words = (component.address.template, instance_name(component.address), component.type, host)
    return " ".join(["on", *(shlex.quote(word) for word in words)])


def _relationship(composer: Composer, call: Call) -> dict[str, Value]:
    """What a script of a relationship is told of its two ends."""
    edge = call.edge
    if edge is None:
        return {}
    found: dict[str, Value] = {}
    for side, address in (("SOURCE", edge.source), ("TARGET", edge.target)):
        others = composer.directory.workloads_of(address)
        inside = call.component.address in {c.address for o in others for c in o.components}
        host = "localhost" if inside or not others else others[0].name
        name = instance_name(address)
        for prefix in (f"TOSCA_{side}", side):
            found |= {
                f"{prefix}_NODE": address.template,
                f"{prefix}_INSTANCE": name,
                f"{prefix}_INSTANCES": name,
                f"{prefix}_HOST": host,
            }
    found |= {"TOSCA_REQUIREMENT": edge.name, "TOSCA_CAPABILITY": edge.capability}
    for name, value in edge.properties.items():
        if value is not None:
            found[f"TOSCA_RELATIONSHIP_{re.sub('[^A-Za-z0-9_]', '_', name)}"] = value
    return found


def _attribute(term: FromOperation) -> str:
    return shlex.quote(f"{term.address}/{term.name}")


def _word(script: _Script, terms: Sequence[Term]) -> str:
    """One word of a shell command whose parts are the terms."""
    parts: list[str] = []
    for term in terms:
        if isinstance(term, FromSecret):
            script.secrets[term.secret, term.key] = term
            parts.append(f'"$(secret {shlex.quote(f"{term.secret}/{term.key}")})"')
        elif isinstance(term, FromOperation):
            parts.append(f'"$(attribute {_attribute(term)})"')
        elif isinstance(term, Later):
            name = f"TOSCACTL_VALUE_{len(script.variables)}"
            script.variables += entries(name, (term,))
            parts.append(f'"${name}"')
        elif term:
            parts.append(shlex.quote(term))
    return "".join(parts) or "''"


def _runner(draft: Draft, call: Call) -> str | None:
    """What runs an artifact: bash, python3, or nothing for what can be executed itself."""
    artifact = call.operation.primary
    if artifact.content is not None:
        if artifact.is_a(_BASH) or artifact.file.endswith((".sh", ".bash")):
            return "bash"
        if artifact.is_a(_PYTHON) or artifact.file.endswith(".py"):
            return "python3"
        if artifact.content()[:2] in (b"#!", b"\x7fE"):
            return ""
    draft.report(
        ARTIFACT_NOT_RUNNABLE,
        call.operation.place,
        f"`{artifact.file}` ({artifact.types[0]}) of `{call.label}` of `{call.node}` is no script "
        "or program that a container can run",
        "use a Bash or Python script, or give the node a container image",
    )
    return None


def report_root(draft: Draft, workload: Workload) -> None:
    """Say which scripts seem to need root: package managers, services, users, mounts."""
    for component in workload.components:
        for operation in component.operations:
            content = operation.primary.content
            found = _ROOT_WORDS.search(content()) if content is not None else None
            if found is not None and operation.name != "delete":
                word = found[0].decode(errors="replace").split()[0]
                draft.report(
                    NEEDS_ROOT,
                    operation.place,
                    f"`{operation.primary.file}` of `{component.address.template}` calls `{word}`, "
                    "and its container has neither the rights of root nor a file system to "
                    "install into",
                    "use an image that has it all, in the facts `images` of the target, or "
                    'declare `kubernetes.run_as_user: "0"` in the metadata of the node',
                )


def _folder_name(call: Call) -> str:
    template = dns_label(call.component.address.template, 30)
    return f"files/{template}/{dns_label(call.label, 40)}"


def _path(artifact: Artifact) -> str:
    """The path of a file in the folder of its operation: as written, never above the folder."""
    normal = posixpath.normpath("/" + artifact.file).lstrip("/")
    return normal or artifact.name


def _folder(draft: Draft, call: Call) -> dict[str, bytes]:
    """The files of an operation: its script and what this depends on, as in the package."""
    found: dict[str, bytes] = {}
    operation = call.operation
    for artifact in (operation.primary, *operation.dependencies, *_data(call.component)):
        if artifact.content is None:
            continue
        data = artifact.content()
        if len(data) > CONFIG_MAP_LIMIT:
            draft.report(
                ARTIFACT_TOO_LARGE,
                artifact.place,
                f"`{artifact.file}` has {len(data)} bytes; a ConfigMap holds 1 MiB",
                "put it into a container image, or let a script download it",
            )
            continue
        found[f"{_folder_name(call)}/{_path(artifact)}"] = data
    return found


def _data(component: Instance) -> Iterator[Artifact]:
    """The artifacts of a component that are files of the package."""
    if container_artifact(component) is None:
        yield from component.artifacts.values()


def _config_maps(
    draft: Draft, workload: Workload, contents: Mapping[str, bytes]
) -> tuple[list[Manifest], list[Value]]:
    """The files in as many ConfigMaps as they need, and the sources of the volume of all.

    Files of the same content are kept once.
    """
    paths: dict[bytes, list[str]] = {}
    for path, content in contents.items():
        paths.setdefault(content, []).append(path)
    maps: list[Manifest] = []
    sources: list[Value] = []
    for number, group in enumerate(_groups(paths), 1):
        base = f"{workload.name}-scripts"
        name = draft.names.give(base if number == 1 else f"{base}-{number}", 63)
        body, items = _entries(group)
        labels = draft.site.labels(workload.root.address.template, workload.name)
        where = annotations_of(workload.components)
        maps.append(Manifest("v1", "ConfigMap", name, body, labels, where))
        sources.append({"configMap": {"name": name, "items": items}})
    return maps, sources


def _entries(
    group: Mapping[bytes, Sequence[str]],
) -> tuple[Mapping[str, Value], Sequence[Value]]:
    """The data of one ConfigMap, and which path each of its keys has in the volume."""
    data: dict[str, Value] = {}
    binary: dict[str, Value] = {}
    items: list[Value] = []
    for content, paths in group.items():
        key = _unique_key(paths[0], {*data, *binary})
        try:
            data[key] = content.decode()
        except UnicodeDecodeError:
            binary[key] = base64.b64encode(content).decode()
        items += [{"key": key, "path": path} for path in paths]
    return {"data": data} | ({"binaryData": binary} if binary else {}), tuple(items)


def _groups(paths: Mapping[bytes, Sequence[str]]) -> Iterator[dict[bytes, Sequence[str]]]:
    group: dict[bytes, Sequence[str]] = {}
    size = 0
    for content, where in paths.items():
        length = len(content) + len(content) // 3 + 2 * len(where[0]) + 100
        if group and size + length > CONFIG_MAP_LIMIT:
            yield group
            group, size = {}, 0
        group[content] = where
        size += length
    yield group


def _unique_key(path: str, taken: set[str]) -> str:
    key = wanted = config_key(path.removeprefix("files/").replace("/", "."))[-200:].strip(".")
    number = 2
    while key in taken:
        key = f"{wanted}.{number}"
        number += 1
    return key
