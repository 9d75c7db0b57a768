"""document -> targets: the file `targets.yaml`, which names the places to deploy to.

targets:
  edge-1:
    backend: kubernetes
    variant: k3s
    connection: { context: edge-1 }
    facts: { storage_class: local-path }
"""

from collections.abc import Iterator, Mapping

from toscactl import document
from toscactl.diagnostics import Checked, Diagnostic, Rule, closest
from toscactl.source import Source
from toscactl.targets import BUILT_IN, Target
from toscactl.values import Value

BAD_TARGETS = Rule("bad-targets-file", "The file of targets does not have the form of one.")
UNKNOWN_TARGET_KEY = Rule("unknown-target-key", "A target has a key that means nothing.")

_KEYS = ("backend", "variant", "connection", "facts", "description")


def read(source: Source) -> Checked[Mapping[str, Target]]:
    """The targets of a file, by name, with the built-in ones that it does not replace."""
    parsed = document.parse(source)
    found: list[Diagnostic] = list(parsed.diagnostics)
    targets = dict(BUILT_IN)
    root = parsed.value.root
    entries = root.get("targets") if isinstance(root, document.Mapping) else None
    if not isinstance(entries, document.Mapping):
        if not found:
            span = root.span if root is not None else None
            found.append(
                BAD_TARGETS.at(span, "a file of targets is a mapping with the one key `targets`")
            )
        return Checked(targets, tuple(found))
    for name, node in entries:
        if not isinstance(name, document.Scalar):
            found.append(BAD_TARGETS.at(name.span, "the name of a target is a string"))
            continue
        target = _target(name, node, found)
        if target is not None:
            targets[name.text] = target
    return Checked(targets, tuple(found))


def _target(name: document.Scalar, node: document.Node, found: list[Diagnostic]) -> Target | None:
    if not isinstance(node, document.Mapping):
        found.append(
            BAD_TARGETS.at(node.span, f"target `{name.text}` is a mapping with a `backend`")
        )
        return None
    found.extend(_unknown_keys(name, node))
    backend = node.get("backend")
    if not isinstance(backend, document.Scalar):
        found.append(BAD_TARGETS.at(name.span, f"target `{name.text}` does not name its `backend`"))
        return None
    variant = node.get("variant")
    return Target(
        name.text,
        backend.text,
        variant.text if isinstance(variant, document.Scalar) else "",
        _values(name, "connection", node.get("connection"), found),
        _values(name, "facts", node.get("facts"), found),
        name.span,
    )


def _unknown_keys(name: document.Scalar, node: document.Mapping) -> Iterator[Diagnostic]:
    for key, _ in node:
        text = key.text if isinstance(key, document.Scalar) else ""
        if text not in _KEYS:
            guess = closest(text, _KEYS)
            yield UNKNOWN_TARGET_KEY.at(
                key.span,
                f"target `{name.text}` has the unknown key `{text}`",
                hint=f"did you mean `{guess}`?" if guess else f"known are: {', '.join(_KEYS)}",
            )


def _values(
    name: document.Scalar, key: str, node: document.Node | None, found: list[Diagnostic]
) -> Mapping[str, Value]:
    if node is None:
        return {}
    value = _value(node)
    if not isinstance(value, Mapping):
        found.append(BAD_TARGETS.at(node.span, f"`{key}` of target `{name.text}` is a mapping"))
        return {}
    return value


def _value(node: document.Node) -> Value:
    if isinstance(node, document.Mapping):
        return {str(key): _value(item) for key, item in node}
    if isinstance(node, document.Sequence):
        return tuple(_value(item) for item in node)
    assert isinstance(node, document.Scalar)
    return document.core_value(node)
