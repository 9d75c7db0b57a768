"""A plan as Markdown for a pull request: the summary first, details folded, within a budget."""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from toscactl.desired import Action
from toscactl.planning.gates import destructive
from toscactl.planning.model import Plan, ResourceAction, Risk
from toscactl.planning.scripts import scripts
from toscactl.planning.wording import change, place, printable, shown, sign, summary

BUDGET = 60_000
"""Characters. The comments of the common forges end at 65,536."""
_LISTED = 100
_LONGEST_VALUE = 200
_PREFIXES = {Action.CREATE: "+", Action.DELETE: "-"}


def to_markdown(plan: Plan, *, budget: int = BUDGET) -> str:
    """The plan in at most `budget` characters; the largest sections are truncated first.

    The first line is the summary. A comment that no reader sees marks what the text is about,
    so that a later plan of the same deployment can take its place.
    """
    head = "".join(_head(plan))
    sections = [_section(name, actions) for name, actions in _by_node(plan).items()]
    _fold(sections, budget - len(head))
    return head + _joined(sections, budget - len(head))


@dataclass(slots=True)
class _Section:
    """The actions on one node."""

    name: str
    number: int
    text: str

    def truncate(self) -> None:
        self.text = f"- {_code(self.name)}: truncated: {_actions(self.number)}, see the JSON plan\n"


def _head(plan: Plan) -> Iterator[str]:
    targets = ", ".join(target.name for target in plan.targets) or "no target"
    what = "Removal" if plan.destroy else "Plan"
    yield f"{what} of {printable(plan.deployment)} on {targets}: {summary(plan)}.\n"
    yield f"\n<!-- toscactl:plan:{_comment(plan.deployment)} -->\n"
    found = destructive(plan)
    if found:
        yield "\n### Destructive\n\n"
        yield from _listed([_destructive(action) for action in found])
    if plan.unsupported:
        yield "\n### Not expressible\n\n"
        yield from _listed(
            [
                f"{_code(item.rule)} {_plain(item.message)}"
                + (
                    ""
                    if item.place is None
                    else f" ({_code(f'{item.place.file}:{item.place.line}')})"
                )
                for item in plan.unsupported
            ]
        )
    ran = scripts(plan)
    if ran:
        yield "\n### Scripts\n\n"
        yield from _listed(
            [
                f"{_code(one.path)} ({one.interpreter or 'no interpreter'})"
                f" for {_plain(', '.join(one.users))}"
                for one in ran
            ]
        )
    if any(action.action is not Action.NOOP for action in plan.actions):
        yield "\n### By node\n\n"


def _listed(items: Sequence[str]) -> Iterator[str]:
    yield from (f"- {item}\n" for item in items[:_LISTED])
    if len(items) > _LISTED:
        yield f"- truncated: {len(items) - _LISTED} more, see the JSON plan\n"


def _destructive(action: ResourceAction) -> str:
    maybe = "" if action.certainty.value == "will" else "maybe "
    risk = "" if action.risk is Risk.NONE else f", risk: {action.risk.value}"
    at = place(action.origin)
    return (
        f"**{maybe}{action.action.value}** {_code(f'{action.kind}/{action.name}')}:"
        f" {_plain(action.reason.text)}{risk}" + (f" ({_code(at)})" if at else "")
    )


def _by_node(plan: Plan) -> dict[str, list[ResourceAction]]:
    found: dict[str, list[ResourceAction]] = {}
    for action in plan.actions:
        if action.action is not Action.NOOP:
            name = action.unit if action.instance is None else str(action.instance)
            found.setdefault(name, []).append(action)
    return found


def _section(name: str, actions: Sequence[ResourceAction]) -> _Section:
    body = "\n".join(line for action in actions for line in _lines(action))
    fence = "`" * max(3, max((len(run) + 1 for run in re.findall("`+", body)), default=3))
    signs = " ".join(sign(action) for action in actions[:10])
    title = f"{html.escape(printable(name))} ({_actions(len(actions))}: {html.escape(signs)})"
    text = f"<details><summary>{title}</summary>\n\n{fence}diff\n{body}\n{fence}\n\n</details>\n"
    return _Section(name, len(actions), text)


def _lines(action: ResourceAction) -> Iterator[str]:
    prefix = _PREFIXES.get(action.action, "!") if action.certainty.value == "will" else "!"
    at = place(action.origin)
    why = printable(action.reason.text)
    maybe = "" if action.certainty.value == "will" else "may "
    name = printable(f"{action.kind}/{action.name}")
    yield f"{prefix} {maybe}{action.action.value} {name}: {why}" + (f" ({at})" if at else "")
    for item in action.changes:
        path = printable(item.path)
        forces = "  # forces replacement" if item.forces_replace else ""
        if action.action is Action.CREATE:
            yield f"+     {path}: {shown(item.after, _LONGEST_VALUE)}"
        elif action.action is Action.DELETE:
            yield f"-     {path}: {shown(item.before, _LONGEST_VALUE)}"
        else:
            yield f"!     {path}: {change(item, _LONGEST_VALUE)}{forces}"


def _fold(sections: Sequence[_Section], budget: int) -> None:
    """Truncate the largest sections until all fit, or none is left that is worth it."""
    size = sum(len(section.text) for section in sections)
    for section in sorted(sections, key=lambda one: -len(one.text)):
        if size <= budget:
            return
        size -= len(section.text)
        section.truncate()
        size += len(section.text)


def _joined(sections: Sequence[_Section], budget: int) -> str:
    """The sections; where not even truncated ones fit, the last ones become one line."""
    if sum(len(section.text) for section in sections) <= budget:
        return "".join(section.text for section in sections)
    shown_: list[str] = []
    left = budget - 100
    for number, section in enumerate(sections):
        left -= len(section.text)
        if left < 0:
            rest = sections[number:]
            total = _actions(sum(one.number for one in rest))
            shown_.append(f"- truncated: {total} on {len(rest)} more nodes, see the JSON plan\n")
            break
        shown_.append(section.text)
    return "".join(shown_)


def _actions(number: int) -> str:
    return "1 action" if number == 1 else f"{number} actions"


def _code(words: str) -> str:
    """Words as inline code, whatever they hold."""
    words = printable(words)
    ticks = "`" * (max((len(run) for run in re.findall("`+", words)), default=0) + 1)
    pad = " " if words.startswith("`") or words.endswith("`") else ""
    return f"{ticks}{pad}{words}{pad}{ticks}"


def _plain(words: str) -> str:
    """Words in which only inline code is markup."""
    pieces = re.split(r"(`[^`]*`)", printable(words))
    pieces[::2] = [re.sub(r"([\\*_<>\[\]|~#`])", r"\\\1", piece) for piece in pieces[::2]]
    return "".join(pieces)


def _comment(words: str) -> str:
    return re.sub(r"[^A-Za-z0-9._ -]", lambda one: f"%{ord(one[0]):x}", words).replace("--", "-%2d")
