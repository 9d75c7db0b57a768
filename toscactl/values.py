"""Values: literals, scalars with units, versions, and expressions that are evaluated partially.

A property is a literal, a reference, or a function of values. What is known now is a literal;
what only deployment will know stays behind as a residual expression (`Call`, `AttributeOf`,
`InputOf`), which a backend lowers into its own language or the executor finishes.
Sensitivity is a property of values: what is computed from a `Secret` is a `Secret`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, Union

from toscactl.address import Address

Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class ScalarUnit:
    """A number with a unit (TOSCA 1.3, 3.3.6); `amount` is in `unit`: B, s, Hz or bps."""

    text: str
    amount: int | float
    unit: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Version:
    """A version (TOSCA 1.3, 3.3.2): major.minor[.fix[.qualifier[-build]]]; `text` as written."""

    text: str
    major: int
    minor: int
    fix: int = 0
    qualifier: str = ""
    build: int = 0

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that is never printed and never kept in clear text. It taints what is made of it."""

    value: "Value"

    def __repr__(self) -> str:
        return "Secret(...)"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class AttributeOf:
    """An attribute of an instance: known only once the instance is deployed.

    `capability` names the capability whose attribute is meant; `path` leads into the value.
    `type` is the declared type of what the whole expression yields, e.g. `string`.
    """

    address: Address
    name: str
    path: Path = ()
    capability: str | None = None
    type: str = "string"
    sensitive: bool = False

    def __str__(self) -> str:
        steps = "".join(f".{step}" for step in ((self.capability,) if self.capability else ()))
        return f"{self.address}{steps}.{self.name}" + "".join(f".{step}" for step in self.path)


@dataclass(frozen=True, slots=True)
class InputOf:
    """An input left open on purpose, for a backend that has parameters of its own."""

    name: str
    path: Path = ()
    type: str = "string"
    sensitive: bool = False

    def __str__(self) -> str:
        return "input " + ".".join((self.name, *(str(step) for step in self.path)))


@dataclass(frozen=True, slots=True)
class Call:
    """A function of values, by its name in TOSCA 2.0 without the `$`: concat, join, token, ..."""

    function: str
    arguments: tuple["Value", ...]

    def __str__(self) -> str:
        return f"{self.function}({', '.join(str(argument) for argument in self.arguments)})"


Expression: TypeAlias = AttributeOf | InputOf | Call
Value: TypeAlias = Union[
    None,
    bool,
    int,
    float,
    str,
    ScalarUnit,
    Version,
    Secret,
    AttributeOf,
    InputOf,
    Call,
    "Sequence[Value]",
    "Mapping[str, Value]",
]

Resolve: TypeAlias = Callable[[AttributeOf | InputOf], "Value"]
"""Gives the value of a reference, or the reference itself if it is not known yet."""


class EvaluationError(ValueError):
    """A function cannot be computed from the values it was given. `str` says why."""


def children(value: Value) -> Iterator[Value]:
    """The values directly inside a value."""
    match value:
        case Secret(value=inner):
            yield inner
        case Call(arguments=arguments):
            yield from arguments
        case str():
            return
        case Mapping():
            yield from value.values()
        case Sequence():
            yield from value
        case _:
            return


def walk(value: Value) -> Iterator[Value]:
    """A value and all values inside it, outermost first."""
    pending = [value]
    while pending:
        current = pending.pop()
        yield current
        pending.extend(reversed(list(children(current))))


def is_known(value: Value) -> bool:
    """Whether a value holds no expression that is still open."""
    return not any(isinstance(part, AttributeOf | InputOf | Call) for part in walk(value))


def is_sensitive(value: Value) -> bool:
    """Whether any part of a value must not be shown."""
    return any(
        isinstance(part, Secret) or (isinstance(part, AttributeOf | InputOf) and part.sensitive)
        for part in walk(value)
    )


def waits_for(value: Value) -> frozenset[Address]:
    """The instances whose attributes a residual expression needs."""
    return frozenset(part.address for part in walk(value) if isinstance(part, AttributeOf))


def references(value: Value) -> Iterator[AttributeOf | InputOf]:
    """The references left in a value, in the order in which they stand."""
    for part in walk(value):
        if isinstance(part, AttributeOf | InputOf):
            yield part


def reveal(value: Value) -> Value:
    """The value without its secrecy marks, to hand it to what must use it."""
    match value:
        case Secret(value=inner):
            return reveal(inner)
        case Call(function=function, arguments=arguments):
            return Call(function, tuple(reveal(argument) for argument in arguments))
        case str() | None | bool() | int() | float():
            return value
        case Mapping():
            return {key: reveal(item) for key, item in value.items()}
        case Sequence():
            return tuple(reveal(item) for item in value)
        case _:
            return value


def text(value: Value) -> str:
    """How a known value reads as text: as in `concat`, environment variables and messages.

    Booleans are `true` and `false`, lists and maps compact JSON, null the empty string.
    """
    match value:
        case Secret(value=inner):
            return text(inner)
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case Mapping() | Sequence():
            import json

            return json.dumps(plain(value), ensure_ascii=False, separators=(",", ":"))
        case _:
            return str(value)


def plain(value: Value) -> object:
    """A known value as plain JSON data, secrets revealed, scalar-units and versions as text."""
    match value:
        case Secret(value=inner):
            return plain(inner)
        case ScalarUnit() | Version():
            return value.text
        case None | bool() | int() | float() | str():
            return value
        case AttributeOf() | InputOf() | Call():
            raise EvaluationError(f"{value} is not known yet")
        case Mapping():
            return {key: plain(item) for key, item in value.items()}
        case Sequence():
            return [plain(item) for item in value]


