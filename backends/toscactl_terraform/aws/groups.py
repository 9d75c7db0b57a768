"""Servers of which there are several: launch templates, groups, and what makes them grow."""

import math
from collections.abc import Mapping, Sequence

from toscactl.backend import (
    Address,
    Instance,
    Origin,
    Place,
    Policy,
    Rule,
    ScalingRule,
    Severity,
    network_of,
)
from toscactl_terraform.aws.guards import group_ref
from toscactl_terraform.aws.names import limited
from toscactl_terraform.aws.network import Network
from toscactl_terraform.aws.servers import Machine, machine_of
from toscactl_terraform.draft import Draft, Tf
from toscactl_terraform.expressions import literal, reference
from toscactl_terraform.networks import GROUP_PORT, fixed_address, ports_here
from toscactl_terraform.placing import Placing
from toscactl_terraform.scaling import UNCLEAR_SCALING, Scaled, rules_of
from toscactl_terraform.survey import Survey

MEMORY_METRIC = Rule(
    "terraform-aws-memory-metric",
    "A server on AWS reports its memory only with the CloudWatch agent.",
    Severity.WARNING,
)
METRIC_PERIOD = Rule(
    "terraform-aws-period",
    "CloudWatch measures servers once a minute, so a period is rounded up to whole minutes.",
    Severity.WARNING,
)
SOFT_PLACEMENT = Rule(
    "terraform-aws-placement",
    "A placement group of AWS is strict, and a policy asks for a soft one.",
    Severity.WARNING,
)

_OPERATORS = {
    "greater_than": "GreaterThanThreshold",
    "greater_or_equal": "GreaterThanOrEqualToThreshold",
    "less_than": "LessThanThreshold",
    "less_or_equal": "LessThanOrEqualToThreshold",
}
_MINUTE = 60
GRACE = 300
"""Seconds that a new server has before its health counts."""


def lower_placings(draft: Draft, wanted: Sequence[Placing]) -> Mapping[Address, str]:
    """Placement groups; gives the expression for the name of that of each server."""
    found = {}
    for placing in wanted:
        policy = placing.policy
        together = "anti" not in placing.rule
        if placing.rule.startswith("soft"):
            draft.report(
                SOFT_PLACEMENT,
                policy.place,
                f"policy `{policy.name}` asks for {placing.rule}; on AWS it is strict: a server"
                " for which there is no such place is not made",
            )
        address = draft.resource(
            "aws_placement_group",
            draft.fresh(policy.name),
            {
                "name": limited(draft.title(policy.name), 255),
                "strategy": "cluster" if together else "spread",
            },
            None,
            strategy=Origin(f"policy {policy.name}", policy.place),
        )
        for server in placing.servers:
            found[server] = f"{address}.name"
    return found


def lower_scaled(
    survey: Survey,
    network: Network,
    scaled: Scaled,
    groups: Mapping[Address, str],
    target_groups: Sequence[str],
) -> None:
    """A group of servers, made from a template; `target_groups` are addresses."""
    draft, server = survey.draft, scaled.compute
    machine = machine_of(survey, server, groups)
    name = draft.name(server.address)
    template = _template(survey, server, machine)
    body: dict[str, Tf] = {
        "name_prefix": f"{limited(draft.title(server.name), 200)}-",
        "min_size": scaled.minimum,
        "max_size": scaled.maximum,
        "desired_capacity": scaled.initial,
        "vpc_zone_identifier": [reference(id_) for id_ in _subnets(draft, network, server)],
        "launch_template": {
            "id": reference(f"{template}.id"),
            "version": reference(f"{template}.latest_version"),
        },
    }
    if machine.group is not None:
        body["placement_group"] = machine.group
    if target_groups:
        body |= {
            "target_group_arns": [reference(f"{it}.arn") for it in target_groups],
            "health_check_type": "ELB",
            "health_check_grace_period": GRACE,
        }
    title: Tf = {
        "key": "Name",
        "value": literal(draft.title(server.name)),
        "propagate_at_launch": True,
    }
    body["tag"] = [title]
    body["instance_refresh"] = {"strategy": "Rolling"}
    body["lifecycle"] = {"ignore_changes": ["desired_capacity"]}
    if network.ready:
        body["depends_on"] = list(network.ready)
    scalable = Origin(f"capability {server.name}.scalable", _place_of_bounds(server))
    group = draft.resource(
        "aws_autoscaling_group", name, body, server, min_size=scalable, max_size=scalable
    )
    for policy, rule in rules_of(draft, scaled):
        _rule(draft, server, group, policy, rule)


