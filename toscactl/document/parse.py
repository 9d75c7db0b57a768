"""source -> document: libyaml's events into light nodes; the only home of the YAML reader.

The text is YAML 1.2; nothing is typed here (`core_value` does that, where a value is needed).
Beside the specification, merge keys (`<<`) mean what they mean to every other reader.
The YAML library is imported with the first text: most commands of a deployed service need none.
"""

import gc
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from toscactl.diagnostics import Checked, Diagnostic, Note, Rule, closest
from toscactl.document.model import Document, Mapping, Node, Scalar, Sequence, pack
from toscactl.source import Source, Span

if TYPE_CHECKING:
    import yaml

SYNTAX = Rule("yaml-syntax", "The text is not YAML.")
CHARACTER = Rule("yaml-character", "The text has a character that YAML does not allow.")
EMPTY = Rule("empty-file", "The file holds no YAML document.")
DUPLICATE_KEY = Rule("duplicate-key", "A mapping has the same key twice.")
SEVERAL_DOCUMENTS = Rule("several-documents", "A file holds more than one YAML document.")
UNKNOWN_ALIAS = Rule("unknown-alias", "An alias names an anchor that does not stand before it.")
RECURSIVE_ALIAS = Rule("recursive-alias", "An anchored node contains itself.")
UNKNOWN_TAG = Rule("yaml-tag", "A tag is not one of the YAML core schema.")
MERGE = Rule("merge-key", "The value of a merge key is not a mapping.")
TOO_LARGE = Rule("too-large", "A text, its depth or what its aliases stand for exceeds a limit.")

_PRINTABLE = "\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff"
_OLD_BREAKS = re.compile("[\x85\u2028\u2029]")
_PROPERTIES = re.compile(r"(?:[&!][^\s,\[\]{}]*(?:\s+|$)(?:#[^\n]*\n\s*)*)+")
_TAG = "tag:yaml.org,2002:"
_SCALAR_TAGS = frozenset({"!"} | {_TAG + name for name in ("str", "int", "float", "bool", "null")})
_MERGE_KEY = "<<"
_LENGTH_BITS = 24
_LONG = 1 << _LENGTH_BITS


_Event: TypeAlias = Any
"""An event of either reader; the stubs know little of libyaml's, and its marks are always there."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a text may cost.

    `aliased` bounds the nodes that all aliases of a text stand for together; a large text may have
    more of them, ten times its own nodes.
    """

    characters: int = 256 * 1024 * 1024
    depth: int = 128
    aliased: int = 1_000_000


def parse(source: Source, limits: Limits = Limits()) -> Checked[Document]:
    """Read one YAML document.

    Never raises, whatever the text. Where the text cannot be read to its end, and where it holds
    nothing, the document has no root and an error says why.
    """
    if len(source.text) > limits.characters:
        message = f"the text has {len(source.text)} characters, {limits.characters} are allowed"
        return Checked(Document(source, None), (TOO_LARGE.at(Span(source, 0, 0), message),))
    import yaml

    builder = _Builder(source, limits)
    with collector_paused():
        try:
            root = builder.build(_events(source.text))
        except _Stop as stop:
            return Checked(Document(source, None), (*builder.found, stop.diagnostic))
        except yaml.reader.ReaderError as error:
            found = (_unprintable(source, error.reason),)
            return Checked(Document(source, None), found)
        except UnicodeEncodeError as error:
            found = (_unprintable(source, error.reason),)
            return Checked(Document(source, None), found)
        except yaml.MarkedYAMLError as error:
            found = (_syntax_error(source, error),)
            return Checked(Document(source, None), (*builder.found, *found))
    return Checked(Document(source, root), tuple(builder.found))


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the garbage collector from walking a growing tree again and again: it has no cycles."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _events(text: str) -> Callable[[], _Event]:
    """A function that gives the next event; offsets in its marks are those of `text`."""
    if text.startswith("\ufeff"):
        # A mark does not count the byte order mark; a line break in its place changes nothing else.
        text = "\n" + text[1:]
    if text.isascii() or _OLD_BREAKS.search(text) is None:
        return _parser(text)
    # YAML 1.1 took these for line breaks, YAML 1.2 does not: hide them from libyaml.
    unused = (chr(code) for code in range(0xE000, 0xF8FF) if chr(code) not in text)
    hidden = dict(zip("\x85\u2028\u2029", unused, strict=False))
    shown = {ord(stand_in): character for character, stand_in in hidden.items()}
    get = _parser(text.translate({ord(character): hidden[character] for character in hidden}))

    def restored() -> _Event:
        event = get()
        if hasattr(event, "value"):
            event.value = event.value.translate(shown)
        return event

    return restored


def _parser(text: str) -> Callable[[], _Event]:
    """The reader: libyaml where PyYAML was built with it."""
    import yaml

    parser = getattr(yaml.cyaml, "CParser", None) if yaml.__with_libyaml__ else None
    if parser is None:
        return _pure_parser(text)
    return parser(text).get_event  # type: ignore[no-any-return]


