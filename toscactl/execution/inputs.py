"""Finishes values just before they are used: with the attributes that are known by then."""

from collections.abc import Mapping

from toscactl.address import Address
from toscactl.desired import Step, Unit
from toscactl.errors import BackendError
from toscactl.planning.readers import NotKnown, attribute, foreign_reads, put_in
from toscactl.state import State
from toscactl.values import (
    AttributeOf,
    EvaluationError,
    InputOf,
    Secret,
    Value,
    evaluate,
    is_known,
)

Attributes = Mapping[Address, Mapping[str, Value]]


_UNSET = (
    "an operation that runs before sets it by an output that it declares,"
    " e.g. `outputs: { url: [ SELF, url ] }`"
)


def finished(
    step: Step, attributes: Attributes, inputs: Mapping[str, Value]
) -> tuple[Mapping[str, Value], tuple[str, ...]]:
    """The inputs of a step without anything open, and what had to be left out.

    Only a step that removes does without an input: what it was computed from may never have
    come into being. Raises `BackendError` for any other step.
    """
    found: dict[str, Value] = {}
    missing: list[str] = []
    for name, value in step.inputs.items():
        try:
            found[name] = _known(value, attributes, inputs)
        except (NotKnown, EvaluationError) as error:
            problem = _problem(name, error)
            if not step.removes:
                hint = _UNSET if isinstance(error, NotKnown) else None
                raise BackendError(problem, hint=hint) from None
            missing.append(problem)
    return found, tuple(missing)


def _problem(name: str, error: NotKnown | EvaluationError) -> str:
    if isinstance(error, NotKnown):
        return f"input `{name}` needs the attribute `{error}`, which no operation has set"
    return f"input `{name}` cannot be computed: {error}"


def _known(value: Value, attributes: Attributes, inputs: Mapping[str, Value]) -> Value:
    """Raises `NotKnown`, `EvaluationError`."""
    if is_known(value):
        return value

    def resolve(reference: AttributeOf | InputOf) -> Value:
        if isinstance(reference, AttributeOf):
            return attribute(reference, attributes)
        if reference.name not in inputs:
            raise NotKnown(str(reference))
        found: Value = inputs[reference.name]
        return Secret(found) if reference.sensitive and not isinstance(found, Secret) else found

    result = evaluate(value, resolve)
    if not is_known(result):
        raise EvaluationError(f"{result} is not known")
    return result


def outputs(state: State) -> Mapping[str, Value]:
    """The outputs of a deployment as far as they are known; the others stay expressions."""
    return known_outputs(state.outputs, state.attributes, state.inputs)


def known_outputs(
    wanted: Mapping[str, Value], attributes: Attributes, inputs: Mapping[str, Value]
) -> Mapping[str, Value]:
    """The outputs as far as they are known; the others stay expressions."""
    found: dict[str, Value] = {}
    for name, value in wanted.items():
        try:
            found[name] = _known(value, attributes, inputs)
        except (NotKnown, EvaluationError):
            found[name] = value
    return found


def used(unit: Unit | None, attributes: Attributes) -> Mapping[str, Value]:
    """What a unit reads of others, with the values that there are now."""
    found: dict[str, Value] = {}
    for reference in () if unit is None else foreign_reads(unit):
        try:
            found[str(reference)] = attribute(reference, attributes)
        except NotKnown:
            continue
    return found


def settled_at(unit: Unit, attributes: Attributes) -> Unit:
    """A unit with all attributes put in that are known."""

    def resolve(reference: AttributeOf) -> Value:
        try:
            return attribute(reference, attributes)
        except NotKnown:
            return reference

    try:
        return put_in(unit, resolve)
    except EvaluationError:
        return unit
