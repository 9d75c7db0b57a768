"""Servers: EC2 instances with network interfaces of their own, so that addresses come first."""

from collections.abc import Mapping
from dataclasses import dataclass

from toscactl.backend import LINKS_TO, Address, Instance, Rule
from toscactl_terraform.aws.attributes import has_address, interface, main_interface
from toscactl_terraform.aws.guards import group_ref
from toscactl_terraform.aws.images import Image, image_of
from toscactl_terraform.aws.names import tags
from toscactl_terraform.aws.network import Network
from toscactl_terraform.aws.sizes import smallest
from toscactl_terraform.draft import NO_DEFAULT, Draft, Tf, Variable
from toscactl_terraform.expressions import gib, lower, reference
from toscactl_terraform.machine import (
    FLAVOR,
    KEY,
    own,
    report_open_size,
    size_of,
    size_text,
    variable_of,
    wanted_os,
)
from toscactl_terraform.networks import fixed_address, ports_here
from toscactl_terraform.software import setup_of
from toscactl_terraform.survey import Survey

USER_DATA_SIZE = Rule(
    "terraform-aws-user-data", "The scripts of a server are more than EC2 takes as user data."
)

MOST_USER_DATA = 16 * 1024
"""Bytes of user data that EC2 takes."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What every kind of server has, in Terraform's values."""

    image: Image
    type: Tf
    key: Tf
    disk: Tf
    user_data: Tf
    group: Tf
    """The name of the placement group."""


def machine_of(survey: Survey, server: Instance, groups: Mapping[Address, str]) -> Machine:
    """A server's image, size, key, root disk and setup."""
    draft = survey.draft
    disk = size_of(draft, server).disk
    key = own(server, KEY)
    return Machine(
        image_of(draft, server),
        _type(draft, server, together=server.address in groups),
        draft.facts.key_name if key is None else lower(draft, *key),
        None if disk is None else gib(draft, disk, server.place),
        _user_data(survey, server),
        reference(groups[server.address]) if server.address in groups else None,
    )


def _user_data(survey: Survey, server: Instance) -> Tf:
    draft = survey.draft
    setup = setup_of(draft, server, alone=server.address not in survey.scaled)
    if setup is None:
        return None
    import gzip

    script = draft.files[f"setup/{draft.name(server.address)}.sh"].data
    size = len(gzip.compress(script))
    if size > MOST_USER_DATA:
        draft.report(
            USER_DATA_SIZE,
            server.place,
            f"what sets up `{server.name}` is {size} bytes when compressed, and EC2 takes"
            f" {MOST_USER_DATA}",
            hint="let the scripts fetch what is large, or put it into the machine image",
        )
    return reference(f"base64gzip({setup})")


def _type(draft: Draft, server: Instance, *, together: bool) -> Tf:
    """The instance type: named by a property, else the smallest that has what is asked for."""
    named = own(server, FLAVOR)
    if named is not None:
        return lower(draft, *named)
    size = size_of(draft, server)
    fit = smallest(size, wanted_os(draft, server).get("architecture", ""), together=together)
    if not report_open_size(draft, server) and fit is not None:
        return fit.name
    about = size_text(size)
    return reference(
        draft.variable(
            Variable(
                variable_of(draft, server, "flavor"),
                "string",
                f"Instance type of server {server.name}" + (f": {about}" if about else ""),
                NO_DEFAULT if fit is None else fit.name,
            )
        )
    )


def lower_server(
    survey: Survey, network: Network, server: Instance, groups: Mapping[Address, str]
) -> None:
    """One EC2 instance; its address, if it gets one, is there before it starts."""
    draft = survey.draft
    machine = machine_of(survey, server, groups)
    name = draft.name(server.address)
    after = _interfaces(survey, network, server)
    body: dict[str, Tf] = {"ami": reference(machine.image.id), "instance_type": machine.type}
    if machine.key is not None:
        body["key_name"] = machine.key
    body["primary_network_interface"] = {
        "network_interface_id": reference(f"{main_interface(draft, server)}.id")
    }
    if machine.group is not None:
        body["placement_group"] = machine.group
    disk: dict[str, Tf] = {"encrypted": True, "volume_type": "gp3"}
    if machine.disk is not None:
        disk["volume_size"] = machine.disk
    body["root_block_device"] = disk
    body["metadata_options"] = {"http_endpoint": "enabled", "http_tokens": "required"}
    if machine.user_data is not None:
        body |= {"user_data_base64": machine.user_data, "user_data_replace_on_change": True}
    body["tags"] = tags(draft, server.name)
    if own_name := server.properties.get("name"):
        body["tags"] = {"Name": lower(draft, own_name, server.places.get("name"))}
    if after:
        body["depends_on"] = list(after)
    draft.resource(
        "aws_instance",
        name,
        body,
        server,
        **{
            there: draft.origin(server, here)
            for there, here in (("instance_type", "flavor"), ("key_name", "key_name"))
            if here in server.properties
        },
    )
    for number, port in enumerate(ports_here(draft, server.address)[1:], 1):
        draft.resource(
            "aws_network_interface_attachment",
            draft.name(port.address, "attachment"),
            {
                "instance_id": reference(f"aws_instance.{name}.id"),
                "network_interface_id": reference(f"{interface(draft, port)}.id"),
                "device_index": number,
            },
            port,
        )


def _interfaces(survey: Survey, network: Network, server: Instance) -> tuple[str, ...]:
    """The interfaces of a server and its elastic address; gives what it must wait for."""
    draft = survey.draft
    ports = ports_here(draft, server.address)
    for port in ports:
        _interface(draft, network, port, server)
    if not ports:
        draft.resource(
            "aws_network_interface",
            draft.name(server.address, "port"),
            {
                "subnet_id": reference(network.subnets[0].id),
                "security_groups": [reference(group_ref(draft, server))],
                "tags": tags(draft, server.name),
            },
            server,
        )
    if not has_address(survey, network, server):
        return network.ready
    address = draft.resource(
        "aws_eip",
        draft.name(server.address, "address"),
        {
            "domain": "vpc",
            "network_interface": reference(f"{main_interface(draft, server)}.id"),
            "tags": tags(draft, server.name),
            **({"depends_on": list(network.ready)} if network.ready else {}),
        },
        server,
    )
    return (address,)


def _interface(draft: Draft, network: Network, port: Instance, server: Instance) -> None:
    """A port of the service (1.3, 8.5.2)."""
    linked = next(it for it in draft.graph.related(port, LINKS_TO) if it.address in network.of)
    body: dict[str, Tf] = {"subnet_id": reference(network.of[linked.address].id)}
    fixed = fixed_address(draft, port, several=False)
    if fixed is not None:
        body["private_ips"] = [fixed]
    body["security_groups"] = [reference(group_ref(draft, server))]
    body["tags"] = tags(draft, port.name)
    draft.resource(
        "aws_network_interface",
        draft.name(port.address),
        body,
        port,
        private_ips=draft.origin(port, "ip_address"),
    )