def _pure_parser(text: str) -> Callable[[], _Event]:
    """PyYAML's own reader, for interpreters without its extension: slower, the same events."""
    import yaml

    class Parser(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser):
        def __init__(self) -> None:
            yaml.reader.Reader.__init__(self, text)
            yaml.scanner.Scanner.__init__(self)
            yaml.parser.Parser.__init__(self)

    return Parser().get_event


class _Stop(Exception):
    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


class _Builder:
    """Makes nodes of events, with a stack of its own, so that no depth of text can exhaust ours."""

    def __init__(self, source: Source, limits: Limits) -> None:
        self.source = source
        self.limits = limits
        self.found: list[Diagnostic] = []
        self.anchors: dict[str, Node | None] = {}
        self.weights: dict[str, int] = {}
        self.aliased = 0

    # One loop with everything in it: a large file has a million events, and calls cost.
    def build(self, get: Callable[[], _Event]) -> Node | None:  # noqa: C901, PLR0912, PLR0915
        """The root of the first document; None, with an error, if there is none."""
        import yaml

        scalar_event, alias_event = yaml.ScalarEvent, yaml.AliasEvent
        map_start, map_end = yaml.MappingStartEvent, yaml.MappingEndEvent
        list_start, list_end = yaml.SequenceStartEvent, yaml.SequenceEndEvent
        source = self.source
        top: list[Node] = []
        items = top
        stack: list[tuple[list[Node], int, str | None, int]] = []
        depth = self.limits.depth
        count = documents = end = 0
        while True:
            event = get()
            kind = event.__class__
            if kind is scalar_event:
                count += 1
                start = event.start_mark.index
                end = event.end_mark.index
                if event.anchor is None and event.tag is None and end - start < _LONG:
                    at = start << _LENGTH_BITS | end - start
                    items.append(Scalar(source, at, event.value, not event.style))
                else:
                    items.append(self._scalar(event))
            elif kind is map_start or kind is list_start:
                if len(stack) >= depth:
                    raise _Stop(self._too_deep(event))
                anchor = event.anchor
                start = end = event.start_mark.index
                if anchor is not None or event.tag is not None:
                    start = end = self._open(event, "map" if kind is map_start else "seq")
                stack.append((items, start, anchor, count + self.aliased))
                items = []
                count += 1
            elif kind is map_end or kind is list_end:
                content = items
                items, start, anchor, before = stack.pop()
                mark = event.end_mark.index
                if event.start_mark.index != mark:
                    end = mark
                # A block collection's end event stands at the next token, often lines below.
                at = start << _LENGTH_BITS | end - start
                if end - start >= _LONG or end < start:
                    at = pack(start, max(start, end))
                node: Node
                if kind is map_end:
                    node = Mapping(source, at, self._entries(content))
                else:
                    node = Sequence(source, at, content)
                items.append(node)
                if anchor is not None:
                    self._define(anchor, node, count + self.aliased - before)
            elif kind is alias_event:
                end = event.end_mark.index
                items.append(self._alias(event, count))
            elif kind is yaml.DocumentStartEvent:
                documents += 1
                if documents > 1:
                    self._several(event)
                    break
            elif kind is yaml.StreamEndEvent:
                break
        if top and not (isinstance(top[0], Scalar) and top[0].plain and not top[0].text):
            return top[0]
        self.found.append(EMPTY.at(Span(source, 0, 0), "the file is empty"))
        return None

    def _scalar(self, event: _Event) -> Scalar:
        """The rare scalar that has an anchor or a tag, or is very long."""
        start, tag = self._content_start(event), event.tag or ""
        end = max(start, event.end_mark.index)
        if tag and tag not in _SCALAR_TAGS:
            self._unknown_tag(event, tag)
        plain = not event.style and not tag
        node = Scalar(self.source, pack(start, end), event.value, plain, tag)
        if event.anchor is not None:
            self._define(event.anchor, node, 1)
        return node

    def _content_start(self, event: _Event) -> int:
        start: int = event.start_mark.index
        match = _PROPERTIES.match(self.source.text, start)
        return match.end() if match else start

    def _open(self, event: _Event, wanted: str) -> int:
        """Where a collection with an anchor or a tag begins, after them."""
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        if event.tag is not None and event.tag not in {"!", _TAG + wanted}:
            self._unknown_tag(event, event.tag)
        return self._content_start(event)

    def _define(self, anchor: str, node: Node, weight: int) -> None:
        self.anchors[anchor] = node
        self.weights[anchor] = weight

    def _alias(self, event: _Event, count: int) -> Node:
        span = Span(self.source, event.start_mark.index, event.end_mark.index)
        anchor = event.anchor
        nothing = Scalar(self.source, pack(span.start, span.end), "", plain=True)
        if anchor not in self.anchors:
            near = closest(anchor, self.anchors)
            hint = f"did you mean `*{near}`?" if near else None
            message = f"there is no anchor `&{anchor}` before this alias"
            self.found.append(UNKNOWN_ALIAS.at(span, message, hint=hint))
            return nothing
        node = self.anchors[anchor]
        if node is None:
            message = f"`*{anchor}` stands inside `&{anchor}` itself"
            self.found.append(RECURSIVE_ALIAS.at(span, message))
            return nothing
        self.aliased += self.weights[anchor]
        if self.aliased > max(self.limits.aliased, 10 * count):
            message = f"the aliases up to here stand for {self.aliased} nodes, which is too many"
            raise _Stop(TOO_LARGE.at(span, message))
        return node

    def _entries(self, content: list[Node]) -> list[tuple[Node, Node]]:
        keys = content[::2]
        entries = list(zip(keys, content[1::2], strict=True))
        try:
            texts = {key.text for key in keys}  # type: ignore[attr-defined]
        except AttributeError:
            texts = {_key_text(key) for key in keys}
        if len(texts) != len(entries):
            entries = self._without_duplicates(entries)
        if _MERGE_KEY in texts:
            entries = self._merged(entries)
        return entries

    def _without_duplicates(self, entries: list[tuple[Node, Node]]) -> list[tuple[Node, Node]]:
        seen: dict[str, Node] = {}
        kept = []
        for key, value in entries:
            text = _key_text(key)
            if text not in seen:
                seen[text] = key
                kept.append((key, value))
            else:
                shown = key.text if isinstance(key, Scalar) else "this key"
                first = Note(seen[text].span, "it stands here first")
                message = f"`{shown}` is given twice in one mapping"
                self.found.append(DUPLICATE_KEY.at(key.span, message, notes=[first]))
        return kept

    def _merged(self, entries: list[tuple[Node, Node]]) -> list[tuple[Node, Node]]:
        """Own keys win over merged ones, and of several merged mappings the first wins."""
        own = [(key, value) for key, value in entries if not _is_merge(key)]
        merged: dict[str, tuple[Node, Node]] = {}
        for key, value in entries:
            if _is_merge(key):
                for source in value.items if isinstance(value, Sequence) else [value]:
                    if isinstance(source, Mapping):
                        for inner, item in source.entries:
                            merged.setdefault(_key_text(inner), (inner, item))
                    else:
                        message = "a merge key takes a mapping or a list of mappings"
                        self.found.append(MERGE.at(source.span, message))
        taken = {_key_text(key) for key, _ in own}
        return [entry for text, entry in merged.items() if text not in taken] + own

    def _unknown_tag(self, event: _Event, tag: str) -> None:
        shown = tag.replace(_TAG, "!!")
        start = event.start_mark.index
        span = Span(self.source, start, start + 1)
        match = re.compile(r"![^\s,\[\]{}]*").search(self.source.text, start)
        if match:
            span = Span(self.source, match.start(), match.end())
        message = f"the tag `{shown}` has no meaning here"
        hint = "TOSCA files use the tags of the YAML core schema only: !!str, !!int, !!float, ..."
        self.found.append(UNKNOWN_TAG.at(span, message, hint=hint))

    def _too_deep(self, event: _Event) -> Diagnostic:
        span = Span(self.source, event.start_mark.index, event.start_mark.index + 1)
        return TOO_LARGE.at(span, f"nested deeper than {self.limits.depth} levels")

    def _several(self, event: _Event) -> None:
        start = event.start_mark.index
        span = Span(self.source, start, max(start + 3, event.end_mark.index))
        message = "a second YAML document begins here; a TOSCA file is one document"
        hint = "put it into a file of its own, and import that"
        self.found.append(SEVERAL_DOCUMENTS.at(span, message, hint=hint))


