"""The security context of a pod: the "restricted" profile, and declared exceptions from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from toscactl.backend import Instance, Rule, Severity, Value
from toscactl_kubernetes.images import Choice, Needs, needs_of
from toscactl_kubernetes.manifests import Draft
from toscactl_kubernetes.ports import Port
from toscactl_kubernetes.workloads import Workload

SECURITY_EXCEPTION = Rule(
    "kubernetes-security-exception",
    "A container is given more rights than the restricted profile gives.",
    Severity.NOTE,
)
IMAGE_UNKNOWN = Rule(
    "kubernetes-image-unknown",
    "Nothing is known of an image: its user and what it writes to are assumed.",
    Severity.NOTE,
)
BAD_METADATA = Rule(
    "kubernetes-bad-metadata",
    "Metadata for Kubernetes has a value that cannot be understood.",
    Severity.WARNING,
)

RUN_AS_USER = "kubernetes.run_as_user"
WRITABLE_PATHS = "kubernetes.writable_paths"
READ_ONLY_ROOT = "kubernetes.read_only_root"
_PRIVILEGED_PORTS = 1024


def needs(draft: Draft, workload: Workload, choice: Choice) -> Needs:
    """What the container needs: as declared on its nodes, else what is known of its image."""
    found = needs_of(choice.image)
    declared = False
    for component in workload.hosts:
        for key in (RUN_AS_USER, WRITABLE_PATHS, READ_ONLY_ROOT):
            if key in component.metadata:
                declared = True
                found = _declared(draft, component, key, found)
    if not (found.known or declared):
        draft.report(
            IMAGE_UNKNOWN,
            workload.application.place,
            f"nothing is known of `{choice.image}`: it runs as user {found.user}, and can write "
            "to /tmp and its volumes only",
            f"say what it needs in metadata of the node: `{RUN_AS_USER}`, `{WRITABLE_PATHS}`, "
            f"`{READ_ONLY_ROOT}`",
        )
    _report_exceptions(draft, workload, choice, found)
    return found


def _declared(draft: Draft, component: Instance, key: str, found: Needs) -> Needs:
    value = component.metadata[key]
    if key == WRITABLE_PATHS:
        paths = value if isinstance(value, list | tuple) else str(value).split(",")
        extra = tuple(str(path).strip() for path in paths if str(path).strip().startswith("/"))
        return replace(found, writable=tuple(dict.fromkeys((*found.writable, *extra))))
    word = str(value).strip().lower()
    if key == RUN_AS_USER and word.isdigit():
        user = int(word)
        writable = user == 0 and READ_ONLY_ROOT not in component.metadata
        return replace(found, user=user, read_only_root=found.read_only_root and not writable)
    if key == READ_ONLY_ROOT and word in {"true", "false"}:
        return replace(found, read_only_root=word == "true")
    expected = "a number" if key == RUN_AS_USER else "true or false"
    draft.report(
        BAD_METADATA,
        component.place,
        f"`{key}` of `{component.address.template}` is `{value}`, and must be {expected}",
    )
    return found


def _report_exceptions(draft: Draft, workload: Workload, choice: Choice, found: Needs) -> None:
    name = workload.application.address.template
    if found.user == 0:
        draft.report(
            SECURITY_EXCEPTION,
            workload.application.place,
            f"`{name}` runs as root, as declared: the namespace enforces the profile `baseline`",
        )
    if not found.read_only_root:
        draft.report(
            SECURITY_EXCEPTION,
            workload.application.place,
            f"the root file system of `{name}` can be written to: `{choice.image}` needs that",
        )


@dataclass(frozen=True, slots=True)
class SecurityContexts:
    pod: Mapping[str, Value]
    container: Mapping[str, Value]


def contexts(found: Needs, ports: Sequence[Port]) -> SecurityContexts:
    """The security contexts of pod and container.

    Ports below 1024 are opened to everybody in the pod, a safe sysctl, rather than to root alone.
    """
    pod: dict[str, Value] = {
        "runAsNonRoot": found.user != 0,
        "runAsUser": found.user,
        "fsGroup": found.user,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    if found.user and any(port.number < _PRIVILEGED_PORTS for port in ports):
        pod["sysctls"] = ({"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"},)
    container: dict[str, Value] = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": found.read_only_root,
        "capabilities": {"drop": ("ALL",)},
    }
    if found.user == 0:
        # What package managers and `useradd` need; all of it is within the profile "baseline".
        container["capabilities"] = {
            "drop": ("ALL",),
            "add": ("CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID", "NET_BIND_SERVICE"),
        }
    return SecurityContexts(pod, container)
