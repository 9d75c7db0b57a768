"""Values given to declared names: properties, attributes and inputs (TOSCA 1.3, 3.6.11, 3.6.13)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from toscactl import definitions
from toscactl.diagnostics import Diagnostic, Rule, Severity, closest
from toscactl.source import Span
from toscactl.topology.model import Assigned
from toscactl.topology.scope import Default, Owner, Scope, Site, did_you_mean, has_calls
from toscactl.typesystem import PropertyDefinition, coerce, default_of, untyped

UNKNOWN_PROPERTY = Rule("unknown-property", "A value is given to a property that is not declared.")
UNKNOWN_ATTRIBUTE = Rule(
    "unknown-attribute", "A value is given to an attribute that is not declared."
)
MISSING_PROPERTY = Rule("missing-property", "A required property has no value and no default.")
UNNAMED = Rule(
    "unnamed-storage",
    "A database or storage has no name, although its type asks for one.",
    Severity.WARNING,
    lenient=True,
)
PROPERTY_LEFT_OPEN = Rule(
    "property-left-open",
    "A required property of a group, or of a capability that is not mentioned, has no value.",
    Severity.WARNING,
    lenient=True,
)
MISSING_RELATIONSHIP_PROPERTY = Rule(
    "missing-relationship-property",
    "A relationship that was not written out lacks a required property.",
    Severity.WARNING,
    lenient=True,
)
FIXED_PROPERTY = Rule("fixed-property", "A value is given to a property whose value is fixed.")

Given = Mapping[str, definitions.AssignmentDef | definitions.ParameterDef]


@dataclass(frozen=True, slots=True)
class Kind:
    """What sort of name is assigned, and which rules speak of it."""

    noun: str
    plural: str
    unknown: Rule
    missing: Rule | None


PROPERTY = Kind("property", "properties", UNKNOWN_PROPERTY, MISSING_PROPERTY)
IMPLIED_PROPERTY = Kind("property", "properties", UNKNOWN_PROPERTY, MISSING_RELATIONSHIP_PROPERTY)
OPEN_PROPERTY = Kind("property", "properties", UNKNOWN_PROPERTY, PROPERTY_LEFT_OPEN)
ATTRIBUTE = Kind("attribute", "attributes", UNKNOWN_ATTRIBUTE, None)


def expr_of(given: definitions.AssignmentDef | definitions.ParameterDef) -> definitions.Expr | None:
    """The value in an assignment, or in a definition that stands where a value is assigned."""
    if isinstance(given, definitions.AssignmentDef):
        return given.value
    return given.value if given.value is not None else given.default


def assign(
    scope: Scope,
    kind: Kind,
    declared: Mapping[str, PropertyDefinition],
    given: Given,
    owner: Owner,
    place: Span,
) -> dict[str, Assigned]:
    """Values and defaults of all declared names, coerced; reports what is unknown or missing.

    `place` is where a name that is missing should have been given.
    """
    scope.report(_unknown(kind, declared, given, owner))
    values: dict[str, Assigned] = {}
    for name, definition in declared.items():
        assignment = given.get(name)
        expr = None if assignment is None else expr_of(assignment)
        if definition.value is not None:
            if expr is not None:
                scope.report(_fixed(kind, name, definition, expr))
            values[name] = _default(scope, definition, definition.value, owner)
        elif expr is not None:
            values[name] = _coerced(scope, kind, definition, expr, owner)
        elif definition.default is not None:
            values[name] = _default(scope, definition, definition.default, owner)
        elif kind is PROPERTY and definition.required and _is_name_of_storage(definition):
            scope.report(_unnamed(definition, owner, place))
            values[name] = Assigned(owner.node, place, definition, is_default=True)
        elif definition.required and kind.missing is not None:
            scope.report(_missing(kind, kind.missing, definition, owner, place))
    return values


def _unknown(
    kind: Kind, declared: Mapping[str, PropertyDefinition], given: Given, owner: Owner
) -> Iterator[Diagnostic]:
    for name, assignment in given.items():
        if name not in declared:
            near = closest(name, declared)
            yield kind.unknown.at(
                assignment.name.span,
                f"{owner.what} has no {kind.noun} `{name}`",
                hint=did_you_mean(near) or _known(kind, declared),
            )


def _known(kind: Kind, declared: Mapping[str, PropertyDefinition]) -> str:
    if not declared:
        return f"it has no {kind.plural} at all"
    names = sorted(declared)
    shown = ", ".join(f"`{name}`" for name in names[:8])
    return f"its {kind.plural} are {shown}" + (", ..." if len(names) > 8 else "")  # noqa: PLR2004


def _missing(
    kind: Kind, rule: Rule, definition: PropertyDefinition, owner: Owner, place: Span
) -> Iterator[Diagnostic]:
    yield rule.at(
        place,
        f"{owner.what} needs a value for its {kind.noun} `{definition.name}` "
        f"of type `{definition.schema.type.name}`",
        hint=f"declared required by `{definition.declared_by}`" if definition.declared_by else None,
    )


_NAMED = frozenset(
    f"tosca.nodes.{name}"
    for name in ("Abstract.Storage", "Database", "ObjectStorage", "Storage.ObjectStorage")
)


def _is_name_of_storage(definition: PropertyDefinition) -> bool:
    """Whether it is the name of what the standard's own examples never name (1.0, 10.1)."""
    return definition.name == "name" and definition.declared_by in _NAMED


def _unnamed(definition: PropertyDefinition, owner: Owner, place: Span) -> Iterator[Diagnostic]:
    yield UNNAMED.at(
        place,
        f"{owner.what} has no `name`, which `{definition.declared_by}` requires; "
        "it is called as its node template is",
    )


def _fixed(
    kind: Kind, name: str, definition: PropertyDefinition, expr: definitions.Expr
) -> Iterator[Diagnostic]:
    by = f" by `{definition.declared_by}`" if definition.declared_by else ""
    yield FIXED_PROPERTY.at(expr.span, f"the value of {kind.noun} `{name}` is fixed{by}")


def _coerced(
    scope: Scope,
    kind: Kind,
    definition: PropertyDefinition,
    expr: definitions.Expr,
    owner: Owner,
) -> Assigned:
    what = f"{kind.noun} `{definition.name}`"
    secret = definition.sensitive
    checked = coerce(expr, definition.schema, scope.types, what=what, secret=secret)
    scope.report(checked.diagnostics)
    scope.visit(expr, checked.value, owner)
    return Assigned(checked.value, expr.span, definition)


def _default(
    scope: Scope, definition: PropertyDefinition, expr: definitions.Expr, owner: Owner
) -> Assigned:
    """The default or fixed value, coerced once per definition; its functions are each owner's."""
    cached = scope.defaults.get(id(definition))
    if cached is None:
        value = default_of(definition, scope.types)
        assigned = Assigned(value, expr.span, definition, is_default=True)
        cached = Default(definition, assigned, expr, has_calls(value))
        scope.defaults[id(definition)] = cached
    if cached.calls:
        scope.sites.append(Site(cached.expr, cached.assigned.value, owner))
    return cached.assigned


def undeclared(
    scope: Scope, given: definitions.AssignmentDef | definitions.ParameterDef, owner: Owner
) -> Assigned | None:
    """A value for a name that nobody declared and that may be added, as inputs of operations."""
    expr = expr_of(given)
    if expr is None:
        return None
    value = untyped(expr)
    scope.visit(expr, value, owner)
    return Assigned(value, expr.span, None)
