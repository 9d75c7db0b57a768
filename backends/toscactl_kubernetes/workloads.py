"""`Workload`: what becomes one kind of pod; and how a graph is cut into workloads.

Kubernetes has no server to put things on, so a compute node disappears: what it asks for goes to
the pods of what it hosts. Every stack of software (a server and what is hosted on it) is a pod of
its own, so that two of them on one compute node do not fight for a port; only stacks that share
the compute node's disk, or depend on each other without a connection, stay together.
Instances of one template are replicas of one pod.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from toscactl.backend import (
    COMPUTE,
    Address,
    Artifact,
    Instance,
    InstanceGraph,
    Operation,
    bounds_of,
    compute_of,
    host_chain,
    volumes_of,
)
from toscactl_kubernetes.images import (
    VM_IMAGE,
    by_fact,
    container_artifact,
    is_container_image,
)
from toscactl_kubernetes.manifests import Draft

RUNTIME = "tosca.nodes.Container.Runtime"
CONTAINER = "tosca.nodes.Container.Application"
SOFTWARE = (
    "tosca.nodes.SoftwareComponent",
    "tosca.nodes.WebServer",
    "tosca.nodes.WebApplication",
    "tosca.nodes.DBMS",
    "tosca.nodes.Database",
    CONTAINER,
)
LOAD_BALANCER = "tosca.nodes.LoadBalancer"
STORAGE = (
    "tosca.nodes.BlockStorage",
    "tosca.nodes.Storage.BlockStorage",
    "tosca.nodes.ObjectStorage",
    "tosca.nodes.Storage.ObjectStorage",
)
NETWORKING = (
    "tosca.nodes.network.Network",
    "tosca.nodes.network.Port",
    "tosca.nodes.network.FloatingIP",
)
_NO_PODS = (COMPUTE, RUNTIME, LOAD_BALANCER, *STORAGE, *NETWORKING)
DEPENDS_ON = "tosca.relationships.DependsOn"


@dataclass(frozen=True, slots=True)
class Workload:
    """What becomes one kind of pod.

    `components` run in it, each after those that it needs; `compute` is the node whose size and
    system they have, `sharers` how many workloads divide that size. `image` is an artifact, or
    an image's name from the target's facts; without it, `components` are set up by their
    operations, and without these the pod idles. `members` are all instances that it stands for.
    """

    name: str
    components: tuple[Instance, ...]
    compute: Instance | None
    members: tuple[Address, ...]
    replicas: int
    image: Artifact | str | None = None
    sharers: int = 1

    @property
    def root(self) -> Instance:
        return self.components[0]

    @property
    def application(self) -> Instance:
        """The component whose image runs, or else the root."""
        return next((c for c in self.components if container_artifact(c)), self.root)

    @property
    def hosts(self) -> tuple[Instance, ...]:
        """What carries volumes: the components and their compute node."""
        extra = () if self.compute is None or self.compute in self.components else (self.compute,)
        return (*self.components, *extra)

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The operations of the components that are no container images."""
        return tuple(o for c in self.components for o in scripts_of(c))

    @property
    def scripted(self) -> bool:
        return self.image is None and bool(self.operations)

    @property
    def idle(self) -> bool:
        return self.image is None and not self.operations


def scripts_of(instance: Instance) -> tuple[Operation, ...]:
    """The operations of an instance that run something of the package."""
    return tuple(o for o in instance.operations if not is_container_image(o.primary))


def runs_in_pod(instance: Instance) -> bool:
    """Whether an instance is software: something that a container can run."""
    if any(instance.is_a(name) for name in _NO_PODS):
        return False
    return (
        any(instance.is_a(name) for name in SOFTWARE)
        or container_artifact(instance) is not None
        or bool(instance.operations)
    )


