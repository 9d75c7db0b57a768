"""Validation clauses: compiled for the type that they constrain, and tested on known values.

TOSCA 1.3, 3.6.3 (constraints); TOSCA 2.0, 9.11 (validation). A 1.x constraint arrives as a call
whose first argument is `$value`; the operators are a table, and so are the connectives.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from toscactl import document
from toscactl.definitions import Expr, FunctionCall
from toscactl.diagnostics import Diagnostic, Note, Rule
from toscactl.source import Span
from toscactl.typesystem.literals import moment
from toscactl.typesystem.model import Schema
from toscactl.typesystem.patterns import BadPattern, compile_pattern
from toscactl.typesystem.primitives import INTEGER_SCHEMA, STRING_SCHEMA
from toscactl.typesystem.system import TypeSystem
from toscactl.values import (
    EvaluationError,
    Expression,
    ScalarUnit,
    Value,
    Version,
    is_known,
    is_sensitive,
    reveal,
    select,
    text,
)

CONSTRAINT_VIOLATED = Rule("constraint-violated", "A value is outside what its definition allows.")
CONSTRAINT_TYPE = Rule(
    "constraint-type", "A constraint does not fit the type of what it constrains."
)
BAD_PATTERN = Rule("bad-pattern", "A pattern is no regular expression that can be used.")

UNBOUNDED = "UNBOUNDED"
_SHOWN = 60

_SCALARS = frozenset(
    {"scalar-unit.size", "scalar-unit.time", "scalar-unit.frequency", "scalar-unit.bitrate"}
)
_COMPARABLE = frozenset({"integer", "float", "string", "timestamp", "version"}) | _SCALARS
_SIZED = frozenset({"string", "list", "map"})

_ATOMS = frozenset({bool, int, float, str, ScalarUnit, Version})
"""The classes of values that hold no others: known, and no secrets."""

_NAMING = frozenset({"equal", "valid_values"})
_Holds = Callable[[Value], bool]
_Resolve = Callable[[FunctionCall], Value]


@dataclass(frozen=True, slots=True)
class Test:
    """A compiled clause. `says` goes on after "must": "be at least 1"."""

    holds: _Holds
    says: str
    whole: bool = True
    """Whether the value must be known in all its parts before it can be tested."""


@dataclass(frozen=True, slots=True)
class _Operator:
    """One row of the table: the types it fits, its arguments, and what it makes of them."""

    fits: frozenset[str] | None
    arguments: Callable[["_Compiling", Sequence[Expr]], tuple[Value, ...] | None]
    test: Callable[["_Compiling", tuple[Value, ...]], Test | None]


@dataclass(frozen=True, slots=True)
class _Compiling:
    """A clause on its way to a test."""

    clause: FunctionCall
    schema: Schema
    """Of the value that the clause is about."""
    types: TypeSystem
    found: list[Diagnostic]
    resolve: _Resolve | None = None

    @property
    def name(self) -> str:
        return self.clause.function.text

    def argument(self, expr: Expr, schema: Schema) -> Value:
        """An argument as a value of a type; what is wrong with it is the constraint's fault."""
        from toscactl.typesystem.coercion import coerce  # which checks clauses, in its turn

        if isinstance(expr, FunctionCall) and self.resolve is not None:
            return self.resolve(expr)
        checked = coerce(expr, schema, self.types, what=f"the argument of `{self.name}`")
        self.found.extend(
            replace(each, rule=replace(CONSTRAINT_TYPE, severity=each.severity))
            for each in checked.diagnostics
        )
        return checked.value


def violations(
    value: Value,
    schema: Schema,
    span: Span | None,
    types: TypeSystem,
    what: str,
    *,
    secret: bool = False,
) -> Iterator[Diagnostic]:
    """What a value violates of the clauses of its schema and its type; not of its entries'."""
    if isinstance(value, Expression):
        return
    bare: Value = value
    known = True
    if value.__class__ not in _ATOMS:
        secret = secret or is_sensitive(value)
        bare = reveal(value)
        known = is_known(bare)
    for clause in (*schema.type.validation, *schema.validation):
        test = compiled(clause, schema, types)
        if test is None or (test.whole and not known) or test.holds(bare):
            continue
        shown = "a secret" if secret else _shown(bare)
        yield CONSTRAINT_VIOLATED.at(
            span,
            f"{what} is {shown}, but must {test.says}",
            notes=(Note(clause.span, "the constraint stands here"),),
        )


