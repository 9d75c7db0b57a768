"""Scaling policies: groups of servers, what adjusts them, and the alarms that ask for it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from toscactl.backend import (
    SCALING,
    Address,
    Bounds,
    Capability,
    Instance,
    Origin,
    Place,
    Policy,
    Rule,
    ScalingRule,
    Severity,
    Value,
    bounds_of,
    compute_of,
    is_known,
    scaling_rules,
)
from toscactl_heat.compute import size_of
from toscactl_heat.draft import Draft, HotResource
from toscactl_heat.expressions import lower
from toscactl_heat.hot import Function, GetAttr, GetParam, GetResource, Hot, join

NOTHING_TO_SCALE = Rule(
    "heat-nothing-to-scale", "A scaling policy has a target that is no server of the stack."
)
UNCLEAR_SCALING = Rule(
    "heat-unclear-scaling", "A scaling policy has triggers, but no condition that can be measured."
)
NO_ROOM = Rule(
    "heat-no-room-to-scale",
    "A scaling policy can never act: there may be no more servers than there must be.",
    Severity.WARNING,
)
UNKNOWN_SIZE = Rule(
    "heat-unknown-size",
    "A utilization in percent needs the size of the server to become a measured value.",
    Severity.WARNING,
)

SCALABLE = "tosca.capabilities.Scalable"
STACK_ID = GetParam("OS::stack_id")
_OPERATORS = {
    "greater_than": "gt", "greater_or_equal": "ge", "less_than": "lt", "less_or_equal": "le",
}  # fmt: skip
_MINIMUM = ("min_instances", "minimum", "min_size", "min")
_MAXIMUM = ("max_instances", "maximum", "max_size", "max")
_INITIAL = ("default_instances", "desired_instances", "desired", "initial")


@dataclass(frozen=True, slots=True)
class ScaledServer:
    """A server of which there are several: the group's name, its bounds and its policies."""

    group: str
    compute: Instance
    minimum: Hot
    maximum: Hot
    initial: Hot
    policies: tuple[Policy, ...]


def scaled_servers(draft: Draft) -> tuple[ScaledServer, ...]:
    """The servers of which there may be more than one, in the order of the graph."""
    by_server: dict[Address, list[Policy]] = {}
    for policy in draft.portion.policies:
        if policy.is_a(SCALING):
            for server in _servers(draft, policy):
                by_server.setdefault(server, []).append(_settled_policy(draft, policy))
    found = []
    for instance in draft.instances:
        if instance.is_a("tosca.nodes.Compute"):
            policies = by_server.get(instance.address, [])
            bounds = _bounds(draft, instance, policies)
            if policies or bounds.maximum > 1 or bounds.initial > 1:
                found.append(_scaled(draft, instance, bounds, policies))
    return tuple(found)


def _servers(draft: Draft, policy: Policy) -> Iterator[Address]:
    there: dict[Address, None] = {}
    for target in policy.targets:
        if target not in draft.here:
            continue
        compute = compute_of(draft.graph, draft.graph[target])
        if compute is None or compute.address not in draft.here:
            draft.report(
                NOTHING_TO_SCALE,
                policy.place,
                f"policy `{policy.name}` scales `{target}`, which runs on no server of the stack",
            )
        else:
            there[compute.address] = None
    return iter(there)


def _settled_policy(draft: Draft, policy: Policy) -> Policy:
    """A policy with inputs as they are now."""
    return replace(
        policy,
        properties=_settled(draft, policy.properties),
        triggers=tuple(
            replace(
                trigger,
                inputs=_settled(draft, trigger.inputs),
                conditions=tuple(
                    replace(condition, threshold=draft.given(condition.threshold))
                    for condition in trigger.conditions
                ),
            )
            for trigger in policy.triggers
        ),
    )


def _settled(draft: Draft, values: Mapping[str, Value]) -> Mapping[str, Value]:
    return {name: draft.given(value) for name, value in values.items()}


def _bounds(draft: Draft, compute: Instance, policies: Sequence[Policy]) -> Bounds:
    settled = replace(
        compute,
        capabilities={
            name: replace(capability, properties=_settled(draft, capability.properties))
            for name, capability in compute.capabilities.items()
        },
    )
    return bounds_of(draft.graph, settled, policies[0] if policies else None)


def _scaled(
    draft: Draft, compute: Instance, bounds: Bounds, policies: Sequence[Policy]
) -> ScaledServer:
    def bound(names: Sequence[str], settled: int) -> Hot:
        found = next(_open(draft, compute, names), None)
        return settled if found is None else found

    return ScaledServer(
        draft.names.of(compute.address, "group"),
        compute,
        bound(_MINIMUM, bounds.minimum),
        bound(_MAXIMUM, bounds.maximum),
        bound(_INITIAL, bounds.initial),
        tuple(policies),
    )


def _open(draft: Draft, compute: Instance, names: Sequence[str]) -> Iterator[Hot]:
    """A bound of the `scalable` capability that is still an expression."""
    for capability in compute.capabilities.values():
        if capability.is_a(SCALABLE):
            for name in names:
                value = capability.properties.get(name)
                if value is not None and not is_known(value):
                    yield lower(draft, value, _place_of(capability, compute))


def _place_of(capability: Capability, compute: Instance) -> Place:
    return capability.place or compute.place


