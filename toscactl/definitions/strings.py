"""The small languages inside strings: scalars with units, and versions.

A regular expression decides the forms that nearly every file has; what it does not know goes to a
lark grammar, imported when the first such text is met.
"""

import functools
import re
from typing import TYPE_CHECKING

from toscactl.values import ScalarUnit, Version

if TYPE_CHECKING:
    import lark

_BYTE, _SECOND, _HERTZ, _BIT = "B", "s", "Hz", "bps"

_DECIMAL = (("", 1), ("k", 10**3), ("M", 10**6), ("G", 10**9), ("T", 10**12))
_BINARY = (("", 1), ("Ki", 2**10), ("Mi", 2**20), ("Gi", 2**30), ("Ti", 2**40))

SIZES: dict[str, int | float] = {
    **{prefix + "B": factor for prefix, factor in _DECIMAL},
    **{prefix + "B": factor for prefix, factor in _BINARY},
}
TIMES: dict[str, int | float] = {
    "d": 86400, "h": 3600, "m": 60, "s": 1, "ms": 1e-3, "us": 1e-6, "ns": 1e-9,
}  # fmt: skip
FREQUENCIES: dict[str, int | float] = {
    prefix + "Hz": factor for prefix, factor in _DECIMAL if prefix != "T"
}
BITRATES: dict[str, int | float] = {
    **{prefix.capitalize() + "bps": factor for prefix, factor in _DECIMAL},
    **{prefix + "bps": factor for prefix, factor in _BINARY},
    **{prefix.capitalize() + "Bps": 8 * factor for prefix, factor in _DECIMAL},
    **{prefix + "Bps": 8 * factor for prefix, factor in _BINARY},
}
"""Units of the four scalar-unit types as the standard spells them, in the canonical unit (1.3, 3.3.6)."""

_UNITS: dict[str, tuple[int | float, str]] = {
    **{unit: (factor, _BYTE) for unit, factor in SIZES.items()},
    **{unit: (factor, _SECOND) for unit, factor in TIMES.items()},
    **{unit: (factor, _HERTZ) for unit, factor in FREQUENCIES.items()},
    **{unit: (factor, _BIT) for unit, factor in BITRATES.items()},
}
# `Kbps` and `KBps` differ in case only, so bits win where the case says nothing.
_ANY_CASE: dict[str, str] = {unit.lower(): unit for unit in reversed(_UNITS) if "Bps" not in unit}

_SCALAR = re.compile(r"([+-]?\d+(?:\.\d+)?)[ \t]*([A-Za-z]+)", re.ASCII)
_VERSION = re.compile(
    r"(\d+)\.(\d+)(?:\.(\d+)(?:\.([A-Za-z][A-Za-z0-9_]*|\d+[A-Za-z_][A-Za-z0-9_]*)(?:-(\d+))?)?)?",
    re.ASCII,
)

_GRAMMAR = r"""
scalar: NUMBER UNIT
version: INTEGER "." INTEGER ["." INTEGER ["." QUALIFIER ["-" INTEGER]]]

NUMBER: /[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?/
UNIT: /[A-Za-z]+/
INTEGER: /\d+/
QUALIFIER: /[A-Za-z0-9_]+/
%ignore /[ \t\r\n]+/
"""


def parse_scalar_unit(text: str) -> ScalarUnit | None:
    """`10 GB`, `2.5 GHz`, `60 s`, `100 Mbps`: a number and a unit (1.3, 3.3.6), or None.

    White space between them is optional and units are read in any case: `ScalarUnit.unit` is the
    canonical unit (`B`, `s`, `Hz` or `bps`), and tells which of the four types it is of;
    `spelled_as_standard` tells whether the unit was spelled as the standard spells it.
    """
    match = _SCALAR.fullmatch(text.strip())
    number, unit = match.groups() if match else _scalar_by_grammar(text)
    if not number:
        return None
    known = _UNITS.get(unit) or _UNITS.get(_ANY_CASE.get(unit.lower(), ""))
    if known is None:
        return None
    factor, canonical = known
    return ScalarUnit(text, _product(number, factor), canonical)


def spelled_as_standard(text: str) -> bool:
    """Whether a scalar-unit's unit has the case that the standard gives it: `GB`, not `gb`."""
    return text.strip().lstrip("+-.0123456789eE \t") in _UNITS or text.strip()[-1:] == ""


def parse_version(text: str) -> Version | None:
    """`major.minor[.fix[.qualifier[-build]]]` (1.3, 3.3.2), or None."""
    match = _VERSION.fullmatch(text)
    if match is None:
        return None
    major, minor, fix, qualifier, build = match.groups()
    return Version(text, int(major), int(minor), int(fix or 0), qualifier or "", int(build or 0))


def _product(number: str, factor: int | float) -> int | float:
    """Exact where it can be: `1.5 GB` is a whole number of bytes."""
    from fractions import Fraction  # noqa: PLC0415  (only for files that have scalar-units)

    exact = Fraction(number) * Fraction(str(factor))
    return int(exact) if exact.denominator == 1 else float(exact)


def _scalar_by_grammar(text: str) -> tuple[str, str]:
    """The number and the unit of the rarer forms, such as `1e3 kB` and `.5 GB`."""
    from lark.exceptions import UnexpectedInput  # noqa: PLC0415

    try:
        tree = _grammar().parse(text, start="scalar")
    except UnexpectedInput:
        return "", ""
    number, unit = tree.children
    return str(number), str(unit)


@functools.cache
def _grammar() -> "lark.Lark":
    import lark  # noqa: PLC0415  (45 ms, and few files need it)

    return lark.Lark(_GRAMMAR, parser="lalr", start=["scalar", "version"])
