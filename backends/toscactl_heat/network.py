"""Networks, ports, floating addresses and routers."""

from collections.abc import Iterable, Mapping

from toscactl.backend import (
    Instance,
    Origin,
    Rule,
    Severity,
    compute_of,
    network_of,
    ports_of,
)
from toscactl_heat.attributes import is_existing
from toscactl_heat.draft import NO_DEFAULT, Draft, HotResource, Parameter
from toscactl_heat.expressions import lower
from toscactl_heat.hot import GetAttr, GetParam, GetResource, Hot

NEEDS_ADMIN = Rule(
    "heat-needs-admin", "Something needs a resource type that Heat keeps for administrators."
)
PORT_RANGE = Rule(
    "heat-port-range",
    "A port asks for an address within a range, and Neutron cannot be asked for that.",
)
UNBOUND_PORT = Rule(
    "heat-unbound-port",
    "A network port is not between a network and a server of the stack.",
)
FIXED_IN_GROUP = Rule(
    "heat-fixed-in-group",
    "Every member of a scaling group would get the same fixed address.",
)
NETWORK_OVERLAP = Rule(
    "heat-network-cidr",
    "A network has no `cidr`, so its addresses are a parameter.",
    Severity.NOTE,
)


def origin(instance: Instance) -> Origin:
    return Origin(f"node {instance.name}", instance.place)


def origins(instance: Instance, names: Mapping[str, str]) -> dict[str, Origin]:
    """Where properties of a resource come from, by the property of the node behind each."""
    return {
        there: Origin(f"node {instance.name}", instance.places.get(here, instance.place), here)
        for there, here in names.items()
        if here in instance.properties
    }


def network_ref(draft: Draft, network: Instance) -> Hot:
    """How other resources name a network."""
    if not is_existing(network):
        return GetResource(draft.names.of(network.address))
    name = "network_id" if network.properties.get("network_id") is not None else "network_name"
    found = lower(draft, network.properties[name], network.places.get(name, network.place))
    if isinstance(found, GetParam) and not found.path:
        draft.constrain(found.name, "neutron.network")
    return found


def default_network(draft: Draft) -> GetParam:
    """The network of servers for which the service names none."""
    return draft.own_parameter(
        "network",
        Parameter(
            "network",
            description="Name or id of the network that servers are connected to",
            default=draft.facts.network or NO_DEFAULT,
            constraints=({"custom_constraint": "neutron.network"},),
        ),
    )


def external_network(draft: Draft) -> GetParam:
    """The network from which floating addresses come."""
    return draft.own_parameter(
        "external_network",
        Parameter(
            "external_network",
            description="Name or id of the external network that public addresses are taken from",
            default=draft.facts.external_network or NO_DEFAULT,
            constraints=({"custom_constraint": "neutron.network"},),
        ),
    )


def lower_network(draft: Draft, network: Instance) -> None:
    """A network and its subnet, unless it is there already."""
    if is_existing(network):
        return
    properties, places = network.properties, network.places
    name = draft.names.of(network.address)
    provider = {
        key: lower(draft, properties[key], places.get(key, network.place))
        for key in ("network_type", "physical_network", "segmentation_id")
        if properties.get(key) is not None
    }
    about: dict[str, Hot] = {}
    if properties.get("network_name") is not None:
        about["name"] = lower(draft, properties["network_name"], places.get("network_name"))
    if provider and not draft.facts.admin:
        draft.report(
            NEEDS_ADMIN,
            places.get(next(iter(provider)), network.place),
            f"`{', '.join(provider)}` of `{network.name}` needs a provider network, which"
            " ordinary projects may not create",
            hint="set fact `admin: true` of the target if its user is an administrator",
        )
    draft.add(
        HotResource(
            name,
            "OS::Neutron::ProviderNet" if provider else "OS::Neutron::Net",
            about | provider,
            instance=network.address,
            origin=origin(network),
            origins=origins(network, {"name": "network_name", **{key: key for key in provider}}),
        )
    )
    _subnet(draft, network)


def subnet_name(draft: Draft, network: Instance) -> str:
    return draft.names.of(network.address, "subnet")


def _subnet(draft: Draft, network: Instance) -> None:
    properties, places = network.properties, network.places

    def of(name: str) -> Hot:
        return lower(draft, properties[name], places.get(name, network.place))

    subnet: dict[str, Hot] = {"network": GetResource(draft.names.of(network.address))}
    subnet["cidr"] = of("cidr") if properties.get("cidr") is not None else _cidr(draft, network)
    for there, here in (
        ("ip_version", "ip_version"),
        ("gateway_ip", "gateway_ip"),
        ("enable_dhcp", "dhcp_enabled"),
    ):
        if properties.get(here) is not None:
            subnet[there] = of(here)
    if properties.get("start_ip") is not None and properties.get("end_ip") is not None:
        subnet["allocation_pools"] = ({"start": of("start_ip"), "end": of("end_ip")},)
    elif properties.get("start_ip") is not None or properties.get("end_ip") is not None:
        draft.report(
            PORT_RANGE,
            network.place,
            f"network `{network.name}` has only one of `start_ip` and `end_ip`",
        )
    draft.add(
        HotResource(
            subnet_name(draft, network),
            "OS::Neutron::Subnet",
            subnet,
            instance=network.address,
            origin=origin(network),
            origins=origins(
                network,
                {"cidr": "cidr", "ip_version": "ip_version", "gateway_ip": "gateway_ip",
                 "enable_dhcp": "dhcp_enabled", "allocation_pools": "start_ip"},
            ),
        )
    )  # fmt: skip


