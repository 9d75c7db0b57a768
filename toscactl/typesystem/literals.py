"""The text of a scalar as a value of a built-in type (TOSCA 1.3, 3.3).

Each reader gives the value, or raises `Unreadable` with what is expected; a `Reading` whose
`remark` is not empty deviates from the letter, but has one clear meaning.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import NamedTuple

from toscactl.definitions import parse_scalar_unit, parse_version
from toscactl.typesystem.model import DataType
from toscactl.values import ScalarUnit, Value, Version


class Unreadable(ValueError):
    """A text is no value of the type. `str` goes on after "is `abc`, which"."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class Reading(NamedTuple):
    value: Value
    remark: str = ""
    """What was taken for granted, if anything."""


_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL_FLOATS: Mapping[str, float] = {
    sign + spelling: float((sign if sign == "-" else "") + number)
    for sign in ("", "+", "-")
    for spelling, number in ((".inf", "inf"), (".Inf", "inf"), (".INF", "inf"))
} | {".nan": float("nan"), ".NaN": float("nan"), ".NAN": float("nan")}
_BOOLEANS = {
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_SPELLINGS = {"yes": True, "on": True, "y": True, "no": False, "off": False, "n": False}
_HYPHEN = re.compile(r"^([0-9]+\.[0-9]+\.[0-9]+)-")
_SCALAR = re.compile(r"([-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)\s*([A-Za-z]*)")
_TIMESTAMP = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:(?:[Tt]|[ \t]+)([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]*))?"
    r"(?:[ \t]*(Z|z|[-+][0-9]{1,2}(?::?[0-9]{2})?))?)?"
)
_LEAP_SECOND = 60
_LONGEST_INTEGER = 1000
"""Digits. Python reads numbers of up to 4300 of them; nobody means to write that many."""


def integer(text: str, _: DataType) -> Reading:
    """`[-+]?digits`, `0o` and octal digits, `0x` and hexadecimal digits (YAML 1.2, 10.3.2)."""
    if not _INTEGER.fullmatch(text):
        raise Unreadable("is no integer", _whole(text))
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    if len(text) > _LONGEST_INTEGER:
        raise Unreadable("has too many digits")
    return Reading(int(text, base))


def _whole(text: str) -> str | None:
    """What to write for `1.0` where an integer is expected."""
    if len(text) > _LONGEST_INTEGER or not _FLOAT.fullmatch(text):
        return None
    number = Decimal(text)
    fits = abs(number) < 2**63 and number == number.to_integral_value()
    return f"write `{number:.0f}`" if fits else None


def float_(text: str, type_: DataType) -> Reading:
    """A decimal number with or without fraction and exponent, `.inf` or `.nan`."""
    if text in _SPECIAL_FLOATS:
        return Reading(_SPECIAL_FLOATS[text])
    if not _FLOAT.fullmatch(text):
        raise Unreadable("is no number")
    # A whole number stays one, so that it reads the same when it is written again.
    return integer(text, type_) if _INTEGER.fullmatch(text) else Reading(float(text))


def boolean(text: str, _: DataType) -> Reading:
    """`true` or `false`. `yes` and its like are strings in YAML 1.2, but not meant as such here."""
    if text in _BOOLEANS:
        return Reading(_BOOLEANS[text])
    meant = _SPELLINGS.get(text.lower())
    if meant is None:
        raise Unreadable("is no boolean", "write `true` or `false`")
    return Reading(meant, f"is a string in YAML 1.2, taken for `{str(meant).lower()}`")


def version(text: str, _: DataType) -> Reading:
    """`major.minor[.fix[.qualifier[-build]]]` (1.3, 3.3.2)."""
    value = parse_version(text)
    if value is not None:
        return Reading(value)
    if text.isdecimal() and text.isascii() and len(text) < _LONGEST_INTEGER:
        remark = "" if text == "0" else f"lacks a minor version, taken for `{text}.0`"
        return Reading(Version(text, int(text), 0), remark)
    pointed = _HYPHEN.sub(r"\1.", text)
    value = parse_version(pointed) if pointed != text else None
    if value is None:
        raise Unreadable("is no version", "a version reads `major.minor[.fix[.qualifier[-build]]]`")
    return Reading(replace(value, text=text), "has a qualifier that does not follow a point")


def scalar_unit(text: str, type_: DataType) -> Reading:
    """`number unit`, with or without space between them (1.3, 3.3.6)."""
    value = parse_scalar_unit(text)
    if value is not None and value.unit == type_.canonical_unit:
        return Reading(value)
    units = ", ".join(type_.units)
    match = _SCALAR.fullmatch(text)
    if match is None:
        raise Unreadable(f"is no `{type_.name}`", f"write a number and a unit of {units}")
    number, unit = match.groups()
    if unit and value is None and unit in type_.units:
        raise Unreadable(f"is no `{type_.name}`", "its number is too large or too long")
    if unit:
        raise Unreadable(f"has the unknown unit `{unit}`", f"the units are {units}")
    if float(number) == 0:
        zero = ScalarUnit(f"{number} {type_.canonical_unit}", 0, type_.canonical_unit)
        return Reading(zero, "lacks a unit; zero needs none")
    raise Unreadable("has no unit", f"write `{number} UNIT` with a unit of {units}")


def timestamp(text: str, _: DataType) -> Reading:
    """A date, with or without time and zone, as YAML's timestamp type has it (ISO 8601)."""
    moment(text)
    return Reading(text)


def moment(text: str) -> datetime:
    """The instant of a timestamp, in UTC where it names no zone. Raises `Unreadable`."""
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        raise Unreadable("is no timestamp", "write for example `2024-05-31T12:00:00Z`")
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    leap = second is not None and int(second) == _LEAP_SECOND
    try:
        return datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0),
            59 if leap else int(second or 0), int((fraction or "0")[:6].ljust(6, "0")), _zone(zone),
        ).astimezone(UTC) + timedelta(seconds=1 if leap else 0)  # fmt: skip
    except (ValueError, OverflowError):
        raise Unreadable("is no date that exists") from None


def _zone(text: str | None) -> timezone:
    if not text or text in "Zz":
        return UTC
    digits = text[1:].replace(":", "")
    hours, minutes = (int(digits), 0) if len(digits) <= 2 else (int(digits[:-2]), int(digits[-2:]))  # noqa: PLR2004
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)


READERS: Mapping[str, Callable[[str, DataType], Reading]] = {
    "integer": integer,
    "float": float_,
    "boolean": boolean,
    "version": version,
    "timestamp": timestamp,
    "scalar-unit.size": scalar_unit,
    "scalar-unit.time": scalar_unit,
    "scalar-unit.frequency": scalar_unit,
    "scalar-unit.bitrate": scalar_unit,
}
"""How the text of a scalar is read, by the primitive type that is expected."""
