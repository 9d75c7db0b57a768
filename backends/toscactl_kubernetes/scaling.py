"""How many pods: replicas, autoscalers from scaling policies, disruption budgets."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from toscactl.backend import (
    SCALING,
    Origin,
    Policy,
    Rule,
    ScalingRule,
    Severity,
    Value,
    bounds_of,
    scaling_rules,
)
from toscactl_kubernetes.exposure import selector
from toscactl_kubernetes.manifests import Draft, Manifest, annotations_of
from toscactl_kubernetes.workloads import Workload

SCALING_NOT_EXPRESSIBLE = Rule(
    "kubernetes-scaling-not-expressible",
    "A scaling policy, or a part of it, has no counterpart in a HorizontalPodAutoscaler.",
    Severity.WARNING,
)
SCALE_IN_THRESHOLD = Rule(
    "kubernetes-scale-in-threshold",
    "An autoscaler scales in by the same target as it scales out.",
    Severity.NOTE,
)
METRICS_NEEDED = Rule(
    "kubernetes-metrics-needed",
    "An autoscaler needs metrics-server in the cluster.",
    Severity.NOTE,
)

INITIAL_INSTANCES = Rule(
    "kubernetes-initial-instances",
    "An autoscaler begins with the least number of pods, not with a number of its own.",
    Severity.NOTE,
)

_METRICS = frozenset({"cpu", "memory"})
_LONGEST_WINDOW = 3600
_LONGEST_PERIOD = 1800


@dataclass(frozen=True, slots=True)
class Scale:
    """How many pods a workload has; `rules` are empty where the number is fixed."""

    minimum: int
    maximum: int
    rules: tuple[ScalingRule, ...] = ()
    policy: Policy | None = None

    @property
    def automatic(self) -> bool:
        return bool(self.rules)


def scale_of(draft: Draft, workload: Workload) -> Scale:
    """The scale of a workload: of the first policy that an autoscaler can follow, or fixed."""
    fixed = Scale(workload.replicas, workload.replicas)
    for policy in draft.graph.policies:
        if not policy.is_a(SCALING) or not set(policy.targets) & set(workload.members):
            continue
        if draft.site.fact("metrics") is False:
            _report(draft, policy, "the cluster has no metrics, as its target's facts say")
            continue
        rules = tuple(
            rule for rule in scaling_rules(draft.graph, policy) if rule.target in workload.members
        )
        usable = _usable(draft, policy, rules)
        if any(rule.adjustment > 0 for rule in usable):
            if fixed.automatic:
                _report(draft, policy, f"`{workload.name}` has an autoscaler already")
                continue
            minimum = max(1, min(rule.minimum for rule in usable))
            maximum = max(minimum, *(rule.maximum for rule in usable))
            if maximum == minimum:
                _report(draft, policy, f"`{workload.name}` may have {maximum} pods, never more")
                continue
            fixed = Scale(minimum, maximum, usable, policy)
        elif not rules:
            bounds = bounds_of(draft.graph, workload.root, policy)
            fixed = Scale(bounds.initial, bounds.initial)
            _report(draft, policy, "it names no threshold; the number of pods is fixed")
    return fixed


def _usable(draft: Draft, policy: Policy, rules: Sequence[ScalingRule]) -> tuple[ScalingRule, ...]:
    usable = tuple(rule for rule in rules if rule.metric in _METRICS)
    for rule in rules:
        if rule.metric not in _METRICS:
            _report(draft, policy, f"the metric `{rule.metric}` is neither CPU nor memory")
    if rules and usable and not any(rule.adjustment > 0 for rule in usable):
        _report(draft, policy, "nothing in it scales out")
    for rule in usable:
        if rule.adjustment < 0:
            draft.report(
                SCALE_IN_THRESHOLD,
                rule.place,
                f"`{policy.name}` scales in below {rule.threshold:g} % {rule.metric}; the "
                "autoscaler does so when fewer pods would stay at its target",
            )
    return usable


def _report(draft: Draft, policy: Policy, why: str) -> None:
    draft.report(
        SCALING_NOT_EXPRESSIBLE, policy.place, f"policy `{policy.name}` is not followed: {why}"
    )


def autoscaler(draft: Draft, workload: Workload, scale: Scale, kind: str) -> Iterator[Manifest]:
    """The HorizontalPodAutoscaler of a workload that scales by itself."""
    if not scale.automatic:
        return
    growing = _growing(draft, workload, scale)
    shrinking = [rule for rule in scale.rules if rule.adjustment < 0]
    metrics: tuple[dict[str, Value], ...] = tuple(
        {
            "type": "Resource",
            "resource": {
                "name": metric,
                "target": {"type": "Utilization", "averageUtilization": round(rule.threshold)},
            },
        }
        for metric, rule in sorted(growing.items())
    )
    behavior: dict[str, Value] = {"scaleUp": _behavior(next(iter(growing.values())))}
    if shrinking:
        behavior["scaleDown"] = _behavior(shrinking[0])
    if not draft.site.k3s and draft.site.fact("metrics") is not True:
        draft.report(
            METRICS_NEEDED,
            scale.rules[0].place,
            f"the autoscaler of `{workload.name}` needs metrics-server in the cluster",
        )
    first = scale.rules[0]
    if first.initial > scale.minimum:
        draft.report(
            INITIAL_INSTANCES,
            first.place,
            f"`{workload.name}` begins with {scale.minimum} pods, not with {first.initial}: from "
            "then on its autoscaler decides",
            "raise the least number where that matters",
        )
    policy = scale.policy
    spec: dict[str, Value] = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": kind, "name": workload.name},
        "minReplicas": scale.minimum,
        "maxReplicas": scale.maximum,
        "metrics": metrics,
        "behavior": behavior,
    }
    yield Manifest(
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        workload.name,
        {"spec": spec},
        draft.site.labels(workload.root.address.template, workload.name),
        annotations_of(workload.components),
        needs=(f"{kind}/{workload.name}",),
        origins={"": Origin(f"policy {policy.name}", policy.place)} if policy else {},
    )


def _growing(draft: Draft, workload: Workload, scale: Scale) -> dict[str, ScalingRule]:
    """The rule that adds pods, by metric: the one that acts first, since there is one target."""
    found: dict[str, ScalingRule] = {}
    for rule in sorted(scale.rules, key=lambda rule: rule.threshold):
        if rule.adjustment <= 0:
            continue
        first = found.setdefault(rule.metric, rule)
        if first is not rule:
            draft.report(
                SCALING_NOT_EXPRESSIBLE,
                rule.place,
                f"the autoscaler of `{workload.name}` has one target for {rule.metric}:"
                f" {first.threshold:g} %; the condition at {rule.threshold:g} % is left out",
            )
    return found


def _behavior(rule: ScalingRule) -> dict[str, Value]:
    """How fast to follow: only what held for the whole period counts, then a pause."""
    window = min(round(rule.period * rule.evaluations), _LONGEST_WINDOW)
    pause = min(max(round(rule.cooldown), 1), _LONGEST_PERIOD)
    step: dict[str, Value] = {"type": "Pods", "value": abs(rule.adjustment), "periodSeconds": pause}
    return {"stabilizationWindowSeconds": window, "policies": (step,)}


def disruption_budget(draft: Draft, workload: Workload, scale: Scale) -> Iterator[Manifest]:
    """At most one pod at a time is taken away on purpose, where there is more than one."""
    if scale.maximum < 2:  # noqa: PLR2004
        return
    yield Manifest(
        "policy/v1",
        "PodDisruptionBudget",
        workload.name,
        {"spec": {"maxUnavailable": 1, "selector": {"matchLabels": selector(workload)}}},
        draft.site.labels(workload.root.address.template, workload.name),
        annotations_of(workload.components),
    )