def clause_holds(
    clause: FunctionCall,
    value: Value,
    schema: Schema,
    types: TypeSystem,
    *,
    resolve: _Resolve | None = None,
) -> bool | None:
    """Whether a clause is true of a value; None if that cannot be told yet.

    `resolve` gives the values of function calls among the arguments; what it cannot tell, it
    returns as an expression.
    """
    if resolve is None:
        test = compiled(clause, schema, types)
    else:
        test = compile_clause(_Compiling(clause, schema, types, [], resolve))
    if test is None or isinstance(value, Expression) or (test.whole and not is_known(value)):
        return None
    return test.holds(reveal(value))


def choices(clause: FunctionCall, schema: Schema, types: TypeSystem) -> tuple[Value, ...]:
    """The values that a clause names as the only ones: those of `equal` and `valid_values`."""
    subject, rest = _operands(clause)
    if clause.function.text not in _NAMING or subject is None or subject.arguments:
        return ()
    found: list[Diagnostic] = []
    named = _choices(_Compiling(clause, schema, types, found), rest)
    return () if found or named is None else named


def check_clauses(
    clauses: Sequence[FunctionCall], schema: Schema, types: TypeSystem
) -> Iterator[Diagnostic]:
    """What is wrong with clauses themselves, where they are defined."""
    if schema.type.broken:
        return
    for clause in clauses:
        found: list[Diagnostic] = []
        compile_clause(_Compiling(clause, schema, types, found))
        yield from found


def compiled(clause: FunctionCall, schema: Schema, types: TypeSystem) -> Test | None:
    """The test of a clause for a type, made once; None if the clause cannot be tested."""
    made = types.remembered_clause(
        clause, schema.type.name, lambda: compile_clause(_Compiling(clause, schema, types, []))
    )
    assert made is None or isinstance(made, Test)
    return made


def compile_clause(compiling: _Compiling) -> Test | None:
    """A clause as a test; None, with the reason among the findings, if it cannot be one."""
    connective = _CONNECTIVES.get(compiling.name)
    if connective is not None:
        return _connected(connective, compiling)
    operator = _OPERATORS.get(compiling.name)
    if operator is None:
        return None
    subject, rest = _operands(compiling.clause)
    if subject is None:
        return None
    if subject.function.text == "length":
        return _of_length(operator, compiling, rest)
    path = _path(subject)
    below = _schema_at(compiling.schema, path)
    if below is None:
        return None
    inner = replace(compiling, schema=below)
    if not _fits(operator, inner):
        return None
    before = len(inner.found)
    arguments = operator.arguments(inner, rest)
    if arguments is None or len(inner.found) > before:
        return None
    if not all(is_known(argument) for argument in arguments):
        return None
    test = operator.test(inner, tuple(reveal(argument) for argument in arguments))
    return test if test is None or not path else _at_path(test, path)


def _fits(operator: _Operator, compiling: _Compiling, name: str = "") -> bool:
    primitive = compiling.schema.type.primitive
    if operator.fits is None or primitive == "any" or primitive in operator.fits:
        return True
    compiling.found.append(
        CONSTRAINT_TYPE.at(
            compiling.clause.span,
            f"`{name or compiling.name}` cannot constrain a `{compiling.schema.type.name}`",
            hint=f"it fits {', '.join(sorted(operator.fits))}",
        )
    )
    return False


