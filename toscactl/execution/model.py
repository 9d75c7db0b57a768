"""The events of an execution: typed values, in the order in which things happen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from toscactl.desired import Step
from toscactl.values import Value


@dataclass(frozen=True, slots=True)
class Started:
    """A step began."""

    step: Step
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Progress:
    """A line that a step had to say."""

    step: Step
    line: str


@dataclass(frozen=True, slots=True)
class Done:
    """A step ended well. `seconds` is its wall-clock time."""

    step: Step
    seconds: float
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """A step ended badly. `tail` holds the last lines that it said, at most 20."""

    step: Step
    seconds: float
    message: str
    tail: tuple[str, ...] = ()
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A step was not begun, because of `cause`.

    That is the id of a failed step, `cancelled`, or `unchanged`: the plan said that it may be
    needed, and it is not; then no other step suffers from that.
    """

    step: Step
    cause: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A step cannot begin yet because of others (their ids)."""

    step: Step
    on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event. `outcome` is `done`, `failed` or `interrupted`."""

    outcome: str
    done: int
    failed: int
    skipped: int
    outputs: Mapping[str, Value] = field(default_factory=dict)


Event: TypeAlias = Started | Progress | Done | Failed | Skipped | Waiting | Finished
