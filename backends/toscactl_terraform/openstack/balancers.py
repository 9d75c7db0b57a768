"""Load balancers of Octavia."""

from collections.abc import Sequence

from toscactl.backend import Endpoint, Instance, Value
from toscactl_terraform.balancing import (
    LEAST_CONNECTIONS,
    ROUND_ROBIN,
    SOURCE_IP,
    Member,
    algorithm,
    fronts,
)
from toscactl_terraform.draft import Draft, Tf
from toscactl_terraform.expressions import literal, lower, reference
from toscactl_terraform.openstack.attributes import first_address, is_floating
from toscactl_terraform.openstack.network import (
    Several,
    default_network,
    lower_floating,
    made_for,
    main_port,
    several,
    subnet,
)
from toscactl_terraform.survey import Survey

_ALGORITHMS = {
    ROUND_ROBIN: "ROUND_ROBIN", LEAST_CONNECTIONS: "LEAST_CONNECTIONS", SOURCE_IP: "SOURCE_IP",
}  # fmt: skip
_PROTOCOLS = {"http": "HTTP", "https": "HTTPS", "udp": "UDP"}


def lower_balancer(survey: Survey, balancer: Instance) -> None:
    """Load balancer, and for each of its ports a listener with a pool, monitor and members."""
    draft = survey.draft
    behind = survey.behind[balancer.address]
    made = made_for(survey, balancer)
    where: Tf = reference(subnet(draft, made[0]) if made else default_network(draft))
    address = draft.resource(
        "openstack_lb_loadbalancer_v2",
        draft.name(balancer.address),
        {
            "name": literal(draft.title(balancer.name)),
            "vip_subnet_id" if made else "vip_network_id": where,
        },
        balancer,
    )
    for number, front in enumerate(fronts(draft, balancer, behind)):
        _listen(survey, balancer, front, behind, "" if number == 0 else f"_{number + 1}")
    if is_floating(survey, balancer):
        lower_floating(survey, balancer, f"{address}.vip_port_id", Several())


def _listen(
    survey: Survey, balancer: Instance, front: Endpoint, behind: Sequence[Member], suffix: str
) -> None:
    """One listener with all that is behind it."""
    draft = survey.draft
    protocol = _PROTOCOLS.get(str(front.protocol).lower(), "TCP")
    title = literal(draft.title(f"{balancer.name}{suffix}"))
    listener = draft.resource(
        "openstack_lb_listener_v2",
        draft.name(balancer.address, f"listener{suffix}"),
        {
            "name": title,
            "loadbalancer_id": reference(
                f"openstack_lb_loadbalancer_v2.{draft.name(balancer.address)}.id"
            ),
            "protocol": protocol,
            "protocol_port": lower(draft, front.port, front.place),
        },
        balancer,
    )
    method = algorithm(draft, balancer, _ALGORITHMS) if not suffix else None
    pool = draft.resource(
        "openstack_lb_pool_v2",
        draft.name(balancer.address, f"pool{suffix}"),
        {
            "name": title,
            "listener_id": reference(f"{listener}.id"),
            "protocol": protocol,
            "lb_method": method or "ROUND_ROBIN",
        },
        balancer,
        lb_method=draft.origin(balancer, "algorithm"),
    )
    used = next((member.endpoint for member in behind if member.endpoint is not None), None)
    draft.resource(
        "openstack_lb_monitor_v2",
        draft.name(balancer.address, f"monitor{suffix}"),
        {
            "pool_id": reference(f"{pool}.id"),
            **_health(draft, protocol, used),
            "delay": 5,
            "timeout": 5,
            "max_retries": 3,
        },
        balancer,
    )
    for member in behind:
        _member(survey, balancer, member, front, pool, suffix)


def _health(draft: Draft, protocol: str, used: Endpoint | None) -> dict[str, Tf]:
    if protocol == "UDP":
        return {"type": "UDP-CONNECT"}
    if protocol != "HTTP":
        return {"type": "TCP"}
    path = None if used is None else lower(draft, used.url_path, used.place)
    return {"type": "HTTP", "url_path": path or "/", "expected_codes": "200-399"}


def _member(
    survey: Survey,
    balancer: Instance,
    member: Member,
    front: Endpoint,
    pool: str,
    suffix: str,
) -> None:
    """A member of a pool, one for each of several servers."""
    draft = survey.draft
    server = draft.graph[member.server]
    many = several(survey, server)
    port: Value = front.port if member.endpoint is None else member.endpoint.port
    role = f"{draft.name(balancer.address)}_member{suffix}"
    draft.resource(
        "openstack_lb_member_v2",
        draft.name(member.application.address, role),
        many.of(
            {
                "pool_id": reference(f"{pool}.id"),
                "address": reference(first_address(main_port(draft, server) + many.index)),
                "protocol_port": lower(draft, port, member.edge.place),
            }
        ),
        member.application,
    )
