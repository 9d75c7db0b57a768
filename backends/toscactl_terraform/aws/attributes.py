"""Attributes of TOSCA nodes as attributes of resources on AWS."""

from toscactl.backend import AttributeOf, Instance
from toscactl_terraform.attributes import (
    NETWORK,
    OBJECT_STORES,
    PORT,
    What,
    meant,
    report_several,
)
from toscactl_terraform.aws.network import Network
from toscactl_terraform.aws.storage import volume_ref
from toscactl_terraform.balancing import is_balancer
from toscactl_terraform.draft import VOLUMES, Draft, Tf
from toscactl_terraform.expressions import quoted, reference
from toscactl_terraform.networks import ports_here
from toscactl_terraform.survey import Survey


def locate(survey: Survey, network: Network, value: AttributeOf) -> str | None:
    """The expression for an attribute; None if no resource has it."""
    draft = survey.draft
    found = meant(draft, value)
    if found is None:
        return None
    instance = found.instance
    match found.what:
        case What.NAME:
            return quoted(instance.address.template)
        case What.PRIVATE | What.PUBLIC:
            return _server_address(survey, instance, public=found.what is What.PUBLIC)
        case What.ADDRESS if is_balancer(draft, instance):
            return f"aws_lb.{draft.name(instance.address)}.dns_name"
        case What.ADDRESS:
            return f"{interface(draft, instance)}.private_ip"
        case What.MAC:
            return f"{interface(draft, instance)}.mac_address"
        case What.ID:
            return _id(survey, network, instance)


def interface(draft: Draft, port: Instance) -> str:
    """The network interface that a port of the service is."""
    return f"aws_network_interface.{draft.name(port.address)}"


def main_interface(draft: Draft, server: Instance) -> str:
    """The first network interface of a server of which there is one."""
    ports = ports_here(draft, server.address)
    if ports:
        return interface(draft, ports[0])
    return f"aws_network_interface.{draft.name(server.address, 'port')}"


def has_address(survey: Survey, network: Network, server: Instance) -> bool:
    """Whether a server gets an elastic address: it is public, or sets itself up over one."""
    if server.address in survey.scaled:
        return False
    return server.address in survey.public or (network.own and server.address in survey.busy)


def _server_address(survey: Survey, server: Instance, *, public: bool) -> str:
    draft = survey.draft
    if server.address in survey.scaled:
        report_several(draft, server)
        return f'try({members_data(draft, server)}.{"public" if public else "private"}_ips[0], "")'
    if public and server.address in survey.public:
        return f"aws_eip.{draft.name(server.address, 'address')}.public_ip"
    return f"{main_interface(draft, server)}.private_ip"


def members_data(draft: Draft, server: Instance) -> str:
    """The servers of a group, looked up once the group is there."""
    group = f"aws_autoscaling_group.{draft.name(server.address)}"
    body: dict[str, Tf] = {
        "instance_tags": {"aws:autoscaling:groupName": reference(f"{group}.name")},
        "depends_on": [group],
    }
    return draft.data("aws_instances", draft.name(server.address, "members"), body, server)


def _id(survey: Survey, network: Network, instance: Instance) -> str | None:
    draft = survey.draft
    name = draft.name(instance.address)
    if instance.is_a(NETWORK):
        return network.of[instance.address].id
    if instance.is_a(PORT):
        return f"{interface(draft, instance)}.id"
    if any(instance.is_a(kind) for kind in VOLUMES):
        return volume_ref(draft, instance)
    if any(instance.is_a(kind) for kind in OBJECT_STORES):
        return f"aws_s3_bucket.{name}.id"
    if is_balancer(draft, instance):
        return f"aws_lb.{name}.id"
    if instance.address in survey.scaled:
        return f"aws_autoscaling_group.{name}.id"
    return f"aws_instance.{name}.id"
