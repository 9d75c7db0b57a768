"""Pieces of values: paths into them, residuals for what is not known yet, secrecy."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from toscactl.address import Address
from toscactl.topology import Topology
from toscactl.typesystem import PropertyDefinition, Schema
from toscactl.values import AttributeOf, InputOf, Path, Secret, Value, select, text


def mapped_attributes(topology: Topology) -> Iterator[tuple[str, str | None, str]]:
    """The attributes that take outputs of operations, so that nothing else says what they are."""
    for template in topology.nodes.values():
        for operation in template.operations:
            for path in operation.outputs.values():
                yield from _taker({"SELF": template.name}, path, topology)
        for requirement in template.requirements:
            ends = {"SOURCE": template.name}
            if requirement.target is not None:
                ends["TARGET"] = requirement.target
            for operation in requirement.relationship.operations:
                for path in operation.outputs.values():
                    yield from _taker(ends, path, topology)


def _taker(
    keywords: Mapping[str, str], path: tuple[str, ...], topology: Topology
) -> Iterator[tuple[str, str | None, str]]:
    name = keywords.get(path[0], path[0])
    template = topology.nodes.get(name)
    if template is None:
        return
    if len(path) > 2 and path[1] in template.capabilities:  # noqa: PLR2004
        yield name, path[1], path[2]
    else:
        yield name, None, path[1]


def below(value: Value, path: Path) -> Value:
    """What stands at a path in a value; below no value there is none."""
    return None if value is None else select(value, path)


def path_of(steps: Sequence[Value]) -> Path:
    return tuple(step if isinstance(step, int) else text(step) for step in steps)


def residual(
    address: Address,
    name: str,
    path: Path,
    declared: PropertyDefinition | None,
    capability: str | None = None,
) -> AttributeOf:
    type_ = "string" if declared is None else type_at(declared.schema, path)
    sensitive = declared is not None and declared.sensitive
    return AttributeOf(address, name, path, capability, type_, sensitive)


def type_at(schema: Schema, path: Path) -> str:
    """The built-in type of what stands at a path in values of a type."""
    current: Schema | None = schema
    for step in path:
        if current is None:
            break
        definition = current.type.properties.get(str(step))
        current = (
            definition.schema
            if definition is not None
            else current.entry_schema or current.type.entry_schema
        )
    return "string" if current is None else current.type.primitive


def hidden(value: Value) -> Value:
    """A sensitive value: a secret, or a residual that says that it will be one."""
    match value:
        case None | Secret():
            return value
        case AttributeOf() | InputOf():
            return replace(value, sensitive=True)
        case _:
            return Secret(value)
