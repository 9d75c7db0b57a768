"""Scaling policies, however they were written, as rules that every backend reads alike.

`tosca.policies.Scaling` has no properties in the standard (1.3, 5.11.4), so services write what
their orchestrators read: triggers of the standard (`utilization greater_than 50%` for a period),
properties such as `increment`, `cooldown`, `min_instances`, and the `scalable` capability.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from toscactl.address import Address
from toscactl.graph.model import Capability, Condition, Instance, InstanceGraph, Policy, Trigger
from toscactl.graph.queries import host_chain, hosted_within
from toscactl.source import Place
from toscactl.values import ScalarUnit, Value, reveal

SCALING = "tosca.policies.Scaling"
SCALABLE = "tosca.capabilities.Scalable"
DEFAULT_PERIOD = 60.0
"""Seconds, where a rule does not say for how long."""
DEFAULT_COOLDOWN = 60.0
"""Seconds, where a policy does not say how long to wait after an adjustment."""

_OVER = frozenset({"greater_than", "greater_or_equal", "gt", "ge", ">", ">="})
_UNDER = frozenset({"less_than", "less_or_equal", "lt", "le", "<", "<="})
_COMPARISONS = {
    "gt": "greater_than", "ge": "greater_or_equal", "lt": "less_than", "le": "less_or_equal",
    ">": "greater_than", ">=": "greater_or_equal", "<": "less_than", "<=": "less_or_equal",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many instances of a node there may be, and how many at first."""

    minimum: int = 1
    maximum: int = 1
    initial: int = 1


@dataclass(frozen=True, slots=True)
class ScalingRule:
    """When `metric` of the target compares so with `threshold`, for long enough, adjust.

    `metric` is `cpu` or `memory` (utilization in percent), else as it was written.
    `comparison` is greater_than, greater_or_equal, less_than or less_or_equal.
    `adjustment` is how many instances to add, negative to remove.
    """

    policy: str
    target: Address
    metric: str
    comparison: str
    threshold: float
    """Percent."""
    period: float
    """Seconds of one evaluation."""
    evaluations: int
    """How many periods in a row must show it."""
    adjustment: int
    cooldown: float
    """Seconds."""
    minimum: int
    maximum: int
    initial: int
    place: Place


def scaling_rules(graph: InstanceGraph, policy: Policy) -> tuple[ScalingRule, ...]:
    """The rules of a policy of type `tosca.policies.Scaling`, one per target and condition.

    Empty for other policies, and for a policy that names no threshold: that one only sets the
    bounds (`bounds_of`).
    """
    if not policy.is_a(SCALING):
        return ()
    return tuple(
        rule
        for target in policy.targets
        if target in graph.instances
        for rule in _rules_for(graph, policy, graph.instances[target])
    )


def bounds_of(graph: InstanceGraph, instance: Instance, policy: Policy | None = None) -> Bounds:
    """The bounds of an instance: of a policy's properties, else of its `scalable` capability.

    Software takes those of what hosts it; a compute node without bounds of its own, those of
    nothing: exactly one.
    """
    sources = [] if policy is None else [policy.properties, *(t.inputs for t in policy.triggers)]
    sources += [capability.properties for capability in _scalable(graph, instance)]
    minimum = _first_number(sources, ("min_instances", "minimum", "min_size", "min"))
    maximum = _first_number(sources, ("max_instances", "maximum", "max_size", "max"))
    initial = _first_number(
        sources, ("default_instances", "desired_instances", "desired", "initial")
    )
    least = 1 if minimum is None else int(minimum)
    first = least if initial is None else int(initial)
    most = max(least, first) if maximum is None else int(maximum)
    return Bounds(least, max(least, most), min(max(least, first), max(least, most)))


def scaling_policies(graph: InstanceGraph, instance: Instance) -> tuple[Policy, ...]:
    """The scaling policies that act on an instance: those that target it or what it hosts."""
    near = {
        instance.address,
        *(hosted.address for hosted in hosted_within(graph, instance.address)),
    }
    return tuple(
        policy for policy in graph.policies if policy.is_a(SCALING) and near & set(policy.targets)
    )


