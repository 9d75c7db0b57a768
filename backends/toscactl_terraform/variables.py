"""Inputs of the service as variables."""

from collections.abc import Iterator

from toscactl.backend import (
    Input,
    InputOf,
    Rule,
    Severity,
    Value,
    is_sensitive,
    plain,
    reveal,
    walk,
)
from toscactl_terraform.draft import NO_DEFAULT, VOLUMES, Draft, Variable, variable_name
from toscactl_terraform.expressions import gib_number, quoted

INPUT_CONSTRAINT = Rule(
    "terraform-input-constraint",
    "A constraint of an input has no counterpart in a Terraform variable.",
    Severity.WARNING,
)

_TYPES = {
    "string": "string",
    "integer": "number",
    "float": "number",
    "boolean": "bool",
    "version": "string",
    "timestamp": "string",
}
_COMPARISONS = {
    "equal": "==",
    "greater_than": ">",
    "greater_or_equal": ">=",
    "less_than": "<",
    "less_or_equal": "<=",
}
_LENGTHS = {"length": "==", "min_length": ">=", "max_length": "<="}


def lower_inputs(draft: Draft) -> None:
    """Make a variable of each input, if inputs were left open."""
    if not draft.portion.parameters:
        return
    draft.in_gib = frozenset(_sizes(draft))
    for source in draft.graph.inputs.values():
        draft.variable(_variable(draft, source))


def _sizes(draft: Draft) -> Iterator[str]:
    """Inputs that are the size of a volume: clouds count in GiB, so their variables do too."""
    for instance in draft.portion.instances:
        if any(instance.is_a(name) for name in VOLUMES):
            for part in walk(instance.properties.get("size")):
                if isinstance(part, InputOf) and not part.path:
                    yield part.name


def _variable(draft: Draft, source: Input) -> Variable:
    in_gib = source.name in draft.in_gib
    about = source.description.strip()
    value = source.value
    default: object = NO_DEFAULT
    if value is not None and not is_sensitive(value):
        default = gib_number(reveal(value)) if in_gib else plain(value)
    elif value is None and not source.required:
        default = None
    name = variable_name(source.name)
    return Variable(
        name,
        "number" if in_gib else _type(source),
        f"{about} (GiB)".strip() if in_gib else about,
        default,
        source.sensitive,
        tuple(_validations(draft, source, f"var.{name}", in_gib=in_gib)),
    )


def _type(source: Input) -> str:
    """The type of a variable; what is put together of several types is checked by toscactl."""
    if source.type in ("list", "map"):
        entry = _TYPES.get(source.entry_type or "")
        return f"{source.type}({entry})" if entry else "any"
    if source.type.startswith("scalar-unit"):
        return "string"
    return _TYPES.get(source.type, "any")


def _validations(
    draft: Draft, source: Input, variable: str, *, in_gib: bool
) -> Iterator[tuple[str, str]]:
    for operator, argument in source.constraints:
        condition = _condition(operator, _number_in_gib(argument) if in_gib else argument, variable)
        if condition is None:
            draft.report(
                INPUT_CONSTRAINT,
                source.place,
                f"Terraform cannot check `{operator}` of input `{source.name}`",
                hint="toscactl checks it when it plans or applies",
            )
        else:
            said = f"The value must meet {operator}: {plain(argument)}."
            # A default of null stands for "no value", which meets every constraint.
            yield (condition if source.required else f"{variable} == null || {condition}"), said


def _number_in_gib(argument: Value) -> Value:
    if isinstance(argument, tuple | list):
        return tuple(gib_number(item) for item in argument)
    return gib_number(argument)


def _condition(operator: str, argument: Value, variable: str) -> str | None:
    """The condition for an operator of TOSCA 1.3, 3.6.3."""
    data = plain(argument)
    if operator in _COMPARISONS and isinstance(data, str | int | float):
        if isinstance(data, str) and operator != "equal":
            return None
        return f"{variable} {_COMPARISONS[operator]} {_shown(data)}"
    if operator in _LENGTHS and isinstance(data, int):
        return f"length({variable}) {_LENGTHS[operator]} {data}"
    match operator, data:
        case "in_range", [least, most]:
            bounds = []
            if isinstance(least, int | float):
                bounds.append(f"{variable} >= {least}")
            if isinstance(most, int | float):
                bounds.append(f"{variable} <= {most}")
            return " && ".join(bounds) or None
        case "valid_values", list():
            return f"contains([{', '.join(_shown(item) for item in data)}], {variable})"
        case "pattern", str():
            return f"can(regex({quoted(f'^(?:{data})$')}, {variable}))"
        case _:
            return None


def _shown(data: object) -> str:
    if isinstance(data, bool):
        return "true" if data else "false"
    return quoted(data) if isinstance(data, str) else repr(data)
