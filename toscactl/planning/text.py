"""A plan as text for a terminal: waves, one sign per action, where each line comes from."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from toscactl.desired import Action
from toscactl.planning.gates import destructive
from toscactl.planning.model import Certainty, Plan, PropertyChange, ResourceAction, Risk
from toscactl.planning.scripts import Script, scripts
from toscactl.planning.wording import change, place, printable, shown, sign, summary

_RESET = "\x1b[0m"
_COLORS: Mapping[str, str] = {
    "+": "\x1b[32m",
    "~": "\x1b[33m",
    "-/+": "\x1b[1;31m",
    "-": "\x1b[1;31m",
    "?": "\x1b[36m",
    ">": "\x1b[34m",
}
_LONGEST_VALUE = 60
_NARROWEST = 40
_ON_THIS_MACHINE = "local"


def to_text(plan: Plan, *, color: bool = False, verbose: bool = False, width: int = 80) -> str:
    """The plan in lines of about `width` columns, the last one ended.

    `verbose` shows what does not change, all properties of what is created, and long values whole.
    Nothing depends on color to be understood.
    """
    writer = _Writer(plan, color=color, verbose=verbose, width=max(width, _NARROWEST))
    return "".join(f"{line.rstrip()}\n" for line in writer.lines())


class _Writer:
    def __init__(self, plan: Plan, *, color: bool, verbose: bool, width: int) -> None:
        self.plan = plan
        self.color = color
        self.verbose = verbose
        self.width = width
        self.longest = None if verbose else _LONGEST_VALUE

    def lines(self) -> Iterator[str]:
        yield from self._head()
        waves = [action for action in self.plan.actions if action.action is not Action.NOOP]
        for wave, actions in groupby(waves, key=lambda action: action.wave):
            yield ""
            yield f"wave {wave}"
            for action in actions:
                yield from self._action(action)
        if self.verbose:
            yield from self._unchanged()
        yield from self._unsupported()
        yield from self._scripts()
        yield from self._outputs()
        yield ""
        yield from self._end()

    def _head(self) -> Iterator[str]:
        plan = self.plan
        waves = len({action.wave for action in plan.actions if action.action is not Action.NOOP})
        nodes = len({action.instance or action.unit for action in plan.actions})
        targets = ", ".join(
            f"{target.name} ({target.variant or target.backend})" for target in plan.targets
        )
        verb = "destroy" if plan.destroy else "plan"
        left = f"toscactl {verb} {printable(plan.deployment)} on {targets or 'no target'}"
        yield self._line(left, f"{_count(nodes, 'node')}, {_count(waves, 'wave')}")

    def _action(self, action: ResourceAction) -> Iterator[str]:
        mark = sign(action)
        name = printable(f"{action.kind}/{action.name}")
        if len(self.plan.targets) > 1:
            name += f" on {action.target}"
        head = f"{mark:>3} {name}"
        told = _told(action)
        origin = place(action.origin)
        if told and len(head) + len(told) + len(origin) + 6 <= self.width:
            yield self._line(f"{head}  {told}", origin, mark)
        else:
            yield self._line(head, origin, mark)
            if told:
                yield f"      {told}"
        yield from self._changes(action)
        if action.risk is not Risk.NONE:
            yield f"      risk: {action.risk.value}"

    def _changes(self, action: ResourceAction) -> Iterator[str]:
        quiet = action.action in (Action.CREATE, Action.DELETE) and not self.verbose
        if quiet or not action.changes:
            return
        column = min(max(len(item.path) for item in action.changes), 24)
        for item in action.changes:
            yield self._line(
                f"      {printable(item.path):<{column}}  {self._change(action, item)}",
                _own_place(action, item),
            )

    def _change(self, action: ResourceAction, item: PropertyChange) -> str:
        if action.action is Action.CREATE:
            words = shown(item.after, self.longest)
        elif action.action is Action.DELETE:
            words = shown(item.before, self.longest)
        else:
            words = change(item, self.longest)
        return words + ("  # forces replacement" if item.forces_replace else "")

    def _unchanged(self) -> Iterator[str]:
        same = [action for action in self.plan.actions if action.action is Action.NOOP]
        if same:
            yield ""
            yield "unchanged"
        for action in same:
            name = printable(f"{action.kind}/{action.name}")
            yield self._line(f"  = {name}", place(action.origin))

    def _unsupported(self) -> Iterator[str]:
        several = len(self.plan.targets) > 1
        if self.plan.unsupported:
            yield ""
            yield f"Not expressible on {'these targets' if several else 'this target'}"
        for item in self.plan.unsupported:
            at = "" if item.place is None else printable(f"{item.place.file}:{item.place.line}")
            where = f"{item.target}: " if several and item.target else ""
            yield self._line(f"  {where}{printable(item.message)} [{item.rule}]", at)

    def _scripts(self) -> Iterator[str]:
        local = {target.name for target in self.plan.targets if target.backend == _ON_THIS_MACHINE}
        found = [script for script in scripts(self.plan) if script.target in local]
        if found:
            yield ""
            yield "Scripts that will run on this machine:"
        for script in found:
            yield self._line(
                f"  {printable(script.path)}  ({_about(script)})", place(script.origin)
            )
            yield f"      {', '.join(map(printable, script.users))}"

    def _outputs(self) -> Iterator[str]:
        if self.plan.outputs and (self.plan.has_changes or self.verbose):
            yield ""
            yield "Outputs"
            for output in self.plan.outputs:
                value = "(sensitive)" if output.sensitive else shown(output.value, self.longest)
                yield f"  {printable(output.name)} = {value}"

    def _end(self) -> Iterator[str]:
        found = destructive(self.plan)
        if found:
            counts = Counter(_verb(action) for action in found)
            names = {
                verb: ", ".join(
                    printable(f"{action.kind}/{action.name}")
                    for action in found
                    if _verb(action) == verb
                )
                for verb in counts
            }
            listed = ", ".join(f"{counts[verb]} {verb} ({names[verb]})" for verb in counts)
            yield self._colored(f"Destructive: {listed}", "-")
        yield f"Plan: {summary(self.plan)}."
        evidence = Counter(
            action.evidence for action in self.plan.actions if action.action is not Action.NOOP
        )
        if evidence:
            yield f"Evidence: {', '.join(f'{n} {name}' for name, n in sorted(evidence.items()))}."

    def _line(self, left: str, right: str = "", mark: str = "") -> str:
        gap = max(self.width - len(left) - len(right), 2)
        return self._colored(left, mark) + (" " * gap + right if right else "")

    def _colored(self, words: str, mark: str) -> str:
        return f"{_COLORS[mark]}{words}{_RESET}" if self.color and mark in _COLORS else words


def _told(action: ResourceAction) -> str:
    """Why, where the sign alone does not say it."""
    reason = printable(action.reason.text)
    if action.certainty is not Certainty.WILL:
        return f"may {action.action.value}: {reason}"
    if action.action is Action.REPLACE:
        return f"REPLACE: {reason}"
    if action.reason.code in ("new", "property-changed", "requested"):
        return reason if action.action is Action.RUN else ""
    return reason


def _verb(action: ResourceAction) -> str:
    return ("" if action.certainty is Certainty.WILL else "maybe ") + action.action.value


def _own_place(action: ResourceAction, item: PropertyChange) -> str:
    at = place(item.origin)
    return "" if at == place(action.origin) else at


def _about(script: Script) -> str:
    parts: Sequence[str] = (
        script.interpreter,
        "" if script.size is None else f"{script.size} bytes",
        "" if script.digest is None else f"sha256 {script.digest[:12]}",
    )
    return ", ".join(part for part in parts if part) or "no content"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
