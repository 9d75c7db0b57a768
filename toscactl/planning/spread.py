"""How a change of one unit spreads to others: what it hosts, and what reads its attributes."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from toscactl.backend import Backend
from toscactl.desired import Action, Unit, UnitChange
from toscactl.planning.decision import Decision, Decisions, backend_of, keys, standing
from toscactl.planning.model import Certainty, Reason
from toscactl.planning.readers import NotKnown, Reading, attribute, put_in, readings
from toscactl.state import State
from toscactl.values import AttributeOf, EvaluationError, Value

_PARTICIPLES = {Action.REPLACE: "replaced", Action.DELETE: "removed", Action.CREATE: "made anew"}


def spread(decisions: Decisions, state: State, backends: Mapping[str, Backend]) -> None:
    """Change `decisions` for the units that are affected by what was decided for others."""
    spreading = _Spreading(decisions, state, backends)
    spreading.to_hosted(list(decisions))
    spreading.to_readers()


@dataclass(slots=True)
class _Spreading:
    decisions: Decisions
    state: State
    backends: Mapping[str, Backend]
    hosted: dict[str, list[str]]
    read: Mapping[str, tuple[Reading, ...]]
    readers: dict[str, list[str]]

    def __init__(self, decisions: Decisions, state: State, backends: Mapping[str, Backend]) -> None:
        self.decisions = decisions
        self.state = state
        self.backends = backends
        self.hosted = {}
        for id_, decision in decisions.items():
            change = decision.change
            for host in sorted(_hosts(change.before) | _hosts(change.after)):
                self.hosted.setdefault(host, []).append(id_)
        wanted = (d.change.after for d in decisions.values())
        self.read = readings(unit for unit in wanted if unit is not None)
        self.readers = {}
        for id_, found in self.read.items():
            for maker in {maker: None for reading in found for maker in reading.makers}:
                self.readers.setdefault(maker, []).append(id_)

    def to_hosted(self, hosts: Iterable[str]) -> list[str]:
        """Replace every unit that stands on one that is replaced, removed or made anew.

        Says which units that changed.
        """
        affected: list[str] = []
        pending = deque(hosts)
        while pending:
            host = pending.popleft()
            cause = self.decisions.get(host)
            if cause is None or cause.change.action not in _PARTICIPLES or not cause.fresh:
                continue
            for id_ in self.hosted.get(host, ()):
                decision = self._carried_along(self.decisions[id_], host, cause)
                if decision is not None:
                    self.decisions[id_] = decision
                    affected.append(id_)
                    pending.append(id_)
        return affected

    def _carried_along(self, decision: Decision, host: str, cause: Decision) -> Decision | None:
        """The decision for a unit whose host goes away; None if it stays as it is."""
        change = decision.change
        record = self.state.units.get(decision.unit.id)
        if change.after is None or record is None:
            return None
        there = record.unit
        if record.change is not None and record.ledger:
            there, goes_on = standing(
                record, record.change, backend_of(change.after, self.backends)
            )
            if goes_on:
                return None
        if there is None or host not in _hosts(there):
            return None
        certain = cause.certainty is Certainty.WILL
        settled = change.action is Action.REPLACE and decision.fresh
        if settled and (decision.certainty is Certainty.WILL or not certain):
            return None
        how = _PARTICIPLES[cause.change.action]
        text = f"it runs on `{host}`, which {'is' if certain else 'may be'} {how}"
        return Decision(
            UnitChange(Action.REPLACE, there, change.after, keys(there, change.after)),
            Reason("dependency-replaced", text, (host,)),
            cause.certainty,
            cause.sources,
        )

    def to_readers(self) -> None:
        """Change every unit that reads an attribute that has changed or may change."""
        pending = deque(self.read)
        waiting = set(pending)
        while pending:
            id_ = pending.popleft()
            waiting.discard(id_)
            after = self._following(id_)
            if after is None:
                continue
            self.decisions[id_] = after
            changed = [id_, *self.to_hosted([id_])]
            again = {
                reader: None
                for one in changed
                for reader in self.readers.get(one, ())
                if reader not in waiting
            }
            pending.extend(again)
            waiting.update(again)

    def _following(self, id_: str) -> Decision | None:
        decision = self.decisions[id_]
        record = self.state.units.get(id_)
        if decision.change.action is not Action.NOOP or record is None:
            return None
        moved = tuple(
            reading
            for reading in self.read[id_]
            if str(reading.reference) in record.used and self._moves(reading, record.used)
        )
        return self._affected(decision, moved, record.used) if moved else None

    def _moves(self, reading: Reading, used: Mapping[str, Value]) -> bool:
        """Whether what a unit was applied with is, or may soon be, otherwise."""
        if self._in_motion(reading):
            return True
        try:
            known = attribute(reading.reference, self.state.attributes)
        except NotKnown:
            return False
        return known != used[str(reading.reference)]

    def _in_motion(self, reading: Reading) -> bool:
        return any(
            self.decisions[maker].change.action is not Action.NOOP for maker in reading.makers
        )

    def _affected(
        self, decision: Decision, moved: tuple[Reading, ...], used: Mapping[str, Value]
    ) -> Decision | None:
        """What becomes of a unit when what it reads moves; None if its backend sees no change.

        Before, the unit is as it was applied: with the values that were read then.
        """
        unit = decision.unit
        names = {reading.reference for reading in moved}

        def as_it_was(reference: AttributeOf) -> Value:
            return used[str(reference)] if reference in names else reference

        try:
            before = put_in(unit, as_it_was)
        except EvaluationError:
            return None
        change = backend_of(unit, self.backends).change(before, unit)
        if change.action is Action.NOOP:
            return None
        return self._explained(change, moved)

    def _explained(self, change: UnitChange, moved: tuple[Reading, ...]) -> Decision:
        texts = tuple(str(reading.reference) for reading in moved)
        settled = tuple(str(r.reference) for r in moved if not self._in_motion(r))
        if settled:
            shown = ", ".join(f"`{text}`" for text in settled)
            return Decision(change, Reason("dependency-changed", f"{shown} has changed", texts))
        shown = ", ".join(f"`{text}`" for text in texts)
        sources = {
            maker: None
            for reading in moved
            for maker in reading.makers
            if self.decisions[maker].change.action is not Action.NOOP
        }
        reason = Reason("dependency-changed", f"only if {shown} changes", texts)
        return Decision(change, reason, Certainty.MAY, tuple(sources))


def _hosts(unit: Unit | None) -> frozenset[str]:
    """The ids of the units that a unit cannot outlive."""
    return frozenset(need.unit for need in unit.needs if need.hosted) if unit else frozenset()
