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

__all__ = ["Action", "Blob", "Need", "Origin", "Resource", "Step", "Unit", "UnitChange"]
