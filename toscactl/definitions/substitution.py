"""Readers of substitution mappings in the forms of every version (1.3, 3.8.13; 2.0, 15)."""

from toscactl import document
from toscactl.definitions.expressions import expression
from toscactl.definitions.model import Dialect, MappingDef, SubstitutionDef
from toscactl.definitions.requirements import node_filter
from toscactl.definitions.table import (
    LIST_FOR_MAP,
    WRONG_SHAPE,
    Field,
    Reading,
    Table,
    as_mapping,
    as_name,
    read_fields,
    shape,
)
from toscactl.definitions.values import MAP_FOR_LIST, name
from toscactl.document import Node, Scalar


def _mapping(reading: Reading, key: Node, target: Node) -> MappingDef:
    """`name: target`; the extended form of 1.3 holds the target under `mapping`."""
    if isinstance(target, document.Mapping):
        inner = target.get("mapping")
        if inner is not None:
            target = inner
    return MappingDef(key, expression(reading, target))


def _mappings(reading: Reading, node: Node) -> tuple[MappingDef, ...] | None:
    section = as_mapping(reading, node, "a section of substitution mappings")
    if section is None:
        return None
    return tuple(
        _mapping(reading, key, target)
        for key, target in section.entries
        if not isinstance(key, Scalar) or as_name(reading, key) is not None
    )


def _requirement_mappings(reading: Reading, node: Node) -> tuple[MappingDef, ...] | None:
    """A map in 1.x, where NFV descriptors write a list; a list in 2.0."""
    if reading.dialect is Dialect.V2_0:
        if isinstance(node, document.Mapping):
            message = "`requirements` of substitution mappings are a list, and here is a map"
            reading.report(MAP_FOR_LIST, node, message, hint="put `- ` before each name")
            return _mappings(reading, node)
        return _from_list(reading, node)
    if isinstance(node, document.Sequence):
        message = "`requirements` of substitution mappings are a map, and here is a list"
        reading.report(LIST_FOR_MAP, node, message)
        return _from_list(reading, node)
    return _mappings(reading, node)


def _from_list(reading: Reading, node: Node) -> tuple[MappingDef, ...]:
    items = node.items if isinstance(node, document.Sequence) else [node]
    found = []
    for item in items:
        if isinstance(item, document.Mapping) and len(item) == 1:
            found.append(_mapping(reading, *item.entries[0]))
        else:
            message = f"a mapping is a map with one key, and here is {shape(item)}"
            reading.report(WRONG_SHAPE, item, message)
    return tuple(found)


_SUBSTITUTION = Table(
    "substitution mapping",
    {
        "node_type": Field(name, mandatory=True),
        "substitution_filter": Field(node_filter, since=Dialect.V1_3),
        "properties": Field(_mappings, since=Dialect.V1_2),
        "attributes": Field(_mappings, since=Dialect.V1_2),
        "capabilities": Field(_mappings),
        "requirements": Field(_requirement_mappings),
        "interfaces": Field(_mappings, since=Dialect.V1_2),
    },
)


def substitution(reading: Reading, node: Node) -> SubstitutionDef | None:
    """`substitution_mappings` of a service template."""
    section = as_mapping(reading, node, "`substitution_mappings`")
    if section is None:
        return None
    fields = read_fields(reading, _SUBSTITUTION, section)
    fields.setdefault("node_type", None)
    return SubstitutionDef((fields["node_type"] or node).span, **fields)
