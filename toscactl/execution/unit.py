"""A unit while its change is carried out: what is left of it, what was left behind by others."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from toscactl.desired import Action, Step, Unit, UnitChange
from toscactl.state import StepStatus, UnitRecord
from toscactl.values import Value


@dataclass(slots=True)
class UnitRun:
    """The change of one unit. `lock` guards what changes in here."""

    change: UnitChange
    record: UnitRecord | None
    steps: Sequence[Step]
    conditional: bool
    """Whether the plan only said that it may be needed."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    begun: bool = False
    needed: bool | None = None
    observed: dict[str, Value] = field(default_factory=dict)
    left: int = 0
    removals_left: int = 0

    def __post_init__(self) -> None:
        self.left = len(self.steps)
        self.removals_left = sum(step.removes for step in self.steps)
        if self.record is not None:
            self.observed.update(self.record.observed)

    def of(self, step: Step) -> Unit:
        """The unit that a step works on: for removing the old one, else the new one."""
        both = (self.change.before, self.change.after)
        return next(one for one in (both if step.removes else both[::-1]) if one is not None)

    def completes(self, step: Step) -> tuple[bool, bool]:
        """Count a step as done: is the old unit gone now, and is the change complete?"""
        self.left -= 1
        gone = False
        if step.removes:
            self.removals_left -= 1
            gone = self.removals_left == 0 and self.change.action is Action.REPLACE
        return gone, self.left == 0

    def unknown(self, step: Step) -> bool:
        """Whether an earlier run began this very step and it is not known how it ended."""
        return (
            self.record is not None
            and step.key in self.change.begun
            and self.record.ledger.get(step.key) is StepStatus.RUNNING
        )

    def interrupted(self, step: Step) -> Mapping[str, Value] | None:
        """What is known of a run of this step that never ended.

        The first steps of a unit also get what steps of an abandoned change left behind.
        """
        if self.record is None:
            return None
        if self.unknown(step):
            return self.record.running.get(step.key, {})
        own = {one.id for one in self.steps}
        if any(need in own for need in step.needs):
            return None
        left_behind = [
            record
            for key, record in sorted(self.record.running.items())
            if key not in self.change.begun
        ]
        if not left_behind:
            return None
        merged: dict[str, Value] = {}
        for record in left_behind:
            merged.update(record)
        return merged
