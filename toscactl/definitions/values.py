"""Readers of the simple values of keynames: text, names, lists of names, booleans, ranges."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from toscactl import document
from toscactl.definitions.expressions import expression
from toscactl.definitions.model import UNBOUNDED, AssignmentDef, CountRange, Dialect, Name
from toscactl.definitions.strings import parse_version
from toscactl.definitions.table import (
    WRONG_SHAPE,
    Reading,
    as_mapping,
    as_name,
    shape,
)
from toscactl.diagnostics import Rule, Severity
from toscactl.document import Node, Scalar

BOOLEAN = Rule("not-a-boolean", "A keyname takes `true` or `false`, and has something else.")
BOOLEAN_SPELLING = Rule(
    "boolean-spelling",
    "A boolean is spelled as YAML 1.1 or a string would spell it.",
    Severity.WARNING,
    lenient=True,
)
COUNT_RANGE = Rule("count-range", "Occurrences are not a list of a lower and an upper bound.")
SINGLE_FOR_LIST = Rule(
    "single-for-list",
    "A list is needed, and one value stands in its place.",
    Severity.WARNING,
    lenient=True,
)
BAD_VERSION = Rule(
    "bad-version",
    "The version of a type or an artifact is not of the form of versions.",
    Severity.WARNING,
    lenient=True,
)
MAP_FOR_LIST = Rule(
    "map-for-list",
    "A list of single-key maps is needed, and one map stands in its place.",
    Severity.WARNING,
    lenient=True,
)
LIST_ITEM = Rule("list-item", "An item of a list of named things is not a map with one key.")
METADATA_VALUE = Rule(
    "metadata-value",
    "A metadata value is a map or a list; before 2.0 they are strings.",
    Severity.WARNING,
    lenient=True,
)

T = TypeVar("T")

_SPELLINGS = {"yes": True, "on": True, "true": True, "no": False, "off": False, "false": False}


def text(reading: Reading, node: Node) -> str | None:
    """A string, such as a description."""
    if isinstance(node, Scalar):
        if reading.dialect is Dialect.V2_0 and not isinstance(document.core_value(node), str):
            message = f"a string is needed, and `{node.text}` without quotes is none"
            reading.report(WRONG_SHAPE, node, message)
        return node.text
    reading.report(WRONG_SHAPE, node, f"a string is needed, and here is {shape(node)}")
    return None


def name(reading: Reading, node: Node) -> Name | None:
    return as_name(reading, node)


def version(reading: Reading, node: Node) -> Name | None:
    """The version of a type: `major.minor[.fix[.qualifier[-build]]]` (1.3, 3.3.2)."""
    found = as_name(reading, node)
    if found is not None and parse_version(found.text) is None:
        message = f"`{found.text}` is no version: major.minor, such as `1.0`"
        reading.deviation(BAD_VERSION, found, message)
    return found


def scalar(reading: Reading, node: Node) -> Scalar | None:
    """A single value as it was written; it may be empty."""
    if isinstance(node, Scalar):
        return node
    reading.report(WRONG_SHAPE, node, f"a single value is needed, and here is {shape(node)}")
    return None


def anything(reading: Reading, node: Node) -> Node:  # noqa: ARG001  (a reader, by its signature)
    return node


def value(reading: Reading, node: Node) -> Node:
    """An expression: any value, in which calls of functions may stand."""
    return expression(reading, node)


def names(reading: Reading, node: Node) -> tuple[Name, ...] | None:
    """A list of names. A single one has one clear meaning, and is read with a warning."""
    if isinstance(node, document.Sequence):
        return tuple(item for entry in node if (item := as_name(reading, entry)) is not None)
    if isinstance(node, Scalar):
        reading.report(SINGLE_FOR_LIST, node, f"a list is needed: `[{node.text}]`")
        return (node,)
    reading.report(WRONG_SHAPE, node, f"a list of names is needed, and here is {shape(node)}")
    return None


def documented(reading: Reading, node: Node) -> None:
    """A description where the model keeps none: it is checked, and has no effect on anything."""
    text(reading, node)


def annotated(reading: Reading, node: Node) -> None:
    """Metadata where the model keeps none: it is checked, and has no effect on anything."""
    metadata(reading, node)


def texts(reading: Reading, node: Node) -> tuple[str, ...] | None:
    found = names(reading, node)
    return None if found is None else tuple(item.text for item in found)


def boolean(reading: Reading, node: Node) -> bool | None:
    if isinstance(node, Scalar):
        read = document.core_value(node)
        if isinstance(read, bool):
            return read
        meant = _SPELLINGS.get(node.text.lower())
        if meant is not None:
            message = f"`{node.text}` is a string in YAML 1.2; a boolean is `true` or `false`"
            reading.report(BOOLEAN_SPELLING, node, message)
            return meant
    shown = f"`{node.text}`" if isinstance(node, Scalar) else shape(node)
    reading.report(BOOLEAN, node, f"`true` or `false` is needed, and here is {shown}")
    return None


def metadata(reading: Reading, node: Node) -> dict[str, Node] | None:
    """A map of strings (1.3, 3.6.16); in 2.0, of any values (6.4.1)."""
    section = as_mapping(reading, node, "metadata")
    if section is None:
        return None
    result = {}
    for key, item in section.entries:
        label = as_name(reading, key)
        if label is None:
            continue
        if not isinstance(item, Scalar) and reading.dialect is not Dialect.V2_0:
            message = f"metadata values are strings, and `{label.text}` is {shape(item)}"
            reading.report(METADATA_VALUE, item, message)
        result[label.text] = item
    return result


def count_range(reading: Reading, node: Node) -> CountRange | None:
    """`[lower, upper]`, where the upper bound may be `UNBOUNDED` (1.3, 3.6.10; 2.0, 8.5)."""
    if isinstance(node, document.Sequence) and len(node) == 2:  # noqa: PLR2004  (lower and upper)
        first, second = node.items
        lower = _bound(first)
        unbounded = isinstance(second, Scalar) and second.text == "UNBOUNDED"
        upper = UNBOUNDED if unbounded else _bound(second)
        if lower is not None and (unbounded or (upper is not None and lower <= upper)):
            return CountRange(lower, upper, node.span)
    elif (single := _bound(node)) is not None:
        reading.report(SINGLE_FOR_LIST, node, f"a range is needed: `[{single}, {single}]`")
        return CountRange(single, single, node.span)
    message = "a range is `[lower, upper]`: two whole numbers, or `UNBOUNDED` as the upper one"
    reading.report(COUNT_RANGE, node, message)
    return None


def _bound(node: Node) -> int | None:
    read = document.core_value(node) if isinstance(node, Scalar) else None
    return read if isinstance(read, int) and not isinstance(read, bool) and read >= 0 else None


def assignments(reading: Reading, node: Node) -> dict[str, AssignmentDef] | None:
    """`name: value` for properties and inputs; a value is any expression, null included."""
    section = as_mapping(reading, node, "this section")
    if section is None:
        return None
    result = {}
    for key, item in section.entries:
        label = as_name(reading, key)
        if label is not None:
            result[label.text] = AssignmentDef(label, expression(reading, item))
    return result


def attribute_assignments(reading: Reading, node: Node) -> dict[str, AssignmentDef] | None:
    """As `assignments`, with the extended form `{description, value}` of 1.x (1.3, 3.6.13)."""
    section = as_mapping(reading, node, "`attributes`")
    if section is None:
        return None
    result = {}
    for key, item in section.entries:
        label = as_name(reading, key)
        if label is not None:
            result[label.text] = AssignmentDef(
                label, expression(reading, _unwrapped(reading, item))
            )
    return result


def _unwrapped(reading: Reading, node: Node) -> Node:
    if reading.dialect is Dialect.V2_0 or not isinstance(node, document.Mapping):
        return node
    given = node.get("value")
    extended = all(isinstance(key, Scalar) and key.text in _EXTENDED for key, _ in node.entries)
    return given if given is not None and extended else node


_EXTENDED = frozenset({"description", "value"})


def list_of(
    what: str, read: Callable[[Reading, Name, Node], T | None]
) -> Callable[[Reading, Node], tuple[T, ...] | None]:
    """A reader of a list of single-key maps, such as requirements and policies."""

    def reader(reading: Reading, node: Node) -> tuple[T, ...] | None:
        pairs = single_keys(reading, node, what)
        if pairs is None:
            return None
        found = (read(reading, key, item) for key, item in pairs)
        return tuple(item for item in found if item is not None)

    return reader


def single_keys(reading: Reading, node: Node, what: str) -> list[tuple[Name, Node]] | None:
    """The pairs of a list of single-key maps; before 2.0 a map in its place is read, too."""
    if isinstance(node, document.Mapping) and reading.dialect is not Dialect.V2_0:
        message = f"{what} are a list of single-key maps, and here is a map"
        reading.report(MAP_FOR_LIST, node, message, hint="put `- ` before each name")
        return list(_pairs(reading, node.entries))
    if not isinstance(node, document.Sequence):
        message = f"{what} are a list of single-key maps, and here is {shape(node)}"
        reading.report(WRONG_SHAPE, node, message)
        return None
    pairs: list[tuple[Name, Node]] = []
    for item in node:
        if isinstance(item, document.Mapping) and len(item) == 1:
            pairs.extend(_pairs(reading, item.entries))
        else:
            keys = f" with {len(item)} keys" if isinstance(item, document.Mapping) else ""
            message = f"an item of {what} is a map with one key, and here is {shape(item)}{keys}"
            reading.report(LIST_ITEM, item, message)
    return pairs


def _pairs(reading: Reading, entries: list[tuple[Node, Node]]) -> Iterator[tuple[Name, Node]]:
    for key, item in entries:
        label = as_name(reading, key)
        if label is not None:
            yield label, item
