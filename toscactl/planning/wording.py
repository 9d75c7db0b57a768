"""Words and signs that every form of a plan shares."""

from collections.abc import Mapping

from toscactl.desired import Action, Origin
from toscactl.planning.model import Certainty, Plan, PropertyChange, ResourceAction
from toscactl.values import Secret, Value, is_known, is_sensitive, text

NOT_SET = "(not set)"
SENSITIVE = "(sensitive)"
_SHORT_PRINT = 6

SIGNS: Mapping[Action, str] = {
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.REPLACE: "-/+",
    Action.DELETE: "-",
    Action.READ: "<",
    Action.RUN: ">",
    Action.NOOP: "=",
}
_SUMMARY = (
    ("create", "to create"),
    ("update", "to change"),
    ("replace", "to replace"),
    ("delete", "to delete"),
    ("run", "to run"),
    ("may", "may change"),
    ("no-op", "unchanged"),
)


def sign(action: ResourceAction) -> str:
    return SIGNS[action.action] if action.certainty is Certainty.WILL else "?"


def summary(plan: Plan) -> str:
    """`1 to create, 2 to change, 24 unchanged`, or `no changes`."""
    counts = plan.summary
    parts = [f"{counts[key]} {words}" for key, words in _SUMMARY if counts.get(key)]
    if not any(counts.get(key) for key, _ in _SUMMARY[:-1]):
        parts.insert(0, "no changes")
    return ", ".join(parts)


def place(origin: Origin | None) -> str:
    """`service.yaml:41`, or nothing."""
    return "" if origin is None else printable(f"{origin.place.file}:{origin.place.line}")


def printable(words: str) -> str:
    """A text on one line, with everything escaped that would move a terminal's cursor."""
    if words.isprintable():
        return words
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in words
    )


def shown(value: Value, longest: int | None = None) -> str:
    """A value on one line; a secret is not shown, what is not known says what it waits for."""
    if value is None:
        return NOT_SET
    if isinstance(value, Secret) or is_sensitive(value):
        return SENSITIVE
    if not is_known(value):
        return f"(known after apply: {printable(str(value))})"
    words = printable(text(value))
    if isinstance(value, str) and (not words or words != words.strip()):
        words = f'"{words}"'
    if longest is not None and len(words) > longest:
        words = words[: longest - 3] + "..."
    return words


def change(item: PropertyChange, longest: int | None = None) -> str:
    """`before -> after`; for what is sensitive only whether and how it changed."""
    if item.mark == "sensitive":
        return _sensitive_change(item)
    return f"{shown(item.before, longest)} -> {shown(item.after, longest)}"


def _sensitive_change(item: PropertyChange) -> str:
    old, new = item.fingerprints or ("", "")
    if item.before is None:
        return f"{NOT_SET} -> {SENSITIVE}"
    if item.after is None:
        return f"{SENSITIVE} -> {NOT_SET}"
    if item.waits_for:
        return f"(sensitive, known after apply: {', '.join(item.waits_for)})"
    if old and new:
        return f"(sensitive, changed {old[:_SHORT_PRINT]} -> {new[:_SHORT_PRINT]})"
    return "(sensitive, changed)"
