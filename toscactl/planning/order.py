"""The order of all steps: inside a unit as its backend says, between units as they need each other.

Forward, a unit comes after those that it needs; removing goes the other way round.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush

from toscactl.address import Address
from toscactl.desired import Action, Step, Unit
from toscactl.diagnostics import Rule
from toscactl.errors import InvalidService
from toscactl.planning.decision import Decisions
from toscactl.planning.model import Certainty
from toscactl.planning.readers import makers, readings
from toscactl.values import Value, waits_for

CYCLIC_ORDER = Rule("cyclic-order", "Operations wait for each other, so that none can begin.")


def ordered(decisions: Decisions, steps: Mapping[str, Sequence[Step]]) -> tuple[Step, ...]:
    """All steps with every need between units, each after those that it needs.

    `steps` are the steps of every unit that are still to be done. Needs of steps that are done
    already, or that are no part of this plan, are left out. Raises `InvalidService` if steps
    wait for each other.
    """
    needs = _Needs(decisions, steps)
    if needs.read_last():
        try:
            return _sorted(needs.steps, needs.found)
        except InvalidService:
            # Removing readers before what they read is a habit, not a must.
            needs = _Needs(decisions, steps)
    return _sorted(needs.steps, needs.found)


@dataclass(frozen=True, slots=True)
class _Ends:
    """Where the forward or the removing steps of a unit begin and end: ids of steps."""

    heads: tuple[str, ...]
    tails: tuple[str, ...]


class _Needs:
    """What every step needs, by its id; the values are ordered sets."""

    def __init__(self, decisions: Decisions, steps: Mapping[str, Sequence[Step]]) -> None:
        self.by_unit = steps
        self.steps = {step.id: step for some in steps.values() for step in some}
        self.decisions = decisions
        self.forward = {
            unit: _ends([step for step in some if not step.removes]) for unit, some in steps.items()
        }
        self.removal = {
            unit: _ends([step for step in some if step.removes]) for unit, some in steps.items()
        }
        self.explicit = {step.id: frozenset(_units(step.needs)) for step in self.steps.values()}
        self.found: dict[str, dict[str, None]] = {
            step.id: {need: None for need in step.needs if need in self.steps}
            for step in self.steps.values()
        }
        self._add_all()

    def _add_all(self) -> None:
        before = (d.change.before for d in self.decisions.values())
        after = (d.change.after for d in self.decisions.values())
        made_before = makers(unit for unit in before if unit is not None)
        made_after = makers(unit for unit in after if unit is not None)
        for id_ in self.by_unit:
            self._own_order(id_)
            self._needed_first(id_)
            self._removed_last(id_)
            self._inputs_first(id_, made_after)
            self._sources_first(id_)
        for step in self.steps.values():
            self._attributes(step, made_before if step.removes else made_after)

    def _add(self, later: Iterable[str], earlier: Iterable[str]) -> None:
        earlier = tuple(earlier)
        for step in later:
            self.found[step].update(dict.fromkeys(earlier))
            self.found[step].pop(step, None)

    def _own_order(self, id_: str) -> None:
        """The old one goes before the new one comes, unless the backend wants it otherwise."""
        removal, forward = self.removal[id_], self.forward[id_]
        own = {step.id: step for step in self.by_unit[id_]}
        created_first = any(
            need in own and not own[need].removes
            for step in own.values()
            if step.removes
            for need in step.needs
        )
        if not created_first:
            self._add(forward.heads, removal.tails)

    def _needed_first(self, id_: str) -> None:
        unit = self.decisions[id_].change.after
        for need in () if unit is None else unit.needs:
            ends = self.forward.get(need.unit)
            if ends is not None and need.unit != id_:
                heads = [h for h in self.forward[id_].heads if need.unit not in self.explicit[h]]
                self._add(heads, ends.tails)

    def _removed_last(self, id_: str) -> None:
        """What a unit needed is removed after the unit is, or after it needs it no longer."""
        unit = self.decisions[id_].change.before
        for need in () if unit is None else unit.needs:
            needed = self.removal.get(need.unit)
            if needed is None or need.unit == id_:
                continue
            if self.removal[id_].tails:
                self._add(needed.heads, self.removal[id_].tails)
                if not needed.heads and self.decisions[need.unit].certainty is Certainty.WILL:
                    # It stays, but it changes: not under what is still being taken away.
                    self._add(self.forward[need.unit].heads, self.removal[id_].tails)
            elif self.decisions[need.unit].change.action is Action.DELETE:
                self._add(needed.heads, self.forward[id_].tails)

    def read_last(self) -> bool:
        """Remove what a unit has read after the unit; says whether that adds anything."""
        size = sum(map(len, self.found.values()))
        before = [d.change.before for d in self.decisions.values() if d.change.before is not None]
        for id_, found in readings(before).items():
            for maker in (maker for reading in found for maker in reading.makers):
                if id_ in self.removal and maker in self.removal:
                    self._add(self.removal[maker].heads, self.removal[id_].tails)
        return sum(map(len, self.found.values())) > size

    def _inputs_first(self, id_: str, made: Mapping[Address, tuple[str, ...]]) -> None:
        unit = self.decisions[id_].change.after
        if unit is not None:
            for maker in _makers(unit.inputs, made):
                if maker != id_ and maker in self.forward:
                    self._add(self.forward[id_].heads, self.forward[maker].tails)

    def _sources_first(self, id_: str) -> None:
        """Whether a unit changes is decided when those are done that decide it."""
        decision = self.decisions[id_]
        if decision.certainty is Certainty.MAY:
            for source in decision.sources:
                if source in self.forward:
                    heads = self.removal[id_].heads + self.forward[id_].heads
                    self._add(heads, self.forward[source].tails)

    def _attributes(self, step: Step, made: Mapping[Address, tuple[str, ...]]) -> None:
        """A step comes after what makes the attributes that its inputs read."""
        for maker in _makers(step.inputs, made):
            if maker == step.unit or maker in self.explicit[step.id]:
                continue
            if step.removes and maker in self.removal:
                self._add(self.removal[maker].heads, (step.id,))
            elif not step.removes and maker in self.forward:
                self._add((step.id,), self.forward[maker].tails)


def _makers(inputs: Mapping[str, Value], made: Mapping[Address, tuple[str, ...]]) -> Iterable[str]:
    addresses = sorted({a for value in inputs.values() for a in waits_for(value)})
    return (maker for address in addresses for maker in made.get(address, ()))


def _units(needs: Iterable[str]) -> Iterable[str]:
    return (need.partition("#")[0] for need in needs)


def _ends(steps: Sequence[Step]) -> _Ends:
    ids = {step.id for step in steps}
    needed = {need for step in steps for need in step.needs if need in ids}
    heads = tuple(step.id for step in steps if not any(need in ids for need in step.needs))
    last = tuple(step.id for step in steps if step.last)
    return _Ends(heads, last or tuple(step.id for step in steps if step.id not in needed))


def _sorted(steps: Mapping[str, Step], needs: Mapping[str, Iterable[str]]) -> tuple[Step, ...]:
    """The steps with their needs, each after those; otherwise removals first, then as given."""
    ranks = {step.id: (not step.removes, number) for number, step in enumerate(steps.values())}
    dependents: dict[str, list[str]] = {id_: [] for id_ in steps}
    open_needs = {}
    for id_, some in needs.items():
        open_needs[id_] = 0
        for need in some:
            open_needs[id_] += 1
            dependents[need].append(id_)
    ready = [(ranks[id_], id_) for id_, count in open_needs.items() if count == 0]
    heapify(ready)
    found: list[Step] = []
    while ready:
        _, id_ = heappop(ready)
        found.append(replace(steps[id_], needs=tuple(sorted(needs[id_]))))
        for dependent in dependents[id_]:
            open_needs[dependent] -= 1
            if open_needs[dependent] == 0:
                heappush(ready, (ranks[dependent], dependent))
    if len(found) < len(steps):
        raise _cyclic(steps, needs, frozenset(id_ for id_, n in open_needs.items() if n))
    return tuple(found)


def _cyclic(
    steps: Mapping[str, Step], needs: Mapping[str, Iterable[str]], left: frozenset[str]
) -> InvalidService:
    path: list[str] = []
    seen: dict[str, int] = {}
    current = min(left)
    while current not in seen:
        seen[current] = len(path)
        path.append(current)
        current = min(need for need in needs[current] if need in left)
    circle = [*path[seen[current] :], current]
    shown = " -> ".join(f"`{_shown(steps[id_])}`" for id_ in circle)
    message = f"operations wait for each other, so that none can begin: {shown}"
    hint = "each one waits for the next; `toscactl explain cyclic-order` says how to part them"
    return InvalidService(message, (CYCLIC_ORDER.at(None, message, hint=hint),))


def _shown(step: Step) -> str:
    place = "" if step.origin is None else f" ({step.origin.place.file}:{step.origin.place.line})"
    return f"{step.instance or step.unit}.{step.verb}{place}"


def waves(steps: Sequence[Step], units: Mapping[str, Unit]) -> Mapping[str, int]:
    """The wave of every step, by its id: how many units must come before it, at the most.

    A unit that is applied in one step counts as many waves as its resources need.
    """
    found: dict[str, int] = {}
    by_id = {step.id: step for step in steps}
    depths = {id_: max(depth(unit).values(), default=0) for id_, unit in units.items()}
    for step in steps:
        wave = 1
        for need in step.needs:
            other = by_id[need]
            same = other.unit == step.unit
            whole = depths.get(other.unit, 0) if other.resource is None else 0
            wave = max(wave, found[need] + (0 if same else 1 + whole))
        found[step.id] = wave
    return found


def depth(unit: Unit) -> Mapping[str, int]:
    """How many resources of the same unit must come before each, at the most; by its key."""
    by_name: dict[str, list[int]] = {}
    for number, resource in enumerate(unit.resources):
        by_name.setdefault(resource.name, []).append(number)
    depths: dict[int, int] = {}
    for start in range(len(unit.resources)):
        stack = [(start, False)]
        on_way: set[int] = set()
        while stack:
            number, done = stack.pop()
            below = [one for name in unit.resources[number].needs for one in by_name.get(name, ())]
            if done:
                depths[number] = max((depths.get(one, -1) + 1 for one in below), default=0)
            elif number not in depths and number not in on_way:
                on_way.add(number)
                stack.append((number, True))
                stack.extend((one, False) for one in below)
    return {resource.key: depths[number] for number, resource in enumerate(unit.resources)}