def cut(draft: Draft) -> tuple[Workload, ...]:
    """The workloads of the portion, in the order of the graph."""
    graph = draft.graph
    first = [instances[0] for instances in draft.by_template.values()]
    stacks: dict[Address, list[Instance]] = {}
    for instance in first:
        if runs_in_pod(instance):
            stacks.setdefault(_root(graph, instance).address, []).append(instance)
    _join(graph, stacks)
    occupied = {
        compute.address.template
        for components in stacks.values()
        for component in components
        if (compute := compute_of(graph, component)) is not None
    }
    for instance in first:
        if instance.is_a(COMPUTE) and instance.address.template not in occupied:
            stacks[instance.address] = [instance]
    workloads = [_workload(draft, components) for components in stacks.values()]
    sharers = Counter(w.compute.address for w in workloads if w.compute is not None)
    return tuple(
        replace(w, sharers=sharers[w.compute.address]) if w.compute is not None else w
        for w in workloads
    )


def _root(graph: InstanceGraph, instance: Instance) -> Instance:
    """The lowest software in the chain of hosts: what stands on a compute node or on nothing."""
    root = instance
    for host in host_chain(graph, instance):
        if not runs_in_pod(host):
            break
        root = host
    return root


def _join(graph: InstanceGraph, stacks: dict[Address, list[Instance]]) -> None:
    """Put stacks of scripts together that cannot live apart."""
    order = {at: number for number, at in enumerate(graph.instances)}
    on_compute: dict[Address, list[Address]] = {}
    for address in list(stacks):
        compute = compute_of(graph, graph[address])
        if compute is None or _has_image(stacks[address]):
            continue
        earlier = on_compute.setdefault(compute.address, [])
        other = _companion(graph, stacks, address, compute, earlier)
        if other is None:
            earlier.append(address)
            continue
        stacks[other] += stacks.pop(address)
        stacks[other].sort(key=lambda component: order[component.address])


def _companion(
    graph: InstanceGraph,
    stacks: Mapping[Address, Sequence[Instance]],
    address: Address,
    compute: Instance,
    earlier: Sequence[Address],
) -> Address | None:
    """An earlier stack on the same compute node that shares its disk or is depended on."""
    if earlier and volumes_of(graph, compute):
        return earlier[0]
    needed = {
        edge.target
        for component in stacks[address]
        for edge in component.relationships
        if edge.is_a(DEPENDS_ON)
    }
    for other in earlier:
        if not needed.isdisjoint(component.address for component in stacks[other]):
            return other
    return None


def _has_image(components: Iterable[Instance]) -> bool:
    return any(container_artifact(component) is not None for component in components)


def _workload(draft: Draft, components: Sequence[Instance]) -> Workload:
    graph = draft.graph
    root = components[0]
    templates = {component.address.template: None for component in components}
    for component in components:
        templates |= dict.fromkeys(h.address.template for h in host_chain(graph, component))
    members = tuple(
        instance.address
        for template in templates
        for instance in draft.by_template.get(template, ())
    )
    copies = len(draft.by_template.get(root.address.template, ()))
    workload = Workload(
        draft.name_for(root.address.template),
        tuple(components),
        compute_of(graph, root),
        members,
        bounds_of(graph, root).initial if copies == 1 else copies,
    )
    return replace(workload, image=_image(draft, workload))


def _image(draft: Draft, workload: Workload) -> Artifact | str | None:
    for component in workload.components:
        artifact = container_artifact(component)
        if artifact is not None:
            return artifact
    for component in workload.components:
        own = component.properties.get("image")
        if component.is_a(CONTAINER) and isinstance(own, str):
            return own
        if not component.is_a(COMPUTE) and not workload.operations:
            names = (component.address.template, *component.types)
            found = by_fact(draft.site.fact("images"), names)
            if found is not None:
                return found
    return None


def vm_image(compute: Instance) -> Artifact | None:
    """The machine image of a compute node, where it has one as an artifact."""
    return next((a for a in compute.artifacts.values() if a.is_a(VM_IMAGE)), None)
