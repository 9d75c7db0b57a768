"""Pod templates: one container that runs an image, or sets its components up by their scripts."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from toscactl.backend import Value
from toscactl_kubernetes import images
from toscactl_kubernetes.image_choice import choose_image
from toscactl_kubernetes.images import Needs
from toscactl_kubernetes.lifecycle import Lifecycle, lifecycle
from toscactl_kubernetes.manifests import Draft, Manifest
from toscactl_kubernetes.mounts import Mounts, mount_folders, mount_secrets
from toscactl_kubernetes.naming import dns_label
from toscactl_kubernetes.ports import Port
from toscactl_kubernetes.probes import probes
from toscactl_kubernetes.security import SecurityContexts, contexts, needs
from toscactl_kubernetes.shell import FILES_PATH, ROOT_PATH, WORK_PATH, report_root
from toscactl_kubernetes.sizing import node_selector, resources
from toscactl_kubernetes.storage import Claim
from toscactl_kubernetes.terms import Composer, FromSecret
from toscactl_kubernetes.variables import command_of, image_variables
from toscactl_kubernetes.workloads import Workload

CHECKSUM = "toscactl.dev/config-sha256"
_IDLE = "trap 'exit 0' TERM INT; while :; do sleep 3600 & wait $!; done"


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


@dataclass(frozen=True, slots=True)
class _Program:
    """What a container runs: its command, environment, and the secrets and scripts it needs."""

    command: Mapping[str, Value]
    variables: tuple[Mapping[str, Value], ...] = ()
    secrets: tuple[FromSecret, ...] = ()
    life: Lifecycle | None = None


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
    choice = choose_image(draft, workload)
    found = needs(draft, workload, choice)
    mounts = Mounts()
    for claim in claims:
        mounts.claim(claim)
    program = _program(draft, composer, workload, claims, found, stays=stays)
    if program.life is not None:
        mounts.files("scripts", FILES_PATH, program.life.files)
        mounts.scratch(WORK_PATH)
    mount_folders(draft, workload, mounts, found)
    mount_secrets(workload, mounts, program.secrets)
    security = contexts(found, ports)
    container: dict[str, Value] = {
        "name": dns_label(workload.application.address.template, 63),
        "image": choice.image,
        "imagePullPolicy": "IfNotPresent",
        **program.command,
    }
    if ports:
        container["ports"] = tuple(
            {"name": p.name, "containerPort": p.number, "protocol": p.transport} for p in ports
        )
    if program.variables:
        container["env"] = program.variables
    if stays:
        seconds = program.life.seconds if program.life else 0
        container |= probes(draft, workload, ports, seconds)
    container["resources"] = resources(draft, workload)
    container["securityContext"] = security.container
    container["volumeMounts"] = tuple(mounts.mounts)
    return Pod(
        _spec(workload, program, security, container, mounts),
        _checksum(program.life),
        program.life.config_maps if program.life else (),
        tuple(sorted({term.secret for term in program.secrets if not term.open})),
        found.user,
    )


def _program(
    draft: Draft,
    composer: Composer,
    workload: Workload,
    claims: Sequence[Claim],
    found: Needs,
    *,
    stays: bool,
) -> _Program:
    if workload.idle:
        return _Program({"command": ("/bin/sh", "-c", _IDLE)})
    if not workload.scripted:
        variables, secrets = image_variables(composer, workload)
        return _Program(command_of(workload), variables, secrets)
    paths = [claim.path for claim in claims]
    life = lifecycle(draft, composer, workload, paths, stays=stays)
    if found.user:
        report_root(draft, workload)
    own: list[Mapping[str, Value]] = [{"name": "HOME", "value": f"{WORK_PATH}/home"}]
    if found.read_only_root and found.user:
        own.append({"name": "TOSCA_ROOT", "value": ROOT_PATH})
    command: dict[str, Value] = {"command": ("/bin/sh", f"{FILES_PATH}/start.sh")}
    if life.stops:
        stop = {"exec": {"command": ("/bin/sh", f"{FILES_PATH}/stop.sh")}}
        command["lifecycle"] = {"preStop": stop}
    return _Program(command, (*own, *life.variables), life.secrets, life)


def _spec(
    workload: Workload,
    program: _Program,
    security: SecurityContexts,
    container: Mapping[str, Value],
    mounts: Mounts,
) -> dict[str, Value]:
    spec: dict[str, Value] = {
        "serviceAccountName": workload.name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": security.pod,
    }
    selector = node_selector(images.system_of(workload.compute))
    if selector:
        spec["nodeSelector"] = selector
    if program.life is not None and program.life.stops:
        spec["terminationGracePeriodSeconds"] = 60
    spec["containers"] = (container,)
    spec["volumes"] = tuple(mounts.volumes)
    return spec


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
