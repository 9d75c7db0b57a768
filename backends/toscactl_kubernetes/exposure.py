"""Services and Ingresses: how a workload is reached, and load balancers in front of several."""

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
from toscactl_kubernetes.manifests import Draft, Manifest, annotations_of, origin
from toscactl_kubernetes.naming import label_value, port_name
from toscactl_kubernetes.ports import Port
from toscactl_kubernetes.workloads import LOAD_BALANCER, Workload

BALANCER_MEMBERS = Rule(
    "kubernetes-balancer-members",
    "A load balancer has nothing to spread requests over, or cannot reach all of it alike.",
    Severity.WARNING,
)
BALANCER_ALGORITHM = Rule(
    "kubernetes-balancer-algorithm",
    "A Service spreads connections by chance; it takes no other algorithm.",
    Severity.NOTE,
)
INGRESS_TLS = Rule(
    "kubernetes-ingress-tls",
    "An endpoint with TLS is not put behind an Ingress, because no certificate is named.",
    Severity.NOTE,
)
PORT_CLASH = Rule(
    "kubernetes-load-balancer-clash",
    "Two load balancers of one K3s node cannot have the same port.",
    Severity.WARNING,
)

ROUTES_TO = "tosca.relationships.RoutesTo"
MEMBER_LABEL = "balancer.toscactl.dev"
_BY_CLIENT = frozenset({"SOURCE_IP", "SOURCE", "IP_HASH", "STICKY"})
_BY_TURNS = frozenset({"", "ROUND_ROBIN", "RANDOM"})
_WEB = frozenset({"http", "https"})


@dataclass(frozen=True, slots=True)
class Routed:
    """A workload behind a load balancer, and the port of it that takes the requests."""

    workload: Workload
    port: Port


@dataclass(frozen=True, slots=True)
class Balancer:
    """A load balancer node: what is in front (`front`, on port `number`) and what behind."""

    instance: Instance
    name: str
    front: Endpoint | None
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
                    routed.setdefault(workload.name, Routed(workload, port))
    front = next((e for e in endpoints(instance) if e.port is not None and not e.admin), None)
    if not routed:
        draft.report(
            BALANCER_MEMBERS,
            instance.place,
            f"`{instance.address}` routes to nothing that has a port; it is left out",
            "give it an `application` requirement, and its target an endpoint with a port",
        )
    name = directory.balancer(instance.address) or draft.name_for(instance.address.template)
    return Balancer(instance, name, front, tuple(routed.values()))


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


def selector(workload: Workload) -> dict[str, str]:
    """The labels by which the pods of a workload are selected; they never change."""
    return {
        "app.kubernetes.io/name": label_value(workload.root.address.template),
        "app.kubernetes.io/instance": label_value(workload.name),
    }


def services(
    draft: Draft, workload: Workload, ports: Sequence[Port], *, stateful: bool, wanted: bool
) -> Iterator[Manifest]:
    """The Services and the Ingress of a workload.

    A StatefulSet is governed by a headless one. A public web endpoint with a path is put behind
    an Ingress, any other public one behind a load balancer of its own.
    """
    routed = [port for port in ports if port.public and _by_ingress(draft, port)]
    balanced = [port for port in ports if port.public and port not in routed]
    inner = [port for port in ports if port not in balanced]
    if stateful or inner or (wanted and not ports):
        kind: dict[str, Value] = {"clusterIP": "None"} if stateful or not ports else {}
        kept = ports if stateful else inner
        yield _service(draft, workload, workload.name, kept, kind)
    if balanced:
        name = workload.name
        if stateful or inner:
            name = draft.names.give(f"{workload.name}-public", 63)
        _report_clash(draft, workload.root, [port.number for port in balanced])
        yield _service(draft, workload, name, balanced, {"type": "LoadBalancer"})
    if routed:
        yield _ingress(draft, workload, routed)


def _by_ingress(draft: Draft, port: Port) -> bool:
    """Whether a public port is put behind an Ingress: where it has a path, or has to be.

    The ports 80 and 443 of K3s nodes belong to its own ingress controller.
    """
    if not port.web or (port.path is None and not _of_traefik(draft, port.number)):
        return False
    if port.application == "https" and not isinstance(draft.site.fact("tls_secret"), str):
        draft.report(
            INGRESS_TLS,
            port.place,
            f"`{port.capability}` of `{port.instance.address}` ends TLS itself, behind a load "
            "balancer",
            "name a Secret with a certificate in the target's facts, `tls_secret`, for an Ingress",
        )
        return False
    return True


def _of_traefik(draft: Draft, number: int) -> bool:
    return draft.site.k3s and number in (80, 443)


