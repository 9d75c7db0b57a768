"""Attributes of TOSCA nodes as attributes of resources on OpenStack."""

from toscactl.backend import AttributeOf, Instance
from toscactl_terraform.attributes import (
    NETWORK,
    OBJECT_STORES,
    PORT,
    What,
    meant,
    report_several,
)
from toscactl_terraform.balancing import is_balancer
from toscactl_terraform.draft import VOLUMES, Draft
from toscactl_terraform.expressions import quoted
from toscactl_terraform.openstack.network import main_port, network_ref, port_ref
from toscactl_terraform.openstack.storage import volume_ref
from toscactl_terraform.survey import Survey


def locate(survey: Survey, value: AttributeOf) -> str | None:
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
            if value.name != "private_address" and is_floating(survey, instance):
                return floating_address(draft, instance, "")
            return f"openstack_lb_loadbalancer_v2.{draft.name(instance.address)}.vip_address"
        case What.ADDRESS:
            return first_address(port_ref(draft, instance) + _index_of_port(survey, instance))
        case What.MAC:
            return f"{port_ref(draft, instance)}{_index_of_port(survey, instance)}.mac_address"
        case What.ID:
            return _id(survey, instance)


def first_address(port: str) -> str:
    """The first fixed address of a port; every port has one once it is made."""
    return f'try({port}.all_fixed_ips[0], "")'


def is_floating(survey: Survey, instance: Instance) -> bool:
    """Whether a server or load balancer gets a floating address."""
    return instance.address in survey.public and survey.draft.facts.floating


def floating_address(draft: Draft, instance: Instance, index: str) -> str:
    name = draft.name(instance.address, "address")
    return f"openstack_networking_floatingip_v2.{name}{index}.address"


def _index(survey: Survey, server: Instance) -> str:
    if server.address not in survey.scaled:
        return ""
    report_several(survey.draft, server)
    return "[0]"


def _index_of_port(survey: Survey, port: Instance) -> str:
    for edge in port.relationships:
        if edge.target in survey.scaled:
            return _index(survey, survey.draft.graph[edge.target])
    return ""


def _server_address(survey: Survey, server: Instance, *, public: bool) -> str:
    index = _index(survey, server)
    if public and is_floating(survey, server):
        return floating_address(survey.draft, server, index)
    return first_address(main_port(survey.draft, server) + index)


def _id(survey: Survey, instance: Instance) -> str | None:
    draft = survey.draft
    name = draft.name(instance.address)
    if instance.is_a(NETWORK):
        return network_ref(draft, instance)
    if instance.is_a(PORT):
        return f"{port_ref(draft, instance)}{_index_of_port(survey, instance)}.id"
    if any(instance.is_a(kind) for kind in VOLUMES):
        return volume_ref(survey, instance)
    if any(instance.is_a(kind) for kind in OBJECT_STORES):
        return f"openstack_objectstorage_container_v1.{name}.id"
    if is_balancer(draft, instance):
        return f"openstack_lb_loadbalancer_v2.{name}.id"
    return f"openstack_compute_instance_v2.{name}{_index(survey, instance)}.id"
