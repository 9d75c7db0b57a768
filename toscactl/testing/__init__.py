"""For tests, ours and others': a backend in memory, and laws that every backend keeps."""

from toscactl.testing.conformance import (
    check_backend,
    check_change_to_itself,
    check_lowering,
    check_secrecy,
    check_serialization,
    check_steps,
    check_units,
)
from toscactl.testing.memory import HOSTED_ON, MemoryBackend, MemoryDriver, World

__all__ = [
    "HOSTED_ON",
    "MemoryBackend",
    "MemoryDriver",
    "World",
    "check_backend",
    "check_change_to_itself",
    "check_lowering",
    "check_secrecy",
    "check_serialization",
    "check_steps",
    "check_units",
]
