"""document -> definitions: the keynames of a TOSCA file (1.3, 3.10; 2.0, 6)."""

from typing import Any

from toscactl import document
from toscactl.definitions.dialects import dialect_of
from toscactl.definitions.functions import function_definitions
from toscactl.definitions.imports import imports, repositories
from toscactl.definitions.model import Dialect, ServiceFile, TypeDef, TypeKind
from toscactl.definitions.table import (
    WRONG_SHAPE,
    Field,
    Reader,
    Reading,
    Table,
    as_mapping,
    read_fields,
    shape,
)
from toscactl.definitions.templates import service_template
from toscactl.definitions.type_definitions import type_section
from toscactl.definitions.values import metadata, name, scalar, text
from toscactl.diagnostics import Checked, Rule
from toscactl.document import Document, Node

PROFILE_WITH_SERVICE = Rule(
    "profile-with-service", "A file that defines a profile has a service template."
)


def read(parsed: Document) -> Checked[ServiceFile]:
    """What a TOSCA file says. Reports everything that is wrong with it, in the order of the text.

    A document without a root was reported by whoever parsed it, and gives an empty file.
    """
    root = parsed.root
    if root is None:
        return Checked(ServiceFile(parsed.source, Dialect.V1_3))
    reading = Reading(Dialect.V1_3)
    if not isinstance(root, document.Mapping):
        message = f"a TOSCA file is a map of keynames, and here is {shape(root)}"
        reading.report(WRONG_SHAPE, root, message)
        return Checked(ServiceFile(parsed.source, Dialect.V1_3), tuple(reading.found))
    dialect = dialect_of(reading, root)
    if dialect is None:
        return Checked(ServiceFile(parsed.source, Dialect.V1_3), tuple(reading.found))
    reading.dialect = dialect
    with document.collector_paused():
        fields = read_fields(reading, _FILE, root)
    if "profile" in fields and "service_template" in fields:
        message = "a profile defines no service template"
        reading.report(PROFILE_WITH_SERVICE, fields["profile"], message)
    types = {kind: fields.pop(kind.value) for kind in TypeKind if kind.value in fields}
    file = ServiceFile(parsed.source, dialect, types=types, **_without_headers(fields))
    return Checked(file, tuple(reading.found))


def _types(kind: TypeKind) -> Reader:
    def reader(reading: Reading, node: Node) -> dict[str, TypeDef] | None:
        return type_section(reading, kind, node)

    return reader


def _definitions_to_reuse(reading: Reading, node: Node) -> None:
    """`dsl_definitions` only hold anchors; what is in them is nobody's business (1.3, 3.10.3.4)."""
    as_mapping(reading, node, "`dsl_definitions`")


_HEADERS = ("template_name", "template_author", "template_version")
_V1_0, _V1_3, _V2_0 = Dialect.V1_0, Dialect.V1_3, Dialect.V2_0

_FILE = Table(
    "TOSCA file",
    {
        "tosca_definitions_version": Field(lambda *_: None),
        "description": Field(text),
        "metadata": Field(metadata),
        "namespace": Field(name, until=_V1_3),
        "tosca_default_namespace": Field(name, into="namespace", until=_V1_0),
        "profile": Field(name, since=_V2_0),
        "imports": Field(imports),
        "repositories": Field(repositories),
        "dsl_definitions": Field(_definitions_to_reuse),
        **{kind.value: Field(_types(kind)) for kind in TypeKind},
        "topology_template": Field(service_template, into="service_template", until=_V1_3),
        "service_template": Field(service_template, since=_V2_0),
        "functions": Field(function_definitions, since=_V2_0),
        **{header: Field(scalar, until=_V1_0) for header in _HEADERS},
    },
)


def _without_headers(fields: dict[str, Any]) -> dict[str, Any]:
    """`template_name` and its like, on the top level of 1.0 files, are entries of `metadata`."""
    found = {header: fields.pop(header) for header in _HEADERS if header in fields}
    if found:
        fields["metadata"] = {**found, **fields.get("metadata", {})}
    return fields