def _cidr(draft: Draft, network: Instance) -> GetParam:
    name = draft.names.of(network.address, "cidr")
    draft.report(
        NETWORK_OVERLAP,
        network.place,
        f"network `{network.name}` has no `cidr`; parameter `{name}` asks for it",
    )
    return draft.own_parameter(
        name,
        Parameter(
            name,
            description=f"Addresses of network {network.name}, for example 192.168.10.0/24",
            constraints=({"custom_constraint": "net_cidr"},),
        ),
    )


def lower_port(draft: Draft, port: Instance, groups: Hot, member_of: str | None) -> None:
    """A port of the service (1.3, 8.5.2); `groups` are its security groups."""
    network = network_of(draft.graph, port)
    if network is None or network.address not in draft.here:
        draft.report(
            UNBOUND_PORT, port.place, f"port `{port.name}` is not linked to a network here"
        )
        return
    properties: dict[str, Hot] = {"network": network_ref(draft, network)}
    fixed = _fixed(draft, port, member_of)
    if fixed is not None:
        properties["fixed_ips"] = ({"ip_address": fixed},)
    if groups:
        properties["security_groups"] = groups
    draft.add(
        HotResource(
            draft.names.of(port.address),
            "OS::Neutron::Port",
            properties,
            after_subnet(draft, network),
            member_of,
            port.address,
            origin(port),
            origins(port, {"fixed_ips": "ip_address"}),
        )
    )


def after_subnet(draft: Draft, network: Instance | None) -> tuple[str, ...]:
    """A port of a network that the stack makes gets no address before there is a subnet."""
    return () if network is None or is_existing(network) else (subnet_name(draft, network),)


def _fixed(draft: Draft, port: Instance, member_of: str | None) -> Hot:
    address = port.properties.get("ip_address")
    low, high = (port.properties.get(f"ip_range_{end}") for end in ("start", "end"))
    if address is None and low is not None and low == high:
        address = low
    place = port.places.get("ip_address", port.place)
    if address is not None:
        if member_of is not None:
            draft.report(
                FIXED_IN_GROUP,
                place,
                f"port `{port.name}` of a server that is scaled has one fixed address",
            )
        return lower(draft, address, place)
    if low is not None or high is not None:
        draft.report(
            PORT_RANGE,
            port.places.get("ip_range_start", port.place),
            f"Neutron cannot pick the address of `{port.name}` from a range",
            hint="give it `ip_address`, or bound the whole network by `start_ip` and `end_ip`",
        )
    return None


def lower_floating(
    draft: Draft, instance: Instance, port: GetResource | GetAttr, member_of: str | None
) -> None:
    """A floating address for a port of an instance, once its network has a way out."""
    draft.add(
        HotResource(
            draft.names.of(instance.address, "address"),
            "OS::Neutron::FloatingIP",
            {"floating_network": external_network(draft), "port_id": port},
            tuple(
                draft.names.of(network.address, "interface")
                for network in made_for(draft, instance)
            ),
            member_of,
            instance.address,
            origin(instance),
        )
    )


def made_for(draft: Draft, instance: Instance) -> tuple[Instance, ...]:
    """The networks of this stack that a server, or what a load balancer serves, is connected to."""
    compute = compute_of(draft.graph, instance)
    servers = draft.served.get(instance.address, ()) if compute is None else (compute.address,)
    found = {
        network.address: network
        for server in servers
        for network in port_networks(draft, draft.graph[server])
        if network.address in draft.here and not is_existing(network)
    }
    return tuple(found.values())


def lower_router(draft: Draft, connected: Iterable[Instance]) -> None:
    """One router with a way out for the networks made here whose servers need one."""
    inside = {network.address: network for it in connected for network in made_for(draft, it)}
    if not inside:
        return
    router = draft.names.fresh("router")
    gateway = {"network": external_network(draft)}
    draft.add(HotResource(router, "OS::Neutron::Router", {"external_gateway_info": gateway}))
    for network in inside.values():
        ends = {"router": GetResource(router), "subnet": GetResource(subnet_name(draft, network))}
        draft.add(
            HotResource(
                draft.names.of(network.address, "interface"),
                "OS::Neutron::RouterInterface",
                ends,
                instance=network.address,
                origin=origin(network),
            )
        )


def port_networks(draft: Draft, compute: Instance) -> tuple[Instance, ...]:
    """The networks that a server is connected to by ports of the service."""
    found = (network_of(draft.graph, port) for port in ports_of(draft.graph, compute))
    return tuple(network for network in found if network is not None)
