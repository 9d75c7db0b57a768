"""topology -> graph: the instances to be, and what needs what."""

from toscactl.graph.model import (
    Artifact,
    Capability,
    Condition,
    Group,
    Input,
    Instance,
    InstanceGraph,
    Operation,
    Output,
    Policy,
    Relationship,
    Trigger,
)

__all__ = [
    "Artifact",
    "Capability",
    "Condition",
    "Group",
    "Input",
    "Instance",
    "InstanceGraph",
    "Operation",
    "Output",
    "Policy",
    "Relationship",
    "Trigger",
]
