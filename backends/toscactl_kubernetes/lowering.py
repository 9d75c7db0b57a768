"""A portion of a service -> units: what Kubernetes is to hold for it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from toscactl.backend import Checked, Origin, Portion, Unit, networks
from toscactl_kubernetes.balancers import Balancer, balancer_service, balancers
from toscactl_kubernetes.directory import Directory
from toscactl_kubernetes.exposure import services
from toscactl_kubernetes.isolation import connections, network_policy
from toscactl_kubernetes.manifests import Draft, Manifest, annotations_of
from toscactl_kubernetes.networks import annotation, attachment_needs, attachments
from toscactl_kubernetes.outputs import want_services
from toscactl_kubernetes.placement import placement, report_other_policies
from toscactl_kubernetes.pods import pod
from toscactl_kubernetes.ports import Port, ports_of_workload, with_floating_address
from toscactl_kubernetes.resolution import close_inputs
from toscactl_kubernetes.scaling import autoscaler, disruption_budget, scale_of
from toscactl_kubernetes.sizing import report_not_for_pods
from toscactl_kubernetes.storage import Claim, claim_manifests, claims_of, unattached, volume_users
from toscactl_kubernetes.terms import Composer
from toscactl_kubernetes.units import units
from toscactl_kubernetes.unrun import report_unrun
from toscactl_kubernetes.virtual_machines import virtual_machine
from toscactl_kubernetes.workload_objects import kind_of, workload_object
from toscactl_kubernetes.workloads import Workload, cut


@dataclass(frozen=True, slots=True)
class Service:
    """A service cut into workloads, before objects are made of them."""

    draft: Draft
    directory: Directory
    composer: Composer
    workloads: tuple[Workload, ...]
    ports: Mapping[str, Sequence[Port]]
    claims: Mapping[str, Sequence[Claim]]
    balancers: tuple[Balancer, ...]
    networks: Mapping[str, str]


def lower(portion: Portion) -> Checked[tuple[Unit, ...]]:
    """One unit per object, and what of the portion Kubernetes cannot express."""
    service = read(portion)
    draft = service.draft
    machines = [w for w in service.workloads if _is_machine(draft, w)]
    pods = [w for w in service.workloads if w not in machines]
    for workload in machines:
        _add(draft, virtual_machine(draft, workload))
    users = [_make_workload(service, workload) for workload in pods]
    _make_common(service, users)
    want_services(draft, service.directory, service.ports)
    _make_access(service, pods)
    for balancer in service.balancers:
        _add(draft, balancer_service(draft, balancer))
    report_unrun(draft, service.workloads)
    report_other_policies(draft)
    return Checked(units(draft), draft.findings)


def read(portion: Portion) -> Service:
    """A portion with its inputs closed and cut into workloads."""
    graph = close_inputs(portion.graph)
    closed = replace(
        portion,
        graph=graph,
        instances=tuple(graph.instances[i.address] for i in portion.instances),
    )
    draft = Draft(closed, graph)
    workloads = cut(draft)
    directory = Directory(draft, workloads)
    floating = with_floating_address(graph)
    ports = {w.name: ports_of_workload(draft, w, floating) for w in workloads}
    users = volume_users(draft, workloads)
    claims = {w.name: claims_of(draft, w, users) for w in workloads}
    return Service(
        draft,
        directory,
        Composer(draft, directory),
        workloads,
        ports,
        claims,
        balancers(draft, directory, ports),
        {
            network.address.template: draft.name_for(network.address.template)
            for network in networks(graph)
        },
    )


def _add(draft: Draft, manifests: Iterable[Manifest]) -> None:
    for manifest in manifests:
        draft.add(manifest)


def _is_machine(draft: Draft, workload: Workload) -> bool:
    return workload.idle and draft.site.fact("kubevirt") is True and len(workload.components) == 1


def _make_workload(service: Service, workload: Workload) -> int:
    """The objects that make a workload's pods; returns the user as whom they run."""
    draft, ports, claims = (
        service.draft,
        service.ports[workload.name],
        service.claims[workload.name],
    )
    scale = scale_of(draft, workload)
    kind = kind_of(workload, ports, claims)
    made = pod(draft, service.composer, workload, ports, claims, stays=kind != "Job")
    spec = {**placement(draft, workload, scale, service.workloads), **made.spec}
    extra = {
        "labels": _member_labels(service, workload),
        "annotations": annotation(draft, workload, service.networks),
    }
    whole = workload_object(draft, workload, kind, replace(made, spec=spec), scale, claims, extra)
    draft.add(_service_account(draft, workload))
    _add(draft, made.config_maps)
    _add(draft, claim_manifests(draft, claims))
    needed = attachment_needs(draft, workload, service.networks)
    draft.add(replace(whole, needs=(*whole.needs, *needed)))
    if kind != "Job":
        _add(draft, autoscaler(draft, workload, scale, kind))
        _add(draft, disruption_budget(draft, workload, scale))
    if workload.compute is not None:
        report_not_for_pods(draft, (workload.compute,))
    return made.user


def _member_labels(service: Service, workload: Workload) -> dict[str, str]:
    return {
        key: value
        for balancer in service.balancers
        if workload.name in {routed.workload.name for routed in balancer.members}
        for key, value in balancer.member_label.items()
    }


def _service_account(draft: Draft, workload: Workload) -> Manifest:
    return Manifest(
        "v1",
        "ServiceAccount",
        workload.name,
        {"automountServiceAccountToken": False},
        draft.site.labels(workload.root.address.template, workload.name),
        annotations_of(workload.components),
    )


def _make_common(service: Service, users: Sequence[int]) -> None:
    """What belongs to the service as a whole: namespace, Secrets, volumes of nobody, networks."""
    draft, site = service.draft, service.draft.site
    if site.owns_namespace:
        profile = "baseline" if 0 in users else "restricted"
        labels = site.service_labels() | {"pod-security.kubernetes.io/enforce": profile}
        first = next(iter(draft.portion.instances), None)
        where = {} if first is None else {"": Origin(f"service {site.deployment}", first.place)}
        draft.add(Manifest("v1", "Namespace", site.namespace, {}, labels, origins=where))
    _add(draft, service.composer.secrets())
    attached = {claim.volume.address.template for c in service.claims.values() for claim in c}
    _add(draft, unattached(draft, frozenset(attached)))
    _add(draft, attachments(draft, service.networks))


def _make_access(service: Service, pods: Sequence[Workload]) -> None:
    """The Services, the Ingress and the NetworkPolicy of each workload."""
    draft = service.draft
    sources = connections(service.directory, pods)
    balanced: dict[str, set[int]] = {}
    for balancer in service.balancers:
        for routed in balancer.members:
            balanced.setdefault(routed.workload.name, set()).add(routed.port.number)
    for workload in pods:
        name, ports = workload.name, service.ports[workload.name]
        stateful = f"StatefulSet/{name}" in draft.manifests
        wanted = name in service.directory.wanted
        _add(draft, services(draft, workload, ports, stateful=stateful, wanted=wanted))
        near = sources.get(name, ())
        _add(draft, network_policy(draft, workload, ports, near, balanced.get(name, ())))
