"""`Document` and its nodes: light, with packed positions, nothing typed yet.

A 10,000-node service has some 350,000 scalars, so the nodes are plain slotted classes and a
position is one integer; line and column are computed when a diagnostic asks for them.
"""

from collections.abc import Iterator

from toscactl.source import Source, Span

_LENGTH_BITS = 24
_MAX_LENGTH = (1 << _LENGTH_BITS) - 1


def pack(start: int, end: int) -> int:
    """Two character offsets as one integer. Stretches longer than 16 MiB are cut at their end."""
    return (start << _LENGTH_BITS) | min(end - start, _MAX_LENGTH)


class Node:
    """A node of a document. Nodes are shared where the text has aliases; nobody changes them."""

    __slots__ = ("at", "source")

    def __init__(self, source: Source, at: int) -> None:
        self.source = source
        self.at = at

    @property
    def span(self) -> Span:
        start = self.at >> _LENGTH_BITS
        return Span(self.source, start, start + (self.at & _MAX_LENGTH))


class Scalar(Node):
    """A scalar as it was written, before any type: `text` is the content without quotes.

    `plain` says that it was written without quotes and without block style, so that it may
    mean a number, a boolean or null; `tag` is an explicit tag, or empty.
    """

    __slots__ = ("plain", "tag", "text")

    def __init__(self, source: Source, at: int, text: str, plain: bool, tag: str = "") -> None:  # noqa: FBT001
        self.source = source
        self.at = at
        self.text = text
        self.plain = plain
        self.tag = tag

    def __repr__(self) -> str:
        return f"Scalar({self.text!r})"

    def __str__(self) -> str:
        return self.text


class Sequence(Node):
    """A sequence of nodes."""

    __slots__ = ("items",)

    def __init__(self, source: Source, at: int, items: list[Node]) -> None:
        self.source = source
        self.at = at
        self.items = items

    def __repr__(self) -> str:
        return f"Sequence({self.items!r})"

    def __iter__(self) -> Iterator[Node]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


class Mapping(Node):
    """A mapping in the order of the text. Keys are unique by their text; most are scalars."""

    __slots__ = ("_by_text", "entries")

    def __init__(self, source: Source, at: int, entries: list[tuple[Node, Node]]) -> None:
        self.source = source
        self.at = at
        self.entries = entries
        self._by_text: dict[str, Node] | None = None

    def __repr__(self) -> str:
        return f"Mapping({self.entries!r})"

    def __iter__(self) -> Iterator[tuple[Node, Node]]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def get(self, key: str) -> Node | None:
        """The value of a scalar key, by the text of the key."""
        if self._by_text is None:
            self._by_text = {
                name.text: value for name, value in self.entries if isinstance(name, Scalar)
            }
        return self._by_text.get(key)


class Document:
    """One YAML document: its source and its root node, None for an empty text."""

    __slots__ = ("root", "source")

    def __init__(self, source: Source, root: Node | None) -> None:
        self.source = source
        self.root = root
