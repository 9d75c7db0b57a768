"""The ports of a workload: what its endpoints say, each port once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from toscactl.backend import (
    Address,
    Endpoint,
    Instance,
    InstanceGraph,
    Place,
    Rule,
    Severity,
    Value,
    endpoints,
    is_known,
    text,
)
from toscactl_kubernetes.manifests import Draft
from toscactl_kubernetes.naming import port_name
from toscactl_kubernetes.terms import OPEN_INPUT
from toscactl_kubernetes.workloads import Workload

PORT_NOT_EXPRESSIBLE = Rule(
    "kubernetes-port-not-expressible",
    "An endpoint cannot be a port of a Service.",
    Severity.WARNING,
)
ADMIN_ENDPOINT = Rule(
    "kubernetes-admin-endpoint",
    "The admin endpoint of a compute node has no counterpart in a pod.",
    Severity.NOTE,
)

PORT = "tosca.nodes.network.Port"
FLOATING_IP = "tosca.nodes.network.FloatingIP"
_RANGE_LIMIT = 64
_TRANSPORTS = {"tcp": "TCP", "udp": "UDP", "sctp": "SCTP"}
_WEB = frozenset({"http", "https"})


@dataclass(frozen=True, slots=True)
class Port:
    """A port of a container. `path` is set for web endpoints that say one."""

    name: str
    number: int
    transport: str
    application: str
    capability: str
    instance: Instance
    public: bool = False
    path: str | None = None
    host: str | None = None
    place: Place | None = None

    @property
    def web(self) -> bool:
        return self.application in _WEB


def ports_of_workload(
    draft: Draft, workload: Workload, with_floating: frozenset[Address]
) -> tuple[Port, ...]:
    """The ports of all components, each number once; what is public or has a path wins."""
    found: dict[tuple[int, str], Port] = {}
    floating = not with_floating.isdisjoint(workload.members)
    for instance in workload.hosts:
        for endpoint in endpoints(instance):
            if instance is workload.compute and endpoint.admin:
                _skip_admin(draft, instance, endpoint)
                continue
            for port in _ports(draft, instance, endpoint, floating=floating):
                key = (port.number, port.transport)
                found[key] = _better(found[key], port) if key in found else port
    return _named(found.values())


def _better(first: Port, second: Port) -> Port:
    richer = max(first, second, key=_richness)
    return replace(
        richer,
        public=first.public or second.public,
        path=richer.path or first.path or second.path,
        host=first.host or second.host,
    )


def _richness(port: Port) -> tuple[bool, bool, bool]:
    return (port.path is not None, port.web, port.capability != "")


def _named(ports: Iterable[Port]) -> tuple[Port, ...]:
    named: dict[str, Port] = {}
    for port in ports:
        name = port.name if port.name not in named else port_name(f"{port.name}-{port.number}")
        named[name] = replace(port, name=name)
    return tuple(named.values())


def _skip_admin(draft: Draft, instance: Instance, endpoint: Endpoint) -> None:
    if endpoint.port is not None:
        draft.report(
            ADMIN_ENDPOINT,
            endpoint.place or instance.place,
            f"`{endpoint.name}` of `{instance.address}` is left out: pods are entered with "
            "`kubectl exec`, not over the network",
        )


def _ports(
    draft: Draft, instance: Instance, endpoint: Endpoint, *, floating: bool
) -> Iterator[Port]:
    first = port_number(draft, instance, endpoint, endpoint.port)
    if first is None:
        return
    last = port_number(draft, instance, endpoint, endpoint.last) or first
    transport = _TRANSPORTS.get(endpoint.transport)
    if transport is None or not first <= last < first + _RANGE_LIMIT:
        why = (
            f"`{endpoint.transport}` has no ports"
            if transport is None
            else f"{first} to {last} are too many ports for a Service, which has no ranges"
        )
        draft.report(
            PORT_NOT_EXPRESSIBLE,
            endpoint.place or instance.place,
            f"`{endpoint.name}` of `{instance.address}` is left out: {why}",
        )
        return
    capability = instance.capabilities.get(endpoint.capability)
    properties = {} if capability is None else capability.properties
    public = endpoint.public or _said(endpoint.network).upper() == "PUBLIC"
    public = not endpoint.admin and (public or floating or properties.get("floating") is True)
    for number in range(first, last + 1):
        label = _said(properties.get("port_name")) or endpoint.name
        yield Port(
            port_name(label if first == last else f"{label}-{number}"),
            number,
            transport,
            _said(endpoint.protocol).lower(),
            endpoint.capability,
            instance,
            public,
            _path(endpoint),
            _said(properties.get("dns_name")) or None,
            endpoint.place,
        )


def _path(endpoint: Endpoint) -> str | None:
    path = _said(endpoint.url_path)
    return f"/{path.lstrip('/')}" if path else None


def _said(value: Value) -> str:
    return text(value) if value is not None and is_known(value) else ""


def port_number(draft: Draft, instance: Instance, endpoint: Endpoint, value: Value) -> int | None:
    if value is None or isinstance(value, int):
        return value
    if is_known(value) and text(value).isdigit():
        return int(text(value))
    draft.report(
        OPEN_INPUT,
        endpoint.place or instance.place,
        f"the port of `{endpoint.name}` of `{instance.address}` must be known, and is `{value}`",
        "give the inputs that it is made of: -i NAME=VALUE",
    )
    return None


def with_floating_address(graph: InstanceGraph) -> frozenset[Address]:
    """The instances that floating addresses are bound to, directly or through a network port."""
    found = {
        edge.target
        for instance in graph
        if instance.is_a(FLOATING_IP)
        for edge in instance.relationships
    }
    for address in list(found):
        target = graph.instances.get(address)
        if target is not None and target.is_a(PORT):
            found |= {edge.target for edge in target.relationships}
    return frozenset(found)
