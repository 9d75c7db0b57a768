"""Endpoints as security groups: who may reach which port of a server."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from toscactl.backend import (
    Address,
    Endpoint,
    Instance,
    Origin,
    endpoints,
    reveal,
)
from toscactl_heat.draft import Draft, HotResource, Opening
from toscactl_heat.expressions import lower
from toscactl_heat.hot import GetAttr, GetResource, Hot
from toscactl_heat.network import made_for, origin, port_networks, subnet_name

CONNECTS_TO = "tosca.relationships.ConnectsTo"
LOAD_BALANCER = "tosca.nodes.LoadBalancer"
_PORTLESS = frozenset({"icmp", "igmp"})
_ANYWHERE = {"IPv4": "0.0.0.0/0", "IPv6": "::/0"}


def openings(draft: Draft) -> Mapping[Address, tuple[Opening, ...]]:
    """What is to be reached on each server, by everything that runs on it.

    A port with known sources is open to these only; one without, and a public one, to anybody.
    """
    found: dict[Address, dict[tuple[str, str, str], list[Opening]]] = {}
    for instance in draft.instances:
        seat = draft.seat(instance)
        if seat is None:
            continue
        for endpoint in endpoints(instance):
            if endpoint.port is not None or endpoint.transport in _PORTLESS:
                key = (endpoint.transport, str(endpoint.port), str(endpoint.last))
                opening = _opening(draft, instance, seat, endpoint)
                found.setdefault(seat, {}).setdefault(key, []).append(opening)
    return {
        seat: tuple(_united(same) for same in by_port.values()) for seat, by_port in found.items()
    }


def _opening(draft: Draft, instance: Instance, seat: Address, endpoint: Endpoint) -> Opening:
    sources = [
        edge.source
        for edge in draft.incoming(instance.address)
        if edge.is_a(CONNECTS_TO) and edge.capability == endpoint.capability
    ]
    servers: dict[Address, None] = {}
    balancers: dict[Address, None] = {}
    outside = False
    for source in sources:
        at = draft.seat(draft.graph[source])
        if at is not None:
            servers[at] = None
        elif source in draft.here and draft.graph[source].is_a(LOAD_BALANCER):
            balancers[source] = None
        else:
            outside = True
    servers.pop(seat, None)
    public = endpoint.public or reveal(endpoint.network) == "PUBLIC"
    place = endpoint.place or instance.place
    return Opening(
        endpoint.transport,
        endpoint.port,
        endpoint.last,
        Origin(f"capability {instance.name}.{endpoint.name}", place),
        place,
        public or outside,
        bool(sources),
        tuple(servers),
        tuple(balancers),
    )


def _united(same: Sequence[Opening]) -> Opening:
    """What several endpoints on one port ask for together."""
    first = same[0]
    said = any(opening.sources for opening in same)
    return Opening(
        first.transport,
        first.port,
        first.last,
        first.origin,
        first.place,
        any(opening.anybody for opening in same) or not said,
        said,
        tuple(dict.fromkeys(server for opening in same for server in opening.servers)),
        tuple(dict.fromkeys(lb for opening in same for lb in opening.balancers)),
    )


def guarded(by_server: Mapping[Address, Sequence[Opening]]) -> frozenset[Address]:
    """The servers that get a security group: those with openings, and their sources."""
    sources = (server for each in by_server.values() for it in each for server in it.servers)
    return frozenset(by_server) | frozenset(sources)


def group_name(draft: Draft, server: Address) -> str:
    return draft.names.of(server, "access")


def groups_of(draft: Draft, server: Address) -> tuple[GetResource, ...]:
    """The security groups of a server's ports; none leaves it to the project's default."""
    return (GetResource(group_name(draft, server)),) if server in draft.guarded else ()


def lower_groups(draft: Draft, by_server: Mapping[Address, Sequence[Opening]]) -> None:
    """One security group per server or group of servers, shared by its members."""
    for server in sorted(draft.guarded):
        instance = draft.graph[server]
        inline: list[Hot] = []
        for opening in by_server.get(server, ()):
            inline.extend(_inline(draft, instance, opening))
        about: dict[str, Hot] = {"description": f"What may reach {instance.name}"}
        if inline:
            about["rules"] = tuple(inline)
        draft.add(
            HotResource(
                group_name(draft, server),
                "OS::Neutron::SecurityGroup",
                about,
                instance=server,
                origin=origin(instance),
            )
        )
        for opening in by_server.get(server, ()):
            _from_servers(draft, server, opening)


def _inline(draft: Draft, instance: Instance, opening: Opening) -> Iterator[Hot]:
    match = _match(draft, opening)
    if opening.anybody:
        for ethertype in _ethertypes(draft, instance):
            yield match | {"ethertype": ethertype, "remote_ip_prefix": _ANYWHERE[ethertype]}
        return
    for balancer in opening.balancers:
        if not made_for(draft, draft.graph[balancer]):
            yield match | {"remote_ip_prefix": _ANYWHERE["IPv4"]}
        for network in made_for(draft, draft.graph[balancer]):
            prefix = GetAttr(subnet_name(draft, network), ("cidr",))
            yield match | _unless_ipv4(_ethertype(network)) | {"remote_ip_prefix": prefix}


def _from_servers(draft: Draft, server: Address, opening: Opening) -> None:
    """Rules of their own, so that two groups may name each other."""
    if opening.anybody:
        return
    ethertypes = _ethertypes(draft, draft.graph[server])
    for source, ethertype in product(opening.servers, ethertypes):
        name = draft.names.fresh(f"{draft.names.of(server)}_from_{draft.names.of(source)}")
        draft.add(
            HotResource(
                name,
                "OS::Neutron::SecurityGroupRule",
                {"security_group": GetResource(group_name(draft, server))}
                | _match(draft, opening)
                | _unless_ipv4(ethertype)
                | {"remote_group": GetResource(group_name(draft, source))},
                instance=server,
                origin=opening.origin,
            )
        )


def _match(draft: Draft, opening: Opening) -> dict[str, Hot]:
    found: dict[str, Hot] = {"protocol": opening.transport}
    if opening.port is not None:
        first = lower(draft, opening.port, opening.place)
        last = first if opening.last is None else lower(draft, opening.last, opening.place)
        found |= {"port_range_min": first, "port_range_max": last}
    return found


def _ethertypes(draft: Draft, instance: Instance) -> tuple[str, ...]:
    versions = {_ethertype(network) for network in port_networks(draft, instance)}
    return tuple(sorted(versions)) or ("IPv4",)


def _ethertype(network: Instance) -> str:
    return "IPv6" if network.properties.get("ip_version") == 6 else "IPv4"  # noqa: PLR2004


def _unless_ipv4(ethertype: str) -> dict[str, Hot]:
    """What a rule must say of its addresses; IPv4 is what Neutron assumes."""
    return {} if ethertype == "IPv4" else {"ethertype": ethertype}
