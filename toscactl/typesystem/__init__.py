"""stage."""
from toscactl.typesystem.model import *  # noqa: F403
