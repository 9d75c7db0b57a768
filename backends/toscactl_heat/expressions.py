"""Values of TOSCA in HOT: known ones as they are, the others as functions of the template."""

from collections.abc import Mapping, Sequence

from toscactl.backend import (
    AttributeOf,
    Call,
    InputOf,
    Place,
    Rule,
    ScalarUnit,
    Secret,
    Value,
    Version,
    is_known,
    reveal,
    text,
)
from toscactl_heat.attributes import attribute
from toscactl_heat.draft import Draft
from toscactl_heat.hot import (
    FUNCTIONS,
    Function,
    GetAttr,
    GetParam,
    Hot,
    has_conditions,
    has_list_concat,
    join,
)
from toscactl_heat.parameters import gib

UNSUPPORTED_FUNCTION = Rule(
    "heat-unsupported-function", "A value needs a function that HOT does not have."
)
_NUMBERS = ("integer", "float", "number")
RESERVED_KEY = Rule(
    "heat-reserved-key", "A map would be read as a function by Heat, because of its only key."
)


def lower(draft: Draft, value: Value, place: Place | None) -> Hot:
    """A value in HOT. What HOT cannot say is reported at the place."""
    match value:
        case InputOf():
            return _input(draft, value)
        case AttributeOf():
            return attribute(draft, value, place)
        case Secret(value=inner):
            return Secret(text(inner)) if is_known(inner) else lower(draft, inner, place)
        case Call():
            return _call(draft, value, place)
        case ScalarUnit() | Version():
            return value.text
        case str() | None | bool() | int() | float():
            return value
        case Mapping():
            if len(value) == 1 and next(iter(value)) in FUNCTIONS:
                name = next(iter(value))
                draft.report(
                    RESERVED_KEY, place, f"Heat would take the map `{{{name}: …}}` for a function"
                )
            return {key: lower(draft, item, place) for key, item in value.items()}
        case Sequence():
            return tuple(lower(draft, item, place) for item in value)


def lower_text(draft: Draft, value: Value, place: Place | None) -> Hot:
    """A value as operations read it: text as it is, all else known as JSON.

    Numbers and booleans are made text: Heat's agent cannot put others into an environment.
    """
    if isinstance(value, Secret) and not is_known(value):
        return lower_text(draft, value.value, place)
    if isinstance(value, InputOf) and value.type in _NUMBERS and value.name not in draft.in_gib:
        word = f"%{_word(value.name)}%"
        return Function(
            "str_replace", {"template": word, "params": {word: lower(draft, value, place)}}
        )
    if isinstance(value, InputOf) and value.type == "boolean":
        return _truth(draft, value, place)
    if not is_known(value):
        return lower(draft, value, place)
    if isinstance(value, Secret):
        return Secret(text(value))
    return text(value)


def lower_gib(draft: Draft, value: Value, place: Place | None) -> Hot:
    """A size in whole GiB; None if it cannot be known in the template."""
    known = gib(reveal(value))
    if known is not None:
        return known
    if isinstance(value, InputOf) and value.name in draft.in_gib:
        return GetParam(value.name)
    settled = gib(reveal(draft.given(value)))
    if settled is None:
        draft.report(
            UNSUPPORTED_FUNCTION, place, "HOT cannot compute a size in GiB from this value"
        )
    return settled


def _truth(draft: Draft, value: InputOf, place: Place | None) -> Hot:
    """`true` or `false`, where Heat itself would write `True` or `False`."""
    if not has_conditions(draft.facts.version):
        draft.report(
            UNSUPPORTED_FUNCTION,
            place,
            f"a boolean as text needs `if`, which HOT {draft.facts.version} lacks",
            hint="set fact `heat_template_version` of the target to 2016-10-14 or later",
        )
    return Function("if", (lower(draft, value, place), "true", "false"))


def _input(draft: Draft, value: InputOf) -> Hot:
    parameter = GetParam(value.name, value.path)
    if value.name in draft.in_gib:
        return Function("str_replace", {"template": "size GiB", "params": {"size": parameter}})
    return parameter


