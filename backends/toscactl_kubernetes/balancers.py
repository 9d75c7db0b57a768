"""Load balancer nodes: Services or Ingresses in front of the workloads that they route to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from toscactl.backend import (
    ENDPOINT,
    Endpoint,
    Instance,
    Relationship,
    Rule,
    Severity,
    Value,
    endpoints,
    is_known,
    text,
)
from toscactl_kubernetes.directory import Directory
from toscactl_kubernetes.exposure import (
    ingress_of,
    of_traefik,
    report_clash,
    selector,
    service_port,
)
from toscactl_kubernetes.manifests import Draft, Manifest, annotations_of, origin
from toscactl_kubernetes.naming import port_name
from toscactl_kubernetes.ports import Port, port_number
from toscactl_kubernetes.workloads import LOAD_BALANCER, Workload

BALANCER_MEMBERS = Rule(
    "kubernetes-balancer-members",
    "A load balancer has nothing to spread requests over, or cannot reach all of it alike.",
    Severity.WARNING,
)
BALANCER_FRONT = Rule(
    "kubernetes-balancer-front",
    "An endpoint in front of a load balancer cannot be a port of its Service.",
    Severity.WARNING,
)
BALANCER_ALGORITHM = Rule(
    "kubernetes-balancer-algorithm",
    "A Service spreads connections by chance; it takes no other algorithm.",
    Severity.NOTE,
)
ROUTES_TO = "tosca.relationships.RoutesTo"
MEMBER_LABEL = "balancer.toscactl.dev"
_BY_CLIENT = frozenset({"SOURCE_IP", "SOURCE", "IP_HASH", "STICKY"})
_BY_TURNS = frozenset({"", "ROUND_ROBIN", "RANDOM"})


@dataclass(frozen=True, slots=True)
class Routed:
    """A workload behind a load balancer, and the port of it that takes the requests."""

    workload: Workload
    port: Port


@dataclass(frozen=True, slots=True)
class Balancer:
    """A load balancer node: the endpoints in front, and what is behind."""

    instance: Instance
    name: str
    fronts: tuple[Endpoint, ...]
    members: tuple[Routed, ...]

    @property
    def member_label(self) -> Mapping[str, str]:
        """The label of pods behind it, needed where they are of several workloads."""
        if len({routed.workload.name for routed in self.members}) < 2:  # noqa: PLR2004
            return {}
        return {f"{MEMBER_LABEL}/{self.name}": "member"}


def balancers(
    draft: Draft, directory: Directory, ports: Mapping[str, Sequence[Port]]
) -> tuple[Balancer, ...]:
    """The load balancers of the portion. `ports` are those of the workloads, by name."""
    found: list[Balancer] = []
    templates: set[str] = set()
    for instance in draft.portion.instances:
        if instance.is_a(LOAD_BALANCER) and instance.address.template not in templates:
            templates.add(instance.address.template)
            found.append(_balancer(draft, directory, ports, instance))
    return tuple(found)


def _balancer(
    draft: Draft,
    directory: Directory,
    ports: Mapping[str, Sequence[Port]],
    instance: Instance,
) -> Balancer:
    routed: dict[str, Routed] = {}
    for edge in instance.relationships:
        if edge.is_a(ROUTES_TO) or edge.name == "application":
            for workload in directory.workloads_of(edge.target):
                port = _routed_port(draft, edge, ports[workload.name])
                if port is not None:
                    taken = routed.setdefault(workload.name, Routed(workload, port))
                    _report_second(draft, instance, taken, port)
    fronts = tuple(e for e in endpoints(instance) if e.port is not None and not e.admin)
    if not routed:
        draft.report(
            BALANCER_MEMBERS,
            instance.place,
            f"`{instance.address}` routes to nothing that has a port; it is left out",
            "give it an `application` requirement, and its target an endpoint with a port",
        )
    name = directory.balancer(instance.address) or draft.name_for(instance.address.template)
    return Balancer(instance, name, fronts, tuple(routed.values()))


def _report_second(draft: Draft, instance: Instance, taken: Routed, port: Port) -> None:
    if port.number != taken.port.number:
        draft.report(
            BALANCER_MEMBERS,
            instance.place,
            f"`{instance.address}` routes to ports {taken.port.number} and {port.number} of "
            f"`{taken.workload.name}`; only {taken.port.number} is reached",
            "host what it routes to on servers of their own, or give it a load balancer each",
        )


def _routed_port(draft: Draft, edge: Relationship, ports: Sequence[Port]) -> Port | None:
    """The port of the capability that is routed to, or else of its instance, or else any."""
    target = draft.graph.instances.get(edge.target)
    capability = None if target is None else target.capabilities.get(edge.capability)
    if target is not None and capability is not None and capability.is_a(ENDPOINT):
        numbers = {e.port for e in endpoints(target) if e.capability == edge.capability}
        for port in ports:
            if port.number in numbers:
                return port
    return ports[0] if ports else None


def balancer_service(draft: Draft, balancer: Balancer) -> Iterator[Manifest]:
    """The Service, and for a web endpoint with a path the Ingress, of a load balancer node."""
    if not balancer.members:
        return
    first = balancer.members[0]
    ports = _service_ports(draft, balancer)
    if not ports:
        return
    numbers = [port["port"] for port in ports if isinstance(port["port"], int)]
    front = balancer.fronts[0] if len(balancer.fronts) == 1 else None
    path = _path(front)
    web = front is not None and str(front.protocol).lower() == "http"
    ingress = web and (path is not None or of_traefik(draft, numbers[0]))
    if not ingress:
        report_clash(draft, balancer.instance, numbers)
    spec: dict[str, Value] = {} if ingress else {"type": "LoadBalancer"}
    spec |= _affinity(draft, balancer.instance)
    spec["selector"] = balancer.member_label or selector(first.workload)
    spec["ports"] = ports
    site = draft.site
    yield Manifest(
        "v1",
        "Service",
        balancer.name,
        {"spec": spec},
        site.labels(balancer.instance.address.template, balancer.name),
        annotations_of([balancer.instance]),
        (balancer.instance.address,),
        origins={"": origin(balancer.instance)},
        instance=balancer.instance.address,
    )
    if ingress:
        backends = [(_host(balancer), path or "/", "http", str(ports[0]["name"]))]
        yield ingress_of(draft, balancer.name, balancer.instance, balancer.name, backends)


def _service_ports(draft: Draft, balancer: Balancer) -> tuple[Mapping[str, Value], ...]:
    """A port of the Service for each endpoint in front; all lead to the members' one port."""
    routed = balancer.members[0].port
    for member in balancer.members[1:]:
        if member.port.transport != routed.transport:
            draft.report(
                BALANCER_MEMBERS,
                balancer.instance.place,
                f"the members of `{balancer.instance.address}` answer over {routed.transport} and"
                f" {member.port.transport}; `{member.port.instance.address}` is not reached",
                "give what answers over another transport a load balancer of its own",
            )
    target = _common_port(draft, balancer) if balancer.member_label else routed.name
    if not balancer.fronts:
        return ({**service_port(routed), "targetPort": target},)
    found: dict[int, Mapping[str, Value]] = {}
    for front in balancer.fronts:
        number = port_number(draft, balancer.instance, front, front.port)
        why = None
        if front.last is not None and front.last != front.port:
            why = f"a Service has no ranges of ports, and {front.port} to {front.last} is one"
        elif front.transport != routed.transport.lower():
            why = f"it takes {front.transport.upper()}, and its members {routed.transport}"
        if why is not None:
            draft.report(
                BALANCER_FRONT,
                front.place or balancer.instance.place,
                f"`{front.name}` of `{balancer.instance.address}` is left out: {why}",
            )
        elif number is not None:
            port = {**service_port(routed, number), "targetPort": target}
            found.setdefault(number, {**port, "name": port_name(front.name)})
    return tuple(found.values())


