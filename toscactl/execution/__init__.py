"""plan -> events: carries out a plan; the only stage with effects."""

from toscactl.execution.execute import execute
from toscactl.execution.inputs import outputs
from toscactl.execution.model import (
    Done,
    Event,
    Failed,
    Finished,
    Progress,
    Skipped,
    Started,
    Waiting,
)

__all__ = [
    "Done",
    "Event",
    "Failed",
    "Finished",
    "Progress",
    "Skipped",
    "Started",
    "Waiting",
    "execute",
    "outputs",
]
