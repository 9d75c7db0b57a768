"""desired + state -> plan: what would change, why, and in which order."""

from toscactl.planning.diff import Wanted, destroy, diff
from toscactl.planning.gates import KINDS, matching
from toscactl.planning.json import SavedPlan, from_json, schema, to_json, verify
from toscactl.planning.markdown import to_markdown
from toscactl.planning.model import (
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
from toscactl.planning.scripts import Script, scripts
from toscactl.planning.text import to_text

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
