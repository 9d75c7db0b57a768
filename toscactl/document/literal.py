"""Plain data -> nodes, for values that no text wrote: tests, and defaults made by programs."""

from collections import abc

from toscactl.document.model import Mapping, Node, Scalar, Sequence, pack
from toscactl.source import Source

_NOWHERE = Source("<literal>", "")


def node(data: object, source: Source = _NOWHERE, at: int = pack(0, 0)) -> Node:
    """A node with this content, all at one place; nodes inside stay as they are.

    Strings become quoted scalars, so that `node("1")` is text and `node(1)` a number.
    """
    match data:
        case Node():
            return data
        case None:
            return Scalar(source, at, "null", plain=True)
        case bool():
            return Scalar(source, at, "true" if data else "false", plain=True)
        case int() | float():
            text = str(data)
            return Scalar(source, at, _YAML_FLOATS.get(text, text), plain=True)
        case str():
            return Scalar(source, at, data, plain=False)
        case abc.Mapping():
            entries = [
                (node(key, source, at), node(item, source, at)) for key, item in data.items()
            ]
            return Mapping(source, at, entries)
        case abc.Iterable():
            return Sequence(source, at, [node(item, source, at) for item in data])
        case _:
            pass
    raise TypeError(f"a document holds no {type(data).__name__}")


def name(text: str, source: Source = _NOWHERE, at: int = pack(0, 0)) -> Scalar:
    """A plain scalar: a name, as a writer would write it."""
    return Scalar(source, at, text, plain=True)


_YAML_FLOATS = {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}
