"""A type as text: all that it has, inherited members included, and where each comes from."""

from collections.abc import Iterable, Iterator, Mapping

from toscactl import document
from toscactl.definitions import CountRange, FunctionCall
from toscactl.typesystem.model import (
    ArtifactType,
    CapabilityType,
    DataType,
    GroupType,
    InterfaceType,
    NodeType,
    PolicyType,
    PropertyDefinition,
    RelationshipType,
    Schema,
    Type,
)


def describe(type_: Type) -> str:
    """A type as `toscactl profiles show` prints it; what is inherited names its declarer."""
    lines = [type_.name]
    if type_.parent is not None:
        lines.append(f"  derived from  {' <- '.join(type_.ancestors[1:])}")
    if type_.version:
        lines.append(f"  version       {type_.version}")
    if type_.description:
        lines.append(f"  {' '.join(type_.description.split())}")
    lines += _members(type_)
    return "\n".join(lines) + "\n"


def _members(type_: Type) -> Iterator[str]:
    match type_:
        case NodeType():
            yield from _properties("properties", type_.properties, type_)
            yield from _properties("attributes", type_.attributes, type_)
            yield from _capabilities(type_)
            yield from _requirements(type_)
            yield from _interfaces(type_)
        case RelationshipType():
            yield from _properties("properties", type_.properties, type_)
            yield from _properties("attributes", type_.attributes, type_)
            yield from _names("valid target types", type_.valid_capability_types)
            yield from _interfaces(type_)
        case CapabilityType():
            yield from _properties("properties", type_.properties, type_)
            yield from _properties("attributes", type_.attributes, type_)
            yield from _names("valid source types", type_.valid_source_node_types)
        case DataType():
            yield from _properties("properties", type_.properties, type_)
            yield from _names("constraints", _clauses(type_.validation))
        case ArtifactType():
            yield from _names("mime type", (type_.mime_type,) if type_.mime_type else ())
            yield from _names("file extensions", type_.file_ext)
            yield from _properties("properties", type_.properties, type_)
        case InterfaceType():
            yield from _properties("inputs", type_.inputs, type_)
            yield from _names("operations", type_.operations)
            yield from _names("notifications", type_.notifications)
        case GroupType():
            yield from _properties("properties", type_.properties, type_)
            yield from _names("members", type_.members)
        case PolicyType():
            yield from _properties("properties", type_.properties, type_)
            yield from _names("targets", type_.targets)
        case _:
            return


def _properties(
    title: str, definitions: Mapping[str, PropertyDefinition], owner: Type
) -> Iterator[str]:
    # Attributes are made while a node is deployed; that they are "required" says nothing.
    if definitions:
        yield f"  {title}"
    for definition in definitions.values():
        shown = _property(definition, is_attribute=title == "attributes")
        yield f"    {definition.name}: {shown}{_from(definition.declared_by, owner)}"


def _property(definition: PropertyDefinition, *, is_attribute: bool = False) -> str:
    text = _schema(definition.schema)
    if definition.required and not is_attribute:
        text += ", required"
    if definition.default is not None:
        text += f", default {_text(definition.default)}"
    clauses = ", ".join(_clauses(definition.schema.validation))
    return text + (f", {clauses}" if clauses else "")


def _schema(schema: Schema) -> str:
    inner = schema.entry_schema
    return schema.type.name + (f" of {_schema(inner)}" if inner is not None else "")


def _clauses(clauses: Iterable[FunctionCall]) -> tuple[str, ...]:
    """Clauses as 1.x writes them: the operator and its argument."""
    return tuple(
        f"{clause.function.text} {', '.join(_text(node) for node in clause.arguments[1:])}"
        for clause in clauses
    )


def _text(node: document.Node) -> str:
    match node:
        case document.Scalar(text=text):
            return text
        case document.Sequence(items=items):
            return f"[{', '.join(_text(item) for item in items)}]"
        case document.Mapping():
            return "{" + ", ".join(f"{_text(key)}: {_text(item)}" for key, item in node) + "}"
        case _:
            return "..."


def _from(declared_by: str, owner: Type) -> str:
    return f"  (from {declared_by})" if declared_by and declared_by != owner.name else ""


def _names(title: str, names: Iterable[str]) -> Iterator[str]:
    listed = ", ".join(names)
    if listed:
        yield f"  {title}  {listed}"


def _capabilities(type_: NodeType) -> Iterator[str]:
    if type_.capabilities:
        yield "  capabilities"
    for item in type_.capabilities.values():
        yield f"    {item.name}: {item.type.name}{_from(item.declared_by, type_)}"
        for definition in item.properties.values():
            yield f"      {definition.name}: {_property(definition)}"


def _requirements(type_: NodeType) -> Iterator[str]:
    if type_.requirements:
        yield "  requirements"
    for item in type_.requirements.values():
        wanted = (
            item.capability.name if item.capability else item.capability_name or "any capability"
        )
        node = f" of {item.node}" if item.node else ""
        by = f" by {item.relationship.name}" if item.relationship else ""
        count = _count(item.count_range)
        yield f"    {item.name}: {wanted}{node}{by}, {count}{_from(item.declared_by, type_)}"


def _count(range_: CountRange) -> str:
    upper = "UNBOUNDED" if range_.upper is None else range_.upper
    return f"[{range_.lower}, {upper}]"


def _interfaces(type_: NodeType | RelationshipType) -> Iterator[str]:
    if type_.interfaces:
        yield "  interfaces"
    for item in type_.interfaces.values():
        operations = ", ".join(item.operations)
        yield f"    {item.name}: {item.type.name}{_from(item.declared_by, type_)}"
        if operations:
            yield f"      operations  {operations}"
