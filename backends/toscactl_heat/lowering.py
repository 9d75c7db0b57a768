"""placement -> desired: instances as one Heat stack."""

from collections.abc import Iterator, Mapping

from toscactl.backend import (
    COMPUTE,
    HOSTED_ON,
    SCALING,
    Address,
    AttributeOf,
    Checked,
    Instance,
    Portion,
    Rule,
    Unit,
    Value,
    compute_of,
    endpoints,
    reveal,
    walk,
)
from toscactl_heat.access import LOAD_BALANCER, groups_of, guarded, lower_groups, openings
from toscactl_heat.attributes import NETWORK, OBJECT_STORES, PORT, VOLUMES, main_port
from toscactl_heat.balancing import lower_balancer, served
from toscactl_heat.cloud_init import await_software, by_server, lower_user_data
from toscactl_heat.compute import Boot, lower_server
from toscactl_heat.containers import is_container, lower_alone
from toscactl_heat.draft import Draft
from toscactl_heat.facts import CLOUD_INIT, read
from toscactl_heat.hot import GetResource, Hot
from toscactl_heat.network import (
    UNBOUND_PORT,
    lower_floating,
    lower_network,
    lower_port,
    lower_router,
)
from toscactl_heat.operations import deployment_name, produced
from toscactl_heat.outputs import lower_outputs
from toscactl_heat.parameters import lower_inputs
from toscactl_heat.placement import check_policies, server_groups
from toscactl_heat.scaling import ScaledServer, lower_policies, metering, scaled_servers
from toscactl_heat.sequence import Planned, sequence
from toscactl_heat.software import lower_deployment
from toscactl_heat.storage import (
    attachments_on,
    lower_attachment,
    lower_object_storage,
    lower_volume,
)
from toscactl_heat.template import unit_of

UNSUPPORTED_NODE = Rule("heat-unsupported-node", "Heat has no resource for a node of this type.")
NOT_HOSTED = Rule("heat-not-hosted", "Software is not hosted on a server of the stack.")

SOFTWARE = (
    "tosca.nodes.SoftwareComponent",
    "tosca.nodes.WebServer",
    "tosca.nodes.WebApplication",
    "tosca.nodes.DBMS",
    "tosca.nodes.Database",
    "tosca.nodes.Container.Runtime",
    "tosca.nodes.Container.Application",
)
CLAIMED = (COMPUTE, LOAD_BALANCER, NETWORK, PORT, *VOLUMES, *OBJECT_STORES, *SOFTWARE)


def claims(instance: Instance) -> bool:
    """Whether a stack can carry an instance."""
    hosted = any(edge.is_a(HOSTED_ON) for edge in instance.relationships)
    return hosted or any(instance.is_a(name) for name in CLAIMED) or is_container(instance)


def lower(portion: Portion) -> Checked[tuple[Unit, ...]]:
    """The stack for what a target is to carry. What Heat cannot express is a diagnostic."""
    facts = read(portion.target)
    draft = Draft(portion, facts.value)
    draft.findings.extend(facts.diagnostics)
    scaled = _survey(draft)
    placement = server_groups(draft)
    check_policies(
        draft, frozenset(policy.name for policy in portion.policies if policy.is_a(SCALING))
    )
    planned = [step for instance in portion.instances for step in sequence(draft, instance)]
    _lower_instances(draft, planned, scaled, placement)
    if facts.value.software == CLOUD_INIT:
        await_software(draft, planned)
    else:
        for deployment, after in planned:
            lower_deployment(draft, deployment, after)
    for group in scaled:
        lower_policies(draft, group)
    lower_outputs(draft)
    unit = unit_of(draft, scaled)
    return Checked((unit,) if portion.instances else (), tuple(draft.findings))


def _survey(draft: Draft) -> tuple[ScaledServer, ...]:
    """Look over the whole before anything is made: what is scaled, public, reached, produced."""
    lower_inputs(draft)
    instances = draft.instances
    draft.alone = frozenset(
        instance.address
        for instance in instances
        if is_container(instance) and compute_of(draft.graph, instance) is None
    )
    draft.served = served(draft)
    scaled = scaled_servers(draft)
    draft.scaled = {group.compute.address: group.group for group in scaled}
    draft.public = frozenset(_public(draft)) if draft.facts.floating else frozenset()
    draft.openings = openings(draft)
    draft.guarded = guarded(draft.openings)
    for part in _references(draft):
        if part.name.count(".") > 1:
            draft.asked.setdefault(part.address, []).append(part.name)
    if draft.facts.software != CLOUD_INIT:
        draft.attributes = {
            there: (deployment_name(draft, task), output)
            for there, (task, output) in produced(draft).items()
        }
    return scaled