def _service(
    draft: Draft,
    workload: Workload,
    name: str,
    ports: Sequence[Port],
    kind: Mapping[str, Value],
) -> Manifest:
    spec: dict[str, Value] = {**kind, "selector": selector(workload)}
    if ports:
        spec["ports"] = tuple(_service_port(port) for port in ports)
    return Manifest(
        "v1",
        "Service",
        name,
        {"spec": spec},
        draft.site.labels(workload.root.address.template, workload.name),
        annotations_of(workload.components),
        origins={"": origin(workload.root)},
    )


def _service_port(port: Port, number: int | None = None) -> Mapping[str, Value]:
    found: dict[str, Value] = {
        "name": port.name,
        "port": number or port.number,
        "targetPort": port.name,
        "protocol": port.transport,
    }
    if port.web:
        found["appProtocol"] = port.application
    return found


def _ingress(draft: Draft, workload: Workload, ports: Sequence[Port]) -> Manifest:
    backends = [(port.host, port.path or "/", port.application, port.name) for port in ports]
    return _ingress_of(draft, workload.name, workload.root, workload.name, backends)


def _ingress_of(
    draft: Draft,
    name: str,
    instance: Instance,
    service: str,
    backends: Sequence[tuple[str | None, str, str, str]],
) -> Manifest:
    """An Ingress to ports of a Service: each a host, a path, a protocol and the port's name."""
    site = draft.site
    domain = site.fact("domain")
    rules: list[Value] = []
    hosts: list[str] = []
    for own_host, path, _, port in backends:
        host = own_host or (f"{name}.{domain}" if isinstance(domain, str) else None)
        target: dict[str, Value] = {"service": {"name": service, "port": {"name": port}}}
        way: dict[str, Value] = {"path": path, "pathType": "Prefix", "backend": target}
        rule: dict[str, Value] = {"host": host} if host else {}
        rules.append({**rule, "http": {"paths": (way,)}})
        hosts += [host] if host else []
    spec: dict[str, Value] = {}
    chosen = site.fact("ingress_class")
    if isinstance(chosen, str) or site.k3s:
        spec["ingressClassName"] = chosen if isinstance(chosen, str) else "traefik"
    secret = site.fact("tls_secret")
    if isinstance(secret, str):
        spec["tls"] = ({**({"hosts": tuple(hosts)} if hosts else {}), "secretName": secret},)
    spec["rules"] = tuple(rules)
    return Manifest(
        "networking.k8s.io/v1",
        "Ingress",
        name,
        {"spec": spec},
        site.labels(instance.address.template, name),
        annotations_of([instance]),
        needs=(f"Service/{service}",),
        origins={"": origin(instance)},
    )


def balancer_service(draft: Draft, balancer: Balancer) -> Iterator[Manifest]:
    """The Service, and for a web endpoint with a path the Ingress, of a load balancer node."""
    if not balancer.members:
        return
    first = balancer.members[0]
    front = balancer.front
    number = front.port if front is not None and isinstance(front.port, int) else first.port.number
    path = _path(front)
    web = front is not None and str(front.protocol).lower() == "http"
    ingress = web and (path is not None or _of_traefik(draft, number))
    spec: dict[str, Value] = {} if ingress else {"type": "LoadBalancer"}
    spec |= _affinity(draft, balancer.instance)
    spec["selector"] = balancer.member_label or selector(first.workload)
    port = dict(_service_port(first.port, number))
    if front is not None:
        port["name"] = port_name(front.name)
    if balancer.member_label:
        port["targetPort"] = _common_port(draft, balancer)
    spec["ports"] = (port,)
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
        backends = [(_host(balancer), path or "/", "http", str(port["name"]))]
        yield _ingress_of(draft, balancer.name, balancer.instance, balancer.name, backends)
    else:
        _report_clash(draft, balancer.instance, [number])


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


def _report_clash(draft: Draft, instance: Instance, numbers: Sequence[int]) -> None:
    """K3s gives every port of a LoadBalancer Service to one Service per node (ServiceLB)."""
    if not draft.site.k3s:
        return
    for manifest in draft.manifests.values():
        spec = manifest.body.get("spec")
        if not isinstance(spec, Mapping) or spec.get("type") != "LoadBalancer":
            continue
        taken = [port["port"] for port in _mappings(spec.get("ports"))]
        for number in numbers:
            if number in taken:
                draft.report(
                    PORT_CLASH,
                    instance.place,
                    f"`{instance.address}` and Service `{manifest.name}` both want port {number} "
                    "of the nodes; K3s can give it to one of them only",
                    "give one of them another port, or a path so that an Ingress takes it",
                )


def _mappings(value: Value) -> Sequence[Mapping[str, Value]]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        return ()
    return tuple(item for item in value if isinstance(item, Mapping))
