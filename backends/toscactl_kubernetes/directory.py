"""`Directory`: under which name an instance answers inside the cluster.

Addresses of TOSCA (`private_address`, `ip_address`, ...) are known only once something runs; a
Service's name in the cluster's DNS is known before, and stays when pods come and go.
"""

from collections.abc import Iterable, Mapping, Sequence

from toscactl.backend import (
    Address,
    AttributeOf,
    Instance,
    InstanceGraph,
    Rule,
    Severity,
    endpoints,
)
from toscactl_kubernetes.manifests import Draft
from toscactl_kubernetes.workloads import LOAD_BALANCER, Workload

SPLIT_SERVER = Rule(
    "kubernetes-split-server",
    "The address of a compute node is asked for, and several pods stand for it.",
    Severity.WARNING,
)

ADDRESS_ATTRIBUTES = frozenset(
    {"private_address", "public_address", "ip_address", "address", "hostname", "fqdn", "networks"}
)
_WEB = ("tosca.nodes.WebServer", "tosca.nodes.WebApplication")
BINDS_TO = "tosca.relationships.network.BindsTo"


class Directory:
    """Who answers for an instance. `wanted` are workloads whose name somebody uses."""

    def __init__(self, draft: Draft, workloads: Sequence[Workload]) -> None:
        self._draft = draft
        self._graph: InstanceGraph = draft.graph
        self._by_component: dict[Address, list[Workload]] = {}
        self._by_member: dict[Address, list[Workload]] = {}
        for workload in workloads:
            for component in workload.components:
                self._by_component.setdefault(component.address, []).append(workload)
            for member in workload.members:
                self._by_member.setdefault(member, []).append(workload)
        self._balancers: Mapping[str, str] = {
            instance.address.template: draft.name_for(instance.address.template)
            for instance in draft.portion.instances
            if instance.is_a(LOAD_BALANCER)
        }
        self.wanted: set[str] = set()
        self.links: set[tuple[str, str]] = set()
        """Which workload uses the name of which, by their names."""

    def workloads_of(self, address: Address) -> tuple[Workload, ...]:
        """The workloads that stand for an instance; several for a compute node that was split."""
        instance = self._graph.instances.get(address)
        if instance is None:
            return ()
        own = self._by_component.get(address) or self._by_member.get(address)
        if own is None:
            bound = self._graph.related(instance, BINDS_TO)
            return self.workloads_of(bound[0].address) if bound else ()
        return tuple(own)

    def balancer(self, address: Address) -> str | None:
        return self._balancers.get(address.template)

    def host_name(self, reference: AttributeOf, reader: Workload | None) -> str | None:
        """The DNS name for an address attribute, or None if nothing answers for the instance."""
        if reference.name not in ADDRESS_ATTRIBUTES:
            return None
        balancer = self.balancer(reference.address)
        if balancer is not None:
            return balancer
        found = self.workloads_of(reference.address)
        if not found:
            return None
        workload = self._chosen(found, reference, reader)
        self.wanted.add(workload.name)
        if reader is not None and reader.name != workload.name:
            self.links.add((reader.name, workload.name))
        return workload.name

    def name_of(self, address: Address, reader: Workload) -> str | None:
        """The DNS name for a connection to an instance, or None if nothing answers for it."""
        return self.host_name(AttributeOf(address, "ip_address"), reader)

    def _chosen(
        self, found: Sequence[Workload], reference: AttributeOf, reader: Workload | None
    ) -> Workload:
        if len(found) == 1:
            return found[0]
        reached = _targets(() if reader is None else reader.components)
        for workload in found:
            if reader is not None and workload.name == reader.name:
                return workload
        for workload in found:
            if reached & {component.address for component in workload.components}:
                return workload
        chosen = max(found, key=_front)
        self._draft.report(
            SPLIT_SERVER,
            self._graph[reference.address].place,
            f"`{reference}` could be the address of any of "
            f"{', '.join(f'`{w.root.address.template}`' for w in found)}; that of "
            f"`{chosen.root.address.template}` is taken",
            "ask the node that is meant for its address, or connect to it",
        )
        return chosen


def _front(workload: Workload) -> tuple[bool, bool]:
    """How much a workload is what users see: it has a public endpoint, or serves the web."""
    public = any(e.public for c in workload.components for e in endpoints(c))
    return (public, any(c.is_a(name) for c in workload.components for name in _WEB))


def _targets(components: Iterable[Instance]) -> set[Address]:
    return {edge.target for component in components for edge in component.relationships}
