"""HOT as values: references and functions as nodes, and their plain form in a template.

Nodes keep a user's map that happens to read like a function (`{get_param: x}`) apart from a real
one until the very end, and let a scaling group be cut out of a stack by rewriting references.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, Union

from toscactl.backend import AttributeOf, Secret, Value

FUNCTIONS = frozenset({
    "contains", "digest", "filter", "get_attr", "get_file", "get_param", "get_resource", "if",
    "list_concat", "list_concat_unique", "list_join", "make_url", "map_merge", "map_replace",
    "repeat", "resource_facade", "str_replace", "str_replace_strict", "str_replace_vstrict",
    "str_split", "yaql",
})  # fmt: skip
"""What a map with one key must not be named, in any version of HOT."""

VERSIONS = (
    "2015-10-15", "2016-04-08", "2016-10-14", "2017-02-24", "2017-09-01", "2018-03-02",
    "2018-08-31", "2021-04-16", "newton", "ocata", "pike", "queens", "rocky", "wallaby",
)  # fmt: skip
DEFAULT_VERSION = "2018-08-31"
_WITHOUT_LIST_CONCAT = frozenset(VERSIONS[:4]) | {"newton", "ocata"}


@dataclass(frozen=True, slots=True)
class GetResource:
    """The id of a resource of the same template."""

    name: str


@dataclass(frozen=True, slots=True)
class GetAttr:
    name: str
    path: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class GetParam:
    name: str
    path: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class GetFile:
    """The text of a file that lies beside the template."""

    path: str


@dataclass(frozen=True, slots=True)
class Function:
    """Any other function of HOT: list_join, str_replace, str_split, list_concat."""

    name: str
    argument: "Hot"


Hot: TypeAlias = Union[
    None,
    bool,
    int,
    float,
    str,
    Secret,
    AttributeOf,
    GetResource,
    GetAttr,
    GetParam,
    GetFile,
    Function,
    "Sequence[Hot]",
    "Mapping[str, Hot]",
]
"""A tree of a template. `Secret` and `AttributeOf` (of another target) become parameters."""

Leaf: TypeAlias = Secret | AttributeOf | GetResource | GetAttr | GetParam | GetFile


def has_list_concat(version: str) -> bool:
    """Whether a version of HOT has the function `list_concat` (2017-09-01, pike, on)."""
    return version not in _WITHOUT_LIST_CONCAT


def has_conditions(version: str) -> bool:
    """Whether a version of HOT has the function `if` (2016-10-14, newton, on)."""
    return version not in VERSIONS[:2]


def join(*pieces: Hot) -> Hot:
    """Texts one after the other; neighbours that are known are made one."""
    merged: list[Hot] = []
    for piece in pieces:
        last = merged[-1] if merged else None
        if isinstance(piece, str) and isinstance(last, str):
            merged[-1] = last + piece
        elif piece != "":
            merged.append(piece)
    if not merged:
        return ""
    if len(merged) == 1 and isinstance(merged[0], str):
        return merged[0]
    return Function("list_join", ("", tuple(merged)))


def rewrite(tree: Hot, replace: Callable[[Leaf], Hot]) -> Hot:
    """A tree with every leaf that is no literal replaced by what `replace` gives for it."""
    match tree:
        case Secret() | AttributeOf() | GetResource() | GetAttr() | GetParam() | GetFile():
            return replace(tree)
        case Function(name=name, argument=argument):
            return Function(name, rewrite(argument, replace))
        case str() | None | bool() | int() | float():
            return tree
        case Mapping():
            return {key: rewrite(item, replace) for key, item in tree.items()}
        case Sequence():
            return tuple(rewrite(item, replace) for item in tree)


def leaves(tree: Hot) -> Iterator[Leaf]:
    """The leaves of a tree that are no literals, in the order in which they stand."""
    match tree:
        case Secret() | AttributeOf() | GetResource() | GetAttr() | GetParam() | GetFile():
            yield tree
        case Function(argument=argument):
            yield from leaves(argument)
        case str() | None | bool() | int() | float():
            return
        case Mapping():
            for item in tree.values():
                yield from leaves(item)
        case Sequence():
            for item in tree:
                yield from leaves(item)


def plain(tree: Hot) -> Value:
    """A tree as it stands in a template. What is still a secret or residual stays one."""
    match tree:
        case GetResource(name=name):
            return {"get_resource": name}
        case GetAttr(name=name, path=path):
            return {"get_attr": (name, *path)}
        case GetParam(name=name, path=path):
            return {"get_param": (name, *path) if path else name}
        case GetFile(path=path):
            return {"get_file": path}
        case Function(name=name, argument=argument):
            return {name: plain(argument)}
        case Secret() | AttributeOf() | str() | None | bool() | int() | float():
            return tree
        case Mapping():
            return {key: plain(item) for key, item in tree.items()}
        case Sequence():
            return tuple(plain(item) for item in tree)
