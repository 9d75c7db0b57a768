"""Networks, ports, routers and floating addresses."""

from collections.abc import Mapping
from dataclasses import dataclass

from toscactl.backend import Address, Instance, Rule, Severity, network_of
from toscactl_terraform.balancing import is_balancer
from toscactl_terraform.draft import NO_DEFAULT, Draft, Tf, Variable
from toscactl_terraform.expressions import expression, literal, lower, reference
from toscactl_terraform.networks import (
    PORT_RANGE,
    connected,
    fixed_address,
    is_existing,
    is_predefined,
    networks_here,
    ports_here,
)
from toscactl_terraform.survey import Survey

NETWORK_NUMBERS = Rule(
    "terraform-openstack-network-cidr",
    "A network has no `cidr`, so its addresses are a variable.",
    Severity.NOTE,
)

_SEGMENTS = ("network_type", "physical_network", "segmentation_id")


@dataclass(frozen=True, slots=True)
class Several:
    """How many there are of something: `count` for its block, and the index of one of them."""

    count: Tf = None
    index: str = ""

    def of(self, body: Mapping[str, Tf]) -> dict[str, Tf]:
        return dict(body) if self.count is None else {"count": self.count, **body}


def several(survey: Survey, server: Instance) -> Several:
    """Whether a server is one, or as many as its bounds say at first."""
    scaled = survey.scaled.get(server.address)
    return Several() if scaled is None else Several(scaled.initial, "[count.index]")


def numbered(title: str, many: Several) -> str:
    """A name as the cloud shows it, with the number of each of several."""
    return literal(title) + ("" if many.count is None else "-${count.index + 1}")


def default_network(draft: Draft) -> str:
    """The expression for the id of the network of servers for which the service names none."""
    name = draft.variable(
        Variable(
            draft.own_variable("network"),
            "string",
            "Name of the network that servers are connected to.",
            draft.facts.network or NO_DEFAULT,
        )
    )
    body = {"name": reference(name)}
    return f"{draft.data('openstack_networking_network_v2', 'network', body, None)}.id"


def external_network(draft: Draft) -> str:
    """The expression for the name of the network from which floating addresses come."""
    return draft.variable(
        Variable(
            draft.own_variable("external_network"),
            "string",
            "Name of the external network that public addresses are taken from.",
            draft.facts.external_network or NO_DEFAULT,
        )
    )


def network_ref(draft: Draft, network: Instance) -> str:
    """The expression for the id of a network of the service."""
    if is_predefined(network):
        return default_network(draft)
    name = draft.name(network.address)
    if not is_existing(network):
        return f"openstack_networking_network_v2.{name}.id"
    here = "network_id" if network.properties.get("network_id") is not None else "network_name"
    value, place = network.properties[here], network.places.get(here, network.place)
    if here == "network_id":
        return expression(draft, value, place)
    body = {"name": lower(draft, value, place)}
    return f"{draft.data('openstack_networking_network_v2', name, body, network)}.id"


def lower_networks(survey: Survey) -> None:
    """The networks of the service, and a router for those whose servers need a way out."""
    draft = survey.draft
    made = [network for network in networks_here(draft) if not is_existing(network)]
    for network in made:
        _network(draft, network)
        _subnet(draft, network)
    going_out = survey.public | survey.busy | _balanced(survey)
    reached = {
        network.address
        for server in survey.servers()
        if server.address in going_out
        for network in connected(draft, server)
    }
    inside = [network for network in made if network.address in reached]
    if not inside:
        return
    external = draft.data(
        "openstack_networking_network_v2",
        draft.fresh("external"),
        {"name": reference(external_network(draft)), "external": True},
        None,
    )
    router = draft.resource(
        "openstack_networking_router_v2",
        draft.fresh("router"),
        {
            "name": literal(draft.title("router")),
            "external_network_id": reference(f"{external}.id"),
        },
        None,
    )
    for network in inside:
        draft.resource(
            "openstack_networking_router_interface_v2",
            draft.name(network.address, "interface"),
            {
                "router_id": reference(f"{router}.id"),
                "subnet_id": reference(subnet(draft, network)),
            },
            network,
        )


def _balanced(survey: Survey) -> frozenset[Address]:
    """The servers behind load balancers that are public."""
    return frozenset(
        member.server
        for balancer, behind in survey.behind.items()
        if balancer in survey.public
        for member in behind
    )


def _network(draft: Draft, network: Instance) -> None:
    title = network.properties.get("network_name")
    body: dict[str, Tf] = {
        "name": literal(draft.title(network.name))
        if title is None
        else lower(draft, title, network.places.get("network_name")),
        "admin_state_up": True,
    }
    segment = {
        name: lower(draft, network.properties[name], network.places.get(name, network.place))
        for name in _SEGMENTS
        if network.properties.get(name) is not None
    }
    if segment:
        body["segments"] = segment
    draft.resource(
        "openstack_networking_network_v2",
        draft.name(network.address),
        body,
        network,
        name=draft.origin(network, "network_name"),
    )