def select(value: Value, path: Path) -> Value:
    """The value at a path inside a value; secrecy is kept.

    Raises `EvaluationError` if there is nothing at that path.
    """
    for step in path:
        if isinstance(value, Secret):
            inner = select(value.value, (step,))
            value = inner if isinstance(inner, Secret) else Secret(inner)
        elif isinstance(value, Mapping):
            if str(step) not in value:
                raise EvaluationError(f"there is no key `{step}`")
            value = value[str(step)]
        elif isinstance(value, Sequence) and not isinstance(value, str):
            value = _item(value, step)
        elif isinstance(value, AttributeOf | InputOf):
            value = type(value)(
                **{**{f: getattr(value, f) for f in value.__slots__}, "path": (*value.path, step)}
            )
        else:
            raise EvaluationError(f"there is nothing below `{text(value)}`")
    return value


def _item(items: Sequence[Value], step: str | int) -> Value:
    try:
        return items[int(step)]
    except ValueError:
        raise EvaluationError(f"`{step}` is not an index of a list") from None
    except IndexError:
        raise EvaluationError(f"the list has no item {step}, it has {len(items)}") from None


def _concat(arguments: Sequence[Value]) -> Value:
    if arguments and all(_is_list(argument) for argument in arguments):
        return tuple(item for argument in arguments for item in argument)  # type: ignore[union-attr]
    return "".join(text(argument) for argument in arguments)


def _is_list(value: Value) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _join(arguments: Sequence[Value]) -> Value:
    items, *rest = arguments
    if not isinstance(items, Sequence) or isinstance(items, str):
        raise EvaluationError("`join` takes a list of strings first")
    return (text(rest[0]) if rest else "").join(text(item) for item in items)


def _token(arguments: Sequence[Value]) -> Value:
    whole, separators, index = arguments
    pieces = [text(whole)]
    for character in text(separators):
        pieces = [piece for old in pieces for piece in old.split(character)]
    return _item(pieces, text(index))


FUNCTIONS: Mapping[str, Callable[[Sequence[Value]], Value]] = {
    "concat": _concat,
    "join": _join,
    "token": _token,
}
"""The functions that need nothing but their arguments (TOSCA 1.3, 4.3)."""


def evaluate(value: Value, resolve: Resolve) -> Value:
    """A value with every reference that `resolve` knows put in, and what follows from it computed.

    What is not known stays as a residual expression. Raises `EvaluationError`.
    """
    match value:
        case AttributeOf() | InputOf():
            found = resolve(value)
            return found if found == value else evaluate(found, resolve)
        case Secret(value=inner):
            result = evaluate(inner, resolve)
            return result if isinstance(result, Secret) else Secret(result)
        case Call(function=function, arguments=arguments):
            return call(function, tuple(evaluate(argument, resolve) for argument in arguments))
        case str() | None | bool() | int() | float() | ScalarUnit() | Version():
            return value
        case Mapping():
            return {key: evaluate(item, resolve) for key, item in value.items()}
        case Sequence():
            return tuple(evaluate(item, resolve) for item in value)


def call(function: str, arguments: tuple[Value, ...]) -> Value:
    """A function applied to its arguments; a residual `Call` if an argument is not known yet."""
    if function not in FUNCTIONS or not all(is_known(argument) for argument in arguments):
        return Call(function, arguments)
    result = FUNCTIONS[function](tuple(reveal(argument) for argument in arguments))
    return Secret(result) if any(is_sensitive(argument) for argument in arguments) else result


def to_json(value: Value) -> object:
    """Any value as JSON data that `from_json` reads back; secrets are tagged, *not* protected."""
    match value:
        case Secret(value=inner):
            return {"$secret": to_json(inner)}
        case ScalarUnit():
            return {"$scalar": [value.text, value.amount, value.unit]}
        case Version():
            return {
                "$version": [
                    value.text, value.major, value.minor, value.fix, value.qualifier, value.build
                ]
            }  # fmt: skip
        case AttributeOf():
            return {
                "$attribute": [
                    str(value.address), value.name, list(value.path),
                    value.capability, value.type, value.sensitive,
                ]
            }  # fmt: skip
        case InputOf():
            return {"$input": [value.name, list(value.path), value.type, value.sensitive]}
        case Call():
            return {"$call": [value.function, *(to_json(item) for item in value.arguments)]}
        case None | bool() | int() | float() | str():
            return value
        case Mapping():
            data = {key: to_json(item) for key, item in value.items()}
            return {"$map": data} if len(data) == 1 and next(iter(data)).startswith("$") else data
        case Sequence():
            return [to_json(item) for item in value]


def from_json(data: object) -> Value:
    """The value that `to_json` wrote. Raises `ValueError` for anything else."""
    match data:
        case None | bool() | int() | float() | str():
            return data
        case list():
            return tuple(from_json(item) for item in data)
        case {"$secret": inner}:
            return Secret(from_json(inner))
        case {"$scalar": [str(written), int() | float() as amount, str(unit)]}:
            return ScalarUnit(written, amount, unit)
        case {"$version": [str(w), int(a), int(b), int(c), str(q), int(n)]}:
            return Version(w, a, b, c, q, n)
        case {"$attribute": [str(at), str(name), list(path), capability, str(kind), bool(hidden)]}:
            return AttributeOf(Address.parse(at), name, tuple(path), capability, kind, hidden)
        case {"$input": [str(name), list(path), str(kind), bool(hidden)]}:
            return InputOf(name, tuple(path), kind, hidden)
        case {"$call": [str(function), *arguments]}:
            return Call(function, tuple(from_json(item) for item in arguments))
        case {"$map": dict(inner)}:
            return {str(key): from_json(item) for key, item in inner.items()}
        case dict():
            return {str(key): from_json(item) for key, item in data.items()}
        case _:
            raise ValueError(f"not a value: {data!r}")
