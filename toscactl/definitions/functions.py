"""Readers of the definitions of custom functions (2.0, 10.6)."""

from toscactl import document
from toscactl.definitions.interfaces import implementation
from toscactl.definitions.model import FunctionDef, Name, SchemaDef, SignatureDef
from toscactl.definitions.schemas import schema
from toscactl.definitions.table import (
    WRONG_SHAPE,
    Field,
    Reading,
    Table,
    as_mapping,
    entity,
    map_of,
    read_fields,
    shape,
)
from toscactl.definitions.values import boolean, metadata, text
from toscactl.document import Node


def _schemas(reading: Reading, node: Node) -> tuple[SchemaDef, ...] | None:
    if not isinstance(node, document.Sequence):
        reading.report(WRONG_SHAPE, node, f"arguments are a list, and here is {shape(node)}")
        return None
    return tuple(item for entry in node if (item := schema(reading, entry)) is not None)


_SIGNATURE = Table(
    "signature",
    {
        "arguments": Field(_schemas),
        "optional_arguments": Field(_schemas),
        "variadic": Field(boolean),
        "result": Field(schema),
        "implementation": Field(implementation),
        "description": Field(text),
        "metadata": Field(metadata),
    },
)


def _signatures(reading: Reading, node: Node) -> tuple[SignatureDef, ...] | None:
    if not isinstance(node, document.Sequence):
        reading.report(WRONG_SHAPE, node, f"`signatures` are a list, and here is {shape(node)}")
        return None
    found = []
    for item in node:
        section = as_mapping(reading, item, "a signature")
        if section is not None:
            found.append(SignatureDef(item.span, **read_fields(reading, _SIGNATURE, section)))
    return tuple(found)


_FUNCTION = Table(
    "function definition",
    {
        "signatures": Field(_signatures, mandatory=True),
        "description": Field(text),
        "metadata": Field(metadata),
    },
)


def _function(reading: Reading, label: Name, node: Node) -> FunctionDef | None:
    fields = entity(reading, _FUNCTION, label, node)
    return None if fields is None else FunctionDef(label, label.span, **fields)


function_definitions = map_of("`functions`", _function)
