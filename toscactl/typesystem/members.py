"""Properties, attributes, parameters and their schemas: bound, and refined over what is inherited.

TOSCA 1.3, 3.6.10 and 3.6.12; TOSCA 2.0, 9.3 to 9.8.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from toscactl import document
from toscactl.definitions import (
    AssignmentDef,
    Dialect,
    FunctionCall,
    ParameterDef,
    SchemaDef,
    TypeKind,
)
from toscactl.diagnostics import Diagnostic, Note, Rule, Severity
from toscactl.typesystem.clauses import choices, clause_holds
from toscactl.typesystem.model import DataType, PropertyDefinition, Schema
from toscactl.typesystem.primitives import ANY_SCHEMA, STRING_SCHEMA
from toscactl.typesystem.system import TypeSystem, letter_of
from toscactl.typesystem.untyped import metadata_of

MISSING_TYPE = Rule("missing-type", "A definition has no type, and inherits none.")
REFINED_TYPE = Rule(
    "refined-type",
    "A refinement has a type that is not derived from the type it refines.",
    Severity.WARNING,
    lenient=True,
)
REFINED_REQUIRED = Rule(
    "refined-required",
    "A refinement makes optional what is required.",
    Severity.WARNING,
    lenient=True,
)
REFINED_CONSTRAINT = Rule(
    "refined-constraint",
    "A refinement allows only values that an inherited constraint forbids.",
    Severity.WARNING,
    lenient=True,
)
REFINED_FIXED = Rule("refined-fixed", "A refinement changes a value that is fixed.")
MISPLACED_SCHEMA = Rule(
    "misplaced-schema",
    "Only lists and maps have an entry schema, and only maps a key schema.",
    Severity.WARNING,
    lenient=True,
)

COLLECTIONS = frozenset({"list", "map"})


@dataclass(frozen=True, slots=True)
class Member:
    """What members are bound for: their owner, what they are called, and where to report."""

    types: TypeSystem
    owner: str
    """Canonical name of the declaring type, empty outside of types."""
    kind: str
    """`property`, `attribute` or `input`, as messages call it."""
    dialect: Dialect
    found: list[Diagnostic]


def members(
    definitions: Mapping[str, ParameterDef],
    inherited: Mapping[str, PropertyDefinition],
    context: Member,
) -> Mapping[str, PropertyDefinition]:
    """The members of a type: the inherited ones in their order, refined, then the new ones."""
    if not definitions:
        return inherited
    merged = dict(inherited)
    for name, definition in definitions.items():
        merged[name] = member(definition, inherited.get(name), context)
    return merged


def member(
    definition: ParameterDef, inherited: PropertyDefinition | None, context: Member
) -> PropertyDefinition:
    """One definition, refining the inherited one if there is one (2.0, 9.4)."""
    if inherited is None:
        return _new_member(definition, context)
    schema = schema_of(definition.schema, inherited.schema, context, what=definition.name.text)
    if inherited.value is not None and (definition.value or definition.default) is not None:
        context.found.append(
            REFINED_FIXED.at(
                definition.span,
                f"{context.kind} `{inherited.name}` has a fixed value that cannot change",
                notes=(Note(inherited.span, "fixed here"),),
            )
        )
    keeps_default = schema.type.is_a(inherited.schema.type.name) or inherited.schema.type.broken
    default = definition.default
    if default is None and keeps_default:
        default = inherited.default
    return PropertyDefinition(
        name=inherited.name,
        span=definition.span,
        schema=schema,
        required=_refined_required(definition, inherited, context),
        default=default,
        value=definition.value if definition.value is not None else inherited.value,
        mapping=definition.mapping if definition.mapping is not None else inherited.mapping,
        description=definition.schema.description or inherited.description,
        metadata={**inherited.metadata, **metadata_of(definition.metadata)},
        declared_by=context.owner,
    )


def _new_member(definition: ParameterDef, context: Member) -> PropertyDefinition:
    if definition.schema.type is None and context.kind in {"property", "attribute"}:
        message = f"{context.kind} `{definition.name.text}` has no type"
        context.found.append(MISSING_TYPE.at(definition.span, message, hint="add `type: string`"))
    return PropertyDefinition(
        name=definition.name.text,
        span=definition.span,
        schema=schema_of(definition.schema, None, context, what=definition.name.text),
        required=definition.required is not False,
        default=definition.default,
        value=definition.value,
        mapping=definition.mapping,
        description=definition.schema.description,
        metadata=metadata_of(definition.metadata),
        declared_by=context.owner,
    )


def _refined_required(
    definition: ParameterDef, inherited: PropertyDefinition, context: Member
) -> bool:
    if definition.required is None:
        return inherited.required
    if inherited.required and not definition.required:
        context.found.append(
            letter_of(REFINED_REQUIRED, context.dialect).at(
                definition.span,
                f"{context.kind} `{inherited.name}` is required by `{inherited.declared_by}` "
                "and cannot become optional",
                notes=(Note(inherited.span, "required here"),),
            )
        )
    return definition.required


def schema_of(
    definition: SchemaDef, inherited: Schema | None, context: Member, *, what: str = "schema"
) -> Schema:
    """A schema, refining an inherited one if there is one: a derived type, further clauses."""
    type_ = _schema_type(definition, inherited, context, what)
    follows = inherited is not None and type_.is_a(inherited.type.name)
    base = inherited if follows else None
    entry = _part(definition.entry_schema, base and base.entry_schema, type_.entry_schema, context)
    key = _part(definition.key_schema, base and base.key_schema, type_.key_schema, context)
    if not type_.broken and type_.primitive != "any":
        _check_parts(definition, type_, context, what)
    if type_.primitive == "map" and key is None:
        key = STRING_SCHEMA
    clauses = _kept(base, definition, context) + definition.validation
    if (
        base is not None
        and not definition.validation
        and (base.type is type_ and base.entry_schema is entry and base.key_schema is key)
    ):
        return base
    return Schema(type_, key, entry, clauses)


def _kept(base: Schema | None, definition: SchemaDef, context: Member) -> tuple[FunctionCall, ...]:
    """The inherited clauses. In 1.x one that forbids all that a refinement allows is overridden."""
    if base is None or not base.validation or not definition.validation:
        return base.validation if base is not None else ()
    if context.dialect is Dialect.V2_0:
        return base.validation
    named = [
        value for clause in definition.validation for value in choices(clause, base, context.types)
    ]
    kept: list[FunctionCall] = []
    for clause in base.validation:
        holds = (clause_holds(clause, value, base, context.types) for value in named)
        if named and all(each is False for each in holds):
            message = "this allows nothing that the inherited constraint allows, and overrides it"
            notes = (Note(clause.span, "the inherited constraint"),)
            at = definition.validation[0].span
            context.found.append(REFINED_CONSTRAINT.at(at, message, notes=notes))
        else:
            kept.append(clause)
    return tuple(kept)


def _schema_type(
    definition: SchemaDef, inherited: Schema | None, context: Member, what: str
) -> DataType:
    if definition.type is None:
        return ANY_SCHEMA.type if inherited is None else inherited.type
    type_ = context.types.resolve(TypeKind.DATA, definition.type, context.found)
    assert isinstance(type_, DataType)
    above = inherited.type if inherited is not None else None
    if above is not None and above.primitive != "any" and not type_.is_a(above.name):
        message = (
            f"{context.kind} `{what}` is refined from `{above.name}` to `{type_.name}`, "
            "which is not derived from it"
        )
        rule = letter_of(REFINED_TYPE, context.dialect)
        context.found.append(rule.at(definition.type.span, message))
    return type_


def _part(
    definition: SchemaDef | None,
    inherited: Schema | None,
    of_type: Schema | None,
    context: Member,
) -> Schema | None:
    base = inherited if inherited is not None else of_type
    return base if definition is None else schema_of(definition, base, context)


def _check_parts(definition: SchemaDef, type_: DataType, context: Member, what: str) -> None:
    if definition.entry_schema is not None and type_.primitive not in COLLECTIONS:
        message = (
            f"`{what}` is of type `{type_.name}`, which has no entries: `entry_schema` is ignored"
        )
        context.found.append(MISPLACED_SCHEMA.at(definition.entry_schema.span, message))
    if definition.key_schema is not None and type_.primitive != "map":
        message = f"`{what}` is of type `{type_.name}`, which has no keys: `key_schema` is ignored"
        context.found.append(MISPLACED_SCHEMA.at(definition.key_schema.span, message))


def parameters(
    definitions: Mapping[str, ParameterDef | AssignmentDef],
    inherited: Mapping[str, PropertyDefinition],
    context: Member,
) -> Mapping[str, PropertyDefinition]:
    """The inputs of an operation or interface, where a type may also just assign a value.

    In 1.x such a value is what the input has unless a template says otherwise: a default.
    """
    if not definitions:
        return inherited
    merged = dict(inherited)
    for name, definition in definitions.items():
        above = inherited.get(name)
        if isinstance(definition, ParameterDef):
            merged[name] = _valued(member(definition, above, context), context)
        elif above is not None:
            merged[name] = replace(
                above,
                span=definition.name.span,
                default=definition.value,
                declared_by=context.owner,
            )
        else:
            merged[name] = untyped_parameter(definition.name, definition.value, context.owner)
    return merged


def untyped_parameter(
    name: document.Scalar, value: document.Node, owner: str = ""
) -> PropertyDefinition:
    """The definition that a value without any definition implies."""
    return PropertyDefinition(
        name=name.text,
        span=name.span,
        schema=ANY_SCHEMA,
        required=False,
        default=value,
        declared_by=owner,
    )


def _valued(bound: PropertyDefinition, context: Member) -> PropertyDefinition:
    if bound.value is None or context.dialect is Dialect.V2_0:
        return bound
    return replace(bound, default=bound.value, value=None)
