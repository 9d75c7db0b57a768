"""Probes: when a container is started, ready and alive, as its endpoints tell."""

from collections.abc import Mapping, Sequence

from toscactl.backend import Rule, Severity, Value
from toscactl_kubernetes.manifests import Draft
from toscactl_kubernetes.ports import Port
from toscactl_kubernetes.shell import STARTED
from toscactl_kubernetes.workloads import Workload

NO_READINESS = Rule(
    "kubernetes-no-readiness",
    "Nothing says when a container is ready: its node has no endpoint with a TCP port.",
    Severity.NOTE,
)

_PERIOD = 5
_PATIENCE = 600
"""Seconds until a container must be started, where its operations say nothing."""
_DATABASES = ("tosca.nodes.DBMS", "tosca.nodes.Database")
_DATABASE_ENDPOINT = "tosca.capabilities.Endpoint.Database"


def probes(
    draft: Draft, workload: Workload, ports: Sequence[Port], seconds: float
) -> dict[str, Value]:
    """The probes of the main container. `seconds` is how long setting it up may take, 0: unknown.

    A database is never killed for being slow, so it has no liveness probe.
    """
    handler = _handler(ports)
    started: Mapping[str, Value] = {"exec": {"command": ("test", "-f", STARTED)}}
    threshold = max(_PATIENCE, round(seconds * 1.5)) // _PERIOD
    if workload.idle:
        return {"readinessProbe": {"exec": {"command": ("true",)}, "periodSeconds": 60}}
    found: dict[str, Value] = {}
    first = started if workload.scripted else handler
    if first is not None:
        found["startupProbe"] = {**first, "periodSeconds": _PERIOD, "failureThreshold": threshold}
    ready = handler or (started if workload.scripted else None)
    if ready is None:
        draft.report(
            NO_READINESS,
            workload.application.place,
            f"`{workload.application.address}` has no endpoint with a TCP port: its pods count "
            "as ready as soon as they run",
        )
    else:
        found["readinessProbe"] = {**ready, "periodSeconds": _PERIOD}
    alive = _connects(ports)
    if alive is not None and not is_database(workload):
        found["livenessProbe"] = {**alive, "periodSeconds": 10, "failureThreshold": 6}
    return found


def _handler(ports: Sequence[Port]) -> Mapping[str, Value] | None:
    for port in ports:
        if port.web and port.path is not None and port.transport == "TCP":
            scheme = "HTTPS" if port.application == "https" else "HTTP"
            return {"httpGet": {"path": port.path, "port": port.name, "scheme": scheme}}
    return _connects(ports)


def _connects(ports: Sequence[Port]) -> Mapping[str, Value] | None:
    port = next((port for port in ports if port.transport == "TCP"), None)
    return None if port is None else {"tcpSocket": {"port": port.name}}


def is_database(workload: Workload) -> bool:
    """Whether a workload is a database: by the type of a component or of one of its endpoints."""
    return any(
        any(component.is_a(name) for name in _DATABASES)
        or any(c.is_a(_DATABASE_ENDPOINT) for c in component.capabilities.values())
        for component in workload.components
    )
