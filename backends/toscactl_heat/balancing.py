"""Load balancers: Octavia in place of whatever the node's own operations would do."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from toscactl.backend import (
    Address,
    Endpoint,
    Instance,
    Relationship,
    Rule,
    Severity,
    Value,
    endpoints,
    is_known,
    reveal,
    text,
)
from toscactl_heat.access import LOAD_BALANCER
from toscactl_heat.attributes import main_port
from toscactl_heat.draft import NO_DEFAULT, Draft, HotResource, Parameter
from toscactl_heat.expressions import lower
from toscactl_heat.hot import GetAttr, GetResource, Hot
from toscactl_heat.network import lower_floating, made_for, origin, origins, subnet_name

NO_MEMBERS = Rule(
    "heat-balancer-without-members",
    "A load balancer sends requests to nothing that this stack makes.",
)
NO_PORT = Rule("heat-balancer-port", "A load balancer does not say at which port it is reached.")
OTHER_TRANSPORT = Rule(
    "heat-balancer-transport",
    "A load balancer cannot reach a member that answers over another transport.",
    Severity.WARNING,
)
UNKNOWN_ALGORITHM = Rule(
    "heat-balancer-algorithm",
    "Octavia does not know the algorithm of a load balancer.",
    Severity.WARNING,
)

ROUTES_TO = "tosca.relationships.RoutesTo"
CONNECTS_TO = "tosca.relationships.ConnectsTo"
_ALGORITHMS = {
    "ROUND_ROBIN": "ROUND_ROBIN", "ROUNDROBIN": "ROUND_ROBIN", "RR": "ROUND_ROBIN",
    "LEAST_CONNECTIONS": "LEAST_CONNECTIONS", "LEASTCONN": "LEAST_CONNECTIONS",
    "LEAST_CONN": "LEAST_CONNECTIONS",
    "SOURCE_IP": "SOURCE_IP", "SOURCE": "SOURCE_IP", "IP_HASH": "SOURCE_IP",
    "SOURCE_IP_PORT": "SOURCE_IP_PORT",
}  # fmt: skip
_PROTOCOLS = {"http": "HTTP", "https": "HTTPS", "udp": "UDP"}


@dataclass(frozen=True, slots=True)
class Member:
    """One application behind a load balancer: where it runs and the endpoint that is used."""

    application: Instance
    server: Address
    endpoint: Endpoint | None
    edge: Relationship


def members(draft: Draft, balancer: Instance) -> Iterator[Member]:
    """What a load balancer sends requests to, as far as this stack makes it."""
    for edge in balancer.relationships:
        if not edge.is_a(ROUTES_TO) and not edge.is_a(CONNECTS_TO):
            continue
        application = draft.graph.instances.get(edge.target)
        server = None if application is None else draft.seat(application)
        if application is not None and server is not None:
            yield Member(application, server, _used(application, edge), edge)


def _used(application: Instance, edge: Relationship) -> Endpoint | None:
    """The endpoint that a route leads to: of its capability, else the first with a port."""
    there = [endpoint for endpoint in endpoints(application) if endpoint.port is not None]
    same = [endpoint for endpoint in there if endpoint.capability == edge.capability]
    return next(iter(same or there), None)


def served(draft: Draft) -> Mapping[Address, tuple[Address, ...]]:
    """The servers behind each load balancer that Octavia is."""
    return {
        instance.address: tuple(dict.fromkeys(m.server for m in members(draft, instance)))
        for instance in draft.instances
        if instance.is_a(LOAD_BALANCER) and draft.seat(instance) is None
    }


def lower_balancer(draft: Draft, balancer: Instance) -> None:
    """Load balancer, and for each of its ports a listener with a pool, monitor and members."""
    name = draft.names.of(balancer.address)
    behind = tuple(members(draft, balancer))
    fronts = _fronts(draft, balancer, behind)
    draft.add(
        HotResource(
            name,
            "OS::Octavia::LoadBalancer",
            {"vip_subnet": _subnet(draft, balancer)},
            instance=balancer.address,
            origin=origin(balancer),
        )
    )
    if not behind:
        draft.report(
            NO_MEMBERS, balancer.place, f"`{balancer.name}` routes to nothing in this stack"
        )
    for number, front in enumerate(fronts):
        _listen(draft, balancer, front, behind, "" if number == 0 else f"_{number + 1}")
    if balancer.address in draft.public:
        lower_floating(draft, balancer, GetAttr(name, ("vip_port_id",)), None)


def _fronts(draft: Draft, balancer: Instance, behind: tuple[Member, ...]) -> tuple[Endpoint, ...]:
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


def _subnet(draft: Draft, balancer: Instance) -> Hot:
    made = made_for(draft, balancer)
    if made:
        return GetResource(subnet_name(draft, made[0]))
    return draft.own_parameter(
        "subnet",
        Parameter(
            "subnet",
            description="Name or id of the subnet in which load balancers get their address",
            default=draft.facts.subnet or NO_DEFAULT,
            constraints=({"custom_constraint": "neutron.subnet"},),
        ),
    )


def _protocol(endpoint: Endpoint | None) -> str:
    return _PROTOCOLS.get(str(endpoint.protocol).lower(), "TCP") if endpoint else "TCP"


def _listen(
    draft: Draft, balancer: Instance, front: Endpoint, behind: tuple[Member, ...], suffix: str
) -> None:
    """One listener with all that is behind it."""
    pool = draft.names.of(balancer.address, f"pool{suffix}")
    listener = draft.names.of(balancer.address, f"listener{suffix}")
    monitor = draft.names.of(balancer.address, f"monitor{suffix}")
    protocol = _protocol(front)
    about = {"instance": balancer.address, "origin": origin(balancer)}
    draft.add(
        HotResource(
            listener,
            "OS::Octavia::Listener",
            {
                "loadbalancer": GetResource(draft.names.of(balancer.address)),
                "protocol": protocol,
                "protocol_port": lower(draft, front.port, front.place),
            },
            **about,  # type: ignore[arg-type]
        )
    )
    draft.add(
        HotResource(
            pool,
            "OS::Octavia::Pool",
            {
                "listener": GetResource(listener),
                "lb_algorithm": _algorithm(draft, balancer),
                "protocol": protocol,
            },
            origins=origins(balancer, {"lb_algorithm": "algorithm"}),
            **about,  # type: ignore[arg-type]
        )
    )
    target = next((member.endpoint for member in behind if member.endpoint), None)
    draft.add(
        HotResource(
            monitor,
            "OS::Octavia::HealthMonitor",
            {
                "pool": GetResource(pool),
                "delay": 5,
                "timeout": 5,
                "max_retries": 3,
                **_health(draft, protocol, target),
            },
            **about,  # type: ignore[arg-type]
        )
    )
    for member in behind:
        _member(draft, balancer, member, front, pool, suffix)


def _health(draft: Draft, protocol: str, target: Endpoint | None) -> dict[str, Hot]:
    if protocol == "UDP":
        return {"type": "UDP-CONNECT"}
    if protocol != "HTTP":
        return {"type": "TCP"}
    path = lower(draft, target.url_path, target.place) if target is not None else None
    return {"type": "HTTP", "url_path": path or "/", "expected_codes": "200-399"}


def _algorithm(draft: Draft, balancer: Instance) -> str:
    written = draft.given(balancer.properties.get("algorithm"))
    if written is None:
        return "ROUND_ROBIN"
    word = (
        text(reveal(written)).upper().replace("-", "_").replace(" ", "_")
        if is_known(written)
        else ""
    )
    if word not in _ALGORITHMS:
        draft.report(
            UNKNOWN_ALGORITHM,
            balancer.places.get("algorithm", balancer.place),
            f"Octavia has no algorithm `{word.lower() or written}`; round robin is used",
            hint="round_robin, least_connections, source_ip or source_ip_port",
        )
    return _ALGORITHMS.get(word, "ROUND_ROBIN")


def _member(
    draft: Draft, balancer: Instance, member: Member, front: Endpoint, pool: str, suffix: str
) -> None:
    """A member of a pool; a scaled server brings its own with it."""
    server = draft.graph[member.server]
    port: Value = front.port if member.endpoint is None else member.endpoint.port
    if member.endpoint is not None and member.endpoint.transport != front.transport:
        draft.report(
            OTHER_TRANSPORT,
            member.edge.place,
            f"`{front.name}` of `{balancer.name}` takes {front.transport}, and"
            f" `{member.endpoint.name}` of `{member.application.name}` answers over"
            f" {member.endpoint.transport}: it is not reached there",
            hint="route to an endpoint of the same transport",
        )
    role = f"{draft.names.of(balancer.address)}_member{suffix}"
    draft.add(
        HotResource(
            draft.names.of(member.application.address, role),
            "OS::Octavia::PoolMember",
            {
                "pool": GetResource(pool),
                "address": GetAttr(main_port(draft, server), ("fixed_ips", 0, "ip_address")),
                "protocol_port": lower(draft, port, member.edge.place),
            },
            draft.done_at(member.application.address, None),
            draft.scaled.get(member.server),
            member.application.address,
            origin(balancer),
        )
    )
