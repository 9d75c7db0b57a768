"""The small languages inside strings: scalars with units, and versions.

A regular expression decides the forms that nearly every file has; every other text goes to the
grammar, and lark is imported when the first such text is met.
"""

import functools
import re
from typing import TYPE_CHECKING

from toscactl.values import ScalarUnit, Version

if TYPE_CHECKING:
    import lark

_DECIMAL = (("", 1), ("k", 10**3), ("M", 10**6), ("G", 10**9), ("T", 10**12))
_BINARY = (("", 1), ("Ki", 2**10), ("Mi", 2**20), ("Gi", 2**30), ("Ti", 2**40))

# The units of the four scalar-unit types as the standard spells them, each with its size in the
# canonical unit of its type (1.3, 3.3.6).
SIZES: dict[str, float] = {prefix + "B": size for prefix, size in (*_DECIMAL, *_BINARY)}
TIMES: dict[str, float] = {
    "d": 86400, "h": 3600, "m": 60, "s": 1, "ms": 1e-3, "us": 1e-6, "ns": 1e-9,
}  # fmt: skip
FREQUENCIES: dict[str, float] = {prefix + "Hz": size for prefix, size in _DECIMAL[:4]}
BITRATES: dict[str, float] = {
    prefix[:1].upper() + prefix[1:] + unit: size * bits
    for unit, bits in (("bps", 1), ("Bps", 8))
    for prefix, size in (*_DECIMAL, *_BINARY)
}

_UNITS: dict[str, tuple[float, str]] = {
    unit: (size, canonical)
    for units, canonical in ((SIZES, "B"), (TIMES, "s"), (FREQUENCIES, "Hz"), (BITRATES, "bps"))
    for unit, size in units.items()
}
# `Kbps` and `KBps` differ in case only: where the case says nothing, bits are meant.
_ANY_CASE: dict[str, str] = {unit.lower(): unit for unit in _UNITS if not unit.endswith("Bps")}

_COMMON_SCALAR = re.compile(r"([+-]?\d{1,40}(?:\.\d{1,40})?)[ \t]*([A-Za-z]+)", re.ASCII)
_COMMON_VERSION = re.compile(r"(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?", re.ASCII)

# Numbers have a limit of length, so that no text can make one of a million digits.
_GRAMMAR = r"""
scalar: NUMBER _SPACE? UNIT
version: INTEGER "." INTEGER ["." INTEGER ["." QUALIFIER ["-" INTEGER]]]

NUMBER: /[+-]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][+-]?[0-9]{1,2})?/
UNIT: /[A-Za-z]+/
INTEGER.2: /[0-9]{1,40}/
QUALIFIER: /[A-Za-z0-9_]+/
_SPACE: /[ \t\r\n]+/
"""


def parse_scalar_unit(text: str) -> ScalarUnit | None:
    """Read `10 GB`, `2.5 GHz`, `60 s`, `100 Mbps`: a number and a unit (1.3, 3.3.6), or None.

    White space between them is optional, and units are read in any case: ask
    `spelled_as_standard` for the letter of the standard. The result's `unit` is the canonical one
    (`B`, `s`, `Hz` or `bps`) and so tells which of the four types it is of.
    """
    parts = _number_and_unit(text)
    if parts is None:
        return None
    number, unit = parts
    known = _UNITS.get(unit) or _UNITS.get(_ANY_CASE.get(unit.lower(), ""))
    if known is None:
        return None
    size, canonical = known
    from fractions import Fraction

    # Exact where it can be: 1.5 GB is a whole number of bytes.
    amount = Fraction(number) * Fraction(str(size))
    whole = amount.denominator == 1
    return ScalarUnit(text, int(amount) if whole else float(amount), canonical)


def spelled_as_standard(text: str) -> bool:
    """Whether the unit of a scalar-unit has the case that the standard gives it: `GB`, not `gb`."""
    parts = _number_and_unit(text)
    return parts is not None and parts[1] in _UNITS


def parse_version(text: str) -> Version | None:
    """Read `major.minor[.fix[.qualifier[-build]]]` (1.3, 3.3.2), or None."""
    match = _COMMON_VERSION.fullmatch(text)
    parts: tuple[str | None, ...] | None = match.groups() if match else _by_grammar("version", text)
    if parts is None:
        return None
    major, minor, fix, qualifier, build = (*parts, None, None)[:5]
    return Version(
        text, int(major or 0), int(minor or 0), int(fix or 0), qualifier or "", int(build or 0)
    )


def _number_and_unit(text: str) -> tuple[str, str] | None:
    text = text.strip()
    match = _COMMON_SCALAR.fullmatch(text)
    if match is not None:
        return match[1], match[2]
    parts = _by_grammar("scalar", text)
    return None if parts is None else (str(parts[0]), str(parts[1]))


def _by_grammar(start: str, text: str) -> tuple[str | None, ...] | None:
    """The tokens of a text by the grammar; None where it has none, or is none of that language."""
    if text[:1] not in _FIRST or not text[:1]:
        return None
    from lark.exceptions import UnexpectedInput

    try:
        tree = _grammar().parse(text, start=start)
    except UnexpectedInput:
        return None
    children: list[object] = [*tree.children]
    return tuple(None if child is None else str(child) for child in children)


_FIRST = "+-.0123456789"


@functools.cache
def _grammar() -> "lark.Lark":
    import lark

    return lark.Lark(_GRAMMAR, parser="lalr", start=["scalar", "version"])
