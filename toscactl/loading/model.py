"""`Bundle`: a service file with all that it imports; `Fetch`: the only way to the world."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from toscactl.definitions import Dialect, ServiceFile


class Fetch(Protocol):
    """Reads files by location. A location is an absolute, normalized string that `join` made.

    Locations in a folder, an archive, the bundled profiles and the web are all strings;
    who implements this decides what may be read (`--offline`, packages must not leave themselves).
    """

    def join(self, base: str, reference: str) -> str:
        """The location of a reference written in the file at `base`. Raises `CannotRead`."""

    def read(self, location: str) -> bytes:
        """The content. Raises `CannotRead`, with a sentence that says why."""

    def exists(self, location: str) -> bool:
        """Whether there is a file at a location, without the cost of reading it."""

    def shown(self, location: str) -> str:
        """The name under which messages speak of a location."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """One file of a bundle. `imports` says under which prefix it sees which other file."""

    location: str
    file: ServiceFile
    imports: tuple[tuple[str, str], ...] = ()
    """Pairs of prefix (empty for none) and location."""
    incomplete: bool = False
    """Whether an import could not be followed, so that names in the file may be right."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A root file and everything it imports, each file once, in the order of discovery."""

    root: Loaded
    files: Mapping[str, Loaded]
    fetch: Fetch
    dialect: Dialect
