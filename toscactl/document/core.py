"""The core schema of YAML 1.2.2 (10.3): what a scalar's text means where no type is declared."""

import re

from toscactl.document.model import Scalar

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_SPECIAL = {".nan": "nan", ".inf": "inf", "+.inf": "inf", "-.inf": "-inf"}
_NUMBER = re.compile(
    r"(?P<integer>[-+]?[0-9]+)|0o(?P<octal>[0-7]+)|0x(?P<hexadecimal>[0-9a-fA-F]+)"
    r"|(?P<float>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)"
)
_MOST_DIGITS = 4000
"""Python refuses to read longer integers (4300 digits), and nobody means one."""
_TAG = "tag:yaml.org,2002:"


def core_value(scalar: Scalar) -> None | bool | int | float | str:
    """The value of a scalar by the core schema; quoted ones and block scalars are strings.

    `yes`, `on`, dates and `1:30` are strings, `0777` is 777, `0o17` is 15, `1.10` is the float 1.1:
    who needs the text of a number has `scalar.text`. An explicit core tag decides before the form;
    where the text does not have the form that the tag asks for, it stays a string.
    """
    if scalar.plain:
        return plain_value(scalar.text)
    if not scalar.tag or scalar.tag in {"!", _TAG + "str"}:
        return scalar.text
    value = plain_value(scalar.text)
    match scalar.tag.removeprefix(_TAG), value:
        case ("int", int()) | ("null", None) | ("bool", bool()) | ("float", float()):
            return value
        case "float", int():
            return float(value)
        case _:
            return scalar.text


def plain_value(text: str) -> None | bool | int | float | str:
    """The value of a plain scalar's text by the core schema."""
    first = text[:1]
    if first.isalpha() or not first or first == "~":
        if text in _NULL:
            return None
        return _BOOLEANS.get(text, text)
    match = _NUMBER.fullmatch(text)
    if match is None:
        special = _SPECIAL.get(text.lower()) if first in ".+-" else None
        return float(special) if special else text
    if len(text) > _MOST_DIGITS:
        return text
    if match["integer"] is not None:
        return int(text)
    if match["octal"] is not None:
        return int(match["octal"], 8)
    if match["hexadecimal"] is not None:
        return int(match["hexadecimal"], 16)
    return float(text)


def is_null(scalar: Scalar) -> bool:
    """Whether a scalar is null: nothing at all, `~` or `null`, without quotes."""
    return scalar.plain and scalar.text in _NULL
