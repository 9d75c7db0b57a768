"""placement -> desired: instances as resources of Amazon Web Services."""

from collections.abc import Mapping

from toscactl.backend import Address, Instance
from toscactl_terraform.attributes import OBJECT_STORES
from toscactl_terraform.aws.attributes import locate
from toscactl_terraform.aws.balancers import Serving, lower_balancer
from toscactl_terraform.aws.groups import lower_placings, lower_scaled
from toscactl_terraform.aws.guards import lower_group, lower_openings
from toscactl_terraform.aws.network import Network, lower_network
from toscactl_terraform.aws.servers import lower_server
from toscactl_terraform.aws.storage import lower_attachments, lower_bucket, lower_volume
from toscactl_terraform.draft import Draft, Tf, Variable
from toscactl_terraform.expressions import literal, reference
from toscactl_terraform.networks import connected, networks_here
from toscactl_terraform.storage import SHARED_VOLUME, attachments, is_volume
from toscactl_terraform.survey import Survey

NOWHERE = Network("", "", (), 0)
"""What a service is in that has neither servers nor networks."""


def provider(draft: Draft) -> Mapping[str, Tf]:
    """The provider's configuration. Credentials come from the environment."""
    region = draft.variable(
        Variable(
            draft.own_variable("region"),
            "string",
            "AWS region; null for that of the environment.",
            draft.facts.region,
        )
    )
    tags = {"managed-by": "toscactl", "deployment": literal(draft.portion.deployment)}
    return {"region": reference(region), "default_tags": {"tags": tags}}


def lower_aws(survey: Survey) -> None:
    """Write everything into the draft of the survey."""
    draft = survey.draft
    servers = survey.servers()
    network = NOWHERE
    if servers or survey.behind or networks_here(draft):
        network = lower_network(draft)
    draft.locate = lambda value: locate(survey, network, value)
    volumes = attachments(survey)
    reached = {server.address for server in servers}.union(survey.behind)
    for instance in draft.portion.instances:
        if instance.address in reached:
            lower_group(draft, network, instance)
        if is_volume(instance):
            lower_volume(draft, instance, _zone(survey, network, instance))
        elif any(instance.is_a(name) for name in OBJECT_STORES):
            lower_bucket(draft, instance)
    serving: list[Serving] = []
    for address in survey.behind:
        serving.extend(lower_balancer(survey, network, draft.graph[address]))
    groups = lower_placings(draft, survey.placings)
    for server in servers:
        lower_openings(survey, network, server)
        _lower_server(survey, network, server, groups, serving)
        wanted = volumes.get(server.address, ())
        if server.address not in survey.scaled:
            lower_attachments(draft, server, wanted)
            continue
        for _, attachment in wanted:
            draft.report(
                SHARED_VOLUME,
                attachment.relationship.place,
                f"volume `{attachment.volume.name}` would be attached to every one of the servers"
                f" that `{server.name}` is",
            )


def _lower_server(
    survey: Survey,
    network: Network,
    server: Instance,
    groups: Mapping[Address, str],
    serving: list[Serving],
) -> None:
    scaled = survey.scaled.get(server.address)
    if scaled is None:
        lower_server(survey, network, server, groups)
        return
    targets = [it.target_group for it in serving if it.server == server.address]
    lower_scaled(survey, network, scaled, groups, list(dict.fromkeys(targets)))


def _zone(survey: Survey, network: Network, volume: Instance) -> str:
    """The availability zone of the server that uses a volume."""
    draft = survey.draft
    for edge in draft.incoming(volume.address):
        server = draft.compute(draft.graph[edge.source])
        if server is not None and server.address in draft.here:
            for linked in connected(draft, server):
                if linked.address in network.of:
                    return network.of[linked.address].zone
    if network.subnets:
        return network.subnets[0].zone
    zones = draft.data("aws_availability_zones", "zones", {"state": "available"}, None)
    return f"{zones}.names[0]"
