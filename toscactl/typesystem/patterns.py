"""Regular expressions of constraints: matched on the whole text, guarded against explosion."""

import re
from collections.abc import Callable

_LONGEST_PATTERN = 4096
_LONGEST_RISKY_TEXT = 24


class BadPattern(ValueError):
    """A pattern cannot be used. `str` says why."""


def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """The whole-text match of a pattern in the notation of ECMA-262, as far as Python shares it.

    Raises `BadPattern`.
    """
    if len(pattern) > _LONGEST_PATTERN:
        raise BadPattern(f"it has more than {_LONGEST_PATTERN} characters")
    try:
        expression = re.compile(re.sub(r"\(\?<(?![=!])", "(?P<", pattern), re.ASCII)
    except (re.error, OverflowError, RecursionError) as problem:
        raise BadPattern(str(problem)) from problem
    return lambda text: expression.fullmatch(text) is not None
