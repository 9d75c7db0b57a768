"""NetworkPolicies: who may connect to a workload is what the template says connects to it."""

from collections.abc import Iterable, Iterator, Sequence

from toscactl.backend import Value
from toscactl_kubernetes.directory import Directory
from toscactl_kubernetes.exposure import Balancer, selector
from toscactl_kubernetes.manifests import Draft, Manifest, annotations_of
from toscactl_kubernetes.ports import Port
from toscactl_kubernetes.workloads import Workload


def network_policy(
    draft: Draft,
    directory: Directory,
    workload: Workload,
    ports: Sequence[Port],
    workloads: Sequence[Workload],
    balancers: Sequence[Balancer],
) -> Iterator[Manifest]:
    """The policy of a workload with ports: public ones for all, others for those that connect.

    Where nothing in the template connects to a port, the namespace may: somebody will.
    """
    if not ports:
        return
    open_ports = {port.number for port in ports if port.public}
    for balancer in balancers:
        open_ports |= {
            routed.port.number
            for routed in balancer.members
            if routed.workload.name == workload.name
        }
    rules: list[Value] = []
    public = [port for port in ports if port.number in open_ports]
    inner = [port for port in ports if port.number not in open_ports]
    if public:
        rules.append({"ports": tuple(_port(port) for port in public)})
    if inner:
        sources = [w for w in workloads if _connects(directory, w, workload)]
        peers = [{"podSelector": {"matchLabels": selector(w)}} for w in sources]
        rules.append(
            {
                "from": tuple(peers) or ({"podSelector": {}},),
                "ports": tuple(_port(port) for port in inner),
            }
        )
    yield Manifest(
        "networking.k8s.io/v1",
        "NetworkPolicy",
        workload.name,
        {
            "spec": {
                "podSelector": {"matchLabels": selector(workload)},
                "policyTypes": ("Ingress",),
                "ingress": tuple(rules),
            }
        },
        draft.site.labels(workload.root.address.template, workload.name),
        annotations_of(workload.components),
    )


def _port(port: Port) -> dict[str, Value]:
    return {"port": port.number, "protocol": port.transport}


def _connects(directory: Directory, source: Workload, target: Workload) -> bool:
    """Whether a workload uses the name of another, or has any relationship to it."""
    if source.name == target.name:
        return False
    if (source.name, target.name) in directory.links:
        return True
    return any(
        edge.target in _addresses(target) for c in source.components for edge in c.relationships
    )


def _addresses(workload: Workload) -> Iterable[object]:
    return {component.address for component in workload.components}
