"""Names that a Kubernetes API server accepts, made of names that TOSCA allows."""

import hashlib
import re

LABEL_LENGTH = 63
OBJECT_LENGTH = 48
"""Short enough for a StatefulSet: its pods and their labels add to the name."""
PORT_LENGTH = 15


def dns_label(text: str, limit: int = OBJECT_LENGTH) -> str:
    """An RFC 1035 label: lower-case letters, digits and dashes, beginning with a letter.

    What is too long is cut and ends with a digest of the whole, so that it stays distinct.
    """
    label = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    if not label or not label[0].isalpha():
        label = f"x-{label}".strip("-")
    if len(label) <= limit:
        return label
    return f"{label[: limit - 9].rstrip('-')}-{_digest(text)}"


def label_value(text: str) -> str:
    """A label's value: letters, digits, `-`, `_` and `.`, at most 63, alphanumeric at both ends."""
    cleaned = re.sub(r"[^A-Za-z0-9_.-]+", "-", text)[:LABEL_LENGTH].strip("-_.")
    return cleaned or "none"


def port_name(text: str) -> str:
    """An IANA service name: at most 15 lower-case letters, digits and dashes, with a letter."""
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    name = name.removesuffix("-endpoint") or name
    if not re.search("[a-z]", name):
        name = f"p-{name}".strip("-")
    if len(name) > PORT_LENGTH:
        name = f"{name[: PORT_LENGTH - 5].rstrip('-')}-{_digest(text)[:4]}"
    return name


def variable(text: str) -> str:
    """The name of an environment variable, upper case."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", text).upper()
    return f"_{name}" if name[:1].isdigit() else name


def variable_name(text: str) -> str:
    """A name as Kubernetes takes it for an environment variable, as near to the text as can be."""
    name = re.sub(r"[^-._A-Za-z0-9]", "_", text)
    return f"_{name}" if not name or name[0].isdigit() else name


def config_key(text: str) -> str:
    """A key of a ConfigMap or Secret: letters, digits, `-`, `_` and `.`."""
    return re.sub(r"[^A-Za-z0-9_.-]", "-", text)


class Names:
    """Gives out names, each once: another owner of the same name gets a digest in it."""

    def __init__(self) -> None:
        self._taken: dict[str, str] = {}

    def give(self, wanted: str, limit: int = OBJECT_LENGTH, *, owner: str = "") -> str:
        """A free label for a text; the same owner (the text, if none is said) gets it again."""
        label = dns_label(wanted, limit)
        whose = owner or wanted
        if self._taken.setdefault(label, whose) == whose:
            return label
        label = f"{label[: limit - 9].rstrip('-')}-{_digest(whose)}"
        self._taken[label] = whose
        return label


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
