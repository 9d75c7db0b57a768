"""NetworkPolicies: who may connect to a workload is what the template says connects to it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from toscactl.backend import HOSTED_ON, Value
from toscactl_kubernetes.directory import Directory
from toscactl_kubernetes.exposure import selector
from toscactl_kubernetes.manifests import Draft, Manifest, annotations_of
from toscactl_kubernetes.ports import Port
from toscactl_kubernetes.workloads import Workload


def network_policy(
    draft: Draft,
    workload: Workload,
    ports: Sequence[Port],
    sources: Sequence[Workload],
    balanced: Iterable[int],
) -> Iterator[Manifest]:
    """The policy of a workload with ports: public ones for all, others for those that connect.

    `sources` are the workloads that connect to it, `balanced` its ports behind load balancers.
    Where nothing in the template connects to a port, the namespace may: somebody will.
    """
    if not ports:
        return
    open_ports = {port.number for port in ports if port.public} | set(balanced)
    rules: list[Value] = []
    public = [port for port in ports if port.number in open_ports]
    inner = [port for port in ports if port.number not in open_ports]
    if public:
        rules.append({"ports": tuple(_port(port) for port in public)})
    if inner:
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


def connections(
    directory: Directory, workloads: Sequence[Workload]
) -> Mapping[str, Sequence[Workload]]:
    """The workloads that connect to each one, by its name: they use its name or relate to it."""
    found: dict[str, dict[str, Workload]] = {}
    by_name = {workload.name: workload for workload in workloads}
    links = set(directory.links)
    for workload in workloads:
        for component in workload.components:
            for edge in component.relationships:
                if edge.is_a(HOSTED_ON):
                    continue
                links |= {(workload.name, t.name) for t in directory.workloads_of(edge.target)}
    for source, target in sorted(links):
        if source != target and source in by_name:
            found.setdefault(target, {})[source] = by_name[source]
    return {target: tuple(sources.values()) for target, sources in found.items()}
