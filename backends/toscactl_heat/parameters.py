"""Inputs of the service as parameters of the template."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from toscactl.backend import (
    Input,
    InputOf,
    Instance,
    Rule,
    ScalarUnit,
    Secret,
    Severity,
    Value,
    plain,
    reveal,
    walk,
)
from toscactl_heat.draft import NO_DEFAULT, Draft, Parameter

INPUT_CONSTRAINT = Rule(
    "heat-input-constraint",
    "A constraint of an input has no counterpart in a HOT parameter.",
    Severity.WARNING,
)

GIB = 1024**3
_TYPES = {
    "string": "string",
    "integer": "number",
    "float": "number",
    "boolean": "boolean",
    "list": "json",
    "map": "json",
    "range": "json",
}
_VOLUMES = ("tosca.nodes.BlockStorage", "tosca.nodes.Storage.BlockStorage")


def lower_inputs(draft: Draft) -> None:
    """Make a parameter of each input, if inputs were left open."""
    if not draft.portion.parameters:
        return
    draft.in_gib = sized_in_gib(draft.instances)
    for source in draft.graph.inputs.values():
        draft.parameter(_parameter(draft, source))


def sized_in_gib(instances: Iterable[Instance]) -> frozenset[str]:
    """Inputs that are the size of a volume: Cinder counts in GiB, so their parameters do too."""
    return frozenset(
        part.name
        for instance in instances
        if any(instance.is_a(name) for name in _VOLUMES)
        for part in walk(instance.properties.get("size"))
        if isinstance(part, InputOf) and not part.path
    )


def _parameter(draft: Draft, source: Input) -> Parameter:
    in_gib = source.name in draft.in_gib
    kind = "number" if in_gib else _TYPES.get(source.type, "string")
    about = source.description.strip()
    if in_gib:
        about = f"{about} (GiB)".strip()
    return Parameter(
        source.name,
        kind,
        about,
        default_of(source, in_gib=in_gib),
        source.sensitive,
        tuple(_constraints(draft, source, kind)),
    )


def default_of(source: Input, *, in_gib: bool) -> object:
    """The default of an input, unless it is a secret, which no file holds.

    What somebody gave goes into the environment file instead.
    """
    if source.given or source.sensitive or source.value is None:
        return NO_DEFAULT
    return as_parameter(source.value, in_gib=in_gib)


def as_parameter(value: Value, *, in_gib: bool) -> object:
    """A known value as Heat takes it for a parameter."""
    if in_gib:
        return gib(reveal(value))
    return plain(value)


def gib(value: Value) -> int | None:
    """Whole GiB that hold so much: bytes, or a scalar-unit; at least 1. None if not known."""
    amount = value.amount if isinstance(value, ScalarUnit) else value
    if isinstance(amount, Secret):
        return gib(reveal(amount))
    if isinstance(amount, bool) or not isinstance(amount, int | float):
        return None
    return max(1, math.ceil(amount / GIB))


def _constraints(draft: Draft, source: Input, kind: str) -> Iterator[Mapping[str, object]]:
    for operator, argument in source.constraints:
        lowered = _in_gib(operator, argument) if source.name in draft.in_gib else None
        if lowered is None:
            lowered = _constraint(operator, plain(argument), kind, source.type)
        if lowered is None:
            draft.report(
                INPUT_CONSTRAINT,
                source.place,
                f"Heat cannot check `{operator}` of input `{source.name}`",
                hint="toscactl checks it when it plans or applies",
            )
        else:
            yield lowered


def _in_gib(operator: str, argument: Value) -> Mapping[str, object] | None:
    """A bound in bytes as a bound in GiB; the lower one as strict as it can be."""
    bounds = (
        argument
        if isinstance(argument, Sequence) and not isinstance(argument, str)
        else (argument,)
    )
    numbers = [gib(bound) for bound in bounds]
    match operator, numbers:
        case "greater_or_equal" | "greater_than", [int() as least]:
            return {"range": {"min": least}}
        case "less_or_equal" | "less_than", [int() as most]:
            return {"range": {"max": most}}
        case "in_range", [least, most]:
            return _range(least, most)
        case "valid_values", _ if all(isinstance(number, int) for number in numbers):
            return {"allowed_values": numbers}
        case _:
            return None


def _range(least: object, most: object) -> Mapping[str, object] | None:
    limits = {
        key: limit
        for key, limit in (("min", least), ("max", most))
        if isinstance(limit, int | float) and not isinstance(limit, bool)
    }
    return {"range": limits} if limits else None


def _constraint(
    operator: str, argument: object, kind: str, declared: str
) -> Mapping[str, object] | None:
    """The HOT constraint for an operator of TOSCA 1.3, 3.6.3."""
    whole = declared == "integer" and isinstance(argument, int)
    match operator, kind:
        case "greater_or_equal", "number":
            return _range(argument, None)
        case "less_or_equal", "number":
            return _range(None, argument)
        case "greater_than", "number" if whole:
            return _range(int(str(argument)) + 1, None)
        case "less_than", "number" if whole:
            return _range(None, int(str(argument)) - 1)
        case "in_range", "number" if isinstance(argument, list) and len(argument) == 2:  # noqa: PLR2004
            return _range(argument[0], argument[1])
        case "equal", "string" | "number" | "boolean":
            return {"allowed_values": [argument]}
        case "valid_values", "string" | "number" | "boolean":
            return {"allowed_values": argument}
        case "length", "string" | "json":
            return {"length": {"min": argument, "max": argument}}
        case "min_length", "string" | "json":
            return {"length": {"min": argument}}
        case "max_length", "string" | "json":
            return {"length": {"max": argument}}
        case "pattern", "string":
            return {"allowed_pattern": argument}
        case _:
            return None