def _is_merge(key: Node) -> bool:
    return isinstance(key, Scalar) and key.plain and key.text == _MERGE_KEY


def _key_text(key: Node) -> str:
    """What makes a key unique: its text; for the rare complex key, its structure."""
    return key.text if isinstance(key, Scalar) else repr(key)


def _syntax_error(source: Source, error: "yaml.MarkedYAMLError") -> Diagnostic:
    mark = error.problem_mark or error.context_mark
    offset = min(mark.index, len(source.text)) if mark else 0
    notes = []
    if error.context_mark and error.context and error.context_mark.index != offset:
        context = min(error.context_mark.index, len(source.text))
        notes.append(Note(Span(source, context, context + 1), error.context))
    message = error.problem or error.context or "this is not YAML"
    hint = None
    if "\t" in source.line(source.position(offset).line)[: source.position(offset).column]:
        hint = "YAML indents with spaces, never with tabs"
    return SYNTAX.at(Span(source, offset, offset + 1), message, hint=hint, notes=notes)


def _unprintable(source: Source, reason: str) -> Diagnostic:
    match = re.search(f"[^{_PRINTABLE}]", source.text)
    if match is None:
        return CHARACTER.at(Span(source, 0, 0), reason)
    message = f"the character U+{ord(match[0]):04X} is not allowed in YAML"
    hint = 'write it as an escape in double quotes, such as "\\x1f"'
    return CHARACTER.at(Span(source, match.start(), match.end()), message, hint=hint)
