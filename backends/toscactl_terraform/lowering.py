"""placement -> desired: instances as one Terraform configuration."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from toscactl.backend import (
    COMPUTE,
    Checked,
    Instance,
    Portion,
    Rule,
    Unit,
    compute_of,
)
from toscactl_terraform import aws, openstack
from toscactl_terraform.access import LOAD_BALANCER
from toscactl_terraform.attributes import NETWORK, OBJECT_STORES, PORT
from toscactl_terraform.balancing import is_balancer
from toscactl_terraform.configuration import Cloud, unit_of
from toscactl_terraform.containers import is_container
from toscactl_terraform.draft import VOLUMES, Draft, Tf
from toscactl_terraform.facts import read
from toscactl_terraform.networks import check_port
from toscactl_terraform.outputs import lower_outputs
from toscactl_terraform.software import check_native
from toscactl_terraform.survey import Survey, survey
from toscactl_terraform.variables import lower_inputs

UNSUPPORTED_NODE = Rule(
    "terraform-unsupported-node", "Terraform has no resource for a node of this type."
)
NOT_HOSTED = Rule(
    "terraform-not-hosted", "Software is not hosted on a server of the configuration."
)
UNKNOWN_CLOUD = Rule(
    "terraform-unknown-cloud", "The variant of a target names no cloud that this backend knows."
)

SOFTWARE = (
    "tosca.nodes.SoftwareComponent",
    "tosca.nodes.WebServer",
    "tosca.nodes.WebApplication",
    "tosca.nodes.DBMS",
    "tosca.nodes.Database",
    "tosca.nodes.Container.Runtime",
    "tosca.nodes.Container.Application",
)
NATIVE = (COMPUTE, NETWORK, PORT, *VOLUMES, *OBJECT_STORES)
CLAIMED = (*NATIVE, LOAD_BALANCER, *SOFTWARE)


@dataclass(frozen=True, slots=True)
class _Variant:
    cloud: Cloud
    lower: Callable[[Survey], None]
    provider: Callable[[Draft], Mapping[str, Tf]]


_VARIANTS = {
    "aws": _Variant(
        Cloud("aws", "hashicorp/aws", "~> 6.10", aws.FORCE_NEW), aws.lower_aws, aws.provider
    ),
    "openstack": _Variant(
        Cloud(
            "openstack",
            "terraform-provider-openstack/openstack",
            "~> 3.0",
            openstack.FORCE_NEW,
        ),
        openstack.lower_openstack,
        openstack.provider,
    ),
}


def claims(instance: Instance) -> bool:
    """Whether a configuration can carry an instance."""
    return any(instance.is_a(name) for name in CLAIMED) or is_container(instance)


def lower(portion: Portion) -> Checked[tuple[Unit, ...]]:
    """The configuration for what a target is to carry. What cannot be said is a diagnostic."""
    target = portion.target
    variant = _VARIANTS.get(target.variant)
    if variant is None:
        problem = UNKNOWN_CLOUD.at(
            target.span,
            f"target `{target.name}` has the variant `{target.variant}`",
            hint=f"variant: {' or '.join(_VARIANTS)}",
        )
        return Checked((), (problem,))
    facts = read(target)
    draft = Draft(portion, facts.value)
    draft.findings.extend(facts.diagnostics)
    lower_inputs(draft)
    _check_instances(draft)
    provider = variant.provider(draft)
    variant.lower(survey(draft))
    lower_outputs(draft)
    unit = unit_of(draft, variant.cloud, provider)
    return Checked((unit,) if portion.instances else (), tuple(draft.findings))


def _check_instances(draft: Draft) -> None:
    """Report what becomes nothing, and the operations of what the cloud provides itself."""
    for instance in draft.portion.instances:
        if instance.is_a(PORT):
            check_port(draft, instance)
        if is_balancer(draft, instance) or (
            any(instance.is_a(name) for name in NATIVE) and not instance.is_a(COMPUTE)
        ):
            check_native(draft, instance)
        elif not instance.is_a(COMPUTE):
            _check_software(draft, instance)


def _check_software(draft: Draft, instance: Instance) -> None:
    compute = compute_of(draft.graph, instance)
    if compute is not None and compute.address in draft.here:
        return
    if any(instance.is_a(name) for name in SOFTWARE) or is_container(instance):
        draft.report(
            NOT_HOSTED,
            instance.place,
            f"`{instance.name}` is not hosted on a server that is made here",
            hint="give it a requirement `host` that leads to a tosca.nodes.Compute",
        )
    else:
        draft.report(
            UNSUPPORTED_NODE,
            instance.place,
            f"Terraform has no resource for `{instance.name}` of type `{instance.type}`",
        )
