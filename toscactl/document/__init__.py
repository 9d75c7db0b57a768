"""source -> document: YAML 1.2 as light nodes with exact places."""

from toscactl.document.core import core_value, is_null, plain_value
from toscactl.document.encoding import decode
from toscactl.document.literal import name, node
from toscactl.document.model import Document, Mapping, Node, Scalar, Sequence, pack
from toscactl.document.parse import Limits, collector_paused, parse

__all__ = [
    "Document",
    "Limits",
    "Mapping",
    "Node",
    "Scalar",
    "Sequence",
    "collector_paused",
    "core_value",
    "decode",
    "is_null",
    "name",
    "node",
    "pack",
    "parse",
    "plain_value",
]
