"""Relationships: templates of their own, and those that requirements write inline (1.3, 3.8.4)."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from toscactl import definitions
from toscactl.definitions import TypeKind
from toscactl.diagnostics import Diagnostic, Rule, closest
from toscactl.source import Span
from toscactl.topology.assignments import (
    ATTRIBUTE,
    IMPLIED_PROPERTY,
    PROPERTY,
    assign,
)
from toscactl.topology.model import RelationshipTemplate
from toscactl.topology.operations import InterfaceDefs, Place, operations
from toscactl.topology.scope import Owner, Scope, did_you_mean
from toscactl.typesystem import RelationshipType, RequirementDefinition

UNKNOWN_RELATIONSHIP = Rule(
    "unknown-relationship", "A requirement names a relationship that does not exist."
)
UNKNOWN_COPY_SOURCE = Rule("unknown-copy-source", "A template copies one that does not exist.")
COPY_OF_COPY = Rule("copy-of-copy", "A template copies one that is a copy itself.")

ROOT = "tosca.relationships.Root"


def copied_relationships(
    service: definitions.ServiceTemplateDef, found: list[Diagnostic]
) -> dict[str, definitions.RelationshipTemplateDef]:
    """The relationship templates, `copy` carried out."""
    templates = service.relationship_templates
    result: dict[str, definitions.RelationshipTemplateDef] = {}
    for name, template in templates.items():
        if template.copy is None:
            result[name] = template
            continue
        source = templates.get(template.copy.text)
        again = None if source is None else source.copy
        found.extend(check_copy(template.copy, source, again, templates))
        result[name] = template if source is None else _merged(source, template)
    return result


def check_copy(
    name: definitions.Name,
    source: object | None,
    again: definitions.Name | None,
    known: Mapping[str, object],
) -> Iterator[Diagnostic]:
    """The source of a copy exists and is no copy itself (1.3, 3.8.3.1)."""
    if source is None:
        yield UNKNOWN_COPY_SOURCE.at(
            name.span,
            f"there is no template `{name.text}` to copy",
            hint=did_you_mean(closest(name.text, known)),
        )
    elif again is not None:
        yield COPY_OF_COPY.at(
            name.span,
            f"`{name.text}` is itself a copy of `{again.text}`",
            hint=f"copy `{again.text}` instead",
        )


def _merged(
    source: definitions.RelationshipTemplateDef, own: definitions.RelationshipTemplateDef
) -> definitions.RelationshipTemplateDef:
    return replace(
        source,
        name=own.name,
        span=own.span,
        type=own.type or source.type,
        description=own.description or source.description,
        metadata={**source.metadata, **own.metadata},
        properties={**source.properties, **own.properties},
        attributes={**source.attributes, **own.attributes},
        interfaces={**source.interfaces, **own.interfaces},
        copy=None,
    )


def relationship_template(
    scope: Scope, definition: definitions.RelationshipTemplateDef
) -> RelationshipTemplate:
    """A relationship template of the service; SOURCE and TARGET are those of its users."""
    type_ = type_named(scope, definition.type)
    owner = Owner(f"relationship `{definition.name.text}`", relationship=type_)
    properties = type_.properties if not type_.broken else {}
    given = {} if type_.broken else definition.properties
    attributes = {} if type_.broken else definition.attributes
    return RelationshipTemplate(
        definition.name.text,
        type_,
        definition.name.span,
        assign(scope, PROPERTY, properties, given, owner, definition.name.span),
        assign(scope, ATTRIBUTE, type_.attributes, attributes, owner, definition.name.span),
        operations(
            scope, Place(owner), type_.interfaces, [definition.interfaces], anything=type_.broken
        ),
    )


def type_named(scope: Scope, name: definitions.Name | None) -> RelationshipType:
    if name is None:
        found = scope.types.by_name(TypeKind.RELATIONSHIP, ROOT)
        if isinstance(found, RelationshipType):
            return found
        return RelationshipType(ROOT, None, None, ancestors=(ROOT,), broken=True)
    checked = scope.types.relationship_type(name)
    scope.report(checked.diagnostics)
    return checked.value


def of_requirement(
    scope: Scope,
    definition: RequirementDefinition,
    written: definitions.RelationshipDef | None,
    owner: Owner,
    place: Span,
) -> RelationshipTemplate:
    """The relationship of a requirement: a template, a type, inline, or as the definition says.

    `owner` has the source and target of the requirement; `place` is the requirement's.
    """
    refinement = definition.relationship_refinement
    name = None if written is None else (written.template or written.type)
    if written is not None and name is not None and name.text in scope.relationships:
        return _used_template(scope, scope.relationships[name.text], written, owner)
    if name is None:
        type_ = definition.relationship or type_named(scope, None)
    else:
        type_ = _type_or_report(scope, name)
    here = replace(owner, relationship=type_)
    given = {} if written is None else written.properties
    attributes = {} if written is None else written.attributes
    layers: list[InterfaceDefs] = []
    if refinement is not None:
        given = {**refinement.properties, **given}
        layers.append(refinement.interfaces)
    if written is not None:
        layers.append(written.interfaces)
    kind = IMPLIED_PROPERTY if name is None else PROPERTY
    span = place if written is None else written.span
    if type_.broken:
        return RelationshipTemplate(None, type_, span)
    return RelationshipTemplate(
        None,
        type_,
        span,
        assign(scope, kind, type_.properties, given, here, span),
        assign(scope, ATTRIBUTE, type_.attributes, attributes, here, span),
        operations(scope, Place(here), type_.interfaces, layers),
    )


def _used_template(
    scope: Scope,
    template: RelationshipTemplate,
    written: definitions.RelationshipDef,
    owner: Owner,
) -> RelationshipTemplate:
    """A relationship template, with what the requirement adds to it."""
    type_ = template.type
    if type_.broken or not (written.properties or written.attributes or written.interfaces):
        return template
    definition = scope.service.relationship_templates[str(template.name)]
    here = replace(owner, relationship=type_)
    properties = {**definition.properties, **written.properties}
    attributes = {**definition.attributes, **written.attributes}
    layers = [definition.interfaces, written.interfaces]
    return RelationshipTemplate(
        template.name,
        type_,
        template.span,
        assign(scope, PROPERTY, type_.properties, properties, here, written.span),
        assign(scope, ATTRIBUTE, type_.attributes, attributes, here, written.span),
        operations(scope, Place(here), type_.interfaces, layers),
    )


def _type_or_report(scope: Scope, name: definitions.Name) -> RelationshipType:
    """The type of that name; a name near that of a template is taken for a template's."""
    checked = scope.types.relationship_type(name)
    near = closest(name.text, scope.service.relationship_templates)
    if not checked.ok and near is not None:
        message = f"there is no relationship template or type `{name.text}`"
        scope.report([UNKNOWN_RELATIONSHIP.at(name.span, message, hint=did_you_mean(near))])
    else:
        scope.report(checked.diagnostics)
    return checked.value
