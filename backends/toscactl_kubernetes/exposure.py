"""Services and Ingresses: how a workload is reached, and load balancers in front of several."""

from collections.abc import Iterator, Mapping, Sequence

from toscactl.backend import (
    Instance,
    Rule,
    Severity,
    Value,
)
from toscactl_kubernetes.manifests import Draft, Manifest, annotations_of, origin
from toscactl_kubernetes.naming import label_value
from toscactl_kubernetes.ports import Port
from toscactl_kubernetes.workloads import Workload

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

_WEB = frozenset({"http", "https"})


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
        report_clash(draft, workload.root, [port.number for port in balanced])
        yield _service(draft, workload, name, balanced, {"type": "LoadBalancer"})
    if routed:
        yield _ingress(draft, workload, routed)


def _by_ingress(draft: Draft, port: Port) -> bool:
    """Whether a public port is put behind an Ingress: where it has a path, or has to be.

    The ports 80 and 443 of K3s nodes belong to its own ingress controller.
    """
    if not port.web or (port.path is None and not of_traefik(draft, port.number)):
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


def of_traefik(draft: Draft, number: int) -> bool:
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
        spec["ports"] = tuple(service_port(port) for port in ports)
    return Manifest(
        "v1",
        "Service",
        name,
        {"spec": spec},
        draft.site.labels(workload.root.address.template, workload.name),
        annotations_of(workload.components),
        origins={"": origin(workload.root)},
    )


def service_port(port: Port, number: int | None = None) -> Mapping[str, Value]:
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
    return ingress_of(draft, workload.name, workload.root, workload.name, backends)


def ingress_of(
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


def report_clash(draft: Draft, instance: Instance, numbers: Sequence[int]) -> None:
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
