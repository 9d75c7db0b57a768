"""Readers of artifacts, implementations, operations and interfaces."""

from collections.abc import Callable
from typing import Any

from toscactl import document
from toscactl.definitions.expressions import expression
from toscactl.definitions.model import (
    ArtifactDef,
    AssignmentDef,
    Dialect,
    ImplementationDef,
    InterfaceDef,
    Name,
    OperationDef,
    ParameterDef,
)
from toscactl.definitions.schemas import (
    defines_a_value,
    parameter_definition,
    parameter_definitions,
)
from toscactl.definitions.table import (
    MISSING_KEYNAME,
    Field,
    Reading,
    Table,
    as_mapping,
    as_name,
    map_of,
    read_fields,
    report_empty,
)
from toscactl.definitions.values import SINGLE_FOR_LIST, assignments, metadata, name, text, value
from toscactl.diagnostics import Rule, Severity
from toscactl.document import Node, Scalar

NO_FILE = Rule(
    "artifact-without-file",
    "An artifact of a node type names no file.",
    Severity.WARNING,
    lenient=True,
)

_Parameters = dict[str, ParameterDef] | dict[str, AssignmentDef] | None
_ReadParameters = Callable[[Reading, Node], _Parameters]

_ARTIFACT = Table(
    "artifact",
    {
        "type": Field(name),
        "file": Field(name),
        "repository": Field(name),
        "description": Field(text),
        "deploy_path": Field(name, until=Dialect.V1_3),
        "version": Field(name, until=Dialect.V1_3),
        "artifact_version": Field(name, into="version", since=Dialect.V1_3),
        "checksum": Field(name, since=Dialect.V1_3),
        "checksum_algorithm": Field(name, since=Dialect.V1_3),
        "properties": Field(assignments),
        "metadata": Field(metadata, since=Dialect.V1_3),
    },
)


def artifact(reading: Reading, label: Name | None, node: Node) -> ArtifactDef | None:
    """An artifact: a file's name, or a map (1.3, 3.6.7; 2.0, 10.4)."""
    found = _artifact(reading, label, node)
    if found is not None and not found.file.text:
        shown = f" `{label.text}`" if label else ""
        reading.report(MISSING_KEYNAME, label or node, f"the artifact{shown} has no `file`")
        return None
    return found


def _artifact_definition(reading: Reading, label: Name, node: Node) -> ArtifactDef | None:
    """An artifact of a node type; those of NFV types leave the file to the templates."""
    if reading.dialect is Dialect.V2_0:
        return artifact(reading, label, node)
    found = _artifact(reading, label, node)
    if found is not None and not found.file.text:
        message = f"the artifact `{label.text}` has no `file`; a template has to give it"
        reading.report(NO_FILE, label, message)
    return found


def _artifact(reading: Reading, label: Name | None, node: Node) -> ArtifactDef | None:
    if isinstance(node, Scalar):
        file = as_name(reading, node)
        return None if file is None else ArtifactDef(label, (label or node).span, file)
    section = as_mapping(reading, node, "an artifact")
    if section is None:
        return None
    fields = read_fields(reading, _ARTIFACT, section, label)
    fields.setdefault("file", Scalar(node.source, node.at, "", plain=True))
    return ArtifactDef(label, (label or fields["file"]).span, **fields)


artifacts = map_of("`artifacts`", artifact, listed=True)
artifact_definitions = map_of("`artifacts`", _artifact_definition, listed=True)


def _primary(reading: Reading, node: Node) -> Name | ArtifactDef | None:
    if isinstance(node, document.Mapping):
        return artifact(reading, None, node)
    return as_name(reading, node)


def _dependencies(reading: Reading, node: Node) -> tuple[Name | ArtifactDef, ...] | None:
    if not isinstance(node, document.Sequence):
        reading.report(SINGLE_FOR_LIST, node, "`dependencies` are a list, and here is one")
        items = [node]
    else:
        items = node.items
    found = (_primary(reading, item) for item in items)
    return tuple(item for item in found if item is not None)


_IMPLEMENTATION = Table(
    "implementation",
    {
        "primary": Field(_primary),
        "dependencies": Field(_dependencies),
        "timeout": Field(value, since=Dialect.V1_2, until=Dialect.V1_3),
        "operation_host": Field(name, since=Dialect.V1_2, until=Dialect.V1_3),
    },
)


def implementation(reading: Reading, node: Node) -> ImplementationDef | None:
    """What an operation runs: a name, an artifact, or `{primary, dependencies, ...}`."""
    if isinstance(node, Scalar):
        primary = as_name(reading, node)
        return None if primary is None else ImplementationDef(node.span, primary)
    section = as_mapping(reading, node, "an implementation")
    if section is None:
        return None
    if section.get("file") is not None and section.get("primary") is None:
        return ImplementationDef(node.span, artifact(reading, None, section))
    fields = read_fields(reading, _IMPLEMENTATION, section)
    fields.setdefault("primary", None)
    return ImplementationDef(node.span, **fields)


