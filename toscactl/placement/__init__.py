"""graph -> placement: which target carries which instance."""

from toscactl.placement.place import Placement, place, portions

__all__ = ["Placement", "place", "portions"]
