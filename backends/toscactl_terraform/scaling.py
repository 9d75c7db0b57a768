"""Servers of which there are several: bounds and rules, whatever the cloud."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from toscactl.backend import (
    COMPUTE,
    SCALING,
    Address,
    Bounds,
    Instance,
    Place,
    Policy,
    Rule,
    ScalingRule,
    Value,
    bounds_of,
    is_known,
    scaling_rules,
)
from toscactl_terraform.draft import Draft, Tf
from toscactl_terraform.expressions import lower

NOTHING_TO_SCALE = Rule(
    "terraform-nothing-to-scale",
    "A scaling policy has a target that is no server of the configuration.",
)
UNCLEAR_SCALING = Rule(
    "terraform-unclear-scaling",
    "A scaling policy has triggers, but no condition that can be measured.",
)

SCALABLE = "tosca.capabilities.Scalable"
_MINIMUM = ("min_instances", "minimum", "min_size", "min")
_MAXIMUM = ("max_instances", "maximum", "max_size", "max")
_INITIAL = ("default_instances", "desired_instances", "desired", "initial")


@dataclass(frozen=True, slots=True)
class Scaled:
    """A server of which there may be several; its bounds may be expressions."""

    compute: Instance
    minimum: Tf
    maximum: Tf
    initial: Tf
    count: int
    """How many there are at first, with inputs as they are now."""
    policies: tuple[Policy, ...]


def scaled_servers(draft: Draft) -> Mapping[Address, Scaled]:
    """The servers of which there may be more than one, in the order of the graph."""
    by_server: dict[Address, list[Policy]] = {}
    for policy in draft.portion.policies:
        if policy.is_a(SCALING):
            for server in _servers(draft, policy):
                by_server.setdefault(server, []).append(_settled_policy(draft, policy))
    found = {}
    for instance in draft.portion.instances:
        if instance.is_a(COMPUTE):
            policies = by_server.get(instance.address, [])
            bounds = _bounds(draft, instance, policies)
            if policies or bounds.maximum > 1 or bounds.initial > 1:
                found[instance.address] = _scaled(draft, instance, bounds, policies)
    return found


def rules_of(draft: Draft, scaled: Scaled) -> Iterator[tuple[Policy, ScalingRule]]:
    """What makes the number of a server change; a policy that says nothing clear is reported."""
    for policy in scaled.policies:
        rules = [
            rule
            for rule in scaling_rules(draft.graph, policy)
            if draft.compute(draft.graph[rule.target]) is scaled.compute
        ]
        if policy.triggers and not rules:
            draft.report(
                UNCLEAR_SCALING,
                policy.place,
                f"no trigger of policy `{policy.name}` has a condition that can be measured",
                hint="condition: { constraint: [ { cpu_utilization: [ { greater_than: 50 } ] } ] }",
            )
        for rule in rules:
            yield policy, rule


def _servers(draft: Draft, policy: Policy) -> Iterator[Address]:
    there: dict[Address, None] = {}
    for target in policy.targets:
        if target not in draft.here:
            continue
        compute = draft.compute(draft.graph[target])
        if compute is None or compute.address not in draft.here:
            draft.report(
                NOTHING_TO_SCALE,
                policy.place,
                f"policy `{policy.name}` scales `{target}`, which runs on no server made here",
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


def _scaled(draft: Draft, compute: Instance, bounds: Bounds, policies: Sequence[Policy]) -> Scaled:
    def bound(names: Sequence[str], settled: int) -> Tf:
        found = next(_open(compute, names), None)
        return settled if found is None else lower(draft, found[0], found[1])

    return Scaled(
        compute,
        bound(_MINIMUM, bounds.minimum),
        bound(_MAXIMUM, bounds.maximum),
        bound(_INITIAL, bounds.initial),
        bounds.initial,
        tuple(policies),
    )


def _open(compute: Instance, names: Sequence[str]) -> Iterator[tuple[Value, Place | None]]:
    """A bound that depends on an input, so that it stays a variable."""
    for capability in compute.capabilities.values():
        if capability.is_a(SCALABLE):
            for name in names:
                value = capability.properties.get(name)
                if value is not None and not is_known(value):
                    yield value, capability.place