def _template(survey: Survey, server: Instance, machine: Machine) -> str:
    draft = survey.draft
    body: dict[str, Tf] = {
        "name_prefix": f"{limited(draft.title(server.name), 100)}-",
        "image_id": reference(machine.image.id),
        "instance_type": machine.type,
    }
    if machine.key is not None:
        body["key_name"] = machine.key
    if machine.user_data is not None:
        body["user_data"] = machine.user_data
    body["network_interfaces"] = {
        "device_index": 0,
        "associate_public_ip_address": "true",
        "delete_on_termination": "true",
        "security_groups": [reference(group_ref(draft, server))],
    }
    disk: dict[str, Tf] = {"encrypted": "true", "volume_type": "gp3"}
    if machine.disk is not None:
        disk["volume_size"] = machine.disk
    body["block_device_mappings"] = {"device_name": reference(machine.image.root), "ebs": disk}
    body["metadata_options"] = {"http_endpoint": "enabled", "http_tokens": "required"}
    # Without detailed monitoring EC2 measures every five minutes.
    body["monitoring"] = {"enabled": True}
    return draft.resource(
        "aws_launch_template", draft.name(server.address, "template"), body, server
    )


def _subnets(draft: Draft, network: Network, server: Instance) -> list[str]:
    """Where the servers of a group are: in the network of the first port, else anywhere."""
    ports = ports_here(draft, server.address)
    for port in ports:
        fixed_address(draft, port, several=True)
    for port in ports[1:]:
        draft.report(
            GROUP_PORT,
            port.place,
            f"`{port.name}` is a second port of `{server.name}`, and servers of a group have one",
        )
    linked = None if not ports else network_of(draft.graph, ports[0])
    if linked is not None and linked.address in network.of:
        return [network.of[linked.address].id]
    return [subnet.id for subnet in network.subnets]


def _place_of_bounds(server: Instance) -> Place:
    capability = server.capabilities.get("scalable")
    return server.place if capability is None or capability.place is None else capability.place


def _rule(draft: Draft, server: Instance, group: str, policy: Policy, rule: ScalingRule) -> None:
    """What adjusts a group, and the alarm that calls it."""
    name = draft.fresh(f"{policy.name}_{'out' if rule.adjustment > 0 else 'in'}")
    origin = Origin(f"policy {policy.name}", rule.place)
    measured = _metric(draft, rule)
    if measured is None:
        return
    adjust = draft.resource(
        "aws_autoscaling_policy",
        name,
        {
            "name": limited(draft.title(name), 255),
            "autoscaling_group_name": reference(f"{group}.name"),
            "policy_type": "SimpleScaling",
            "adjustment_type": "ChangeInCapacity",
            "scaling_adjustment": rule.adjustment,
            "cooldown": int(rule.cooldown),
        },
        server,
        scaling_adjustment=origin,
    )
    draft.resource(
        "aws_cloudwatch_metric_alarm",
        draft.fresh(f"{name}_alarm"),
        {
            "alarm_name": limited(draft.title(name), 255),
            "alarm_description": literal(
                f"{rule.metric} of {rule.target} {rule.comparison.replace('_', ' ')}"
                f" {rule.threshold:g}"
            ),
            **measured,
            "dimensions": {"AutoScalingGroupName": reference(f"{group}.name")},
            "statistic": "Average",
            "comparison_operator": _OPERATORS[rule.comparison],
            "threshold": _short(rule.threshold),
            "period": _period(draft, rule),
            "evaluation_periods": rule.evaluations,
            "alarm_actions": [reference(f"{adjust}.arn")],
        },
        server,
        threshold=origin,
        period=origin,
    )


def _metric(draft: Draft, rule: ScalingRule) -> Mapping[str, Tf] | None:
    if rule.metric == "cpu":
        return {"namespace": "AWS/EC2", "metric_name": "CPUUtilization"}
    if rule.metric == "memory":
        draft.report(
            MEMORY_METRIC,
            rule.place,
            f"policy `{rule.policy}` needs the memory of `{rule.target}`, which EC2 does not see",
            hint="install the CloudWatch agent in the image, with `mem_used_percent` aggregated"
            " by AutoScalingGroupName",
        )
        return {"namespace": "CWAgent", "metric_name": "mem_used_percent"}
    draft.report(
        UNCLEAR_SCALING,
        rule.place,
        f"policy `{rule.policy}` measures `{rule.metric}`, which CloudWatch does not have of a"
        " server",
        hint="cpu_utilization or memory_utilization",
    )
    return None


def _period(draft: Draft, rule: ScalingRule) -> int:
    whole = max(1, math.ceil(rule.period / _MINUTE)) * _MINUTE
    if whole != rule.period:
        draft.report(
            METRIC_PERIOD,
            rule.place,
            f"policy `{rule.policy}` asks every {rule.period:g} s; every {whole} s is measured",
        )
    return whole


def _short(value: float) -> float | int:
    return int(value) if value == int(value) else round(value, 3)
