"""source -> document: YAML 1.2 as light nodes with exact places."""

from toscactl.document.model import Document, Mapping, Node, Scalar, Sequence, pack

__all__ = ["Document", "Mapping", "Node", "Scalar", "Sequence", "pack"]