def subnet(draft: Draft, network: Instance) -> str:
    """The expression for the id of the subnet of a network that is made here."""
    return f"openstack_networking_subnet_v2.{draft.name(network.address, 'subnet')}.id"


def _subnet(draft: Draft, network: Instance) -> None:
    properties = network.properties

    def of(name: str) -> Tf:
        return lower(draft, properties[name], network.places.get(name, network.place))

    body: dict[str, Tf] = {
        "name": literal(draft.title(network.name)),
        "network_id": reference(network_ref(draft, network)),
        "cidr": of("cidr") if properties.get("cidr") is not None else _cidr(draft, network),
        "ip_version": of("ip_version") if properties.get("ip_version") is not None else 4,
    }
    for there, here in (("gateway_ip", "gateway_ip"), ("enable_dhcp", "dhcp_enabled")):
        if properties.get(here) is not None:
            body[there] = of(here)
    ends = [name for name in ("start_ip", "end_ip") if properties.get(name) is not None]
    if len(ends) == 2:  # noqa: PLR2004
        body["allocation_pool"] = {"start": of("start_ip"), "end": of("end_ip")}
    elif ends:
        draft.report(
            PORT_RANGE,
            network.places.get(ends[0], network.place),
            f"network `{network.name}` has only one of `start_ip` and `end_ip`",
        )
    draft.resource(
        "openstack_networking_subnet_v2",
        draft.name(network.address, "subnet"),
        body,
        network,
        cidr=draft.origin(network, "cidr"),
    )


def _cidr(draft: Draft, network: Instance) -> Tf:
    name = draft.own_variable(f"{draft.name(network.address)}_cidr")
    draft.report(
        NETWORK_NUMBERS,
        network.place,
        f"network `{network.name}` has no `cidr`; variable `{name}` asks for it",
    )
    about = f"Addresses of network {network.name}, for example 192.168.10.0/24."
    return reference(draft.variable(Variable(name, "string", about)))


def lower_ports(survey: Survey, server: Instance, groups: Tf) -> None:
    """The ports of a server: those of the service, else one on the network that is a variable."""
    draft = survey.draft
    many = several(survey, server)
    ports = ports_here(draft, server.address)
    for port in ports:
        network = network_of(draft.graph, port)
        assert network is not None, "ports_here gives ports with a network"
        body: dict[str, Tf] = {
            "name": numbered(draft.title(port.name), many),
            "network_id": reference(network_ref(draft, network)),
            "security_group_ids": groups,
        }
        fixed = fixed_address(draft, port, several=many.count is not None)
        made = not is_existing(network)
        if made or fixed is not None:
            entry: dict[str, Tf] = {"subnet_id": reference(subnet(draft, network))} if made else {}
            body["fixed_ip"] = [entry if fixed is None else entry | {"ip_address": fixed}]
        draft.resource(
            "openstack_networking_port_v2",
            draft.name(port.address),
            many.of(body),
            port,
            fixed_ip=draft.origin(port, "ip_address"),
        )
    if not ports:
        body = {
            "name": numbered(draft.title(server.name), many),
            "network_id": reference(default_network(draft)),
            "security_group_ids": groups,
        }
        name = draft.name(server.address, "port")
        draft.resource("openstack_networking_port_v2", name, many.of(body), server)


def port_ref(draft: Draft, port: Instance) -> str:
    """The port of the cloud that a port of the service is."""
    return f"openstack_networking_port_v2.{draft.name(port.address)}"


def main_port(draft: Draft, server: Instance) -> str:
    """The first port of a server; one of several wants an index behind it."""
    ports = ports_here(draft, server.address)
    if ports:
        return port_ref(draft, ports[0])
    return f"openstack_networking_port_v2.{draft.name(server.address, 'port')}"


def lower_floating(survey: Survey, instance: Instance, port_id: str, many: Several) -> None:
    """A floating address for a port, once its network has a way out."""
    draft = survey.draft
    body: dict[str, Tf] = {
        "pool": reference(external_network(draft)),
        "port_id": reference(port_id),
    }
    ready = [
        f"openstack_networking_router_interface_v2.{draft.name(network.address, 'interface')}"
        for network in made_for(survey, instance)
    ]
    if ready:
        body["depends_on"] = ready
    draft.resource(
        "openstack_networking_floatingip_v2",
        draft.name(instance.address, "address"),
        many.of(body),
        instance,
    )


def made_for(survey: Survey, instance: Instance) -> tuple[Instance, ...]:
    """The networks made here that a server, or what a load balancer serves, is connected to."""
    draft = survey.draft
    servers = (
        [draft.graph[member.server] for member in survey.behind[instance.address]]
        if is_balancer(draft, instance)
        else [instance]
    )
    found = {
        network.address: network
        for server in servers
        for network in connected(draft, server)
        if not is_existing(network)
    }
    return tuple(found.values())
