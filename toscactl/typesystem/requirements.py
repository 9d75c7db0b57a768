"""Requirement definitions of node types (TOSCA 1.3, 3.7.3; 2.0, 8.4)."""

from collections.abc import Mapping

from toscactl.definitions import (
    CountRange,
    Dialect,
    Name,
    NodeTypeDef,
    RelationshipTypeDef,
    RequirementDef,
    TypeKind,
)
from toscactl.diagnostics import Diagnostic, Note, Rule, Severity, closest
from toscactl.source import Span
from toscactl.typesystem.capabilities import check_narrower
from toscactl.typesystem.members import REFINED_TYPE, Member
from toscactl.typesystem.model import CapabilityType, RelationshipType, RequirementDefinition, Type
from toscactl.typesystem.scope import is_bundled
from toscactl.typesystem.system import UNKNOWN_TYPE, TypeSystem, letter_of
from toscactl.typesystem.untyped import metadata_of

REPEATED_REQUIREMENT = Rule(
    "repeated-requirement",
    "A node type defines two requirements of one name.",
    Severity.WARNING,
    lenient=True,
)
CAPABILITY_BY_NAME = Rule(
    "capability-by-name",
    "A requirement names a capability of its node where 1.x asks for a capability type.",
    Severity.WARNING,
    lenient=True,
)
MISSING_CAPABILITY = Rule("missing-capability", "A requirement does not say what it requires.")

_FALLBACK = "tosca.relationships.Root"


def requirements(
    definitions: tuple[RequirementDef, ...],
    inherited: Mapping[str, RequirementDefinition],
    context: Member,
) -> Mapping[str, RequirementDefinition]:
    """The requirements of a node type: inherited ones first, refined, then the new ones."""
    if not definitions:
        return inherited
    merged = dict(inherited)
    seen: dict[str, RequirementDef] = {}
    for definition in definitions:
        name = definition.name.text
        if name in seen:
            message = f"requirement `{name}` is defined twice; the later definition holds"
            context.found.append(
                letter_of(REPEATED_REQUIREMENT, context.dialect).at(
                    definition.name.span, message, notes=(Note(seen[name].name.span, "first here"),)
                )
            )
        seen[name] = definition
        merged[name] = _requirement(definition, inherited.get(name), context)
    return merged


def _requirement(
    definition: RequirementDef, inherited: RequirementDefinition | None, context: Member
) -> RequirementDefinition:
    node = _node(definition, inherited, context)
    capability, symbol = _capability(definition, inherited, node, context)
    filters = inherited.node_filters if inherited is not None else ()
    if definition.node_filter is not None:
        filters = (*filters, definition.node_filter)
    refinement = definition.relationship
    if refinement is None and inherited is not None:
        refinement = inherited.relationship_refinement
    return RequirementDefinition(
        name=definition.name.text,
        span=definition.name.span,
        capability=capability,
        capability_name=symbol,
        node=node,
        relationship=_relationship(definition, inherited, capability, context),
        relationship_refinement=refinement,
        node_filters=filters,
        count_range=_count_range(definition, inherited, context),
        description=definition.description or (inherited.description if inherited else ""),
        metadata=_metadata(definition, inherited),
        declared_by=context.owner,
    )


def _metadata(
    definition: RequirementDef, inherited: RequirementDefinition | None
) -> Mapping[str, object]:
    own = metadata_of(definition.metadata)
    return {**inherited.metadata, **own} if inherited is not None and inherited.metadata else own


def _node(
    definition: RequirementDef, inherited: RequirementDefinition | None, context: Member
) -> str | None:
    if definition.node is None:
        return inherited.node if inherited is not None else None
    name = context.types.canonical(TypeKind.NODE, definition.node, context.found)
    above = inherited.node if inherited is not None else None
    if name and above and not context.types.may_be_a(TypeKind.NODE, name, above):
        _report_other_type(definition.node.span, "node", name, above, context)
    return name


def _report_other_type(span: Span, what: str, own: str, above: str, context: Member) -> None:
    message = f"the {what} is refined from `{above}` to `{own}`, which is not derived from it"
    context.found.append(letter_of(REFINED_TYPE, context.dialect).at(span, message))


def _capability(
    definition: RequirementDef,
    inherited: RequirementDefinition | None,
    node: str | None,
    context: Member,
) -> tuple[CapabilityType | None, str | None]:
    """The capability's type and, where a capability is meant by its name, the name."""
    name = definition.capability
    if name is None:
        if inherited is not None:
            return inherited.capability, inherited.capability_name
        message = f"requirement `{definition.name.text}` does not name a capability"
        context.found.append(MISSING_CAPABILITY.at(definition.span, message))
        return None, None
    if not context.types.knows(TypeKind.CAPABILITY, name):
        return _symbolic(name, node, context)
    type_ = context.types.resolve(TypeKind.CAPABILITY, name, context.found)
    assert isinstance(type_, CapabilityType)
    above = inherited.capability if inherited is not None else None
    if above is not None and not (above.broken or type_.is_a(above.name)):
        _report_other_type(name.span, "capability", type_.name, above.name, context)
    return type_, None


