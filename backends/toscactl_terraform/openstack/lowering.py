"""placement -> desired: instances as resources of OpenStack."""

from collections.abc import Mapping

from toscactl.backend import Instance, Rule, Severity
from toscactl_terraform.attributes import OBJECT_STORES
from toscactl_terraform.draft import Draft, Tf, Variable
from toscactl_terraform.expressions import reference
from toscactl_terraform.openstack.attributes import is_floating, locate
from toscactl_terraform.openstack.balancers import lower_balancer
from toscactl_terraform.openstack.guards import group_ref, lower_group
from toscactl_terraform.openstack.network import (
    lower_floating,
    lower_networks,
    lower_ports,
    main_port,
    several,
)
from toscactl_terraform.openstack.servers import lower_placings, lower_server
from toscactl_terraform.openstack.storage import (
    lower_attachments,
    lower_container,
    lower_volume,
)
from toscactl_terraform.storage import attachments, is_volume
from toscactl_terraform.survey import Survey

NO_AUTOSCALING = Rule(
    "terraform-openstack-scaling",
    "Terraform's OpenStack provider does not scale servers by what is measured.",
    Severity.WARNING,
)


def provider(draft: Draft) -> Mapping[str, Tf]:
    """The provider's configuration. Credentials come from the environment or `clouds.yaml`."""
    cloud = draft.variable(
        Variable(
            draft.own_variable("cloud"),
            "string",
            "Name of the cloud in clouds.yaml; null for that of the environment.",
            None,
        )
    )
    body: dict[str, Tf] = {"cloud": reference(cloud)}
    if draft.facts.region is not None:
        body["region"] = draft.facts.region
    return body


def lower_openstack(survey: Survey) -> None:
    """Write everything into the draft of the survey."""
    draft = survey.draft
    draft.locate = lambda value: locate(survey, value)
    volumes = attachments(survey)
    lower_networks(survey)
    for instance in draft.portion.instances:
        if is_volume(instance):
            lower_volume(survey, instance)
        elif any(instance.is_a(name) for name in OBJECT_STORES):
            lower_container(draft, instance)
    groups = lower_placings(draft, survey.placings)
    for server in survey.servers():
        lower_group(survey, server)
        lower_ports(survey, server, [reference(group_ref(draft, server.address))])
        lower_server(survey, server, groups)
        lower_attachments(survey, server, volumes.get(server.address, ()))
        if is_floating(survey, server):
            many = several(survey, server)
            lower_floating(survey, server, f"{main_port(draft, server)}{many.index}.id", many)
        _report_scaling(survey, server)
    for address in survey.behind:
        lower_balancer(survey, draft.graph[address])


def _report_scaling(survey: Survey, server: Instance) -> None:
    scaled = survey.scaled.get(server.address)
    if scaled is None:
        return
    for policy in scaled.policies:
        survey.draft.report(
            NO_AUTOSCALING,
            policy.place,
            f"policy `{policy.name}` does not act: Terraform makes {scaled.count} of"
            f" `{server.name}`, and they stay that many",
            hint="deploy to target `openstack`, whose Heat scales",
        )