def _public(draft: Draft) -> Iterator[Address]:
    """What needs a public address: by its endpoints, or because somebody reads it."""
    for instance in draft.instances:
        balancer = instance.is_a(LOAD_BALANCER)
        seat = draft.seat(instance) or (instance.address if balancer else None)
        for endpoint in endpoints(instance):
            network = reveal(endpoint.network)
            if (
                seat is not None
                and (endpoint.public or network == "PUBLIC")
                and network != "PRIVATE"
            ):
                yield seat
    for part in _references(draft):
        if part.name == "public_address":
            there = draft.graph.instances.get(part.address)
            seat = None if there is None else draft.seat(there)
            if seat is not None:
                yield seat


def _references(draft: Draft) -> Iterator[AttributeOf]:
    """Every attribute that a value of the service or an output needs."""
    for value in _all_values(draft):
        for part in walk(value):
            if isinstance(part, AttributeOf):
                yield part


def _all_values(draft: Draft) -> Iterator[Value]:
    for output in draft.portion.outputs.values():
        yield output.value
    for instance in draft.graph:
        yield from instance.properties.values()
        for capability in instance.capabilities.values():
            yield from capability.properties.values()
        for operation in instance.operations:
            yield from operation.inputs.values()
        for edge in instance.relationships:
            yield from edge.properties.values()
            for operation in edge.operations:
                yield from operation.inputs.values()


def _lower_instances(
    draft: Draft,
    planned: list[Planned],
    scaled: tuple[ScaledServer, ...],
    placement: Mapping[Address, GetResource],
) -> None:
    busy = by_server(planned)
    by_boot = draft.facts.software == CLOUD_INIT
    instances = draft.instances
    for instance in instances:
        if instance.is_a(NETWORK):
            lower_network(draft, instance)
    lower_router(
        draft, (it for it in instances if it.address in draft.public or it.address in busy)
    )
    lower_groups(draft, draft.openings)
    metered = {group.compute.address: metering(group.group) for group in scaled if group.policies}
    for instance in instances:
        steps = busy.get(instance.address, ())
        boot = Boot(
            "SOFTWARE_CONFIG" if steps and not by_boot else "RAW",
            lower_user_data(draft, instance.address, steps) if steps and by_boot else None,
            metadata=metered.get(instance.address, {}),
            group=placement.get(instance.address),
        )
        _lower_instance(draft, instance, boot)


def _lower_instance(draft: Draft, instance: Instance, boot: Boot) -> None:
    if instance.is_a(NETWORK):
        return
    if instance.is_a(PORT):
        _lower_port(draft, instance)
    elif instance.is_a(COMPUTE):
        _lower_compute(draft, instance, boot)
    elif any(instance.is_a(name) for name in VOLUMES):
        lower_volume(draft, instance, _users(draft, instance))
    elif any(instance.is_a(name) for name in OBJECT_STORES):
        lower_object_storage(draft, instance)
    elif instance.address in draft.alone:
        lower_alone(draft, instance)
        if instance.address in draft.public:
            lower_floating(
                draft, instance, GetResource(draft.names.of(instance.address, "port")), None
            )
    elif draft.seat(instance) is None:
        _lower_rest(draft, instance)


def _lower_rest(draft: Draft, instance: Instance) -> None:
    if instance.is_a(LOAD_BALANCER):
        lower_balancer(draft, instance)
    elif any(instance.is_a(name) for name in SOFTWARE):
        draft.report(
            NOT_HOSTED,
            instance.place,
            f"`{instance.name}` is not hosted on a server that this stack makes",
            hint="give it a requirement `host` that leads to a tosca.nodes.Compute",
        )
    else:
        draft.report(
            UNSUPPORTED_NODE,
            instance.place,
            f"Heat has no resource for `{instance.name}` of type `{instance.type}`",
        )


def _users(draft: Draft, volume: Instance) -> list[Instance]:
    return [draft.graph[edge.source] for edge in draft.incoming(volume.address)]


def _lower_compute(draft: Draft, compute: Instance, boot: Boot) -> None:
    lower_server(draft, compute, boot)
    for user, attachment in attachments_on(draft, compute):
        lower_attachment(draft, compute, user, attachment)
    if compute.address in draft.public:
        port = GetResource(main_port(draft, compute))
        lower_floating(draft, compute, port, draft.scaled.get(compute.address))


def _lower_port(draft: Draft, port: Instance) -> None:
    server = next(
        (edge.target for edge in port.relationships if draft.graph[edge.target].is_a(COMPUTE)), None
    )
    if server is None or server not in draft.here:
        draft.report(
            UNBOUND_PORT, port.place, f"port `{port.name}` is bound to no server of this stack"
        )
        return
    groups: Hot = groups_of(draft, server)
    lower_port(draft, port, groups, draft.scaled.get(server))
