"""Lifecycle operations of a workload, as shell scripts that its container runs.

All components of a pod are set up in one container, in the order of TOSCA: whatever a component
is hosted on is started before the component is created (TOSCA 1.3, 7.2; a Database needs its DBMS
running). `start.sh` then stays in the foreground as long as what was started lives; `stop.sh` is
the container's `preStop`.
"""

import base64
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from toscactl.backend import Artifact, Instance, Rule, Value
from toscactl_kubernetes.images import container_artifact
from toscactl_kubernetes.manifests import Draft, Manifest, annotations_of
from toscactl_kubernetes.naming import config_key
from toscactl_kubernetes.operations import Call, starts, stops
from toscactl_kubernetes.shell import (
    Script,
    folder_name,
    path_in_folder,
    start_script,
    stop_script,
)
from toscactl_kubernetes.terms import Composer, FromSecret
from toscactl_kubernetes.workloads import Workload

ARTIFACT_TOO_LARGE = Rule(
    "kubernetes-artifact-too-large", "A file is too large for a ConfigMap, which holds 1 MiB."
)
CONFIG_MAP_LIMIT = 900_000
"""Bytes; an object of the API holds at most 1 MiB, its metadata included."""


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """What a container needs to run the operations of its components."""

    config_maps: tuple[Manifest, ...]
    files: Value
    """The sources of the volume that holds the scripts."""
    variables: tuple[Mapping[str, Value], ...]
    secrets: tuple[FromSecret, ...]
    stops: bool
    seconds: float
    """How long setting up may take, as far as timeouts say; 0 if they do not."""


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
    script = Script()
    contents: dict[str, bytes] = {"lifecycle.sh": _shared()}
    begins = list(starts(draft, workload))
    opening = ["begin", *(f"volume {shlex.quote(path)}" for path in volumes)]
    closing = ["stay"] if stays else []
    contents["start.sh"] = start_script(composer, workload, script, begins, (opening, closing))
    ends = list(stops(workload))
    if ends:
        contents["stop.sh"] = stop_script(composer, workload, script, ends)
    for call in (*begins, *ends):
        contents |= _folder(draft, call)
    maps, sources = _config_maps(draft, workload, contents)
    return Lifecycle(
        tuple(maps),
        {"defaultMode": 0o555, "sources": tuple(sources)},
        tuple(script.variables),
        tuple(script.secrets.values()),
        bool(ends),
        sum(call.operation.timeout or 0 for call in begins),
    )


def _shared() -> bytes:
    return resources.files("toscactl_kubernetes").joinpath("lifecycle.sh").read_bytes()


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
        found[f"{folder_name(call)}/{path_in_folder(artifact)}"] = data
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
