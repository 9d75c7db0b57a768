"""Pod templates: one container that runs an image, or sets its components up by their scripts."""

import hashlib
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from toscactl.backend import (
    Artifact,
    Instance,
    Place,
    Rule,
    Severity,
    Value,
    endpoints,
    text,
)
from toscactl_kubernetes import images
from toscactl_kubernetes.environment import OPEN_SECRETS_PATH, entries, escaped
from toscactl_kubernetes.images import Choice, Needs
from toscactl_kubernetes.lifecycle import (
    FILES_PATH,
    ROOT_PATH,
    WORK_PATH,
    Lifecycle,
    lifecycle,
    report_root,
)
from toscactl_kubernetes.manifests import Draft, Manifest
from toscactl_kubernetes.naming import dns_label, variable
from toscactl_kubernetes.ports import Port
from toscactl_kubernetes.probes import probes
from toscactl_kubernetes.security import contexts, needs
from toscactl_kubernetes.sizing import node_selector, resources
from toscactl_kubernetes.storage import Claim
from toscactl_kubernetes.terms import Composer, FromSecret, Use
from toscactl_kubernetes.workloads import CONTAINER, Workload

NO_IMAGE = Rule("kubernetes-no-image", "A container node has no image.")
IMAGE_NOT_PINNED = Rule(
    "kubernetes-image-not-pinned",
    "An image has no tag, or `latest`: what runs changes by itself.",
    Severity.WARNING,
)
BASE_IMAGE = Rule(
    "kubernetes-base-image",
    "The scripts of a server run in a container image that was chosen for them.",
    Severity.NOTE,
)
IDLE_SERVER = Rule(
    "kubernetes-idle-server",
    "Nothing is to run on a compute node: it becomes a container that waits.",
    Severity.WARNING,
)
DATA_NOT_KEPT = Rule(
    "kubernetes-data-not-kept",
    "An image keeps data in a folder where no volume is attached.",
    Severity.NOTE,
)

