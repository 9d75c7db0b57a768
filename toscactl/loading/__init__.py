"""stage."""
from toscactl.loading.model import *  # noqa: F403
