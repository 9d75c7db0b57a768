"""The drivers of a run: one per target that has steps, connected before the run begins."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack

from toscactl.backend import Backend, Driver
from toscactl.errors import BackendError
from toscactl.targets import Target


class Drivers:
    """Connections by target; `close` ends them all.

    They are made all at once, so that what cannot be reached, or not deployed to, is known
    before anything is touched.
    """

    def __init__(self, targets: Sequence[Target], backends: Mapping[str, Backend]) -> None:
        self._targets = {target.name: target for target in targets}
        self._backends = backends
        self._found: dict[str, Driver] = {}
        self._open = ExitStack()

    def connect(self, targets: Iterable[str]) -> None:
        """Connect to targets. Raises `BackendError`, `MissingExtra`; nothing stays open then."""
        try:
            for name in dict.fromkeys(targets):
                self._found[name] = self._connected(self._targets[name])
        except BaseException:
            self.close()
            raise

    def of(self, target: str) -> Driver:
        """The driver of a target that is connected."""
        return self._found[target]

    def close(self) -> None:
        self._open.close()

    def _connected(self, target: Target) -> Driver:
        backend = self._backends.get(target.backend)
        if backend is None:
            raise BackendError(
                f"the target `{target.name}` needs the backend `{target.backend}`,"
                " which is not installed"
            )
        return self._open.enter_context(backend.connect(target))
