"""Regular expressions run as automata: time grows with text times pattern, never beyond.

Python's own engine backtracks, and takes years for `(a+)+b` and forty letters. What it is asked
to match comes from files of strangers, so patterns with several open repetitions run here.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

_MOST_STEPS = 20_000

_ATOM = re.compile(
    r"""(?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])
    |(?P<group>\((?:\?:|\?P<\w+>)?(?!\?))
    |(?P<escape>\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[dDsSwW]|[^0-9A-Za-z]|[afnrtv]))
    |(?P<anchor>[\^$])
    |(?P<plain>[^\\()|*+?\[])""",
    re.VERBOSE | re.DOTALL,
)
_REPEAT = re.compile(r"(?:(?P<sign>[*+?])|\{(?P<low>[0-9]*)(?P<comma>,?)(?P<high>[0-9]*)\})\??")
_SIGNS = {"*": (0, None), "+": (1, None), "?": (0, 1)}


class Irregular(ValueError):
    """A pattern is no regular expression in the strict sense, or makes too large an automaton."""


@dataclass(frozen=True, slots=True)
class _One:
    """One character that passes a test."""

    passes: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class _Anchor:
    sign: str


@dataclass(frozen=True, slots=True)
class _Row:
    parts: "tuple[_Part, ...]"


@dataclass(frozen=True, slots=True)
class _Choice:
    parts: "tuple[_Part, ...]"


@dataclass(frozen=True, slots=True)
class _Repeat:
    part: "_Part"
    low: int
    high: int | None


_Part: TypeAlias = _One | _Anchor | _Row | _Choice | _Repeat
_Step: TypeAlias = _One | _Anchor | tuple[int, ...] | None
"""A character, an anchor, places to go on at, or None: matched."""


def compile_regular(pattern: str) -> Callable[[str], bool]:
    """The whole-text match of a pattern that Python's `re` has accepted. Raises `Irregular`."""
    reader = _Reader(pattern)
    tree = reader.choice()
    if reader.at != len(pattern):
        raise Irregular
    program = _Program()
    program.add(tree)
    program.steps.append(None)
    return program.matches


class _Reader:
    """Reads `choice = row ("|" row)*`, `row = (atom repeat?)*`."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    def choice(self) -> _Part:
        rows = [self._row()]
        while self.pattern.startswith("|", self.at):
            self.at += 1
            rows.append(self._row())
        return rows[0] if len(rows) == 1 else _Choice(tuple(rows))

    def _row(self) -> _Part:
        parts: list[_Part] = []
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            parts.append(self._repeated(self._atom()))
        return _Row(tuple(parts))

    def _atom(self) -> _Part:
        match = _ATOM.match(self.pattern, self.at)
        if match is None:
            raise Irregular
        self.at = match.end()
        if match["group"]:
            inner = self.choice()
            self.at += 1
            return inner
        if match["anchor"]:
            return _Anchor(match["anchor"])
        return _One(_test(match[0]))

    def _repeated(self, part: _Part) -> _Part:
        match = _REPEAT.match(self.pattern, self.at)
        if match is None:
            return part
        if match["sign"]:
            low, high = _SIGNS[match["sign"]]
        elif match["low"] or match["high"]:
            low = int(match["low"] or 0)
            high = low if not match["comma"] else int(match["high"]) if match["high"] else None
        else:
            # `{}` and `{,}` are read as they stand by some, and as a repetition by others.
            raise Irregular
        self.at = match.end()
        return _Repeat(part, low, high)


def _test(token: str) -> Callable[[str], bool]:
    """Whether a character is in a set; each character is looked at once."""
    expression = re.compile(token, re.ASCII)
    known: dict[str, bool] = {}

    def passes(character: str) -> bool:
        answer = known.get(character)
        if answer is None:
            answer = known[character] = expression.fullmatch(character) is not None
        return answer

    return passes


@dataclass(slots=True)
class _Program:
    """The steps of an automaton, after Thompson: all threads walk through the text together."""

    steps: list[_Step] = field(default_factory=list)

    def add(self, part: _Part) -> None:
        """Append the steps that match a part and go on behind it."""
        if len(self.steps) > _MOST_STEPS:
            raise Irregular
        match part:
            case _One() | _Anchor():
                self.steps.append(part)
            case _Row(parts=parts):
                for each in parts:
                    self.add(each)
            case _Choice(parts=parts):
                self._add_choice(parts)
            case _Repeat():
                self._add_repeat(part)

    def _add_choice(self, parts: tuple[_Part, ...]) -> None:
        fork = self._hole()
        starts: list[int] = []
        exits: list[int] = []
        for part in parts:
            starts.append(len(self.steps))
            self.add(part)
            exits.append(self._hole())
        self.steps[fork] = tuple(starts)
        for hole in exits:
            self.steps[hole] = (len(self.steps),)

    def _add_repeat(self, repeat: _Repeat) -> None:
        for _ in range(repeat.low):
            self.add(repeat.part)
        if repeat.high is None:
            fork = self._hole()
            self.add(repeat.part)
            self.steps.append((fork,))
            self.steps[fork] = (fork + 1, len(self.steps))
            return
        forks = []
        for _ in range(repeat.high - repeat.low):
            forks.append(self._hole())
            self.add(repeat.part)
        for fork in forks:
            self.steps[fork] = (fork + 1, len(self.steps))

    def _hole(self) -> int:
        self.steps.append(())
        return len(self.steps) - 1

    def matches(self, text: str) -> bool:
        """Whether the whole of a text matches."""
        threads = self._reached([0], 0, text)
        for at, character in enumerate(text, 1):
            ahead = [
                place + 1
                for place in threads
                if isinstance(step := self.steps[place], _One) and step.passes(character)
            ]
            if not ahead:
                return False
            threads = self._reached(ahead, at, text)
        return any(self.steps[place] is None for place in threads)

    def _reached(self, places: list[int], at: int, text: str) -> set[int]:
        """The places that threads get to without reading a character."""
        seen: set[int] = set()
        pending = places
        while pending:
            place = pending.pop()
            if place in seen:
                continue
            seen.add(place)
            pending.extend(self._onward(place, at, text))
        return seen

    def _onward(self, place: int, at: int, text: str) -> Iterator[int]:
        step = self.steps[place]
        if isinstance(step, tuple):
            yield from step
        elif isinstance(step, _Anchor):
            last = at == len(text) or (at == len(text) - 1 and text[at] == "\n")
            if (step.sign == "^" and at == 0) or (step.sign == "$" and last):
                yield place + 1
