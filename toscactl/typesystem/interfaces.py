"""Interfaces of types, and the operations in them, merged with their interface types.

TOSCA 1.3, 3.6.17 to 3.6.20 and 3.7.5; TOSCA 2.0, 11.1 to 11.7.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from string import digits

from toscactl.definitions import Dialect, InterfaceDef, OperationDef, TypeKind
from toscactl.diagnostics import Checked, Diagnostic, Rule, Severity, closest
from toscactl.typesystem.members import MISSING_TYPE, REFINED_TYPE, Member, parameters
from toscactl.typesystem.model import (
    InterfaceDefinition,
    InterfaceType,
    OperationDefinition,
    PropertyDefinition,
)
from toscactl.typesystem.system import TypeSystem, letter_of
from toscactl.typesystem.untyped import metadata_of

UNDEFINED_OPERATION = Rule(
    "undefined-operation",
    "An interface has an operation or notification that its interface type does not define.",
)
UNTYPED_INTERFACE = Rule(
    "untyped-interface",
    "An interface has no type and inherits none; its operations are all that is known of it.",
    Severity.WARNING,
    lenient=True,
)
ADDED_OPERATION = Rule(
    "added-operation",
    "A type adds an operation or notification to what the interface type defines.",
    Severity.WARNING,
    lenient=True,
)
INTERFACE_BY_TYPE = Rule(
    "interface-by-type",
    "An interface is called by its type instead of its name.",
    Severity.WARNING,
    lenient=True,
)


@dataclass(frozen=True, slots=True)
class _Operations:
    """What operations are merged with: those inherited, and the inputs of their interface."""

    inherited: Mapping[str, OperationDefinition]
    shared: Mapping[str, PropertyDefinition]
    context: Member


def bind_interface(
    definition: InterfaceDef, inherited: InterfaceDefinition | None, types: TypeSystem
) -> Checked[InterfaceDefinition]:
    """An interface as a template or a requirement refines it, over what its type has."""
    found: list[Diagnostic] = []
    dialect = types.scopes.of(definition.name.source).file.dialect
    context = Member(types, "", "input", dialect, found)
    return Checked(_interface(definition, inherited, context), tuple(found))


def interfaces(
    definitions: Mapping[str, InterfaceDef],
    inherited: Mapping[str, InterfaceDefinition],
    context: Member,
) -> Mapping[str, InterfaceDefinition]:
    """The interfaces of a type: inherited ones first, refined, then the new ones."""
    if not definitions:
        return inherited
    merged = dict(inherited)
    for definition in definitions.values():
        name = interface_name(definition, merged, context.types)
        if name != definition.name.text:
            context.found.append(_called_by_type(definition, name, context.dialect))
        merged[name] = _interface(definition, merged.get(name), context)
    return merged


def interface_name(
    definition: InterfaceDef, known: Mapping[str, InterfaceDefinition], types: TypeSystem
) -> str:
    """The name of the interface that is meant, in old files by the name of its type."""
    name = definition.name
    if name.text in known or not known or not types.knows(TypeKind.INTERFACE, name):
        return name.text
    type_name = types.canonical(TypeKind.INTERFACE, name, [])
    return next((own for own, each in known.items() if each.type.name == type_name), name.text)


def _called_by_type(definition: InterfaceDef, name: str, dialect: Dialect) -> Diagnostic:
    message = f"`{definition.name.text}` is the type of the interface `{name}`, not its name"
    hint = f"write `{name}`"
    return letter_of(INTERFACE_BY_TYPE, dialect).at(definition.name.span, message, hint=hint)


def _interface(
    definition: InterfaceDef, inherited: InterfaceDefinition | None, context: Member
) -> InterfaceDefinition:
    type_ = _type(definition, inherited, context)
    base = inherited
    if base is None or base.type is not type_:
        base = InterfaceDefinition(
            definition.name.text, None, type_, type_.inputs, type_.operations, type_.notifications
        )
        if inherited is not None:
            base = replace(
                base,
                inputs={**base.inputs, **inherited.inputs},
                operations={**base.operations, **inherited.operations},
                notifications={**base.notifications, **inherited.notifications},
            )
    inputs = parameters(definition.inputs, base.inputs, context)
    # Only what this definition says about inputs is news to operations that are inherited.
    news = {name: inputs[name] for name in definition.inputs}
    operations = _Operations(base.operations, inputs, context)
    notifications = _Operations(base.notifications, inputs, context)
    _check_known(definition, base, type_, context)
    return InterfaceDefinition(
        name=inherited.name if inherited is not None else definition.name.text,
        span=definition.name.span,
        type=type_,
        inputs=inputs,
        operations=_merged(definition.operations, operations, news),
        notifications=_merged(definition.notifications, notifications, news),
        declared_by=context.owner,
    )


def _type(
    definition: InterfaceDef, inherited: InterfaceDefinition | None, context: Member
) -> InterfaceType:
    name = definition.name
    if definition.type is None:
        if inherited is not None:
            return inherited.type
        if context.types.knows(TypeKind.INTERFACE, name):
            type_ = context.types.resolve(TypeKind.INTERFACE, name, context.found)
            assert isinstance(type_, InterfaceType)
            return type_
        rule = MISSING_TYPE if context.dialect is Dialect.V2_0 else UNTYPED_INTERFACE
        message = f"interface `{name.text}` has no type, and none is inherited"
        context.found.append(rule.at(name.span, message, hint="add `type:`"))
        return InterfaceType(name.text, None, None, ancestors=(name.text,), broken=True)
    type_ = context.types.resolve(TypeKind.INTERFACE, definition.type, context.found)
    assert isinstance(type_, InterfaceType)
    if inherited is not None and not (inherited.type.broken or type_.is_a(inherited.type.name)):
        message = (
            f"interface `{name.text}` is refined from `{inherited.type.name}` to `{type_.name}`, "
            "which is not derived from it"
        )
        rule = letter_of(REFINED_TYPE, context.dialect)
        context.found.append(rule.at(definition.type.span, message))
    return type_


def _check_known(
    definition: InterfaceDef, base: InterfaceDefinition, type_: InterfaceType, context: Member
) -> None:
    if type_.broken:
        return
    for what, own, known in (
        ("operation", definition.operations, base.operations),
        ("notification", definition.notifications, base.notifications),
    ):
        for name, operation in own.items():
            if name not in known:
                meant = closest(name, known)
                hint = f"did you mean `{meant}`?" if meant else None
                message = f"`{type_.name}` does not define the {what} `{name}`"
                # The grammar of 1.x lets a type add operations; a misspelled one is no addition.
                misspelled = meant is not None and meant.rstrip(digits) != name.rstrip(digits)
                added = not misspelled and context.dialect is not Dialect.V2_0
                rule = ADDED_OPERATION if added else UNDEFINED_OPERATION
                context.found.append(rule.at(operation.name.span, message, hint=hint))


def operations_of(
    definitions: Mapping[str, OperationDef],
    inherited: Mapping[str, OperationDefinition],
    inputs: Mapping[str, PropertyDefinition],
    context: Member,
) -> Mapping[str, OperationDefinition]:
    """The operations of an interface type, with the inputs of the interface in each of them."""
    return _merged(definitions, _Operations(inherited, inputs, context), inputs)


def _merged(
    definitions: Mapping[str, OperationDef],
    operations: _Operations,
    news: Mapping[str, PropertyDefinition],
) -> Mapping[str, OperationDefinition]:
    if not definitions and not news:
        return operations.inherited
    merged = dict(operations.inherited)
    if news:
        for name, inherited in merged.items():
            merged[name] = replace(inherited, inputs={**inherited.inputs, **news})
    for name, definition in definitions.items():
        merged[name] = _operation(definition, merged.get(name), operations)
    return merged


def _operation(
    definition: OperationDef, inherited: OperationDefinition | None, operations: _Operations
) -> OperationDefinition:
    context = operations.context
    above = inherited.inputs if inherited is not None else operations.shared
    if inherited is None:
        inherited = OperationDefinition(definition.name.text, None)
    return OperationDefinition(
        name=definition.name.text,
        span=definition.name.span,
        description=definition.description or inherited.description,
        inputs=parameters(definition.inputs, above, context),
        outputs={**inherited.outputs, **definition.outputs},
        implementation=definition.implementation or inherited.implementation,
        metadata={**inherited.metadata, **metadata_of(definition.metadata)},
        declared_by=context.owner,
    )
