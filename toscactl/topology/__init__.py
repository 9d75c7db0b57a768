"""typesystem -> topology: templates checked against their types, values coerced."""

from toscactl.topology.build import build
from toscactl.topology.capabilities import accepts, matching
from toscactl.topology.filters import filtered_capability
from toscactl.topology.model import (
    Artifact,
    Assigned,
    Capability,
    Group,
    NodeTemplate,
    Operation,
    Parameter,
    Policy,
    RelationshipTemplate,
    Requirement,
    Topology,
)
from toscactl.topology.requirements import says_by_whom

__all__ = [
    "Artifact",
    "Assigned",
    "Capability",
    "Group",
    "NodeTemplate",
    "Operation",
    "Parameter",
    "Policy",
    "RelationshipTemplate",
    "Requirement",
    "Topology",
    "accepts",
    "build",
    "filtered_capability",
    "matching",
    "says_by_whom",
]
