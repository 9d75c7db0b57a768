"""Capability definitions of node types (TOSCA 1.3, 3.7.2; 2.0, 8.2)."""

from collections.abc import Mapping

from toscactl.definitions import CapabilityDef, CountRange, Name, TypeKind
from toscactl.diagnostics import Diagnostic, Note, Rule, Severity
from toscactl.source import Span
from toscactl.typesystem.members import MISSING_TYPE, REFINED_TYPE, Member, members
from toscactl.typesystem.model import CapabilityDefinition, CapabilityType, PropertyDefinition
from toscactl.typesystem.system import TypeSystem, letter_of

REFINED_NAMES = Rule(
    "refined-names",
    "A list of allowed types is refined by types that the inherited list does not allow.",
    Severity.WARNING,
    lenient=True,
)
REFINED_RANGE = Rule(
    "refined-range",
    "A count is refined to a range that the inherited range does not contain.",
    Severity.WARNING,
    lenient=True,
)


def capabilities(
    definitions: Mapping[str, CapabilityDef],
    inherited: Mapping[str, CapabilityDefinition],
    context: Member,
) -> Mapping[str, CapabilityDefinition]:
    """The capabilities of a node type: inherited ones first, refined, then the new ones."""
    if not definitions:
        return inherited
    merged = dict(inherited)
    for name, definition in definitions.items():
        merged[name] = _capability(definition, inherited.get(name), context)
    return merged


def _capability(
    definition: CapabilityDef, inherited: CapabilityDefinition | None, context: Member
) -> CapabilityDefinition:
    type_ = _type(definition, inherited, context)
    sources = names_of(
        definition.valid_source_node_types, TypeKind.NODE, context.types, context.found
    )
    relationships = names_of(
        definition.valid_relationship_types, TypeKind.RELATIONSHIP, context.types, context.found
    )
    above_sources = type_.valid_source_node_types
    above_relationships = type_.valid_relationship_types
    if inherited is not None:
        above_sources = inherited.valid_source_node_types or above_sources
        above_relationships = inherited.valid_relationship_types or above_relationships
    properties, attributes = _refined_members(type_, inherited)
    return CapabilityDefinition(
        name=definition.name.text,
        span=definition.name.span,
        type=type_,
        description=definition.description or (inherited.description if inherited else ""),
        properties=members(definition.properties, properties, context),
        attributes=members(definition.attributes, attributes, context),
        valid_source_node_types=narrowed(
            sources, above_sources, TypeKind.NODE, definition.valid_source_node_types, context
        ),
        valid_relationship_types=narrowed(
            relationships,
            above_relationships,
            TypeKind.RELATIONSHIP,
            definition.valid_relationship_types,
            context,
        ),
        occurrences=_occurrences(definition, inherited, context),
        declared_by=context.owner,
    )


def _type(
    definition: CapabilityDef, inherited: CapabilityDefinition | None, context: Member
) -> CapabilityType:
    name = definition.name.text
    if definition.type is None:
        if inherited is not None:
            return inherited.type
        message = f"capability `{name}` has no type, and none is inherited"
        context.found.append(MISSING_TYPE.at(definition.span, message))
        return CapabilityType(name, None, None, ancestors=(name,), broken=True)
    type_ = context.types.resolve(TypeKind.CAPABILITY, definition.type, context.found)
    assert isinstance(type_, CapabilityType)
    if inherited is not None and not (inherited.type.broken or type_.is_a(inherited.type.name)):
        message = (
            f"capability `{name}` is refined from `{inherited.type.name}` to `{type_.name}`, "
            "which is not derived from it"
        )
        context.found.append(
            letter_of(REFINED_TYPE, context.dialect).at(
                definition.type.span, message, notes=(Note(inherited.span, "inherited from here"),)
            )
        )
    return type_


def _refined_members(
    type_: CapabilityType, inherited: CapabilityDefinition | None
) -> tuple[Mapping[str, PropertyDefinition], Mapping[str, PropertyDefinition]]:
    """What a refinement starts from: the type's members, and what was refined of them above."""
    if inherited is None:
        return type_.properties, type_.attributes
    if inherited.type is type_:
        return inherited.properties, inherited.attributes
    own = {
        name: each
        for name, each in inherited.properties.items()
        if each is not inherited.type.properties.get(name)
    }
    attributes = {
        name: each
        for name, each in inherited.attributes.items()
        if each is not inherited.type.attributes.get(name)
    }
    return {**type_.properties, **own}, {**type_.attributes, **attributes}


def _occurrences(
    definition: CapabilityDef, inherited: CapabilityDefinition | None, context: Member
) -> CountRange:
    if definition.occurrences is None:
        return inherited.occurrences if inherited is not None else CountRange(1, None)
    if inherited is not None:
        what = f"capability `{definition.name.text}`"
        check_narrower(definition.occurrences, inherited.occurrences, what, context)
    return definition.occurrences


def check_narrower(own: CountRange, above: CountRange, what: str, context: Member) -> None:
    """Report a count range that reaches beyond the one it refines."""
    fits = own.lower >= above.lower and (
        above.upper is None or (own.upper is not None and own.upper <= above.upper)
    )
    if not fits:
        message = (
            f"{what} may occur {_written(own)} times, which is not within the inherited "
            f"{_written(above)}"
        )
        context.found.append(letter_of(REFINED_RANGE, context.dialect).at(own.span, message))


def _written(count: CountRange) -> str:
    return f"[{count.lower}, {'UNBOUNDED' if count.upper is None else count.upper}]"


def names_of(
    names: tuple[Name, ...] | None, kind: TypeKind, types: TypeSystem, found: list[Diagnostic]
) -> tuple[str, ...]:
    """A list of type names, canonical; unknown ones are reported and left out."""
    if not names:
        return ()
    bound = (types.canonical(kind, name, found) for name in names)
    return tuple(name for name in bound if name is not None)


def narrowed(
    own: tuple[str, ...],
    above: tuple[str, ...],
    kind: TypeKind,
    written: tuple[Name, ...] | None,
    context: Member,
) -> tuple[str, ...]:
    """A list of allowed types over an inherited one, which it may only narrow."""
    if written is None:
        return above
    if above:
        for name in own:
            if not any(context.types.may_be_a(kind, name, each) for each in above):
                _report_wider(name, above, written, context)
    return own


def _report_wider(
    name: str, above: tuple[str, ...], written: tuple[Name, ...], context: Member
) -> None:
    span: Span = next((each.span for each in written if each.text == name), written[0].span)
    allowed = ", ".join(f"`{each}`" for each in above)
    message = f"`{name}` is not derived from what is allowed by inheritance: {allowed}"
    context.found.append(letter_of(REFINED_NAMES, context.dialect).at(span, message))
