"""TOSCA.meta: blocks of `name: value` lines (TOSCA 1.3, 6.2; TOSCA 2.0, 17.2).

file         = block { blank-line { blank-line } block }
block        = pair { pair }
pair         = name ":" [ value ] line-end { continuation }
continuation = " " text line-end
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lark import Lark, Token, Tree

_GRAMMAR = r"""
start: _block? (_BLANK _block?)*
_block: block
block: pair+
pair: NAME _COLON VALUE? _END CONTINUATION*
NAME: /[^\s:]+/
_COLON: /[ \t]*:[ \t]*/
VALUE: /[^\s][^\r\n]*/
CONTINUATION: /[ \t]+[^\s][^\r\n]*\r?\n/
_END: /[ \t]*\r?\n/
_BLANK: /[ \t]*\r?\n/
"""


class MetaSyntaxError(ValueError):
    """A TOSCA.meta file is not made of blocks of `name: value` lines; `line` counts from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Entry:
    """One `name: value`; continuation lines are joined to the value. `line` counts from 1."""

    name: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Block:
    """Entries that belong together. The first block is about the package, others about files."""

    entries: tuple[Entry, ...]

    def get(self, name: str) -> Entry | None:
        """The first entry of that name, by its exact spelling."""
        return next((entry for entry in self.entries if entry.name == name), None)


@dataclass(frozen=True, slots=True)
class Meta:
    """A TOSCA.meta file."""

    blocks: tuple[Block, ...]

    @property
    def package(self) -> Block:
        """The first block, which is about the package."""
        return self.blocks[0] if self.blocks else Block(())

    @property
    def files(self) -> tuple[Block, ...]:
        """The other blocks, each about one file."""
        return self.blocks[1:]


def parse_meta(text: str) -> Meta:
    """What a TOSCA.meta file says. Raises `MetaSyntaxError`."""
    from lark.exceptions import UnexpectedInput

    text = text if text.endswith("\n") else text + "\n"
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        line = max(error.line, 1)
        written = text.splitlines()[line - 1].strip() if line <= text.count("\n") else ""
        raise MetaSyntaxError(f"`{written}` is not of the form `name: value`", line) from error
    return Meta(tuple(Block(tuple(_entries(block))) for block in tree.find_data("block")))


def _entries(block: Tree[Token]) -> Iterator[Entry]:
    for pair in block.find_data("pair"):
        name, *rest = (token for token in pair.children if not hasattr(token, "data"))
        value = " ".join(str(part).strip() for part in rest)
        yield Entry(str(name), value, getattr(name, "line", 1) or 1)


def _parser() -> Lark:
    from lark import Lark

    return Lark(_GRAMMAR, parser="lalr", lexer="contextual")
