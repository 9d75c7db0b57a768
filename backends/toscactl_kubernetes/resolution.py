"""Inputs that were left open, put back where Kubernetes has no parameter to hold them.

Manifests have no parameters. What is no secret is written out with the value that was given or
the default; a sensitive input stays open, because a Secret holds it.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

from toscactl.backend import (
    AttributeOf,
    Capability,
    Input,
    InputOf,
    Instance,
    InstanceGraph,
    Operation,
    Policy,
    Relationship,
    Secret,
    Value,
    evaluate,
    reveal,
    select,
)

_Values: TypeAlias = Mapping[str, Value]
_Close: TypeAlias = Callable[[Value], Value]


def close_inputs(graph: InstanceGraph) -> InstanceGraph:
    """The same graph with every open input that has a value, and is no secret, put in."""

    def resolve(reference: AttributeOf | InputOf) -> Value:
        if isinstance(reference, AttributeOf):
            return reference
        given = graph.inputs.get(reference.name)
        if given is None or given.value is None or sensitive(reference, given):
            return reference
        return select(given.value, reference.path)

    def close(value: Value) -> Value:
        return evaluate(value, resolve)

    return replace(
        graph,
        instances={at: _instance(instance, close) for at, instance in graph.instances.items()},
        policies=tuple(_policy(policy, close) for policy in graph.policies),
        outputs={
            name: replace(output, value=close(output.value))
            for name, output in graph.outputs.items()
        },
    )


def sensitive(reference: InputOf, given: Input) -> bool:
    return reference.sensitive or given.sensitive or isinstance(given.value, Secret)


def input_of_secret(graph: InstanceGraph, value: Value) -> Input | None:
    """The sensitive input that a secret is, or None if it was made of something else."""
    if isinstance(value, InputOf):
        return None if value.path else graph.inputs.get(value.name)
    known = [
        given
        for given in graph.inputs.values()
        if given.sensitive and given.value is not None and reveal(given.value) == reveal(value)
    ]
    return known[0] if known else None


def _mapping(values: _Values, close: _Close) -> dict[str, Value]:
    return {name: close(value) for name, value in values.items()}


def _instance(instance: Instance, close: _Close) -> Instance:
    return replace(
        instance,
        properties=_mapping(instance.properties, close),
        attributes=_mapping(instance.attributes, close),
        capabilities={
            name: _capability(capability, close)
            for name, capability in instance.capabilities.items()
        },
        relationships=tuple(_relationship(edge, close) for edge in instance.relationships),
        operations=tuple(_operation(operation, close) for operation in instance.operations),
    )


def _capability(capability: Capability, close: _Close) -> Capability:
    return replace(
        capability,
        properties=_mapping(capability.properties, close),
        attributes=_mapping(capability.attributes, close),
    )


def _relationship(edge: Relationship, close: _Close) -> Relationship:
    return replace(
        edge,
        properties=_mapping(edge.properties, close),
        attributes=_mapping(edge.attributes, close),
        operations=tuple(_operation(operation, close) for operation in edge.operations),
    )


def _operation(operation: Operation, close: _Close) -> Operation:
    return replace(operation, inputs=_mapping(operation.inputs, close))


def _policy(policy: Policy, close: _Close) -> Policy:
    triggers = tuple(
        replace(
            trigger,
            inputs=_mapping(trigger.inputs, close),
            conditions=tuple(
                replace(condition, threshold=close(condition.threshold))
                for condition in trigger.conditions
            ),
        )
        for trigger in policy.triggers
    )
    return replace(policy, properties=_mapping(policy.properties, close), triggers=triggers)
