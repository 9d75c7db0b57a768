"""desired + state -> plan: what would change, why, and in which order."""

from toscactl.plan.diff import Wanted, destroy, diff
from toscactl.plan.gates import KINDS, matching
from toscactl.plan.json import SavedPlan, from_json, schema, to_json, verify
from toscactl.plan.markdown import to_markdown
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
from toscactl.plan.scripts import Script, scripts
from toscactl.plan.text import to_text

__all__ = [
    "FORMAT",
    "KINDS",
    "Certainty",
    "InputDigest",
    "OutputPreview",
    "Plan",
    "Preconditions",
    "PropertyChange",
    "Reason",
    "ResourceAction",
    "Risk",
    "SavedPlan",
    "Script",
    "Unsupported",
    "Wanted",
    "destroy",
    "diff",
    "from_json",
    "matching",
    "schema",
    "scripts",
    "to_json",
    "to_markdown",
    "to_text",
    "verify",
]
