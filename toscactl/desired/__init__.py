"""placement -> desired: what is wanted on each target, as data."""

from toscactl.desired.model import (
    Action,
    Blob,
    Need,
    Origin,
    Resource,
    Step,
    Unit,
    UnitChange,
)
from toscactl.desired.whole import whole_change, whole_steps

__all__ = [
    "Action",
    "Blob",
    "Need",
    "Origin",
    "Resource",
    "Step",
    "Unit",
    "UnitChange",
    "whole_change",
    "whole_steps",
]