def _symbolic(
    name: Name, node: str | None, context: Member
) -> tuple[CapabilityType | None, str | None]:
    """A capability that is named as the node type names it (2.0, 8.4)."""
    if node is not None:
        named = _capability_names(node, context.types)
        if name.text in named:
            if context.dialect is not Dialect.V2_0:
                message = f"`{name.text}` is the name of a capability of `{node}`, not its type"
                context.found.append(CAPABILITY_BY_NAME.at(name.span, message))
            type_name = named[name.text]
            found: list[Diagnostic] = []
            type_ = type_name and context.types.resolve(TypeKind.CAPABILITY, type_name, found)
            return (type_ if isinstance(type_, CapabilityType) else None), name.text
        if context.dialect is Dialect.V2_0 and named:
            meant = closest(name.text, named)
            hint = f"did you mean `{meant}`?" if meant else None
            message = f"`{name.text}` is neither a capability type nor a capability of `{node}`"
            context.found.append(UNKNOWN_TYPE.at(name.span, message, hint=hint))
            return None, None
    type_ = context.types.resolve(TypeKind.CAPABILITY, name, context.found)
    return (type_ if isinstance(type_, CapabilityType) else None), None


def _capability_names(node: str, types: TypeSystem) -> dict[str, Name | None]:
    """The capabilities that a node type has, by name, with their types; binds no node type."""
    found: dict[str, Name | None] = {}
    for ancestor in types.lineage(TypeKind.NODE, node):
        declared = types.scopes.declaration(TypeKind.NODE, ancestor)
        if declared is not None and isinstance(declared[1], NodeTypeDef):
            for name, capability in declared[1].capabilities.items():
                if found.get(name) is None:
                    found[name] = capability.type
    return found


def _relationship(
    definition: RequirementDef,
    inherited: RequirementDefinition | None,
    capability: CapabilityType | None,
    context: Member,
) -> RelationshipType | None:
    above = inherited.relationship if inherited is not None else None
    named = definition.relationship.type if definition.relationship is not None else None
    if named is None:
        if above is not None or context.dialect is Dialect.V2_0:
            return above
        return implied_relationship(capability, context.types)
    type_ = context.types.resolve(TypeKind.RELATIONSHIP, named, context.found)
    assert isinstance(type_, RelationshipType)
    if above is not None and not (above.broken or type_.is_a(above.name)):
        assert inherited is not None
        if above is not implied_relationship(inherited.capability, context.types):
            _report_other_type(named.span, "relationship", type_.name, above.name, context)
    return type_


def _count_range(
    definition: RequirementDef, inherited: RequirementDefinition | None, context: Member
) -> CountRange:
    if definition.count_range is not None:
        if inherited is not None:
            what = f"requirement `{definition.name.text}`"
            check_narrower(definition.count_range, inherited.count_range, what, context)
        return definition.count_range
    if inherited is not None:
        return inherited.count_range
    return CountRange(0, None) if context.dialect is Dialect.V2_0 else CountRange(1, 1)


def implied_relationship(
    capability: CapabilityType | None, types: TypeSystem
) -> RelationshipType | None:
    """The relationship that a capability implies where a 1.x requirement names none.

    It is the most general relationship type whose valid targets hold the capability's type, or
    else the nearest of its ancestors; failing that, the root of the relationship types.
    """
    table = types.implied_relationships(lambda: _implied(types))
    ancestors = capability.ancestors if capability is not None else ()
    name = next((table[each] for each in ancestors if each in table), _FALLBACK)
    found: Type | None = types.by_name(TypeKind.RELATIONSHIP, name) if name is not None else None
    return found if isinstance(found, RelationshipType) else None


def _implied(types: TypeSystem) -> dict[str, str | None]:
    """By capability type: the relationship type with the fewest ancestors that is valid for it."""
    best: dict[str, tuple[int, str]] = {}
    files = sorted(types.scopes.files(), key=lambda loaded: not is_bundled(loaded))
    for loaded in files:
        for definition in loaded.file.types.get(TypeKind.RELATIONSHIP, {}).values():
            assert isinstance(definition, RelationshipTypeDef)
            name = types.scopes.canonical(TypeKind.RELATIONSHIP, definition.name.text, loaded)
            for target in definition.valid_capability_types or ():
                capability = types.canonical(TypeKind.CAPABILITY, target, [])
                depth = len(types.lineage(TypeKind.RELATIONSHIP, name))
                if capability is not None and (
                    capability not in best or depth < best[capability][0]
                ):
                    best[capability] = (depth, name)
    return {capability: name for capability, (_, name) in best.items()}