def _connected(connective: Callable[[Sequence[bool]], bool], compiling: _Compiling) -> Test | None:
    tests: list[Test] = []
    for argument in compiling.clause.arguments:
        if not isinstance(argument, FunctionCall):
            return None
        test = compile_clause(replace(compiling, clause=argument))
        if test is None:
            return None
        tests.append(test)
    return Test(
        lambda value: connective([test.holds(value) for test in tests]),
        f"satisfy `{compiling.name}`: " + "; ".join(test.says for test in tests),
    )


def _operands(clause: FunctionCall) -> tuple[FunctionCall | None, Sequence[Expr]]:
    """The `$value` of a clause, or its length, and the arguments beside it."""
    first = clause.arguments[0] if clause.arguments else None
    if isinstance(first, FunctionCall) and first.function.text in {"value", "length"}:
        return first, clause.arguments[1:]
    return None, clause.arguments


def _of_length(operator: _Operator, compiling: _Compiling, rest: Sequence[Expr]) -> Test | None:
    """A clause about the number of characters or entries: `equal(length($value), 3)`."""
    sized = _Operator(_SIZED, operator.arguments, operator.test)
    if not _fits(sized, compiling, "length"):
        return None
    counted = replace(compiling, schema=INTEGER_SCHEMA)
    arguments = operator.arguments(counted, rest)
    if arguments is None or not all(is_known(argument) for argument in arguments):
        return None
    test = operator.test(counted, arguments)
    return (
        None
        if test is None
        else Test(
            lambda value: not isinstance(value, str | Sequence | Mapping) or test.holds(len(value)),
            f"have a length that must {test.says}",
            whole=False,
        )
    )


def _path(subject: FunctionCall) -> tuple[str, ...]:
    return tuple(step.text for step in subject.arguments if isinstance(step, document.Scalar))


def _schema_at(schema: Schema, path: Sequence[str]) -> Schema | None:
    for step in path:
        definition = schema.type.properties.get(step)
        below = definition.schema if definition is not None else _entry(schema)
        if below is None:
            return None
        schema = below
    return schema


def _entry(schema: Schema) -> Schema | None:
    return schema.entry_schema or schema.type.entry_schema


def _at_path(test: Test, path: Sequence[str]) -> Test:
    def holds(value: Value) -> bool:
        try:
            return test.holds(select(value, tuple(path)))
        except EvaluationError:
            return True

    return replace(test, holds=holds, says=f"at `{'.'.join(path)}` {test.says}")


def order_key(value: Value, primitive: str = "") -> object:
    """What a value is compared by: amounts, instants, and versions in their order.

    A version with a qualifier is older than the one without (1.3, 3.3.2.3).
    """
    match value:
        case ScalarUnit(amount=amount):
            return amount
        case Version():
            last = (0, value.qualifier, value.build) if value.qualifier else (1, "", 0)
            return (value.major, value.minor, value.fix, *last)
        case str() if primitive == "timestamp":
            return moment(value)
    return value


def same(left: Value, right: Value) -> bool:
    """Whether two values are equal as values of their type, however they are written."""
    match left, right:
        case (ScalarUnit(), ScalarUnit()) | (Version(), Version()):
            return order_key(left) == order_key(right)
        case (bool(), _) | (_, bool()):
            return left is right
        case (str(), str()):
            return left == right
        case (Mapping(), Mapping()):
            return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
        case (str(), _) | (_, str()):
            return False
        case (Sequence(), Sequence()):
            return len(left) == len(right) and all(map(same, left, right))
        case _:
            pass
    return left == right


def _same_type(compiling: _Compiling, rest: Sequence[Expr]) -> tuple[Value, ...] | None:
    """Each argument is of the type that is constrained, without its clauses."""
    bare = _bare(compiling.schema)
    return tuple(compiling.argument(expr, bare) for expr in rest)


def _bare(schema: Schema) -> Schema:
    type_ = schema.type
    return Schema(
        replace(type_, validation=()) if type_.validation else type_,
        schema.key_schema,
        schema.entry_schema,
    )


def _one(compiling: _Compiling, rest: Sequence[Expr]) -> tuple[Value, ...] | None:
    if len(rest) == 1:
        return _same_type(compiling, rest)
    return _miscounted(compiling, "one argument")


