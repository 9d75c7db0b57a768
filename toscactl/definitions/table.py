"""How an entity is read: a table of its keynames, and the one function that follows it.

A table says for each keyname what reads its value, into which field, and in which versions of the
language it exists. A keyname of another version has one clear meaning and is read with a warning.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, TypeVar

from toscactl import document
from toscactl.definitions.model import Dialect, Name
from toscactl.diagnostics import Diagnostic, Note, Rule, Severity, closest
from toscactl.document import Node, Scalar

UNKNOWN_KEYNAME = Rule(
    "unknown-keyname", "An entity has a keyname that the language does not know."
)
OTHER_VERSION = Rule(
    "keyname-of-other-version",
    "A keyname belongs to another version of the language.",
    Severity.WARNING,
    lenient=True,
)
NO_EFFECT = Rule(
    "keyname-without-effect", "A keyname is accepted and does nothing.", Severity.WARNING
)
MISSING_KEYNAME = Rule("missing-keyname", "An entity lacks a keyname that it must have.")
EMPTY_VALUE = Rule(
    "empty-value",
    "A keyname has no value and counts as not given.",
    Severity.WARNING,
    lenient=True,
)
VENDOR = Rule(
    "vendor-keyname",
    "A keyname is not the language's, but that of a tool.",
    Severity.WARNING,
    lenient=True,
)
LIST_FOR_MAP = Rule(
    "list-for-map",
    "A map is needed, and a list of single-key maps stands in its place.",
    Severity.WARNING,
    lenient=True,
)
WRONG_SHAPE = Rule("wrong-shape", "A value is a map, a list or a string where another is needed.")
NAME = Rule("bad-name", "A name is not a string, or is empty.")

_ORDER = {dialect: place for place, dialect in enumerate(Dialect)}


class Reading:
    """What the readers of one file share: its version, and what was found so far."""

    __slots__ = ("dialect", "found")

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.found: list[Diagnostic] = []

    def report(
        self,
        rule: Rule,
        node: Node,
        message: str,
        *,
        hint: str | None = None,
        notes: Iterable[Note] = (),
    ) -> None:
        self.found.append(rule.at(node.span, message, hint=hint, notes=notes))

    def deviation(
        self,
        rule: Rule,
        node: Node,
        message: str,
        *,
        hint: str | None = None,
        notes: Iterable[Note] = (),
    ) -> None:
        """Report what is tolerated in old files, and an error in the files of TOSCA 2.0."""
        if self.dialect is Dialect.V2_0:
            rule = replace(rule, severity=Severity.ERROR, lenient=False)
        self.report(rule, node, message, hint=hint, notes=notes)

    def before(self, dialect: Dialect) -> bool:
        """Whether the file's version of the language is older than this one."""
        return _ORDER[self.dialect] < _ORDER[dialect]


Reader: TypeAlias = Callable[[Reading, Node], object]


@dataclass(frozen=True, slots=True)
class Field:
    """One keyname. `read` gives the value of the field `into`, or None for a wrong value."""

    read: Reader
    into: str = ""
    since: Dialect = Dialect.V1_0
    until: Dialect = Dialect.V2_0
    mandatory: bool = False
    vendor: str = ""
    """The tool whose keyname it is, if the language has none such."""
    nullable: bool = False
    """Whether null is a value (and not an empty keyname)."""


class Table:
    """The keynames of an entity; `what` is its name in messages."""

    __slots__ = ("by_dialect", "fields", "mandatory", "what")

    def __init__(self, what: str, fields: Mapping[str, Field]) -> None:
        self.what = what
        self.fields = fields
        self.by_dialect = {
            dialect: {
                keyname: (field.read, field.into or keyname, field.nullable)
                for keyname, field in fields.items()
                if _ORDER[field.since] <= _ORDER[dialect] <= _ORDER[field.until]
                and not field.vendor
            }
            for dialect in Dialect
        }
        self.mandatory = {
            dialect: tuple(
                (keyname, fields[keyname].into or keyname)
                for keyname in self.by_dialect[dialect]
                if fields[keyname].mandatory
            )
            for dialect in Dialect
        }

    def extended(self, what: str, fields: Mapping[str, Field]) -> "Table":
        """The same table with further keynames."""
        return Table(what, {**self.fields, **fields})


def read_fields(
    reading: Reading, table: Table, node: document.Mapping, subject: Node | None = None
) -> dict[str, Any]:
    """The fields of an entity by name. Everything wrong is reported; what is wrong is left out."""
    known = table.by_dialect[reading.dialect]
    values: dict[str, Any] = {}
    for key, value in node.entries:
        found = known.get(key.text) if key.__class__ is Scalar else None
        if found is None:
            found = _unexpected(reading, table, key)
            if found is None:
                continue
        read, into, nullable = found
        if value.__class__ is Scalar and not nullable and document.is_null(value):
            report_empty(reading, key)
            continue
        result = read(reading, value)
        if result is not None:
            values[into] = result
    for keyname, into in table.mandatory[reading.dialect]:
        if into not in values and node.get(keyname) is None:
            message = f"the {table.what}{_called(subject)} has no `{keyname}`"
            reading.report(MISSING_KEYNAME, subject or node, message)
    return values


