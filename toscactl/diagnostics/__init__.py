"""What was found in the text of a user: rules, diagnostics, and `Checked` values."""

from toscactl.diagnostics.model import (
    Checked,
    Diagnostic,
    Note,
    Rule,
    Severity,
    closest,
)

__all__ = ["Checked", "Diagnostic", "Note", "Rule", "Severity", "closest"]
