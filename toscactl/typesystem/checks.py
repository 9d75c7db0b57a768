"""Checks of types that are bound: their constraints, their defaults, the names that they take."""

from collections.abc import Iterable, Iterator, Mapping

from toscactl.definitions import TypeDef, TypeKind
from toscactl.diagnostics import Diagnostic, Note, Rule, Severity
from toscactl.loading import Loaded
from toscactl.typesystem.clauses import check_clauses
from toscactl.typesystem.coercion import coerce
from toscactl.typesystem.model import (
    ArtifactType,
    CapabilityType,
    DataType,
    GroupType,
    InterfaceDefinition,
    InterfaceType,
    NodeType,
    OperationDefinition,
    PolicyType,
    PropertyDefinition,
    RelationshipType,
    Schema,
    Type,
)
from toscactl.typesystem.system import TypeSystem, kind_name

SHADOWED_TYPE = Rule(
    "shadowed-type",
    "A type has the name of a type that the file imports, and hides it.",
    Severity.WARNING,
    lenient=True,
)


def check_file(loaded: Loaded, types: TypeSystem) -> Iterator[Diagnostic]:
    """Everything that can only be told of a file's types when all of them are bound."""
    for kind, definitions in loaded.file.types.items():
        for definition in definitions.values():
            type_ = types.resolve(kind, definition.name, [])
            yield from _shadows(kind, definition, loaded, types)
            yield from _members(type_, types)


def check_parameter(
    definition: PropertyDefinition, types: TypeSystem, kind: str
) -> Iterator[Diagnostic]:
    """What is wrong with a definition's constraints and its default (1.3, 3.6.10.4)."""
    yield from check_schema(definition.schema, types)
    default = definition.default if definition.default is not None else definition.value
    if default is not None:
        what = f"the default of {kind} `{definition.name}`"
        secret = definition.sensitive
        yield from coerce(default, definition.schema, types, what=what, secret=secret).diagnostics


def check_schema(schema: Schema, types: TypeSystem) -> Iterator[Diagnostic]:
    """What is wrong with the constraints of a schema, and of the schemas in it."""
    if schema.validation:
        yield from check_clauses(schema.validation, schema, types)
    for inner in (schema.key_schema, schema.entry_schema):
        if inner is not None and inner.validation:
            yield from check_schema(inner, types)


def _shadows(
    kind: TypeKind, definition: TypeDef, loaded: Loaded, types: TypeSystem
) -> Iterator[Diagnostic]:
    name = definition.name
    hidden = types.scopes.hidden_by(kind, name.text, loaded)
    if hidden is not None:
        yield SHADOWED_TYPE.at(
            name.span,
            f"{kind_name(kind)} `{name.text}` hides an imported type of that name",
            notes=(Note(hidden.name.span, "the imported type"),),
        )


_WITH_PROPERTIES = (
    ArtifactType, CapabilityType, GroupType, NodeType, PolicyType, RelationshipType,
)  # fmt: skip
_Section = tuple[str, Mapping[str, PropertyDefinition]]


def _members(type_: Type, types: TypeSystem) -> Iterator[Diagnostic]:
    """The members that the type itself declares; inherited ones are checked where they stand."""
    if isinstance(type_, DataType):
        yield from _data_type(type_, types)
    for kind, section in _sections(type_):
        yield from _declared(section, type_.name, types, kind)
    for interface in _interfaces(type_):
        if interface.declared_by == type_.name:
            yield from _declared(interface.inputs, type_.name, types, "input")
            yield from _operations(interface.operations, type_.name, types)
            yield from _operations(interface.notifications, type_.name, types)
    if isinstance(type_, InterfaceType):
        yield from _operations(type_.operations, type_.name, types)
        yield from _operations(type_.notifications, type_.name, types)


def _sections(type_: Type) -> Iterator[_Section]:
    if isinstance(type_, InterfaceType):
        yield "input", type_.inputs
    elif isinstance(type_, _WITH_PROPERTIES):
        yield "property", type_.properties
    if isinstance(type_, NodeType | RelationshipType | CapabilityType | GroupType):
        yield "attribute", type_.attributes
    if isinstance(type_, NodeType):
        for capability in type_.capabilities.values():
            yield "property", capability.properties
            yield "attribute", capability.attributes


def _interfaces(type_: Type) -> Iterable[InterfaceDefinition]:
    if isinstance(type_, NodeType | RelationshipType):
        return type_.interfaces.values()
    return ()


def _data_type(type_: DataType, types: TypeSystem) -> Iterator[Diagnostic]:
    inherited = len(type_.parent.validation) if type_.parent is not None else 0
    yield from check_clauses(type_.validation[inherited:], Schema(type_), types)
    for inner in (type_.key_schema, type_.entry_schema):
        if inner is not None and inner.type is not type_:
            yield from check_schema(inner, types)
    yield from _declared(type_.properties, type_.name, types, "property")


def _operations(
    operations: Mapping[str, OperationDefinition], owner: str, types: TypeSystem
) -> Iterator[Diagnostic]:
    for operation in operations.values():
        if operation.declared_by == owner:
            yield from _declared(operation.inputs, owner, types, "input")


def _declared(
    section: Mapping[str, PropertyDefinition], owner: str, types: TypeSystem, kind: str
) -> Iterator[Diagnostic]:
    for definition in section.values():
        if definition.declared_by == owner:
            yield from check_parameter(definition, types, kind)
