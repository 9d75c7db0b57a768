"""`State` of a deployment, and `Store`: where states, journals and locks are kept."""

import enum
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from toscactl.address import Address
from toscactl.desired import Blob, Unit, UnitChange
from toscactl.targets import Target
from toscactl.values import Value


class StepStatus(enum.Enum):
    """What is known of a step. `RUNNING` in a journal nobody works on means: not known."""

    PENDING = "pending"
    RUNNING = "running"
    OK = "ok"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class UnitRecord:
    """A unit as the state knows it.

    `unit` is as it was applied last, None if it never was completely; `change` is a change that
    was begun and not finished, None if there is none. `ledger` holds the steps of that change.
    """

    id: str
    unit: Unit | None
    change: UnitChange | None = None
    ledger: Mapping[str, StepStatus] = field(default_factory=dict)
    running: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    """What a driver recorded of steps that began and have no result, by the step's key."""
    observed: Mapping[str, Value] = field(default_factory=dict)
    used: Mapping[str, Value] = field(default_factory=dict)
    """The attributes of other units that `unit` was applied with, by the text of the reference."""


@dataclass(frozen=True, slots=True)
class State:
    """All that is known of one deployment. `serial` grows with every write."""

    deployment: str
    serial: int = 0
    key: bytes = b""
    """For fingerprints (HMAC-SHA-256) of what must not be shown; made with the deployment."""
    service: str = ""
    service_version: str | None = None
    service_digest: str = ""
    source: str = ""
    """Where the service was read from, for messages."""
    targets: Mapping[str, Target] = field(default_factory=dict)
    inputs: Mapping[str, Value] = field(default_factory=dict)
    outputs: Mapping[str, Value] = field(default_factory=dict)
    """As expressions over attributes."""
    units: Mapping[str, UnitRecord] = field(default_factory=dict)
    attributes: Mapping[Address, Mapping[str, Value]] = field(default_factory=dict)
    outcome: str | None = None
    """How the last run ended: done, failed, interrupted; None if it has not, or was killed."""

    @property
    def exists(self) -> bool:
        return self.serial > 0


@dataclass(frozen=True, slots=True)
class LockOwner:
    """Who holds a lock. `since` is ISO 8601 in UTC."""

    who: str
    pid: int
    host: str
    operation: str
    since: str


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One row of the journal: an intent or a result. `at` is ISO 8601 in UTC."""

    number: int
    run: int
    at: str
    step: str
    verb: str
    event: str
    """`begun`, `ok`, `failed`, `skipped`, `run-begun`, `run-ended`."""
    detail: str = ""
    log: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class StepResult:
    """How a step ended, and what it brought.

    `gone`: with this step the old unit is away; what was observed of it, and the attributes of
    its instances, go too. `used`, if not None: it was the last step of its change, which ends in
    the same transaction, as with `Store.end_change`.
    """

    status: StepStatus
    attributes: Mapping[Address, Mapping[str, Value]] = field(default_factory=dict)
    observed: Mapping[str, Value] = field(default_factory=dict)
    detail: str = ""
    log: Sequence[str] = ()
    gone: bool = False
    used: Mapping[str, Value] | None = None


class Store(Protocol):
    """Where states are kept. Every write is one transaction. Raises `StateError`, `Locked`.

    All methods may be called from any thread.
    """

    def deployments(self) -> Sequence[str]: ...

    def read(self, deployment: str) -> State:
        """The state; one with serial 0 if there is no such deployment."""

    def lock(self, deployment: str, operation: str) -> AbstractContextManager[None]:
        """Hold a deployment. A lock whose owner is a dead process of this host is taken over."""

    def owner(self, deployment: str) -> LockOwner | None: ...

    def unlock(self, deployment: str) -> LockOwner | None:
        """Break a lock; says whose it was."""

    def begin_run(self, state: State, operation: str) -> int:
        """Write what a run starts from (service, inputs, targets, outputs); returns its number."""

    def begin_change(self, deployment: str, run: int, unit: str, change: UnitChange) -> None:
        """A change of a unit is about to start, or to go on: the change is kept.

        Its ledger holds what the change says is done; what it says was begun stays as it was.
        A step of an abandoned change that never ended stays in `UnitRecord.running` under its key
        with `~` before it, until this change ends, so that a driver can end what it left behind.
        """

    def begin_step(self, deployment: str, run: int, unit: str, key: str, verb: str) -> None:
        """The intent: this step is about to run."""

    def running(self, deployment: str, unit: str, key: str, record: Mapping[str, Value]) -> None:
        """Where the step runs."""

    def end_step(self, deployment: str, run: int, unit: str, key: str, result: StepResult) -> None:
        """The result, with all that it brought, in one transaction."""

    def end_change(
        self, deployment: str, unit: str, used: Mapping[str, Value] | None = None
    ) -> None:
        """A unit is as its change wanted it: `unit` becomes `change.after`, or the unit is gone."""

    def skip_steps(
        self, deployment: str, run: int, steps: Sequence[tuple[str, str]], cause: str
    ) -> None:
        """Journal that steps (their ids and verbs) were not begun, and why."""

    def end_run(self, deployment: str, run: int, outcome: str) -> None: ...

    def forget(self, deployment: str) -> None:
        """Nothing is left of a deployment: remove its state, keep its journal for `history`."""

    def history(self, deployment: str) -> Iterator[JournalEntry]: ...

    def folder(self, deployment: str) -> str:
        """A folder of the deployment's own (mode 0700) for work files."""

    def blob(self, digest: str) -> Blob: ...
