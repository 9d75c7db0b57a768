"""document -> definitions: what a TOSCA file says, names still unbound. Dialects end here."""

from toscactl.definitions.model import *  # noqa: F403
