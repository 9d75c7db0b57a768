"""Data types: derived from built-in types or made of properties (TOSCA 1.3, 3.7.6; 2.0, 9.2)."""

from toscactl.definitions import DataTypeDef
from toscactl.diagnostics import Rule
from toscactl.typesystem.members import Member, members, schema_of
from toscactl.typesystem.model import DataType, PropertyDefinition, Schema
from toscactl.typesystem.primitives import PRIMITIVES
from toscactl.typesystem.system import Binding
from toscactl.typesystem.untyped import metadata_of

RESERVED_TYPE = Rule("reserved-type", "A data type has the name of a built-in type.")
PROPERTIES_OF_PRIMITIVE = Rule(
    "properties-of-primitive", "A data type derived from a built-in type defines properties."
)


def bind_data_type(binding: Binding) -> DataType:
    """A data type's shell; its members are bound later, since types may hold each other."""
    definition, parent = binding.definition, binding.parent
    assert isinstance(definition, DataTypeDef)
    assert parent is None or isinstance(parent, DataType)
    if definition.name.text in PRIMITIVES:
        message = f"`{definition.name.text}` is a built-in type and cannot be defined"
        binding.found.append(RESERVED_TYPE.at(definition.name.span, message))
    properties: dict[str, PropertyDefinition] = {}
    type_ = DataType(
        name=binding.name,
        span=definition.name.span,
        parent=parent,
        version=None if definition.version is None else definition.version.text,
        description=definition.description,
        metadata=metadata_of(definition.metadata),
        ancestors=binding.ancestors,
        broken=binding.broken,
        primitive=parent.primitive if parent is not None else "complex",
        properties=properties,
        validation=(parent.validation if parent is not None else ()) + definition.validation,
        units=parent.units if parent is not None else {},
        canonical_unit=parent.canonical_unit if parent is not None else "",
    )
    binding.types.later(lambda: _fill(type_, properties, binding))
    return type_


def _fill(type_: DataType, properties: dict[str, PropertyDefinition], binding: Binding) -> None:
    definition, parent = binding.definition, type_.parent
    assert isinstance(definition, DataTypeDef)
    context = Member(binding.types, binding.name, "property", binding.dialect, binding.found)
    inherited = parent.properties if parent is not None else {}
    properties.update(members(definition.properties, inherited, context))
    if definition.properties and type_.primitive not in {"complex", "any"}:
        message = f"`{type_.name}` is a `{type_.primitive}` and has no properties"
        span = next(iter(definition.properties.values())).span
        binding.found.append(PROPERTIES_OF_PRIMITIVE.at(span, message))
    _set_schema(type_, "key_schema", definition, context)
    _set_schema(type_, "entry_schema", definition, context)


def _set_schema(type_: DataType, part: str, definition: DataTypeDef, context: Member) -> None:
    inherited: Schema | None = getattr(type_.parent, part) if type_.parent is not None else None
    own = getattr(definition, part)
    schema = inherited if own is None else schema_of(own, inherited, context, what=part)
    # The type may be the type of its own entries, so it had to exist before they did.
    object.__setattr__(type_, part, schema)
