"""Operations: what a type defines, and what a template assigns, merged (TOSCA 1.3, 3.6.16 ff.)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from toscactl import definitions, document
from toscactl.definitions import TypeKind
from toscactl.diagnostics import Diagnostic, Rule, Severity, closest
from toscactl.source import Span
from toscactl.topology.artifacts import artifact, file_artifact
from toscactl.topology.assignments import Given, expr_of, undeclared
from toscactl.topology.model import Artifact, Assigned, Operation
from toscactl.topology.scope import Owner, Scope, did_you_mean
from toscactl.typesystem import (
    DataType,
    InterfaceDefinition,
    OperationDefinition,
    Schema,
    coerce,
    metadata_of,
)
from toscactl.values import ScalarUnit

UNKNOWN_INTERFACE = Rule(
    "unknown-interface", "An interface is assigned that the type does not have."
)
UNKNOWN_OPERATION = Rule(
    "unknown-operation", "An operation is assigned that the interface does not have."
)
MISSING_OPERATION_INPUT = Rule(
    "missing-operation-input",
    "An operation that runs lacks a required input.",
    Severity.WARNING,
    lenient=True,
)
UNKNOWN_OPERATION_HOST = Rule(
    "unknown-operation-host", "`operation_host` names neither a keyword nor a node template."
)
BAD_OUTPUT_MAPPING = Rule(
    "bad-output-mapping", "An operation's output is mapped to nothing that can take it."
)
BAD_TIMEOUT = Rule("bad-timeout", "A timeout is not a number of seconds.")

HOSTS = ("SELF", "HOST", "SOURCE", "TARGET", "ORCHESTRATOR")

InterfaceDefs = Mapping[str, definitions.InterfaceDef]


@dataclass(frozen=True, slots=True)
class Place:
    """Where operations live: whose they are, and which artifacts they may name."""

    owner: Owner
    artifacts: Mapping[str, Artifact] = field(default_factory=dict)


def operations(
    scope: Scope,
    place: Place,
    declared: Mapping[str, InterfaceDefinition],
    layers: Sequence[InterfaceDefs],
    *,
    anything: bool = False,
) -> tuple[Operation, ...]:
    """All operations of all interfaces of a type, with what the layers assign, the last one first.

    With `anything`, the type is a stand-in and every name is accepted.
    """
    known = dict(declared)
    resolved: list[dict[str, definitions.InterfaceDef]] = []
    for layer in layers:
        found: dict[str, definitions.InterfaceDef] = {}
        for interface in layer.values():
            own = _interface_name(scope, known, interface.name)
            if own is not None:
                found[own] = interface
            elif not anything:
                scope.report(_unknown_interface(interface.name, known, place.owner))
        resolved.append(found)
    return tuple(
        operation
        for name, interface in known.items()
        for operation in _of_interface(
            scope, place, name, interface, [layer[name] for layer in resolved if name in layer]
        )
    )


def _interface_name(
    scope: Scope, declared: Mapping[str, InterfaceDefinition], name: definitions.Name
) -> str | None:
    """The name under which a type has an interface that was named by its name or by its type."""
    if name.text in declared:
        return name.text
    if not scope.types.knows(TypeKind.INTERFACE, name):
        return None
    type_ = scope.types.interface_type(name).value
    return next(
        (own for own, interface in declared.items() if interface.type.is_a(type_.name)), None
    )


def _unknown_interface(
    name: definitions.Name, declared: Mapping[str, InterfaceDefinition], owner: Owner
) -> Iterator[Diagnostic]:
    known = ", ".join(f"`{other}`" for other in declared)
    yield UNKNOWN_INTERFACE.at(
        name.span,
        f"{owner.what} has no interface `{name.text}`",
        hint=did_you_mean(closest(name.text, declared))
        or (f"its interfaces are {known}" if known else "its type has no interfaces"),
    )


def _of_interface(
    scope: Scope,
    place: Place,
    name: str,
    interface: InterfaceDefinition,
    layers: Sequence[definitions.InterfaceDef],
) -> Iterator[Operation]:
    if not layers:
        idle = _idle(scope, name, interface)
        if idle is not None:
            yield from idle
            return
    for layer in layers:
        if not interface.type.broken:
            scope.report(_unknown_operations(layer, interface, name, place.owner))
    inputs: dict[str, definitions.AssignmentDef | definitions.ParameterDef] = {}
    for layer in layers:
        inputs.update(layer.inputs)
    for operation, definition in interface.operations.items():
        assigned = [
            layer.operations[operation] for layer in layers if operation in layer.operations
        ]
        yield _operation(scope, place, name, definition, assigned, inputs)


def _idle(scope: Scope, name: str, interface: InterfaceDefinition) -> tuple[Operation, ...] | None:
    """The operations of an interface of which a type says no more than that it is there.

    Most interfaces of most nodes are so, and all of them share these.
    """
    if id(interface) not in scope.idle:
        made: tuple[Operation, ...] | None = None
        if not any(
            each.implementation or each.inputs or each.outputs
            for each in interface.operations.values()
        ):
            made = tuple(
                Operation(name, each.name, each.span, metadata=each.metadata)
                for each in interface.operations.values()
            )
        scope.idle[id(interface)] = (interface, made)
    return scope.idle[id(interface)][1]


def _unknown_operations(
    layer: definitions.InterfaceDef, interface: InterfaceDefinition, name: str, owner: Owner
) -> Iterator[Diagnostic]:
    for kind, given, known in (
        ("operation", layer.operations, interface.operations),
        ("notification", layer.notifications, interface.notifications),
    ):
        for operation in given.values():
            if operation.name.text not in known:
                names = ", ".join(f"`{other}`" for other in known)
                yield UNKNOWN_OPERATION.at(
                    operation.name.span,
                    f"interface `{name}` of {owner.what} has no {kind} `{operation.name.text}`",
                    hint=did_you_mean(closest(operation.name.text, known))
                    or (f"it has {names}" if names else None),
                )


def _operation(
    scope: Scope,
    place: Place,
    interface: str,
    definition: OperationDefinition,
    assigned: Sequence[definitions.OperationDef],
    interface_inputs: Given,
) -> Operation:
    span: Span | None = definition.span
    inputs = dict(interface_inputs)
    outputs: dict[str, definitions.AssignmentDef | definitions.ParameterDef] = {
        **definition.outputs
    }
    metadata: dict[str, object] = dict(definition.metadata)
    implementations = [] if definition.implementation is None else [definition.implementation]
    for layer in assigned:
        span = layer.span
        inputs.update(layer.inputs)
        outputs.update(layer.outputs)
        metadata.update(metadata_of(layer.metadata))
        if layer.implementation is not None:
            implementations.append(layer.implementation)
    primary, dependencies = _implementation(scope, place, implementations)
    values = _inputs(scope, place.owner, definition, inputs)
    operation = Operation(
        interface,
        definition.name,
        span,
        primary,
        dependencies,
        values,
        dict(_outputs(scope, place.owner, outputs)),
        _timeout(scope, implementations),
        _host(scope, implementations),
        metadata,
    )
    if primary is not None:
        scope.report(_missing_inputs(operation, definition, place.owner))
    return operation


def _inputs(
    scope: Scope, owner: Owner, definition: OperationDefinition, given: Given
) -> dict[str, Assigned]:
    """Declared inputs by their definitions; a template may add others (1.3, 3.6.17.3)."""
    values: dict[str, Assigned] = {}
    for name, declared in definition.inputs.items():
        assignment = given.get(name)
        expr = None if assignment is None else expr_of(assignment)
        is_default = expr is None
        if expr is None:
            expr = declared.value if declared.value is not None else declared.default
        if expr is not None:
            checked = coerce(expr, declared.schema, scope.types, what=f"input `{name}`")
            scope.report(checked.diagnostics)
            scope.visit(expr, checked.value, owner)
            values[name] = Assigned(checked.value, expr.span, declared, is_default)
    for name, assignment in given.items():
        if name not in definition.inputs:
            added = undeclared(scope, assignment, owner)
            if added is not None:
                values[name] = added
    return values


def _missing_inputs(
    operation: Operation, definition: OperationDefinition, owner: Owner
) -> Iterator[Diagnostic]:
    for name, declared in definition.inputs.items():
        if declared.required and name not in operation.inputs:
            yield MISSING_OPERATION_INPUT.at(
                operation.span,
                f"operation `{operation.interface}.{operation.name}` of {owner.what} "
                f"needs a value for its input `{name}`",
            )


def _implementation(
    scope: Scope, place: Place, layers: Sequence[definitions.ImplementationDef]
) -> tuple[Artifact | None, tuple[Artifact, ...]]:
    """The primary of the last layer that gives one, with that layer's dependencies."""
    primary: Artifact | None = None
    dependencies: tuple[Artifact, ...] = ()
    chosen = next((layer for layer in reversed(layers) if layer.primary is not None), None)
    if chosen is not None and chosen.primary is not None:
        primary = _artifact(scope, place, chosen.primary)
        dependencies = tuple(_artifact(scope, place, item) for item in chosen.dependencies)
    for layer in layers:
        if layer.primary is None and layer.dependencies:
            dependencies += tuple(_artifact(scope, place, item) for item in layer.dependencies)
    return primary, dependencies


