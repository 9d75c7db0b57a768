"""Networks and ports of a service, whatever the cloud."""

from collections.abc import Iterator

from toscactl.backend import Address, Instance, Place, Rule, Severity, network_of, ports_of
from toscactl_terraform.attributes import NETWORK
from toscactl_terraform.draft import Draft, Tf
from toscactl_terraform.expressions import lower

UNBOUND_PORT = Rule(
    "terraform-unbound-port",
    "A network port is bound to no server, or linked to no network, of the configuration.",
)
PORT_RANGE = Rule(
    "terraform-port-range",
    "An address is asked for within a range, and the cloud cannot be asked for that.",
)
GROUP_PORT = Rule(
    "terraform-group-port",
    "Every one of several servers would get the same fixed address or port.",
)
NETWORK_PROPERTY = Rule(
    "terraform-network-property",
    "The cloud has nothing for a property of a network.",
    Severity.WARNING,
)

PREDEFINED = frozenset({"PUBLIC", "PRIVATE"})
"""Names of networks that stand for whatever the cloud has (1.3, 8.5.1)."""
_MADE = ("cidr", "start_ip", "end_ip", "gateway_ip", "network_type", "physical_network")


def is_existing(network: Instance) -> bool:
    """Whether a network is there already: it has an id, or only a name (1.3, 8.5.1)."""
    if network.properties.get("network_id") is not None:
        return True
    return network.properties.get("network_name") is not None and not any(
        network.properties.get(name) is not None for name in _MADE
    )


def is_predefined(network: Instance) -> bool:
    """Whether a network is just any that the cloud has, by the names of the standard."""
    return is_existing(network) and network.properties.get("network_name") in PREDEFINED


def networks_here(draft: Draft) -> tuple[Instance, ...]:
    """The networks that a configuration is to carry."""
    return tuple(it for it in draft.portion.instances if it.is_a(NETWORK))


def check_port(draft: Draft, port: Instance) -> tuple[Instance, Instance] | None:
    """The server and the network of a port; None if one of them is not here, which is reported."""
    network = network_of(draft.graph, port)
    server = next(
        (
            draft.graph[edge.target]
            for edge in port.relationships
            if draft.graph[edge.target].is_a("tosca.nodes.Compute")
        ),
        None,
    )
    if server is None or server.address not in draft.here:
        draft.report(UNBOUND_PORT, port.place, f"port `{port.name}` is bound to no server here")
        return None
    if network is None or network.address not in draft.here:
        draft.report(UNBOUND_PORT, port.place, f"port `{port.name}` is linked to no network here")
        return None
    return server, network


def fixed_address(draft: Draft, port: Instance, *, several: bool) -> Tf:
    """The address that a port asks for; None if it takes any."""
    address = port.properties.get("ip_address")
    low, high = (port.properties.get(f"ip_range_{end}") for end in ("start", "end"))
    if address is None and low is not None and low == high:
        address = low
    place = port.places.get("ip_address", port.place)
    if address is not None:
        if several:
            draft.report(
                GROUP_PORT, place, f"port `{port.name}` has one address, and its server is several"
            )
        return lower(draft, address, place)
    if low is not None or high is not None:
        draft.report(
            PORT_RANGE,
            port.places.get("ip_range_start", port.place),
            f"the cloud cannot pick the address of `{port.name}` from a range",
            hint="give it `ip_address`",
        )
    return None


def connected(draft: Draft, server: Instance) -> Iterator[Instance]:
    """The networks that a server is connected to by ports of the service."""
    for port in ports_of(draft.graph, server):
        network = network_of(draft.graph, port)
        if network is not None and network.address in draft.here:
            yield network


def report_property(draft: Draft, network: Instance, name: str, why: str) -> None:
    """Say that a property of a network has no effect."""
    place: Place = network.places.get(name, network.place)
    draft.report(
        NETWORK_PROPERTY, place, f"`{name}` of network `{network.name}` has no effect: {why}"
    )


def ports_here(draft: Draft, server: Address) -> tuple[Instance, ...]:
    """The ports of a server that are complete, in their order."""
    return tuple(
        port
        for port in ports_of(draft.graph, draft.graph[server])
        if port.address in draft.here
        and (network := network_of(draft.graph, port)) is not None
        and network.address in draft.here
    )
