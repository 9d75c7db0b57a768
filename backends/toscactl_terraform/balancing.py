"""Load balancers, whatever the cloud: at which ports they are reached and what is behind them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from toscactl.backend import (
    Address,
    Endpoint,
    Instance,
    Relationship,
    Rule,
    Severity,
    endpoints,
    is_known,
    reveal,
    text,
)
from toscactl_terraform.access import CONNECTS_TO, LOAD_BALANCER, seat
from toscactl_terraform.draft import Draft

NO_MEMBERS = Rule(
    "terraform-balancer-without-members",
    "A load balancer sends requests to nothing that this configuration makes.",
)
NO_PORT = Rule(
    "terraform-balancer-port", "A load balancer does not say at which port it is reached."
)
UNKNOWN_ALGORITHM = Rule(
    "terraform-balancer-algorithm",
    "The cloud does not know the algorithm of a load balancer.",
    Severity.WARNING,
)

ROUTES_TO = "tosca.relationships.RoutesTo"
ROUND_ROBIN, LEAST_CONNECTIONS, SOURCE_IP = "round_robin", "least_connections", "source_ip"
_ALGORITHMS = {
    "round_robin": ROUND_ROBIN, "roundrobin": ROUND_ROBIN, "rr": ROUND_ROBIN,
    "least_connections": LEAST_CONNECTIONS, "leastconn": LEAST_CONNECTIONS,
    "least_conn": LEAST_CONNECTIONS,
    "source_ip": SOURCE_IP, "source": SOURCE_IP, "ip_hash": SOURCE_IP,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Member:
    """One application behind a load balancer: where it runs and the endpoint that is used."""

    application: Instance
    server: Address
    endpoint: Endpoint | None
    edge: Relationship


def is_balancer(draft: Draft, instance: Instance) -> bool:
    """Whether the cloud's own load balancer takes the place of a node."""
    return instance.is_a(LOAD_BALANCER) and seat(draft, instance) is None


def members(draft: Draft, balancer: Instance) -> Iterator[Member]:
    """What a load balancer sends requests to, as far as this configuration makes it."""
    for edge in balancer.relationships:
        if not edge.is_a(ROUTES_TO) and not edge.is_a(CONNECTS_TO):
            continue
        application = draft.graph.instances.get(edge.target)
        server = None if application is None else seat(draft, application)
        if application is not None and server is not None:
            yield Member(application, server, _used(application, edge), edge)


def _used(application: Instance, edge: Relationship) -> Endpoint | None:
    """The endpoint that a route leads to: of its capability, else the first with a port."""
    there = [endpoint for endpoint in endpoints(application) if endpoint.port is not None]
    same = [endpoint for endpoint in there if endpoint.capability == edge.capability]
    return next(iter(same or there), None)


def balancers_of(draft: Draft) -> Mapping[Address, tuple[Member, ...]]:
    """What is behind each load balancer of the cloud; nothing at all is reported."""
    found = {}
    for instance in draft.portion.instances:
        if is_balancer(draft, instance):
            found[instance.address] = behind = tuple(members(draft, instance))
            if not behind:
                draft.report(
                    NO_MEMBERS, instance.place, f"`{instance.name}` routes to nothing made here"
                )
    return found


def fronts(draft: Draft, balancer: Instance, behind: tuple[Member, ...]) -> tuple[Endpoint, ...]:
    """Where a load balancer is reached: its own endpoints, else the first one behind it."""
    found = tuple(endpoint for endpoint in endpoints(balancer) if endpoint.port is not None)
    if found:
        return found
    same = tuple(member.endpoint for member in behind if member.endpoint is not None)[:1]
    if not same:
        draft.report(
            NO_PORT,
            balancer.place,
            f"neither `{balancer.name}` nor what it routes to says a port",
            hint="give its capability `client` a `port`",
        )
    return same


def algorithm(draft: Draft, balancer: Instance, known: Mapping[str, str]) -> str | None:
    """The cloud's word for the algorithm of a load balancer; None if it says none.

    `known` are the cloud's words. An algorithm that it does not have is reported.
    """
    written = draft.given(balancer.properties.get("algorithm"))
    if written is None:
        return None
    word = text(reveal(written)) if is_known(written) else str(written)
    meant = _ALGORITHMS.get(word.lower().replace("-", "_").replace(" ", "_"))
    if meant is not None and meant in known:
        return known[meant]
    draft.report(
        UNKNOWN_ALGORITHM,
        balancer.places.get("algorithm", balancer.place),
        f"the cloud's load balancer has no algorithm `{word}`; it uses its own",
        hint=f"it knows {', '.join(known)}" if known else None,
    )
    return None
