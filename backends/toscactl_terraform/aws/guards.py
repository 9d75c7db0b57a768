"""Security groups: who may reach which port of a server or load balancer."""

from collections.abc import Iterator, Mapping

from toscactl.backend import Endpoint, Instance, Origin
from toscactl_terraform.access import PORTLESS, Opening, is_public
from toscactl_terraform.aws.names import described, tags
from toscactl_terraform.aws.network import Network, admin_addresses
from toscactl_terraform.draft import Draft, Tf
from toscactl_terraform.expressions import lower, reference
from toscactl_terraform.survey import Survey

_ANYWHERE = "0.0.0.0/0"
_NUMBERS = {"igmp": "2", "sctp": "132"}
"""Protocols that AWS knows by number alone."""


def group_ref(draft: Draft, instance: Instance) -> str:
    """The expression for the id of the security group of a server or load balancer."""
    return f"aws_security_group.{draft.name(instance.address, 'access')}.id"


def lower_group(draft: Draft, network: Network, instance: Instance) -> None:
    """A security group that lets everything out, and nothing in without a rule."""
    name = draft.name(instance.address, "access")
    group = draft.resource(
        "aws_security_group",
        name,
        {
            "name_prefix": described(f"{draft.title(instance.name)[:80]}-"),
            "description": described(f"What may reach {instance.name}"),
            "vpc_id": reference(network.vpc),
            "tags": tags(draft, instance.name),
            "lifecycle": {"create_before_destroy": True},
        },
        instance,
    )
    draft.resource(
        "aws_vpc_security_group_egress_rule",
        draft.fresh(f"{name}_out"),
        {
            "security_group_id": reference(f"{group}.id"),
            "ip_protocol": "-1",
            "cidr_ipv4": _ANYWHERE,
        },
        instance,
    )


def lower_openings(survey: Survey, network: Network, server: Instance) -> None:
    """A rule for each port of a server and each of those who may reach it."""
    draft = survey.draft
    for opening in survey.openings.get(server.address, ()):
        for who, source in _sources(draft, network, opening):
            draft.resource(
                "aws_vpc_security_group_ingress_rule",
                draft.fresh(f"{draft.name(server.address)}_{opening.transport}_{who}"),
                {
                    "security_group_id": reference(group_ref(draft, server)),
                    "description": described(opening.origin.element),
                    **_match(draft, opening),
                    **source,
                },
                server,
                ip_protocol=opening.origin,
            )


def lower_front(draft: Draft, network: Network, balancer: Instance, front: Endpoint) -> None:
    """The rule for a port of a load balancer."""
    origin = Origin(f"capability {balancer.name}.{front.name}", front.place or balancer.place)
    anybody = is_public(front)
    draft.resource(
        "aws_vpc_security_group_ingress_rule",
        draft.fresh(f"{draft.name(balancer.address)}_{front.transport}"),
        {
            "security_group_id": reference(group_ref(draft, balancer)),
            "description": described(origin.element),
            "ip_protocol": front.transport,
            "from_port": lower(draft, front.port, origin.place),
            "to_port": lower(draft, front.port, origin.place),
            "cidr_ipv4": _ANYWHERE if anybody else reference(network.addresses),
        },
        balancer,
        ip_protocol=origin,
    )


def _sources(
    draft: Draft, network: Network, opening: Opening
) -> Iterator[tuple[str, Mapping[str, Tf]]]:
    if opening.anybody:
        yield "anywhere", {"cidr_ipv4": _ANYWHERE}
        return
    if opening.admin:
        yield "admin", {"cidr_ipv4": reference(admin_addresses(draft, network))}
    if opening.inside:
        yield "inside", {"cidr_ipv4": reference(network.addresses)}
    for address in (*opening.servers, *opening.balancers):
        source = draft.graph[address]
        yield (
            f"from_{draft.name(address)}",
            {"referenced_security_group_id": reference(group_ref(draft, source))},
        )


def _match(draft: Draft, opening: Opening) -> Mapping[str, Tf]:
    protocol = _NUMBERS.get(opening.transport, opening.transport)
    if opening.transport == "icmp":
        return {"ip_protocol": protocol, "from_port": -1, "to_port": -1}
    if opening.transport in PORTLESS or opening.port is None:
        return {"ip_protocol": protocol}
    first = lower(draft, opening.port, opening.place)
    end = first if opening.last is None else lower(draft, opening.last, opening.place)
    return {"ip_protocol": protocol, "from_port": first, "to_port": end}
