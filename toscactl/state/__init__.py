"""What is known of deployments: their state, journal and lock, and where these are kept."""

from toscactl.state.model import (
    JournalEntry,
    LockOwner,
    State,
    StepResult,
    StepStatus,
    Store,
    UnitRecord,
)
from toscactl.state.sqlite import SqliteStore, open_store

__all__ = [
    "JournalEntry",
    "LockOwner",
    "SqliteStore",
    "State",
    "StepResult",
    "StepStatus",
    "Store",
    "UnitRecord",
    "open_store",
]
