"""Who may reach which port of a server: endpoints and the relationships that lead to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from toscactl.backend import Address, Endpoint, Instance, Origin, Place, Value, endpoints, reveal
from toscactl_terraform.draft import Draft

CONNECTS_TO = "tosca.relationships.ConnectsTo"
LOAD_BALANCER = "tosca.nodes.LoadBalancer"
PORTLESS = frozenset({"icmp", "igmp"})


@dataclass(frozen=True, slots=True)
class Opening:
    """A port, or a range, of a server, and who reaches it.

    `anybody` is the whole world, `admin` those who administer; else it is servers and load
    balancers. If `inside`, nothing says who connects, so it is whoever is in the same network.
    """

    transport: str
    port: Value
    last: Value
    origin: Origin
    place: Place
    anybody: bool
    admin: bool
    inside: bool
    servers: tuple[Address, ...] = ()
    balancers: tuple[Address, ...] = ()


def seat(draft: Draft, instance: Instance) -> Address | None:
    """The server of this configuration on which an instance is reached."""
    compute = draft.compute(instance)
    return compute.address if compute is not None and compute.address in draft.here else None


def openings(draft: Draft) -> Mapping[Address, tuple[Opening, ...]]:
    """What is to be reached on each server, by everything that runs on it."""
    found: dict[Address, dict[tuple[str, str, str], list[Opening]]] = {}
    for instance in draft.portion.instances:
        at = seat(draft, instance)
        if at is None:
            continue
        for endpoint in endpoints(instance):
            if endpoint.port is not None or endpoint.transport in PORTLESS:
                key = (endpoint.transport, str(endpoint.port), str(endpoint.last))
                opening = _opening(draft, instance, endpoint)
                found.setdefault(at, {}).setdefault(key, []).append(opening)
    return {at: tuple(_united(same) for same in by_port.values()) for at, by_port in found.items()}


def is_public(endpoint: Endpoint) -> bool:
    """Whether the world is to reach an endpoint: by its type or its network (1.3, 5.5.6)."""
    network = reveal(endpoint.network)
    return network != "PRIVATE" and (endpoint.public or network == "PUBLIC")


def _opening(draft: Draft, instance: Instance, endpoint: Endpoint) -> Opening:
    servers: dict[Address, None] = {}
    balancers: dict[Address, None] = {}
    outside = said = False
    for edge in draft.incoming(instance.address):
        if not edge.is_a(CONNECTS_TO) or edge.capability != endpoint.capability:
            continue
        said = True
        source = draft.graph[edge.source]
        there = seat(draft, source)
        if there is not None:
            servers[there] = None
        elif edge.source in draft.here and source.is_a(LOAD_BALANCER):
            balancers[edge.source] = None
        else:
            outside = True
    own = seat(draft, instance)
    if own is not None:
        servers.pop(own, None)  # what is on the same server needs no way in
    place = endpoint.place or instance.place
    anybody = is_public(endpoint) or outside
    return Opening(
        endpoint.transport,
        endpoint.port,
        endpoint.last,
        Origin(f"capability {instance.name}.{endpoint.name}", place),
        place,
        anybody,
        endpoint.admin and not anybody,
        not said and not anybody and not endpoint.admin,
        tuple(servers),
        tuple(balancers),
    )


def _united(same: Sequence[Opening]) -> Opening:
    """What several endpoints on one port ask for together; the callers that are known count."""
    first = same[0]
    servers = tuple(dict.fromkeys(server for opening in same for server in opening.servers))
    balancers = tuple(dict.fromkeys(lb for opening in same for lb in opening.balancers))
    anybody = any(opening.anybody for opening in same)
    admin = any(opening.admin for opening in same) and not anybody
    known = anybody or admin or any(not opening.inside for opening in same)
    return Opening(
        first.transport,
        first.port,
        first.last,
        first.origin,
        first.place,
        anybody,
        admin,
        not known,
        servers,
        balancers,
    )
