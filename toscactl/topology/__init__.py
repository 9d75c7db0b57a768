"""stage."""
from toscactl.topology.model import *  # noqa: F403