def metering(group: str) -> Mapping[str, Hot]:
    """What tells the servers of a group apart from all others in the telemetry."""
    return {"metering.server_group": join(STACK_ID, f"-{group}")}


def lower_group(draft: Draft, scaled: ScaledServer, resource: Hot, after: tuple[str, ...]) -> None:
    """The group, whose members are stacks of a nested template."""
    compute = scaled.compute
    draft.add(
        HotResource(
            scaled.group,
            "OS::Heat::AutoScalingGroup",
            {
                "min_size": scaled.minimum,
                "max_size": scaled.maximum,
                "desired_capacity": scaled.initial,
                "resource": resource,
            },
            after,
            instance=compute.address,
            origin=Origin(f"node {compute.name}", compute.place),
        )
    )


def lower_policies(draft: Draft, scaled: ScaledServer) -> None:
    """For each rule what adjusts the group, and the alarm that calls it."""
    for policy in scaled.policies:
        rules = [
            rule
            for rule in scaling_rules(draft.graph, policy)
            if compute_of(draft.graph, draft.graph[rule.target]) is scaled.compute
        ]
        if policy.triggers and not rules:
            draft.report(
                UNCLEAR_SCALING,
                policy.place,
                f"no trigger of policy `{policy.name}` has a condition that can be measured",
                hint="condition: { constraint: [ { cpu_utilization: [ { greater_than: 50 } ] } ] }",
            )
        if rules and isinstance(scaled.maximum, int) and scaled.maximum == scaled.minimum:
            draft.report(
                NO_ROOM,
                policy.place,
                f"policy `{policy.name}` can never act: `{scaled.compute.name}` may have"
                f" {scaled.maximum} instances, never more",
                hint=f"give the capability `scalable` of `{scaled.compute.name}` a higher"
                " `max_instances`",
            )
        for rule in rules:
            _lower_rule(draft, scaled, policy, rule)


def _lower_rule(draft: Draft, scaled: ScaledServer, policy: Policy, rule: ScalingRule) -> None:
    name = draft.names.fresh(f"{policy.name}_{'out' if rule.adjustment > 0 else 'in'}")
    origin = Origin(f"policy {policy.name}", rule.place)
    draft.add(
        HotResource(
            name,
            "OS::Heat::ScalingPolicy",
            {
                "adjustment_type": "change_in_capacity",
                "auto_scaling_group_id": GetResource(scaled.group),
                "scaling_adjustment": rule.adjustment,
                "cooldown": max(0, round(rule.cooldown)),
            },
            instance=rule.target,
            origin=origin,
        )
    )
    measured = _measured(draft, scaled, rule)
    draft.add(
        HotResource(
            draft.names.fresh(f"{name}_alarm"),
            "OS::Aodh::GnocchiAggregationByResourcesAlarm",
            {
                "description": f"{rule.metric} of {rule.target}"
                f" {rule.comparison.replace('_', ' ')} {rule.threshold:g}",
                **measured,
                "comparison_operator": _OPERATORS[rule.comparison],
                "evaluation_periods": rule.evaluations,
                "granularity": max(1, round(rule.period)),
                "resource_type": "instance",
                "query": _query(scaled.group),
                "alarm_actions": (join("trust+", GetAttr(name, ("signal_url",))),),
            },
            instance=rule.target,
            origin=origin,
        )
    )


def _query(group: str) -> Hot:
    """The servers of the group, in Gnocchi's language."""
    return Function(
        "str_replace",
        {
            "template": '{"=": {"server_group": "%stack%-' + group + '"}}',
            "params": {"%stack%": STACK_ID},
        },
    )


def _measured(draft: Draft, scaled: ScaledServer, rule: ScalingRule) -> Mapping[str, Hot]:
    """The metric, how it is aggregated, and the threshold in its unit.

    Ceilometer's `cpu` counts nanoseconds of all virtual CPUs; `memory.usage` is in MiB.
    """
    size = size_of(draft, scaled.compute)
    if rule.metric == "cpu" and draft.facts.cpu_metric == "cpu_util":
        return {"metric": "cpu_util", "aggregation_method": "mean", "threshold": rule.threshold}
    if rule.metric == "cpu":
        cpus = _known(draft, scaled, rule, size.cpus, "num_cpus")
        busy = rule.threshold / 100 * rule.period * 10**9 * cpus
        return {"metric": "cpu", "aggregation_method": "rate:mean", "threshold": _short(busy)}
    if rule.metric == "memory":
        memory = _known(draft, scaled, rule, size.memory, "mem_size")
        used = rule.threshold / 100 * memory / 1024**2
        return {"metric": "memory.usage", "aggregation_method": "mean", "threshold": _short(used)}
    return {
        "metric": rule.metric,
        "aggregation_method": "mean",
        "threshold": _short(rule.threshold),
    }


def _known(
    draft: Draft, scaled: ScaledServer, rule: ScalingRule, amount: Value, name: str
) -> float:
    if isinstance(amount, int | float):
        return float(amount)
    draft.report(
        UNKNOWN_SIZE,
        rule.place,
        f"`{name}` of `{scaled.compute.name}` is not known; the alarm takes it for"
        f" {'1' if name == 'num_cpus' else '1 GiB'}",
        hint=f"say `{name}` in its capability `host`",
    )
    return 1.0 if name == "num_cpus" else float(1024**3)


def _short(value: float) -> float | int:
    return int(value) if value == int(value) else round(value, 3)