def _output_mappings(reading: Reading, node: Node) -> _Parameters:
    """Outputs of an operation: attribute mappings such as `[SELF, attribute]` (1.3, 3.6.15)."""
    section = as_mapping(reading, node, "`outputs`")
    if section is None:
        return None
    result = {}
    for key, item in section.entries:
        label = as_name(reading, key)
        if label is not None:
            result[label.text] = AssignmentDef(label, expression(reading, item))
    return result


def _operation_table(inputs: _ReadParameters, outputs: _ReadParameters) -> Table:
    return Table(
        "operation",
        {
            "description": Field(text),
            "implementation": Field(implementation),
            "inputs": Field(inputs),
            "outputs": Field(outputs, since=Dialect.V1_3),
            "metadata": Field(metadata, since=Dialect.V2_0),
        },
    )


class _Kind:
    """How interfaces are read in one place of the grammar: in types, or in templates."""

    __slots__ = ("interface", "operation")

    def __init__(self, inputs: _ReadParameters, *, description: bool) -> None:
        self.operation = _operation_table(inputs, _output_mappings)
        fields = {
            "type": Field(name),
            "inputs": Field(inputs),
            "operations": Field(self.read_operations, since=Dialect.V1_3),
            "notifications": Field(self.read_operations, since=Dialect.V1_3),
            "metadata": Field(metadata, since=Dialect.V2_0),
        }
        if description:
            fields["description"] = Field(text)
        self.interface = Table("interface", fields)

    def read_operation(self, reading: Reading, label: Name, node: Node) -> OperationDef | None:
        """An operation or notification: an implementation's name, or a map (1.3, 3.6.17)."""
        if isinstance(node, Scalar):
            if document.is_null(node):
                # An operation without anything: it exists, and does nothing.
                return OperationDef(label, label.span)
            return OperationDef(label, label.span, implementation=implementation(reading, node))
        if isinstance(node, document.Sequence) and not node.items:
            # NFV descriptors write `instantiate: []`.
            report_empty(reading, label)
            return OperationDef(label, label.span)
        section = as_mapping(reading, node, f"the operation `{label.text}`")
        if section is None:
            return None
        fields = read_fields(reading, self.operation, section, label)
        return OperationDef(label, label.span, **fields)

    def read_operations(self, reading: Reading, node: Node) -> dict[str, OperationDef] | None:
        return map_of("`operations`", self.read_operation)(reading, node)

    def fields(
        self, reading: Reading, table: Table, label: Name, node: Node
    ) -> dict[str, Any] | None:
        """The fields of an interface; before 2.0, its other keys are operations (1.3, 3.6.20)."""
        if isinstance(node, Scalar) and document.is_null(node):
            return {}
        section = as_mapping(reading, node, f"the {table.what} `{label.text}`")
        if section is None:
            return None
        if reading.dialect is Dialect.V2_0:
            return read_fields(reading, table, section, label)
        keynames = table.fields
        direct = [
            (key, item)
            for key, item in section.entries
            if isinstance(key, Scalar) and key.text and key.text not in keynames
        ]
        if not direct:
            return read_fields(reading, table, section, label)
        rest = [
            (key, item)
            for key, item in section.entries
            if not (isinstance(key, Scalar) and key.text and key.text not in keynames)
        ]
        fields = read_fields(
            reading, table, document.Mapping(section.source, section.at, rest), label
        )
        found = {
            key.text: operation
            for key, item in direct
            if (operation := self.read_operation(reading, key, item)) is not None
        }
        fields["operations"] = {**fields.get("operations", {}), **found}
        return fields

    def read(self, reading: Reading, label: Name, node: Node) -> InterfaceDef | None:
        fields = self.fields(reading, self.interface, label, node)
        return None if fields is None else InterfaceDef(label, label.span, **fields)


def _given_inputs(reading: Reading, node: Node) -> _Parameters:
    """Inputs in a template: values; before 2.0 also definitions that give a value or a default."""
    section = as_mapping(reading, node, "`inputs`")
    if section is None:
        return None
    result: dict[str, Any] = {}
    for key, item in section.entries:
        label = as_name(reading, key)
        if label is None:
            continue
        if reading.dialect is not Dialect.V2_0 and defines_a_value(item):
            result[label.text] = parameter_definition(reading, label, item)
        else:
            result[label.text] = AssignmentDef(label, expression(reading, item))
    return result


IN_TYPES = _Kind(parameter_definitions, description=True)
IN_TEMPLATES = _Kind(_given_inputs, description=True)

interface_definitions = map_of("`interfaces`", IN_TYPES.read)
interface_assignments = map_of("`interfaces`", IN_TEMPLATES.read)
