"""Which steps can begin: bookkeeping without threads and without effects.

A failed or cancelled step takes those with it that need it, and no others. Removing what is no
longer wanted comes before making anything on the same target, even where nothing needs that:
the new may take the old one's place. That wait is not a need: a removal that fails stops nothing.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from toscactl.desired import Step


class Schedule:
    """The steps of a plan, and what has become of them. Linear in steps and needs."""

    def __init__(self, steps: Sequence[Step], obsolete: frozenset[str]) -> None:
        """`obsolete` are the units that are to go for good; needs outside of `steps` are met."""
        self.steps = {step.id: step for step in steps}
        self.left = dict.fromkeys(self.steps)
        """The ids of steps without a result, in the order of the plan."""
        self._begun: set[str] = set()
        self._dependents: dict[str, list[str]] = {id_: [] for id_ in self.steps}
        self._open: dict[str, int] = {}
        self._told: set[str] = set()
        for step in steps:
            needs = [need for need in step.needs if need in self.steps]
            self._open[step.id] = len(needs)
            for need in needs:
                self._dependents[need].append(step.id)
        self._first = _first(steps, obsolete)
        self._removing: dict[str, int] = {}
        for id_ in self._first:
            target = self.steps[id_].target
            self._removing[target] = self._removing.get(target, 0) + 1
        self._held: dict[str, list[str]] = {}

    def initial(self) -> Sequence[Step]:
        """The steps that can begin at once."""
        return self._released(id_ for id_, count in self._open.items() if count == 0)

    def done(self, step: Step) -> tuple[Sequence[Step], Sequence[tuple[Step, tuple[str, ...]]]]:
        """A step is done: which can begin now, and which wait on (once each) for what."""
        ready, waiting = [], []
        for id_ in self._dependents[step.id]:
            self._open[id_] -= 1
            if id_ not in self.left:
                continue
            if self._open[id_] == 0:
                ready.append(id_)
            elif id_ not in self._told:
                self._told.add(id_)
                dependent = self.steps[id_]
                waiting.append((dependent, tuple(n for n in dependent.needs if n in self.left)))
        freed = self._settled(step.id)
        told = [(one, tuple(n for n in on if n != step.id)) for one, on in waiting]
        return self._released((*ready, *freed)), told

    def failed(self, step: Step) -> tuple[Sequence[Step], Sequence[Step]]:
        """A step failed: which can begin nevertheless, and which never can."""
        lost: list[Step] = []
        freed = list(self._settled(step.id))
        pending = deque(self._dependents[step.id])
        while pending:
            id_ = pending.popleft()
            if id_ in self.left:
                lost.append(self.steps[id_])
                freed.extend(self._settled(id_))
                pending.extend(self._dependents[id_])
        return self._released(freed), lost

    def abandon(self) -> Sequence[Step]:
        """Begin nothing more: the steps that were not handed out."""
        lost = [self.steps[id_] for id_ in self.left if id_ not in self._begun]
        for step in lost:
            del self.left[step.id]
        return lost

    def _released(self, ids: Iterable[str]) -> Sequence[Step]:
        found = []
        for id_ in ids:
            if id_ not in self.left:
                continue
            step = self.steps[id_]
            if not step.removes and self._removing.get(step.target):
                self._held.setdefault(step.target, []).append(id_)
            else:
                self._begun.add(id_)
                found.append(step)
        return found

    def _settled(self, id_: str) -> Iterator[str]:
        """Take a step off the list; what was held because of it comes free."""
        self.left.pop(id_, None)
        if id_ in self._first:
            self._first.discard(id_)
            target = self.steps[id_].target
            self._removing[target] -= 1
            if not self._removing[target]:
                yield from self._held.pop(target, ())


def _first(steps: Sequence[Step], obsolete: frozenset[str]) -> set[str]:
    """The removing steps that wait for nothing but other removing steps."""
    early: set[str] = set()
    known = {step.id for step in steps}
    for step in steps:
        if step.removes and all(need in early for need in step.needs if need in known):
            early.add(step.id)
    return {step.id for step in steps if step.id in early and step.unit in obsolete}
