"""Where a piece of text stands: sources, offsets, spans, places."""

from bisect import bisect_right
from dataclasses import dataclass, field


class Source:
    """One text that was read, with the name under which messages speak of it.

    `name` is what a reader would type to open it (a path, `archive.csar!/path`, or `profile:...`).
    """

    __slots__ = ("_starts", "name", "text")

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self._starts: list[int] | None = None

    def __repr__(self) -> str:
        return f"Source({self.name!r})"

    def _line_starts(self) -> list[int]:
        if self._starts is None:
            starts = [0]
            find = self.text.find
            at = find("\n")
            while at >= 0:
                starts.append(at + 1)
                at = find("\n", at + 1)
            self._starts = starts
        return self._starts

    def position(self, offset: int) -> "Position":
        """Line and column, both counted from 1, of a character offset counted from 0."""
        starts = self._line_starts()
        line = bisect_right(starts, offset)
        return Position(line, offset - starts[line - 1] + 1)

    def line(self, number: int) -> str:
        """The text of a line, counted from 1, without its line break."""
        starts = self._line_starts()
        begin = starts[number - 1]
        end = starts[number] - 1 if number < len(starts) else len(self.text)
        return self.text[begin:end].rstrip("\r")


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Line and column in a text, both counted from 1; a column counts characters."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a source: offsets in characters, `start` included, `end` not."""

    source: Source
    start: int
    end: int

    @property
    def position(self) -> Position:
        return self.source.position(self.start)

    @property
    def place(self) -> "Place":
        position = self.position
        return Place(self.source.name, position.line, position.column, self)

    def __str__(self) -> str:
        return str(self.place)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A span as plain data, for plans, states and reports that outlive the text."""

    file: str
    line: int
    column: int = 1
    span: Span | None = field(default=None, compare=False, repr=False)
    """The text that it was made from, while that is at hand: for findings of later stages."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"
