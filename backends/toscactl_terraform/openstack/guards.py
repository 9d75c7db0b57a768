"""Security groups of Neutron: who may reach which port of a server."""

from collections.abc import Iterator, Mapping

from toscactl.backend import Address, Instance
from toscactl_terraform.access import PORTLESS, Opening
from toscactl_terraform.draft import Draft, Tf, Variable
from toscactl_terraform.expressions import literal, lower, reference
from toscactl_terraform.networks import connected
from toscactl_terraform.openstack.network import made_for
from toscactl_terraform.survey import Survey

_ANYWHERE = {"IPv4": "0.0.0.0/0", "IPv6": "::/0"}
_SIX = 6


def group_ref(draft: Draft, server: Address) -> str:
    """The expression for the id of the security group of a server."""
    return f"openstack_networking_secgroup_v2.{draft.name(server, 'access')}.id"


def lower_group(survey: Survey, server: Instance) -> None:
    """A security group, which lets everything out, and a rule for each of those who may come in."""
    draft = survey.draft
    draft.resource(
        "openstack_networking_secgroup_v2",
        draft.name(server.address, "access"),
        {
            "name": literal(draft.title(server.name)),
            "description": literal(f"What may reach {server.name}"),
        },
        server,
    )
    for opening in survey.openings.get(server.address, ()):
        for who, source in _sources(survey, server, opening):
            draft.resource(
                "openstack_networking_secgroup_rule_v2",
                draft.fresh(f"{draft.name(server.address)}_{opening.transport}_{who}"),
                {
                    "security_group_id": reference(group_ref(draft, server.address)),
                    "direction": "ingress",
                    "ethertype": "IPv4",
                    **_match(draft, opening),
                    **source,
                },
                server,
                protocol=opening.origin,
            )


def _sources(
    survey: Survey, server: Instance, opening: Opening
) -> Iterator[tuple[str, Mapping[str, Tf]]]:
    draft = survey.draft
    if opening.anybody or opening.inside:
        # Whoever is in the network: a project's networks cannot be told apart by addresses alone.
        for ethertype in _ethertypes(draft, server):
            yield "anywhere", {"ethertype": ethertype, "remote_ip_prefix": _ANYWHERE[ethertype]}
        return
    if opening.admin:
        yield "admin", {"remote_ip_prefix": reference(_admin(draft))}
    for source in opening.servers:
        yield f"from_{draft.name(source)}", {"remote_group_id": reference(group_ref(draft, source))}
    for balancer in opening.balancers:
        yield from _from_balancer(survey, draft.graph[balancer])


def _from_balancer(survey: Survey, balancer: Instance) -> Iterator[tuple[str, Mapping[str, Tf]]]:
    """A load balancer reaches its members from an address of their network."""
    draft = survey.draft
    who = f"from_{draft.name(balancer.address)}"
    made = made_for(survey, balancer)
    for network in made:
        cidr = f"openstack_networking_subnet_v2.{draft.name(network.address, 'subnet')}.cidr"
        yield who, {"remote_ip_prefix": reference(cidr)}
    if not made:
        yield who, {"remote_ip_prefix": _ANYWHERE["IPv4"]}


def _admin(draft: Draft) -> str:
    return draft.variable(
        Variable(
            draft.own_variable("admin_cidr"),
            "string",
            "Addresses from which servers are administered, as a CIDR.",
            draft.facts.admin_cidr or _ANYWHERE["IPv4"],
        )
    )


def _match(draft: Draft, opening: Opening) -> Mapping[str, Tf]:
    if opening.transport in PORTLESS or opening.port is None:
        return {"protocol": opening.transport}
    first = lower(draft, opening.port, opening.place)
    last = first if opening.last is None else lower(draft, opening.last, opening.place)
    return {"protocol": opening.transport, "port_range_min": first, "port_range_max": last}


def _ethertypes(draft: Draft, server: Instance) -> tuple[str, ...]:
    versions = {
        "IPv6" if network.properties.get("ip_version") == _SIX else "IPv4"
        for network in connected(draft, server)
    }
    return tuple(sorted(versions)) or ("IPv4",)
