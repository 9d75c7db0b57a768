"""The local backend: operations run as scripts on this machine.

`LocalBackend` is found through the entry-point group `toscactl.backends`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from toscactl.backend import (
    BackendError,
    Checked,
    Driver,
    Instance,
    Portion,
    Step,
    Target,
    Unit,
    UnitChange,
)
from toscactl_local import change, check, lower, steps

__all__ = ["LocalBackend"]


class LocalBackend:
    """Nodes are what their operations make of them, on this machine."""

    @property
    def name(self) -> str:
        return "local"

    def claims(self, instance: Instance, target: Target) -> bool:  # noqa: ARG002
        """All but containers of which there is only an image.

        A node without operations means nothing here and harms nothing: it is recorded.
        """
        return not check.needs_engine(instance)

    def lower(self, portion: Portion) -> Checked[tuple[Unit, ...]]:
        return lower.lower(portion)

    def files(self, portion: Portion, units: Sequence[Unit]) -> Mapping[str, bytes]:
        from toscactl_local.folder import files

        return files(portion, units)

    def change(self, before: Unit, after: Unit) -> UnitChange:
        return change.change(before, after)

    def steps(self, change: UnitChange) -> Sequence[Step]:
        return steps.steps(change)

    @contextmanager
    def connect(self, target: Target) -> Iterator[Driver]:  # noqa: ARG002
        """The driver. Raises `BackendError` where there are no POSIX processes."""
        import os

        if os.name != "posix":
            raise BackendError(
                "the target `local` runs on Linux and macOS only",
                hint="on Windows, use the Windows Subsystem for Linux",
            )
        # psutil and sockets are for those who run something.
        from toscactl_local.channel import Channel
        from toscactl_local.driver import LocalDriver

        channel = Channel()
        try:
            yield LocalDriver(channel)
        finally:
            channel.close()
