"""What the world can do to us, as one tree of exceptions.

    ToscactlError
    ├── InvalidService        the text is wrong: carries every diagnostic
    ├── InvalidInputs         inputs are missing or wrong: carries every diagnostic
    ├── CannotRead            a file, folder, archive or address cannot be read
    ├── UnknownTarget         no target of that name, or its file is wrong
    ├── UnknownDeployment     no deployment of that name in the state
    ├── MissingExtra          an optional package is missing; says the command that installs it
    ├── StateError            the state cannot be used: damaged, newer, on a full disk, not writable
    │   └── Locked            somebody else works on this deployment; says who and since when
    ├── StalePlan             a saved plan no longer fits; says what moved
    ├── Refused               a gate or a person said no; nothing was touched
    └── BackendError          a backend could not do what a step asked for
        └── OperationFailed   an operation ended badly: exit status, signal, timeout

Text of the user that is wrong is a `Diagnostic`; our own mistakes are assertions.
Exceptions of third-party libraries never leave the module that is their home.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toscactl.diagnostics import Diagnostic


class ToscactlError(Exception):
    """The root of the tree. `str` is one lower-case sentence that a user can act on."""

    hint: str | None

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class InvalidService(ToscactlError):
    """A service has errors; `diagnostics` holds everything that was found, warnings too."""

    def __init__(self, message: str, diagnostics: "tuple[Diagnostic, ...]") -> None:
        super().__init__(message)
        self.diagnostics = diagnostics


class InvalidInputs(InvalidService):
    """Inputs are missing or have wrong values; all of them are named at once."""


class CannotRead(ToscactlError):
    """A file, folder, archive or address cannot be read."""


class UnknownTarget(ToscactlError):
    """There is no target of that name, or the file that defines it is wrong."""


class UnknownDeployment(ToscactlError):
    """The state knows no deployment of that name."""


class MissingExtra(ToscactlError):
    """An optional package is not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package `{package}`, which is not installed",
            hint=f"python -m pip install 'toscactl[{extra}]'",
        )
        self.package = package
        self.extra = extra


class StateError(ToscactlError):
    """The state store cannot be used; what it held is untouched."""


class Locked(StateError):
    """Somebody else holds the lock of a deployment."""


class StalePlan(ToscactlError):
    """A saved plan no longer fits what it was made for."""


class Refused(ToscactlError):
    """A gate or a person said no. Nothing was touched."""


class BackendError(ToscactlError):
    """A backend could not do what a step asked for."""


class OperationFailed(BackendError):
    """An operation ended badly. `tail` holds its last lines of output, at most 20."""

    def __init__(
        self, message: str, *, tail: tuple[str, ...] = (), hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.tail = tail