def _called(subject: Node | None) -> str:
    return f" `{subject.text}`" if isinstance(subject, Scalar) else ""


def _unexpected(reading: Reading, table: Table, key: Node) -> tuple[Reader, str, bool] | None:
    name = as_name(reading, key)
    if name is None:
        return None
    field = table.fields.get(name.text)
    if field is None and name.text.startswith(("_", "x-")):
        message = f"`{name.text}` is an extension of {article(table.what)}, and has no effect"
        reading.report(VENDOR, name, message)
        return None
    if field is None:
        near = closest(name.text, table.by_dialect[reading.dialect])
        hint = f"did you mean `{near}`?" if near else None
        message = f"{article(table.what)} has no keyname `{name.text}`"
        reading.report(UNKNOWN_KEYNAME, name, message, hint=hint)
        return None
    if field.vendor:
        message = f"`{name.text}` is a keyname of {field.vendor}, not of the language"
        reading.report(VENDOR, name, message)
    elif field.read is not ignored:
        when = "before" if _ORDER[field.until] < _ORDER[reading.dialect] else "from"
        limit = Dialect(field.until if when == "before" else field.since)
        if when == "before":
            limit = list(Dialect)[_ORDER[limit] + 1]
        message = f"`{name.text}` of {article(table.what)} exists only {when} `{limit.value}`"
        reading.report(OTHER_VERSION, name, message)
    return field.read, field.into or name.text, field.nullable


def ignored(reading: Reading, node: Node) -> None:
    """A keyname that the standard lists and that nothing depends on."""
    reading.report(NO_EFFECT, node, "this is accepted and has no effect")


def report_empty(reading: Reading, key: Node) -> None:
    shown = key.text if isinstance(key, Scalar) else "this keyname"
    reading.deviation(EMPTY_VALUE, key, f"`{shown}` has no value and counts as not given")


def as_mapping(reading: Reading, node: Node, what: str) -> document.Mapping | None:
    """The node if it is a map; otherwise it is reported."""
    if isinstance(node, document.Mapping):
        return node
    reading.report(WRONG_SHAPE, node, f"{what} must be a map, and here is {shape(node)}")
    return None


def article(what: str) -> str:
    """The word with its indefinite article."""
    return f"an {what}" if what[0] in "aeio" else f"a {what}"


def shape(node: Node) -> str:
    """What a node is, in the words of a message."""
    if isinstance(node, document.Mapping):
        return "a map"
    if isinstance(node, document.Sequence):
        return "a list"
    if isinstance(node, Scalar) and document.is_null(node):
        return "nothing"
    return "a single value"


def as_name(reading: Reading, node: Node) -> Name | None:
    """The node if it can be a name; otherwise it is reported."""
    if isinstance(node, Scalar) and node.text and not document.is_null(node):
        if reading.dialect is Dialect.V2_0 and not isinstance(document.core_value(node), str):
            message = f"a name is a string, and `{node.text}` without quotes is none"
            reading.report(NAME, node, message)
        return node
    what = "an empty string" if isinstance(node, Scalar) and not node.plain else shape(node)
    reading.report(NAME, node, f"a name is needed, and here is {what}")
    return None


T = TypeVar("T")


def map_of(
    what: str, read: Callable[[Reading, Name, Node], T | None], *, listed: bool = False
) -> Callable[[Reading, Node], dict[str, T] | None]:
    """A reader of a map of named entities; `what` names the section in messages.

    `listed`: in practice, files before 2.0 have a list of single-key maps there.
    """

    def reader(reading: Reading, node: Node) -> dict[str, T] | None:
        if listed and reading.before(Dialect.V2_0):
            node = _joined(reading, node, what)
        section = as_mapping(reading, node, what)
        if section is None:
            return None
        result: dict[str, T] = {}
        for key, value in section.entries:
            name = as_name(reading, key)
            if name is not None:
                item = read(reading, name, value)
                if item is not None:
                    result[name.text] = item
        return result

    return reader


def _joined(reading: Reading, node: Node, what: str) -> Node:
    """A list of single-key maps as the one map that it stands for."""
    if not isinstance(node, document.Sequence):
        return node
    entries = [
        entry for item in node if isinstance(item, document.Mapping) for entry in item.entries
    ]
    keys = {key.text for key, _ in entries if isinstance(key, Scalar)}
    if len(keys) != len(entries) or len(entries) != len(node):
        return node
    reading.report(LIST_FOR_MAP, node, f"{what} are a map, and here is a list of single-key maps")
    return document.Mapping(node.source, node.at, entries)


def entity(reading: Reading, table: Table, name: Name, node: Node) -> dict[str, Any] | None:
    """The fields of a named entity; one without a body has none of them, and is reported."""
    if isinstance(node, document.Mapping):
        return read_fields(reading, table, node, name)
    if isinstance(node, Scalar) and document.is_null(node):
        report_empty(reading, name)
        return read_fields(reading, table, document.Mapping(node.source, node.at, []), name)
    as_mapping(reading, node, f"the {table.what} `{name.text}`")
    return None
