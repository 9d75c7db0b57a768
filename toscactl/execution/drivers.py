"""The drivers of a run: one per target, connected when the first step needs it."""

import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from toscactl.backend import Backend, Driver
from toscactl.errors import BackendError, ToscactlError
from toscactl.targets import Target


class Drivers:
    """Connections by target; `close` ends them all. What failed to connect stays failed."""

    def __init__(self, targets: Sequence[Target], backends: Mapping[str, Backend]) -> None:
        self._targets = {target.name: target for target in targets}
        self._backends = backends
        self._locks = {name: threading.Lock() for name in self._targets}
        self._found: dict[str, Driver | ToscactlError] = {}
        self._open = ExitStack()

    def of(self, target: str) -> Driver:
        """The driver of a target. Raises `BackendError`, `MissingExtra`."""
        with self._locks[target]:
            if target not in self._found:
                self._found[target] = self._connected(self._targets[target])
            found = self._found[target]
        if isinstance(found, ToscactlError):
            raise found
        return found

    def close(self) -> None:
        self._open.close()

    def _connected(self, target: Target) -> Driver | ToscactlError:
        backend = self._backends.get(target.backend)
        if backend is None:
            return BackendError(
                f"the target `{target.name}` needs the backend `{target.backend}`,"
                " which is not installed"
            )
        try:
            return self._open.enter_context(backend.connect(target))
        except ToscactlError as error:
            return error