CHECKSUM = "toscactl.dev/config-sha256"
_IDLE = "trap 'exit 0' TERM INT; while :; do sleep 3600 & wait $!; done"
_ENVIRONMENT_MAPS = ("env", "environment", "environment_variables")
_NO_VARIABLES = frozenset(
    {"component_version", "admin_credential", "image", "command", "args", *_ENVIRONMENT_MAPS}
)
_CONNECTS_TO = "tosca.relationships.ConnectsTo"


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod template, and what it must find: ConfigMaps made for it, and Secrets of its values.

    `user` is as whom it runs.
    """

    spec: Mapping[str, Value]
    annotations: Mapping[str, str]
    config_maps: tuple[Manifest, ...]
    secrets: tuple[str, ...]
    user: int


@dataclass(slots=True)
class _Parts:
    """Volumes, mounts and variables of a container in the making."""

    volumes: list[Value]
    mounts: list[Value]
    variables: list[Mapping[str, Value]]
    secrets: dict[tuple[str, str], FromSecret]

    def scratch(self, path: str) -> None:
        name = dns_label(path, 63) if path.strip("/") else "root"
        if any(isinstance(m, Mapping) and m["mountPath"] == path for m in self.mounts):
            return
        self.volumes.append({"name": name, "emptyDir": {}})
        self.mounts.append({"name": name, "mountPath": path})


def pod(
    draft: Draft,
    composer: Composer,
    workload: Workload,
    ports: Sequence[Port],
    claims: Sequence[Claim],
    *,
    stays: bool,
) -> Pod:
    """The pod of a workload; `stays` is false for one that ends when it has done its work."""
    choice = _choice(draft, workload)
    found = needs(draft, workload, choice)
    parts = _Parts([], [], [], {})
    for claim in claims:
        parts.mounts.append({"name": claim.name, "mountPath": claim.path})
        if not claim.own:
            source = {"claimName": claim.name}
            parts.volumes.append({"name": claim.name, "persistentVolumeClaim": source})
    life = None
    container: dict[str, Value] = {
        "name": dns_label(workload.application.address.template, 63),
        "image": choice.image,
        "imagePullPolicy": "IfNotPresent",
    }
    if workload.scripted:
        paths = [claim.path for claim in claims]
        life = lifecycle(draft, composer, workload, paths, stays=stays)
        container |= _scripted(parts, life, found)
        if found.user:
            report_root(draft, workload)
    elif workload.idle:
        container["command"] = ("/bin/sh", "-c", _IDLE)
    else:
        container |= _command(workload)
        _image_variables(composer, workload, parts)
    _folders(draft, workload, parts, found)
    _secret_volume(workload, parts)
    if ports:
        container["ports"] = tuple(
            {"name": p.name, "containerPort": p.number, "protocol": p.transport} for p in ports
        )
    if parts.variables:
        container["env"] = tuple(parts.variables)
    security = contexts(found, ports)
    if stays:
        container |= probes(draft, workload, ports, life.seconds if life else 0)
    container["resources"] = resources(draft, workload)
    container["securityContext"] = security.container
    container["volumeMounts"] = tuple(parts.mounts)
    spec: dict[str, Value] = {
        "serviceAccountName": workload.name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": security.pod,
    }
    selector = node_selector(images.system_of(workload.compute))
    if selector:
        spec["nodeSelector"] = selector
    if life is not None and life.stops:
        spec["terminationGracePeriodSeconds"] = 60
    spec["containers"] = (container,)
    spec["volumes"] = tuple(parts.volumes)
    return Pod(
        spec,
        _checksum(life),
        life.config_maps if life else (),
        tuple(sorted({term.secret for term in parts.secrets.values() if not term.open})),
        found.user,
    )


def _choice(draft: Draft, workload: Workload) -> Choice:
    """The image of the main container, and findings about it."""
    image = workload.image
    if isinstance(image, Artifact):
        choice = Choice(images.reference(image), "artifact", image)
    elif image is not None:
        choice = Choice(image, "fact")
    else:
        choice = _without_image(draft, workload)
    if not images.is_pinned(choice.image):
        draft.report(
            IMAGE_NOT_PINNED,
            choice.artifact.place if choice.artifact else workload.application.place,
            f"`{choice.image}` has no tag that stays: what runs changes by itself",
            "name a version, or a digest: `@sha256:...`",
        )
    return choice


def _without_image(draft: Draft, workload: Workload) -> Choice:
    system = images.system_of(workload.compute)
    root = workload.root
    container = next((c for c in workload.components if c.is_a(CONTAINER)), None)
    if container is not None and not workload.operations:
        draft.report(
            NO_IMAGE,
            container.place,
            f"`{container.address}` has no image",
            "give it an artifact of type `tosca.artifacts.Deployment.Image`",
        )
    named = None if workload.compute is None else workload.compute.properties.get("image")
    names = [f"{system.distribution}-{system.version}", system.distribution, *root.types]
    fact = images.by_fact(
        draft.site.fact("images"),
        [*([named] if isinstance(named, str) else []), root.address.template, *names],
    )
    if workload.idle:
        choice = Choice(fact, "fact") if fact else images.for_system(system)
        if container is None:
            _report_idle(draft, workload, choice)
        return choice
    choice = Choice(fact, "fact") if fact else images.for_scripts(system)
    if fact is None:
        draft.report(
            BASE_IMAGE,
            root.place,
            f"the operations of `{root.address.template}` run in `{choice.image}`",
            "name another image in the target's facts: "
            f"`images: {{{root.address.template}: IMAGE}}`",
        )
    return choice


def _report_idle(draft: Draft, workload: Workload, choice: Choice) -> None:
    names = ", ".join(f"`{component.address.template}`" for component in workload.components)
    draft.report(
        IDLE_SERVER,
        workload.root.place,
        f"nothing is to run for {names}: it becomes a container of `{choice.image}` that waits",
        "host software on it, give it a container image, or set the fact `kubevirt: true` of the "
        "target to have a virtual machine",
    )


def _scripted(parts: _Parts, life: Lifecycle, found: Needs) -> dict[str, Value]:
    """What a container has that runs operations."""
    parts.volumes.append(life.volume)
    parts.mounts.append({"name": "scripts", "mountPath": FILES_PATH, "readOnly": True})
    parts.scratch(WORK_PATH)
    parts.variables.append({"name": "HOME", "value": f"{WORK_PATH}/home"})
    if found.read_only_root and found.user:
        parts.variables.append({"name": "TOSCA_ROOT", "value": ROOT_PATH})
    parts.variables += life.variables
    parts.secrets |= {(term.secret, term.key): term for term in life.secrets}
    spec: dict[str, Value] = {"command": ("/bin/sh", f"{FILES_PATH}/start.sh")}
    if life.stops:
        stop = {"exec": {"command": ("/bin/sh", f"{FILES_PATH}/stop.sh")}}
        spec["lifecycle"] = {"preStop": stop}
    return spec


def _command(workload: Workload) -> dict[str, Value]:
    """`command` and `args` as properties of a container application give them."""
    application = workload.application
    found: dict[str, Value] = {}
    for name in ("command", "args"):
        value = application.properties.get(name)
        if value is None or not application.is_a(CONTAINER):
            continue
        items = value if isinstance(value, Sequence) and not isinstance(value, str) else None
        words = [text(i) for i in items] if items is not None else shlex.split(text(value))
        found[name] = tuple(escaped(word) for word in words)
    return found


def _image_variables(composer: Composer, workload: Workload, parts: _Parts) -> None:
    """The environment of an image: inputs of its operations, else properties; and connections."""
    wanted: dict[str, tuple[Value, Place]] = {}
    for name, value, place in _connections(composer, workload):
        wanted[name] = (value, place)
    given = _operation_inputs(workload)
    for component in workload.components:
        wanted |= given or _properties(component)
    for name, (value, place) in wanted.items():
        terms = composer.compose(value, Use(workload, name, place))
        parts.variables += entries(name, terms)
        parts.secrets |= {(t.secret, t.key): t for t in terms if isinstance(t, FromSecret)}


def _operation_inputs(workload: Workload) -> dict[str, tuple[Value, Place]]:
    return {
        name: (value, operation.place)
        for component in workload.components
        for operation in component.operations
        if images.is_container_image(operation.primary)
        for name, value in operation.inputs.items()
    }


def _properties(component: Instance) -> dict[str, tuple[Value, Place]]:
    found: dict[str, tuple[Value, Place]] = {}
    for name, value in component.properties.items():
        place = component.places.get(name, component.place)
        if name in _ENVIRONMENT_MAPS and isinstance(value, Mapping):
            found |= {key: (item, place) for key, item in value.items()}
        elif name not in _NO_VARIABLES and value is not None:
            found[variable(name)] = (value, place)
    return found


def _connections(composer: Composer, workload: Workload) -> Iterator[tuple[str, Value, Place]]:
    """Where the things are that an image connects to, under the name of the requirement."""
    directory, graph = composer.directory, composer.draft.graph
    for component in workload.components:
        for edge in component.relationships:
            if not edge.is_a(_CONNECTS_TO) or edge.target not in graph.instances:
                continue
            name = variable(edge.name)
            credential = edge.properties.get("credential")
            if isinstance(credential, Mapping):
                for key, suffix in (("user", "USER"), ("token", "PASSWORD")):
                    if credential.get(key) is not None:
                        yield f"{name}_{suffix}", credential[key], edge.place
            host = directory.name_of(edge.target, workload)
            if host is None:
                continue
            yield f"{name}_HOST", host, edge.place
            for endpoint in endpoints(graph[edge.target]):
                if endpoint.capability in (edge.capability, "") and endpoint.port is not None:
                    yield f"{name}_PORT", endpoint.port, edge.place
                    break


def _folders(draft: Draft, workload: Workload, parts: _Parts, found: Needs) -> None:
    """Folders that can be written to: /tmp, and what the image needs."""
    parts.scratch("/tmp")  # noqa: S108  (a path in the container)
    if workload.scripted or workload.idle:
        for path in found.writable:
            parts.scratch(path)
        return
    mounted = [str(m["mountPath"]) for m in parts.mounts if isinstance(m, Mapping)]
    for path in found.data:
        if not any(_within(path, other) or _within(other, path) for other in mounted):
            parts.scratch(path)
            draft.report(
                DATA_NOT_KEPT,
                workload.application.place,
                f"`{workload.application.address}` keeps data in `{path}`, and no volume is "
                "attached there: it is lost with the pod",
                "attach a BlockStorage with that `location`",
            )
    for path in found.writable:
        parts.scratch(path)


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder.rstrip('/')}/")


def _secret_volume(workload: Workload, parts: _Parts) -> None:
    """Secrets as files: all for scripts, and those still to be made, so that the pod waits."""
    mounted = [term for term in parts.secrets.values() if term.open or workload.scripted]
    if not mounted:
        return
    sources: list[Value] = []
    for secret in sorted({term.secret for term in mounted}):
        items = tuple(
            {"key": term.key, "path": f"{secret}/{term.key}"}
            for term in sorted(mounted, key=lambda term: term.key)
            if term.secret == secret
        )
        sources.append({"secret": {"name": secret, "items": items}})
    projected: Value = {"defaultMode": 0o440, "sources": tuple(sources)}
    parts.volumes.append({"name": "secrets", "projected": projected})
    parts.mounts.append({"name": "secrets", "mountPath": OPEN_SECRETS_PATH, "readOnly": True})


def _checksum(life: Lifecycle | None) -> dict[str, str]:
    """The digest of the scripts, so that pods are made anew when these change."""
    if life is None:
        return {}
    digest = hashlib.sha256()
    for manifest in life.config_maps:
        for part in ("data", "binaryData"):
            content = manifest.body.get(part)
            if isinstance(content, Mapping):
                for key, value in content.items():
                    digest.update(f"{key}\0{value}\0".encode())
    return {CHECKSUM: digest.hexdigest()[:16]}