def _artifact(
    scope: Scope, place: Place, written: definitions.Name | definitions.ArtifactDef
) -> Artifact:
    if isinstance(written, definitions.ArtifactDef):
        return artifact(scope, written, place.owner)
    return place.artifacts.get(written.text) or file_artifact(scope, written)


def _timeout(scope: Scope, layers: Sequence[definitions.ImplementationDef]) -> float | None:
    """Seconds: a number, or a scalar-unit.time (1.3, 3.6.16)."""
    expr = next((layer.timeout for layer in reversed(layers) if layer.timeout is not None), None)
    if expr is None:
        return None
    if isinstance(expr, document.Scalar):
        value = document.plain_value(expr.text)
        if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
            return float(value)
        time = scope.types.by_name(TypeKind.DATA, "scalar-unit.time")
        if isinstance(time, DataType):
            checked = coerce(expr, Schema(time), scope.types, what="timeout")
            if checked.ok and isinstance(checked.value, ScalarUnit):
                return float(checked.value.amount)
    scope.report([BAD_TIMEOUT.at(expr.span, "a timeout is a number of seconds, such as `60`")])
    return None


def _host(scope: Scope, layers: Sequence[definitions.ImplementationDef]) -> str | None:
    name = next(
        (layer.operation_host for layer in reversed(layers) if layer.operation_host is not None),
        None,
    )
    if name is None:
        return None
    if name.text not in HOSTS and name.text not in scope.nodes:
        scope.report(_unknown_host(name, scope))
        return None
    return name.text