def _miscounted(compiling: _Compiling, expected: str) -> tuple[Value, ...] | None:
    message = f"`{compiling.name}` takes {expected}"
    compiling.found.append(CONSTRAINT_TYPE.at(compiling.clause.span, message))
    return None


def _spread(rest: Sequence[Expr]) -> Sequence[Expr]:
    """`[1, 5]` as two arguments, however the list was handed over."""
    if len(rest) == 1 and isinstance(rest[0], document.Sequence):
        return rest[0].items
    return rest


def _bounds(compiling: _Compiling, rest: Sequence[Expr]) -> tuple[Value, ...] | None:
    ends = _spread(rest)
    if len(ends) != 2:  # noqa: PLR2004
        return _miscounted(compiling, "two bounds, `[lower, upper]`")
    is_range = compiling.schema.type.primitive == "range"
    schema = INTEGER_SCHEMA if is_range else _bare(compiling.schema)
    return tuple(
        UNBOUNDED
        if isinstance(end, document.Scalar) and end.text == UNBOUNDED
        else compiling.argument(end, schema)
        for end in ends
    )


def _choices(compiling: _Compiling, rest: Sequence[Expr]) -> tuple[Value, ...] | None:
    if len(rest) == 1 and isinstance(rest[0], FunctionCall):
        return None
    return _same_type(compiling, _spread(rest))


def _count(compiling: _Compiling, rest: Sequence[Expr]) -> tuple[Value, ...] | None:
    if len(rest) != 1:
        return _miscounted(compiling, "one number")
    count = compiling.argument(rest[0], INTEGER_SCHEMA)
    if isinstance(count, int) and count < 0:
        message = f"`{compiling.name}` takes a number that is not negative, not `{count}`"
        compiling.found.append(CONSTRAINT_TYPE.at(rest[0].span, message))
    return (count,)


def _text(compiling: _Compiling, rest: Sequence[Expr]) -> tuple[Value, ...] | None:
    if len(rest) != 1:
        return _miscounted(compiling, "one text")
    return (compiling.argument(rest[0], STRING_SCHEMA),)


def _compared(
    says: str, holds: Callable[[object, object], bool]
) -> Callable[[_Compiling, tuple[Value, ...]], Test]:
    def make(compiling: _Compiling, arguments: tuple[Value, ...]) -> Test:
        primitive = compiling.schema.type.primitive
        limit = order_key(arguments[0], primitive)
        return Test(
            lambda value: _ordered(lambda: holds(order_key(value, primitive), limit)),
            f"be {says} {_shown(arguments[0])}",
        )

    return make


def _ordered(comparison: Callable[[], bool]) -> bool:
    # Values of an undeclared type may not compare at all; then no order is violated.
    try:
        return comparison()
    except (TypeError, ValueError):
        return True


def _equal(_: _Compiling, arguments: tuple[Value, ...]) -> Test:
    return Test(lambda value: same(value, arguments[0]), f"be {_shown(arguments[0])}")


def _valid_values(_: _Compiling, arguments: tuple[Value, ...]) -> Test:
    shown = ", ".join(_shown(argument) for argument in arguments)
    return Test(
        lambda value: any(same(value, argument) for argument in arguments), f"be one of {shown}"
    )


def _in_range(compiling: _Compiling, arguments: tuple[Value, ...]) -> Test | None:
    primitive = compiling.schema.type.primitive
    lower, upper = (None if end == UNBOUNDED else order_key(end, primitive) for end in arguments)
    if lower is not None and upper is not None and _ordered(lambda: lower > upper):  # type: ignore[operator]
        message = (
            f"`in_range` ends at {_shown(arguments[1])}, before its begin {_shown(arguments[0])}"
        )
        compiling.found.append(CONSTRAINT_TYPE.at(compiling.clause.span, message))
        return None

    def inside(value: object) -> bool:
        if value == UNBOUNDED:
            return upper is None
        above = lower is None or _ordered(lambda: lower <= value)  # type: ignore[operator]
        return above and (upper is None or _ordered(lambda: value <= upper))  # type: ignore[operator]

    def holds(value: Value) -> bool:
        if primitive == "range" and isinstance(value, Sequence):
            return all(inside(end) for end in value)
        return inside(order_key(value, primitive))

    low, high = ("unbounded" if end == UNBOUNDED else _shown(end) for end in arguments)
    return Test(holds, f"be in the range from {low} to {high}")


