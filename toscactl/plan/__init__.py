"""desired + state -> plan: what would change, why, and in which order."""

from toscactl.plan.diff import Wanted, destroy, diff
from toscactl.plan.model import (
    FORMAT,
    Certainty,
    InputDigest,
    OutputPreview,
    Plan,
    Preconditions,
    PropertyChange,
    Reason,
    ResourceAction,
    Risk,
    Unsupported,
)

__all__ = [
    "FORMAT",
    "Certainty",
    "InputDigest",
    "OutputPreview",
    "Plan",
    "Preconditions",
    "PropertyChange",
    "Reason",
    "ResourceAction",
    "Risk",
    "Unsupported",
    "Wanted",
    "destroy",
    "diff",
]