def _unknown_host(name: definitions.Name, scope: Scope) -> Iterator[Diagnostic]:
    yield UNKNOWN_OPERATION_HOST.at(
        name.span,
        f"`{name.text}` is no place for an operation to run",
        hint=did_you_mean(closest(name.text, (*HOSTS, *scope.nodes)))
        or "it is SELF, HOST, SOURCE, TARGET, ORCHESTRATOR or a node template",
    )


def _outputs(scope: Scope, owner: Owner, given: Given) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Output mappings, `url: [ SELF, url ]` (1.3, 3.6.15), as paths of names."""
    for name, output in given.items():
        expr = output.mapping if isinstance(output, definitions.ParameterDef) else output.value
        if expr is None:
            continue
        if not isinstance(expr, document.Sequence) or len(expr) < 2:  # noqa: PLR2004
            scope.report([_not_a_path(name, expr)])
            continue
        path = tuple(item.text for item in expr if isinstance(item, document.Scalar))
        problems = list(_check_mapping(scope, owner, path, expr))
        scope.report(problems)
        if not problems:
            yield name, path


def _not_a_path(name: str, expr: definitions.Expr) -> Diagnostic:
    return BAD_OUTPUT_MAPPING.at(
        expr.span,
        f"output `{name}` is not mapped to an attribute",
        hint="a mapping is a list: `[ SELF, <attribute> ]`",
    )


def _check_mapping(
    scope: Scope, owner: Owner, path: tuple[str, ...], expr: document.Sequence
) -> Iterator[Diagnostic]:
    entity, attribute = path[0], path[1]
    if entity == "SELF" and owner.relationship is not None:
        known: Mapping[str, object] = {
            **owner.relationship.attributes, **owner.relationship.properties
        }  # fmt: skip
        if owner.relationship.broken:
            return
    else:
        node = {"SELF": owner.node, "SOURCE": owner.node, "TARGET": owner.target}.get(
            entity, entity
        )
        if node is None:
            return
        if node not in scope.nodes:
            yield BAD_OUTPUT_MAPPING.at(
                expr.items[0].span,
                f"`{entity}` is no node template",
                hint=did_you_mean(closest(entity, ("SELF", *scope.nodes))),
            )
            return
        type_ = scope.node_types[node]
        if type_.broken:
            return
        known = {**type_.attributes, **type_.properties, **type_.capabilities}
    if attribute not in known:
        yield BAD_OUTPUT_MAPPING.at(
            expr.items[1].span,
            f"there is no attribute `{attribute}` to take the output",
            hint=did_you_mean(closest(attribute, known)),
        )