def _path(front: Endpoint | None) -> str | None:
    if front is None or front.url_path is None or not is_known(front.url_path):
        return None
    return f"/{text(front.url_path).lstrip('/')}"


def _host(balancer: Balancer) -> str | None:
    for capability in balancer.instance.capabilities.values():
        name = capability.properties.get("dns_name")
        if isinstance(name, str) and name:
            return name
    return None


def _common_port(draft: Draft, balancer: Balancer) -> Value:
    """The port of pods of several workloads: by number, or by name where the numbers differ."""
    ports = [routed.port for routed in balancer.members]
    if len({port.number for port in ports}) == 1:
        return ports[0].number
    if len({port.name for port in ports}) > 1:
        draft.report(
            BALANCER_MEMBERS,
            balancer.instance.place,
            f"the members of `{balancer.instance.address}` have different ports; only "
            f"`{ports[0].instance.address}` is reached",
            "give all of them the same port, or their capabilities the same name",
        )
    return ports[0].name


def _affinity(draft: Draft, instance: Instance) -> dict[str, Value]:
    value = instance.properties.get("algorithm")
    word = text(value).upper().replace("-", "_") if value is not None and is_known(value) else ""
    if word in _BY_CLIENT:
        return {"sessionAffinity": "ClientIP"}
    if word not in _BY_TURNS:
        draft.report(
            BALANCER_ALGORITHM,
            instance.places.get("algorithm", instance.place),
            f"`{instance.address}` asks for `{word}`; a Service spreads connections by chance",
        )
    return {}
