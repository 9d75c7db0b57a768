"""The virtual private cloud: the service's own networks, those that are there, or two subnets."""

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from toscactl.backend import Address, Instance, Rule, Severity, is_known, text
from toscactl_terraform.aws.names import tags
from toscactl_terraform.draft import Draft, Tf, Variable
from toscactl_terraform.expressions import literal, lower, reference
from toscactl_terraform.networks import (
    is_existing,
    is_predefined,
    networks_here,
    report_property,
)

NETWORK_NUMBERS = Rule(
    "terraform-aws-network-cidr",
    "A network says no `cidr` that a VPC can have.",
    Severity.WARNING,
)
IPV6_ONLY = Rule("terraform-aws-ipv6", "A network of IPv6 alone is not made on AWS.")

WHOLE = "10.0.0.0/16"
_LARGEST, _SMALLEST = 16, 28
"""Prefix lengths that a VPC and a subnet can have."""
_NO_EFFECT = {
    "gateway_ip": "the first address of a subnet is its router",
    "start_ip": "AWS hands out every address of a subnet",
    "end_ip": "AWS hands out every address of a subnet",
    "network_type": "AWS has one kind of network",
    "physical_network": "AWS has one kind of network",
    "segmentation_id": "AWS has one kind of network",
}


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet: the expressions for its id and for its availability zone."""

    id: str
    zone: str


@dataclass(frozen=True, slots=True)
class Network:
    """Where servers and load balancers live. All texts are expressions."""

    vpc: str
    addresses: str
    """The CIDR of all that is inside."""
    subnets: tuple[Subnet, ...]
    """For what is bound to no network of the service."""
    zones: int
    """In how many availability zones these are."""
    of: Mapping[Address, Subnet] = field(default_factory=dict)
    """The subnets of the service's own networks."""
    ready: tuple[str, ...] = ()
    """Addresses of what must be there before anything has a way out."""
    own: bool = True
    """Whether the VPC is made here, so that ways out are made here, too."""


def lower_network(draft: Draft) -> Network:
    """Everything that servers and load balancers are connected to."""
    nets = networks_here(draft)
    made = tuple(it for it in nets if not is_existing(it))
    found = {it.address: _existing(draft, it) for it in nets if is_existing(it)}
    there = tuple(found[it.address] for it in nets if is_existing(it) and not is_predefined(it))
    if made or not there or draft.facts.subnet_ids:
        base = _base(draft, made)
    else:
        base = _around(draft, there)
    of = {address: subnet or base.subnets[0] for address, subnet in found.items()}
    return Network(
        base.vpc,
        base.addresses,
        base.subnets,
        base.zones,
        {**of, **base.of},
        base.ready,
        base.own,
    )


def _existing(draft: Draft, network: Instance) -> Subnet | None:
    """A subnet that is there already; None for one that is just any."""
    if is_predefined(network):
        return None
    name = "network_id" if network.properties.get("network_id") is not None else "network_name"
    value = lower(draft, network.properties[name], network.places.get(name, network.place))
    wanted: Mapping[str, Tf] = {"id": value}
    if name == "network_name":
        wanted = {"filter": [{"name": "tag:Name", "values": [value]}]}
    address = draft.data("aws_subnet", draft.name(network.address), wanted, network)
    return Subnet(f"{address}.id", f"{address}.availability_zone")


def _around(draft: Draft, there: Sequence[Subnet | None]) -> Network:
    """The VPC of subnets that the service names."""
    subnets = tuple(subnet for subnet in there if subnet is not None)
    data = subnets[0].id.removesuffix(".id")
    vpc = draft.data("aws_vpc", draft.fresh("vpc"), {"id": reference(f"{data}.vpc_id")}, None)
    return Network(f"{vpc}.id", f"{vpc}.cidr_block", subnets, 1, own=False)