def _sized(
    says: str, holds: Callable[[int, int], bool]
) -> Callable[[_Compiling, tuple[Value, ...]], Test | None]:
    def make(compiling: _Compiling, arguments: tuple[Value, ...]) -> Test | None:
        (count,) = arguments
        if not isinstance(count, int):
            return None
        unit = "characters" if compiling.schema.type.primitive == "string" else "entries"
        return Test(
            lambda value: (
                not isinstance(value, str | Sequence | Mapping) or holds(len(value), count)
            ),
            f"have {says} {count} {unit}",
            whole=False,
        )

    return make


def _pattern(compiling: _Compiling, arguments: tuple[Value, ...]) -> Test | None:
    (written,) = arguments
    try:
        matches = compile_pattern(str(written))
    except BadPattern as problem:
        message = f"`{written}` is no regular expression: {problem}"
        compiling.found.append(BAD_PATTERN.at(compiling.clause.span, message))
        return None
    return Test(
        lambda value: not isinstance(value, str) or matches(value), f"match the pattern `{written}`"
    )


def _json_schema(compiling: _Compiling, arguments: tuple[Value, ...]) -> Test | None:
    from toscactl.typesystem.json_schema import BadSchema, compile_schema

    try:
        validates = compile_schema(str(arguments[0]))
    except BadSchema as problem:
        message = f"the argument of `schema` is no JSON schema: {problem}"
        compiling.found.append(CONSTRAINT_TYPE.at(compiling.clause.span, message))
        return None
    return Test(
        lambda value: not isinstance(value, str) or validates(value),
        "be JSON that its schema allows",
    )


def _shown(value: Value) -> str:
    """A value as messages show it: as it was written, lists and maps as JSON or by their size."""
    if isinstance(value, Sequence | Mapping) and not isinstance(value, str) and not is_known(value):
        return f"a {'map' if isinstance(value, Mapping) else 'list'} of {len(value)} entries"
    written = text(value) if value is not None else "null"
    return f"`{written}`" if len(written) <= _SHOWN else f"`{written[:_SHOWN]}...`"


_OPERATORS: Mapping[str, _Operator] = {
    "equal": _Operator(None, _one, _equal),
    "greater_than": _Operator(_COMPARABLE, _one, _compared("greater than", lambda a, b: a > b)),  # type: ignore[operator]
    "greater_or_equal": _Operator(_COMPARABLE, _one, _compared("at least", lambda a, b: a >= b)),  # type: ignore[operator]
    "less_than": _Operator(_COMPARABLE, _one, _compared("less than", lambda a, b: a < b)),  # type: ignore[operator]
    "less_or_equal": _Operator(_COMPARABLE, _one, _compared("at most", lambda a, b: a <= b)),  # type: ignore[operator]
    "in_range": _Operator(_COMPARABLE | {"range"}, _bounds, _in_range),
    "valid_values": _Operator(None, _choices, _valid_values),
    "min_length": _Operator(_SIZED, _count, _sized("at least", lambda size, limit: size >= limit)),
    "max_length": _Operator(_SIZED, _count, _sized("at most", lambda size, limit: size <= limit)),
    "pattern": _Operator(frozenset({"string"}), _text, _pattern),
    "schema": _Operator(frozenset({"string"}), _text, _json_schema),
}

_CONNECTIVES: Mapping[str, Callable[[Sequence[bool]], bool]] = {
    "and": all,
    "or": any,
    "not": lambda results: not any(results),
    "xor": lambda results: sum(results) == 1,
}