def _call(draft: Draft, call: Call, place: Place | None) -> Hot:
    match call.function, call.arguments:
        case "concat", arguments if arguments and all(_is_list(item) for item in arguments):
            return _concat_lists(draft, arguments, place)
        case "concat", arguments:
            return _concat(draft, arguments, place)
        case "join", (items, *rest):
            return _join(draft, items, rest[0] if rest else "", place)
        case "token", (whole, separators, index):
            return _token(draft, whole, text(separators), index, place)
        case _:
            draft.report(UNSUPPORTED_FUNCTION, place, f"HOT has no function for `{call.function}`")
            return None


def _is_list(value: Value) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _concat_lists(draft: Draft, lists: Sequence[Value], place: Place | None) -> Hot:
    if not has_list_concat(draft.facts.version):
        draft.report(
            UNSUPPORTED_FUNCTION,
            place,
            f"`concat` of lists needs `list_concat`, which HOT {draft.facts.version} lacks",
            hint="set fact `heat_template_version` of the target to 2017-09-01 or later",
        )
    return Function("list_concat", tuple(lower(draft, item, place) for item in lists))


def _concat(draft: Draft, pieces: Sequence[Value], place: Place | None) -> Hot:
    """`str_replace` over a text with the pieces that are known; it takes numbers too."""
    literal = "".join(text(piece) for piece in pieces if _is_plain(piece))
    template, values = "", dict[str, Hot]()
    for piece in pieces:
        if _is_plain(piece):
            template += text(piece)
            continue
        boolean = isinstance(piece, InputOf) and piece.type == "boolean"
        lowered = lower_text(draft, piece, place) if boolean else lower(draft, piece, place)
        name = _placeholder(piece, literal, values)
        values[name] = lowered
        template += name
    return Function("str_replace", {"template": template, "params": values})


def _is_plain(value: Value) -> bool:
    return is_known(value) and not isinstance(value, Secret)


def _placeholder(value: Value, literal: str, taken: Mapping[str, Hot]) -> str:
    """A word for a piece that is in no text around it and in no other word."""
    match value:
        case AttributeOf(name=name) | InputOf(name=name) | Call(function=name):
            word = _word(name)
        case _:
            word = "value"
    number, found = 1, f"%{word}%"
    while found in literal or found in taken:
        number += 1
        found = f"%{word}{number}%"
    return found


def _word(name: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in name)


def _join(draft: Draft, items: Value, delimiter: Value, place: Place | None) -> Hot:
    between = lower_text(draft, delimiter, place)
    if not isinstance(items, Sequence) or isinstance(items, str):
        return Function("list_join", (between, lower(draft, items, place)))
    return Function("list_join", (between, tuple(_item(draft, item, place) for item in items)))


def _item(draft: Draft, item: Value, place: Place | None) -> Hot:
    """One item of `list_join`, which takes texts only: numbers are made text first."""
    lowered = lower_text(draft, item, place)
    if isinstance(lowered, GetParam | GetAttr) and isinstance(item, InputOf | AttributeOf):
        if item.type in ("string", "list", "map"):
            return lowered
        return Function("str_replace", {"template": "%item%", "params": {"%item%": lowered}})
    return lowered


def _token(draft: Draft, whole: Value, separators: str, index: Value, place: Place | None) -> Hot:
    """`str_split`; TOSCA splits at each of several characters, so they are made one first."""
    source = lower(draft, whole, place)
    if not separators:
        draft.report(UNSUPPORTED_FUNCTION, place, "`token` without a separator cannot be computed")
        return None
    first, others = separators[0], separators[1:]
    at = lower(draft, index, place)
    if isinstance(at, str) and at.isdigit():
        at = int(at)
    if others:
        # While Heat validates, attributes are nothing yet: there must be a text to replace in, and
        # enough pieces to take one.
        padded = join(source, first * (at + 1 if isinstance(at, int) else 1))
        source = Function(
            "str_replace", {"template": padded, "params": dict.fromkeys(others, first)}
        )
    return Function("str_split", (first, source, at))