def _base(draft: Draft, made: Sequence[Instance]) -> Network:
    if not draft.facts.subnet_ids:
        return _own(draft, made)
    subnets = []
    for number, subnet in enumerate(draft.facts.subnet_ids):
        name = draft.fresh(f"subnet_{number + 1}")
        data = draft.data("aws_subnet", name, {"id": literal(subnet)}, None)
        subnets.append(Subnet(f"{data}.id", f"{data}.availability_zone"))
    first = subnets[0].id.removesuffix(".id")
    given = draft.facts.vpc_id
    id_ = reference(f"{first}.vpc_id") if given is None else literal(given)
    vpc = draft.data("aws_vpc", draft.fresh("vpc"), {"id": id_}, None)
    cidrs = [_cidr(draft, network, number) for number, network in enumerate(made)]
    of = {
        network.address: _subnet(draft, network, cidr, f"{vpc}.id", None)
        for network, cidr in zip(made, cidrs, strict=True)
    }
    zones = len(set(draft.facts.subnet_ids))
    return Network(f"{vpc}.id", f"{vpc}.cidr_block", tuple(subnets), zones, of, own=False)


def _own(draft: Draft, made: Sequence[Instance]) -> Network:
    """A VPC of the deployment's own, with a way out."""
    cidrs = [_cidr(draft, network, number) for number, network in enumerate(made)]
    whole, more = _enclosing(cidrs)
    name = draft.fresh("vpc")
    body = {
        "cidr_block": whole,
        "enable_dns_hostnames": True,
        "enable_dns_support": True,
        "tags": tags(draft, "vpc"),
    }
    vpc = draft.resource("aws_vpc", name, body, made[0] if made else None)
    for number, cidr in enumerate(more):
        draft.resource(
            "aws_vpc_ipv4_cidr_block_association",
            draft.fresh(f"vpc_more_{number + 1}"),
            {"vpc_id": reference(f"{vpc}.id"), "cidr_block": cidr},
            None,
        )
    zones = draft.data(
        "aws_availability_zones",
        draft.fresh("zones"),
        {"state": "available", "filter": [{"name": "opt-in-status",
                                           "values": ["opt-in-not-required"]}]},
        None,
    )  # fmt: skip
    if made:
        of = {
            network.address: _subnet(draft, network, cidr, f"{vpc}.id", _zone(zones, 0))
            for network, cidr in zip(made, cidrs, strict=True)
        }
        subnets = tuple(of.values())
    else:
        of = {}
        subnets = tuple(_public_subnet(draft, vpc, zones, number) for number in range(2))
    ready = _way_out(draft, vpc, subnets)
    addresses = f"{vpc}.cidr_block"
    return Network(f"{vpc}.id", addresses, subnets, 1 if made else 2, of, ready)


def _zone(zones: str, number: int) -> Tf:
    """An availability zone; where there are too few, AWS chooses one."""
    return reference(f"try({zones}.names[{number}], null)")


def _public_subnet(draft: Draft, vpc: str, zones: str, number: int) -> Subnet:
    name = draft.fresh(f"public_{number + 1}")
    body = {
        "vpc_id": reference(f"{vpc}.id"),
        "cidr_block": f"10.0.{number}.0/24",
        "availability_zone": _zone(zones, number),
        "tags": tags(draft, f"public-{number + 1}"),
    }
    address = draft.resource("aws_subnet", name, body, None)
    return Subnet(f"{address}.id", f"{address}.availability_zone")


