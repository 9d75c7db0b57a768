"""What a running step may ask of the executor."""

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from toscactl.address import Address
from toscactl.desired import Step, Unit
from toscactl.execution.secrecy import Secrets
from toscactl.values import Value

KEPT_LINES = 1000
TAIL_LINES = 20


@dataclass(slots=True)
class StepContext:
    """The `toscactl.backend.Context` of one step."""

    deployment: str
    unit: Unit
    step: Step
    interrupted: Mapping[str, Value] | None
    secrets: Secrets
    cancel: threading.Event
    work_folder: Callable[[], str]
    known: Callable[[], Mapping[Address, Mapping[str, Value]]]
    remembered: Callable[[], Mapping[str, Value]]
    record: Callable[[Mapping[str, Value]], None]
    said: Callable[[str], None]
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))

    @property
    def folder(self) -> str:
        return self.work_folder()

    @property
    def observed(self) -> Mapping[str, Value]:
        return self.remembered()

    @property
    def attributes(self) -> Mapping[Address, Mapping[str, Value]]:
        return self.known()

    def log(self, line: str) -> None:
        shown = self.secrets.hidden(line)
        self.lines.append(shown)
        self.said(shown)

    def running(self, record: Mapping[str, Value]) -> None:
        self.record(self.secrets.marked_map(record))

    def cancelled(self) -> bool:
        return self.cancel.is_set()

    @property
    def tail(self) -> tuple[str, ...]:
        return tuple(self.lines)[-TAIL_LINES:]
