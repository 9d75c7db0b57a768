"""The live side: what this version has of it."""

from contextlib import AbstractContextManager
from importlib.util import find_spec

from toscactl.backend import BackendError, Driver, MissingExtra, Target


def connect(target: Target) -> AbstractContextManager[Driver]:
    """Always raises: stacks are planned and translated here, but not applied yet.

    `MissingExtra` without openstacksdk, else `BackendError`.
    """
    if find_spec("openstack") is None:
        raise MissingExtra("openstacksdk", "openstack", f"target `{target.name}`")
    raise BackendError(
        f"applying to Heat (target `{target.name}`) is not part of this version",
        hint="toscactl translate writes a template for `openstack stack create -t FILE NAME`",
    )
