"""Patterns of constraints: matched on the whole text, and never for longer than it is worth."""

import re
from collections.abc import Callable

from toscactl.typesystem.regular import Irregular, compile_regular

_LONGEST_PATTERN = 4096
_NAMED_GROUP = re.compile(r"\(\?<(?![=!])")
_OPEN_REPEAT = re.compile(r"[*+?]|\{[0-9]*,?[0-9]*\}")


class BadPattern(ValueError):
    """A pattern cannot be used. `str` says why."""


def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """The whole-text match of a pattern in the notation of ECMA-262, as far as Python shares it.

    Raises `BadPattern`.
    """
    if len(pattern) > _LONGEST_PATTERN:
        raise BadPattern(f"it has more than {_LONGEST_PATTERN} characters")
    pattern = _NAMED_GROUP.sub("(?P<", pattern)
    try:
        expression = re.compile(pattern, re.ASCII)
    except (re.error, OverflowError, RecursionError) as problem:
        raise BadPattern(str(problem)) from problem
    repeats = len(_OPEN_REPEAT.findall(pattern))
    if repeats > 1 or (repeats and "|" in pattern):
        # Repetitions and choices can share a text in many ways, and Python's engine tries them all.
        try:
            return compile_regular(pattern)
        except (Irregular, RecursionError) as problem:
            if _is_nested(pattern):
                raise BadPattern(
                    "it repeats what it repeats and looks around or back; matching it may never end"
                ) from problem
    return lambda text: expression.fullmatch(text) is not None


def _is_nested(pattern: str) -> bool:
    """Whether a group that holds a repetition is itself repeated without bound."""
    bare = re.sub(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", "x", pattern, flags=re.DOTALL)
    while (innermost := re.search(r"\(([^()]*)\)", bare)) is not None:
        holds = bool(re.search(r"[*+]|\{[0-9]+,[0-9]*\}|\|", innermost[1]))
        repeated = bool(re.match(r"[*+]|\{[0-9]+,[0-9]*\}", bare[innermost.end() :]))
        if holds and repeated:
            return True
        # What was open inside stays so for the groups around it.
        bare = bare[: innermost.start()] + ("x+" if holds else "x") + bare[innermost.end() :]
    return False