def _subnet(draft: Draft, network: Instance, cidr: Tf, vpc: str, zone: Tf) -> Subnet:
    """The subnet for a network of the service. One zone for all: servers may be in several."""
    for name, why in _NO_EFFECT.items():
        if network.properties.get(name) is not None:
            report_property(draft, network, name, why)
    if network.properties.get("dhcp_enabled") is False:
        report_property(draft, network, "dhcp_enabled", "AWS always serves addresses")
    if network.properties.get("ip_version") == 6:  # noqa: PLR2004
        draft.report(
            IPV6_ONLY,
            network.places.get("ip_version", network.place),
            f"network `{network.name}` is to have addresses of IPv6 alone",
        )
    title = network.properties.get("network_name")
    body: dict[str, Tf] = {"vpc_id": reference(vpc), "cidr_block": cidr}
    if zone is not None:
        body["availability_zone"] = zone
    body["tags"] = (
        tags(draft, network.name) if title is None else {"Name": lower(draft, title, None)}
    )
    place = draft.origin(network, "cidr")
    address = draft.resource(
        "aws_subnet", draft.name(network.address), body, network, cidr_block=place
    )
    return Subnet(f"{address}.id", f"{address}.availability_zone")


def _cidr(draft: Draft, network: Instance, number: int) -> Tf:
    """The addresses of a network; one that says none gets 256 of its own."""
    value = network.properties.get("cidr")
    place = network.places.get("cidr", network.place)
    if value is not None and not is_known(value):
        return lower(draft, value, place)
    if value is not None:
        try:
            found = ipaddress.ip_network(text(value), strict=False)
        except ValueError:
            return lower(draft, value, place)
        if found.version == 4 and _LARGEST <= found.prefixlen <= _SMALLEST:  # noqa: PLR2004
            return str(found)
    chosen = f"10.0.{number}.0/24"
    draft.report(
        NETWORK_NUMBERS,
        place,
        f"network `{network.name}` gets the addresses {chosen}",
        hint="say its `cidr`, of 16 to 65,536 addresses of IPv4",
    )
    return chosen


def _enclosing(cidrs: Sequence[Tf]) -> tuple[Tf, Sequence[Tf]]:
    """The smallest block that a VPC can have around all; else the first, and the others."""
    if not cidrs:
        return WHOLE, ()
    known = list(_literal_networks(cidrs))
    if len(known) == len(cidrs):
        around = known[0]
        while not all(it.subnet_of(around) for it in known) and around.prefixlen > _LARGEST:
            around = around.supernet()
        if all(it.subnet_of(around) for it in known):
            return str(around), ()
    return cidrs[0], cidrs[1:]


def _literal_networks(cidrs: Sequence[Tf]) -> Iterator[ipaddress.IPv4Network]:
    for cidr in cidrs:
        try:
            yield ipaddress.IPv4Network(str(cidr))
        except ValueError:
            continue


def _way_out(draft: Draft, vpc: str, subnets: Sequence[Subnet]) -> tuple[str, ...]:
    body: dict[str, Tf] = {"vpc_id": reference(f"{vpc}.id"), "tags": tags(draft, "gateway")}
    gateway = draft.resource("aws_internet_gateway", draft.fresh("gateway"), body, None)
    body = {"vpc_id": reference(f"{vpc}.id"), "tags": tags(draft, "public")}
    table = draft.resource("aws_route_table", draft.fresh("public"), body, None)
    route = draft.resource(
        "aws_route",
        draft.fresh("way_out"),
        {
            "route_table_id": reference(f"{table}.id"),
            "destination_cidr_block": "0.0.0.0/0",
            "gateway_id": reference(f"{gateway}.id"),
        },
        None,
    )
    ready = [route]
    for number, subnet in enumerate(subnets):
        ends = {"route_table_id": reference(f"{table}.id"), "subnet_id": reference(subnet.id)}
        name = draft.fresh(f"public_route_{number + 1}")
        ready.append(draft.resource("aws_route_table_association", name, ends, None))
    return tuple(ready)


def admin_addresses(draft: Draft, network: Network) -> str:
    """The expression for the addresses from which administrators come."""
    name = draft.own_variable("admin_cidr")
    variable = draft.variable(
        Variable(
            name,
            "string",
            "Addresses from which servers are administered, as a CIDR; null for the inside alone.",
            draft.facts.admin_cidr,
        )
    )
    return f"coalesce({variable}, {network.addresses})"