def _scalable(graph: InstanceGraph, instance: Instance) -> Iterator[Capability]:
    for node in (instance, *host_chain(graph, instance)):
        for capability in node.capabilities.values():
            if capability.is_a(SCALABLE):
                yield capability


def _rules_for(graph: InstanceGraph, policy: Policy, target: Instance) -> Iterator[ScalingRule]:
    bounds = bounds_of(graph, target, policy)
    conditions = [
        (trigger, condition) for trigger in policy.triggers for condition in trigger.conditions
    ]
    if not conditions:
        conditions = [(_of_properties(policy), c) for c in _conditions_of_properties(policy)]
    for trigger, condition in conditions:
        threshold = number(condition.threshold)
        comparison = _COMPARISONS.get(condition.comparison, condition.comparison)
        if threshold is None or comparison not in _OVER | _UNDER:
            continue
        yield ScalingRule(
            policy.name,
            target.address,
            _metric(condition, trigger),
            comparison,
            threshold,
            trigger.period if trigger.period is not None else DEFAULT_PERIOD,
            trigger.evaluations or 1,
            _adjustment(policy, trigger, comparison),
            _cooldown(policy, trigger),
            bounds.minimum,
            bounds.maximum,
            bounds.initial,
            trigger.place,
        )


def _of_properties(policy: Policy) -> Trigger:
    period = _first_number([policy.properties], ("period", "duration", "granularity"))
    evaluations = _first_number([policy.properties], ("evaluations", "evaluation_periods"))
    return Trigger(
        policy.name,
        policy.place,
        period=period,
        evaluations=None if evaluations is None else int(evaluations),
    )


def _conditions_of_properties(policy: Policy) -> Iterator[Condition]:
    """Conditions of policies that say it in properties: `cpu_threshold: 50`, `threshold: 50`."""
    named = policy.properties.get("metric") or policy.properties.get("metric_name")
    written = str(policy.properties.get("comparison_operator") or "greater_than").lower()
    comparison = _COMPARISONS.get(written, written)
    for name, value in policy.properties.items():
        metric, _, last = name.rpartition("_")
        if name in ("threshold", "target_utilization", "target_value"):
            yield Condition(str(named or "cpu"), comparison, value)
        elif last in ("threshold", "utilization") and metric not in ("", "scale_in", "scale_down"):
            yield Condition(metric.removeprefix("target_"), comparison, value)


def _metric(condition: Condition, trigger: Trigger) -> str:
    words = f"{condition.metric} {trigger.event or ''}".lower()
    own = condition.metric.lower()
    if "mem" in own or "ram" in own.split("_"):
        return "memory"
    if "cpu" in own:
        return "cpu"
    if own in ("", "utilization", "value", "usage"):
        return "memory" if "mem" in words else "cpu"
    return condition.metric


def _adjustment(policy: Policy, trigger: Trigger, comparison: str) -> int:
    names = ("increment", "adjustment", "scaling_adjustment", "number_of_steps", "count", "step")
    given = _first_number([trigger.inputs, policy.properties], names)
    amount = 1 if given is None else int(given)
    if amount < 0:
        return amount
    words = f"{trigger.name} {trigger.action or ''}".lower().replace("-", "_")
    shrinks = comparison in _UNDER or any(
        word in words for word in ("scale_in", "scale_down", "scaling_in", "scaling_down")
    )
    return -amount if shrinks else amount


def _cooldown(policy: Policy, trigger: Trigger) -> float:
    found = _first_number([trigger.inputs, policy.properties], ("cooldown", "cool_down"))
    return DEFAULT_COOLDOWN if found is None else found


def _first_number(sources: Sequence[Mapping[str, Value]], names: Sequence[str]) -> float | None:
    for source in sources:
        for name in names:
            found = number(source.get(name))
            if found is not None:
                return found
    return None


def number(value: Value) -> float | None:
    """A known number; of a scalar-unit its amount in the canonical unit, of `50%` the 50."""
    value = reveal(value)
    match value:
        case bool():
            return None
        case int() | float():
            return float(value)
        case ScalarUnit(amount=amount):
            return float(amount)
        case str():
            try:
                return float(value.strip().removesuffix("%").strip())
            except ValueError:
                return None
        case _:
            return None
