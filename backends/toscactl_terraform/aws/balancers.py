"""Load balancers: an application load balancer for HTTP, else one that passes connections on."""

from collections.abc import Sequence
from dataclasses import dataclass

from toscactl.backend import Address, Endpoint, Instance, Rule, Severity, Value
from toscactl_terraform.aws.guards import group_ref, lower_front
from toscactl_terraform.aws.names import limited, tags
from toscactl_terraform.aws.network import Network
from toscactl_terraform.balancing import (
    LEAST_CONNECTIONS,
    ROUND_ROBIN,
    SOURCE_IP,
    Member,
    algorithm,
    fronts,
)
from toscactl_terraform.draft import Draft, Tf
from toscactl_terraform.expressions import lower, reference
from toscactl_terraform.survey import Survey

ONE_ZONE = Rule(
    "terraform-aws-one-zone",
    "A load balancer for HTTP needs subnets in two zones, so one for connections is made.",
    Severity.WARNING,
)

_NAME = 32
"""The most letters that the name of a load balancer or target group has."""
_HTTP_ALGORITHMS = {ROUND_ROBIN: "round_robin", LEAST_CONNECTIONS: "least_outstanding_requests"}
# A network load balancer chooses by connection; with stickiness, by the address of the caller.
_TCP_ALGORITHMS = {ROUND_ROBIN: "", SOURCE_IP: "source_ip"}


@dataclass(frozen=True, slots=True)
class Serving:
    """A group of servers and the address of a target group that it belongs to."""

    server: Address
    target_group: str


def lower_balancer(survey: Survey, network: Network, balancer: Instance) -> Sequence[Serving]:
    """Load balancer, listeners and target groups; gives those of groups of servers."""
    draft = survey.draft
    behind = survey.behind[balancer.address]
    wanted = fronts(draft, balancer, behind)
    http = bool(wanted) and all(_is_http(front) for front in wanted)
    if http and network.zones < 2:  # noqa: PLR2004
        draft.report(
            ONE_ZONE,
            balancer.place,
            f"`{balancer.name}` passes connections on instead of requests: the networks of the"
            " service are in one zone",
            hint="leave the networks out, and two subnets in two zones are made",
        )
        http = False
    for front in wanted:
        lower_front(draft, network, balancer, front)
    address = draft.resource(
        "aws_lb",
        draft.name(balancer.address),
        {
            "name": limited(draft.title(balancer.name), _NAME),
            "load_balancer_type": "application" if http else "network",
            "internal": balancer.address not in survey.public,
            "security_groups": [reference(group_ref(draft, balancer))],
            "subnets": [reference(subnet.id) for subnet in network.subnets],
            "tags": tags(draft, balancer.name),
            **({"depends_on": list(network.ready)} if network.ready else {}),
        },
        balancer,
    )
    found: list[Serving] = []
    for number, front in enumerate(wanted):
        suffix = "" if number == 0 else f"_{number + 1}"
        group = _target_group(draft, network, balancer, front, behind, suffix, http=http)
        _listener(draft, balancer, address, group, front, suffix, http=http)
        found.extend(_attach(survey, balancer, group, front, behind, suffix))
    return found


def _is_http(endpoint: Endpoint | None) -> bool:
    return endpoint is not None and str(endpoint.protocol).lower() == "http"


def _protocol(front: Endpoint, *, http: bool) -> str:
    if http:
        return "HTTP"
    return "UDP" if front.transport == "udp" else "TCP"


def _target_group(
    draft: Draft,
    network: Network,
    balancer: Instance,
    front: Endpoint,
    behind: Sequence[Member],
    suffix: str,
    *,
    http: bool,
) -> str:
    used = next((member.endpoint for member in behind if member.endpoint is not None), front)
    protocol = _protocol(front, http=http)
    known = _HTTP_ALGORITHMS if http else _TCP_ALGORITHMS
    word = algorithm(draft, balancer, known) if not suffix else None
    body: dict[str, Tf] = {
        "name": limited(draft.title(f"{balancer.name}{suffix}"), _NAME),
        "port": lower(draft, used.port, used.place),
        "protocol": protocol,
        "vpc_id": reference(network.vpc),
        "health_check": _health(draft, used),
    }
    if http and word:
        body["load_balancing_algorithm_type"] = word
    elif word:
        body["stickiness"] = {"enabled": True, "type": word}
    body["tags"] = tags(draft, balancer.name)
    return draft.resource(
        "aws_lb_target_group",
        draft.name(balancer.address, f"targets{suffix}"),
        body,
        balancer,
        load_balancing_algorithm_type=draft.origin(balancer, "algorithm"),
    )


def _health(draft: Draft, used: Endpoint) -> Tf:
    """Whether a member is well: it answers, to HTTP with nothing worse than a redirection."""
    pace: dict[str, Tf] = {"interval": 10, "healthy_threshold": 2, "unhealthy_threshold": 3}
    if not _is_http(used):
        return {"protocol": "TCP", **pace}
    path = None if used.url_path is None else lower(draft, used.url_path, used.place)
    return {"protocol": "HTTP", "path": path or "/", "matcher": "200-399", "timeout": 5, **pace}


def _listener(
    draft: Draft,
    balancer: Instance,
    address: str,
    group: str,
    front: Endpoint,
    suffix: str,
    *,
    http: bool,
) -> None:
    draft.resource(
        "aws_lb_listener",
        draft.name(balancer.address, f"listener{suffix}"),
        {
            "load_balancer_arn": reference(f"{address}.arn"),
            "port": lower(draft, front.port, front.place),
            "protocol": _protocol(front, http=http),
            "default_action": {"type": "forward", "target_group_arn": reference(f"{group}.arn")},
        },
        balancer,
    )


def _attach(
    survey: Survey,
    balancer: Instance,
    group: str,
    front: Endpoint,
    behind: Sequence[Member],
    suffix: str,
) -> Sequence[Serving]:
    """What is behind a target group; groups of servers register their members themselves."""
    draft = survey.draft
    found = []
    for member in behind:
        if member.server in survey.scaled:
            found.append(Serving(member.server, group))
            continue
        port: Value = front.port if member.endpoint is None else member.endpoint.port
        role = f"{draft.name(balancer.address)}_target{suffix}"
        draft.resource(
            "aws_lb_target_group_attachment",
            draft.name(member.application.address, role),
            {
                "target_group_arn": reference(f"{group}.arn"),
                "target_id": reference(f"aws_instance.{draft.name(member.server)}.id"),
                "port": lower(draft, port, member.edge.place),
            },
            member.application,
        )
    return found
