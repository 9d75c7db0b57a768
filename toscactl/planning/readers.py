"""Who reads which attribute of whom, and units with what they read put in."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from toscactl.address import Address
from toscactl.desired import Unit
from toscactl.values import (
    AttributeOf,
    EvaluationError,
    InputOf,
    Secret,
    Value,
    evaluate,
    references,
    select,
)

Attributes = Mapping[Address, Mapping[str, Value]]


class NotKnown(LookupError):
    """An attribute that no operation has made yet. `str` names it."""


def attribute(reference: AttributeOf, attributes: Attributes) -> Value:
    """The value of an attribute that was recorded. Raises `NotKnown`.

    An attribute of a capability is recorded below the capability's name, as a map.
    A sensitive reference yields a `Secret`.
    """
    known = attributes.get(reference.address, {})
    path = reference.path
    try:
        if reference.capability is not None:
            value = select(known[reference.capability], (reference.name, *path))
        else:
            value = select(known[reference.name], path)
    except (KeyError, EvaluationError):
        raise NotKnown(str(reference)) from None
    return Secret(value) if reference.sensitive and not isinstance(value, Secret) else value


def put_in(unit: Unit, resolve: Callable[[AttributeOf], Value]) -> Unit:
    """A unit with references to attributes resolved as far as `resolve` can.

    `resolve` gives a value, or the reference itself. Raises `EvaluationError`.
    """

    def known(reference: AttributeOf | InputOf) -> Value:
        return resolve(reference) if isinstance(reference, AttributeOf) else reference

    def mapping(items: Mapping[str, Value]) -> Mapping[str, Value]:
        return {key: evaluate(item, known) for key, item in items.items()}

    return replace(
        unit,
        resources=tuple(
            replace(resource, properties=mapping(resource.properties))
            for resource in unit.resources
        ),
        inputs=mapping(unit.inputs),
        payload=mapping(unit.payload),
    )


def foreign_reads(unit: Unit) -> tuple[AttributeOf, ...]:
    """The attributes of other units' instances that a unit reads, each once."""
    own = frozenset(unit.instances)
    values = (unit.inputs, unit.payload, *(resource.properties for resource in unit.resources))
    found = {
        reference: None
        for value in values
        for reference in references(value)
        if isinstance(reference, AttributeOf) and reference.address not in own
    }
    return tuple(found)


def makers(units: Iterable[Unit]) -> Mapping[Address, tuple[str, ...]]:
    """The ids of the units that make the attributes of an instance."""
    found: dict[Address, list[str]] = {}
    for unit in units:
        for address in unit.instances:
            found.setdefault(address, []).append(unit.id)
    return {address: tuple(ids) for address, ids in found.items()}


@dataclass(frozen=True, slots=True)
class Reading:
    """What one unit reads of others, and which units make it."""

    reference: AttributeOf
    makers: tuple[str, ...]


def readings(units: Iterable[Unit]) -> Mapping[str, tuple[Reading, ...]]:
    """What every unit reads of others, by the reader's id."""
    units = tuple(units)
    made_by = makers(units)
    return {
        unit.id: tuple(
            Reading(reference, made_by.get(reference.address, ()))
            for reference in foreign_reads(unit)
        )
        for unit in units
    }
