"""Inputs: what was given, checked against what is declared, all problems at once (1.3, 3.6.14)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from toscactl import definitions, document
from toscactl.diagnostics import Diagnostic, Note, Rule, Severity, closest
from toscactl.graph.model import Input
from toscactl.topology import Parameter, Topology
from toscactl.typesystem import DataType, Schema, TypeSystem, coerce, untyped
from toscactl.values import Secret, Value

MISSING_INPUT = Rule("missing-input", "A required input has no value.")
INVALID_INPUT = Rule("invalid-input", "The value given for an input does not fit its type.")
UNKNOWN_INPUT = Rule("unknown-input", "A value is given for an input that is not declared.")

_SIZES = frozenset({"length", "min_length", "max_length"})
_TEXTS = frozenset({"pattern", "schema"})


def read_inputs(
    topology: Topology,
    given: Mapping[str, document.Node],
    found: list[Diagnostic],
    *,
    optional: bool,
) -> dict[str, Input]:
    """All inputs of a topology with their values. With `optional`, none need be there."""
    found.extend(_unknown(topology, given))
    inputs: dict[str, Input] = {}
    for name, parameter in topology.inputs.items():
        node = given.get(name)
        value: Value = None
        if node is not None:
            value = _given(parameter, node, topology.types, found)
        elif parameter.default is not None:
            value = parameter.default.value
        elif parameter.required and not optional:
            found.extend(_missing(parameter))
        if parameter.sensitive and value is not None and not isinstance(value, Secret):
            value = Secret(value)
        inputs[name] = _input(parameter, value, topology.types, given=node is not None)
    return inputs


def _unknown(topology: Topology, given: Mapping[str, document.Node]) -> Iterator[Diagnostic]:
    declared = topology.inputs
    for name, node in given.items():
        if name not in declared:
            known = ", ".join(f"`{other}`" for other in declared)
            near = closest(name, declared)
            hint = f"its inputs are {known}" if known else "it has no inputs"
            yield UNKNOWN_INPUT.at(
                node.span,
                f"the service has no input `{name}`",
                hint=f"did you mean `{near}`?" if near else hint,
            )


def _missing(parameter: Parameter) -> Iterator[Diagnostic]:
    description = parameter.definition.description
    yield MISSING_INPUT.at(
        parameter.span,
        f"input `{parameter.name}` of type `{parameter.definition.schema.type.name}` has no value"
        + (f" ({description.strip().rstrip('.')})" if description else ""),
        hint=f"give it with `-i {parameter.name}=...`",
    )


def _given(
    parameter: Parameter, node: document.Node, types: TypeSystem, found: list[Diagnostic]
) -> Value:
    definition = parameter.definition
    if isinstance(node, document.Scalar) and document.is_null(node) and not definition.required:
        return None
    checked = coerce(
        node,
        definition.schema,
        types,
        what=f"input `{parameter.name}`",
        secret=parameter.sensitive,
    )
    declared = Note(parameter.span, f"declared here, of type `{definition.schema.type.name}`")
    for diagnostic in checked.diagnostics:
        if diagnostic.severity is Severity.ERROR:
            found.append(
                replace(diagnostic, rule=INVALID_INPUT, notes=(*diagnostic.notes, declared))
            )
        else:
            found.append(diagnostic)
    return checked.value


def _input(parameter: Parameter, value: Value, types: TypeSystem, *, given: bool) -> Input:
    definition = parameter.definition
    schema = definition.schema
    entry = schema.entry_schema or schema.type.entry_schema
    return Input(
        parameter.name,
        schema.type.primitive,
        parameter.span.place,
        value,
        given,
        definition.required,
        definition.description,
        parameter.sensitive,
        tuple(_constraints(schema, types)),
        None if entry is None else entry.type.primitive,
    )


def _constraints(schema: Schema, types: TypeSystem) -> Iterator[tuple[str, Value]]:
    """The constraints of an input as operators with literal arguments."""
    bare = Schema(_without_clauses(schema.type), schema.key_schema, schema.entry_schema)
    for clause in (*schema.type.validation, *schema.validation):
        name = clause.function.text
        arguments = _operands(clause)
        if any(isinstance(argument, definitions.FunctionCall) for argument in arguments):
            continue
        if name in _SIZES:
            yield name, untyped(arguments[0]) if arguments else None
        elif name in _TEXTS:
            yield name, str(arguments[0]) if arguments else None
        else:
            values = tuple(_argument(argument, bare, types) for argument in arguments)
            yield name, values if name in ("in_range", "valid_values") else next(iter(values), None)


def _without_clauses(type_: DataType) -> DataType:
    return replace(type_, validation=())


def _operands(clause: definitions.FunctionCall) -> Sequence[definitions.Expr]:
    """The arguments beside `$value`; a list that stands for several arguments is spread."""
    rest = [
        argument
        for argument in clause.arguments
        if not (
            isinstance(argument, definitions.FunctionCall) and argument.function.text == "value"
        )
    ]
    if len(rest) == 1 and isinstance(rest[0], document.Sequence):
        return rest[0].items
    return rest


def _argument(expr: definitions.Expr, schema: Schema, types: TypeSystem) -> Value:
    if isinstance(expr, document.Scalar) and expr.text == "UNBOUNDED":
        return expr.text
    return coerce(expr, schema, types, what="").value
