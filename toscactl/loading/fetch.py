"""The implementations of `Fetch`: folders, packages, memory; all reach profiles and the web.

A location is a string: an absolute path, `/path/to/a.csar!/member`, `profile:simple/1.3`, or an
`http(s)` address. What may be read depends on who asks: a package and a remote file may neither
name local files nor reach hosts that are not public.
"""

import os
import posixpath
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin, urlsplit

import toscactl_profiles
from toscactl.diagnostics import closest
from toscactl.errors import CannotRead
from toscactl.loading import profiles
from toscactl.loading.web import Web

if TYPE_CHECKING:
    from toscactl_csar import Archive

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")  # two letters at least: `C:` is a drive
_MAX_BYTES = 256 * 2**20


def scheme(location: str) -> str:
    """The scheme of a location or reference in lower case, empty if it has none."""
    match = _SCHEME.match(location)
    return "" if match is None else match[1].lower()


class _Layered(ABC):
    """What all implementations share: locations outside of their own are profiles and the web."""

    trusted = True
    """Whether files of this layer may name local files and any host."""
    on_disk = False
    """Whether locations of this layer are paths, so that profiles may lie beside a file."""

    def __init__(self, *, offline: bool, profile_paths: Sequence[str]) -> None:
        self._web = Web(offline=offline)
        self._profile_paths = tuple(profile_paths)
        self._found: set[str] = set()

    def join(self, base: str, reference: str) -> str:
        """The location of a reference written in the file at `base`. Raises `CannotRead`."""
        own = self._is_own(base)
        match scheme(reference):
            case "profile":
                return self._profile(base if own else None, reference)
            case "http" | "https":
                if own and self.trusted:
                    self._web.trust(reference)
                elif not self._web.trusts(reference):
                    self._web.check(reference)
                return reference
            case "file" if own and self.trusted:
                return self._join(base, unquote(urlsplit(reference).path))
            case "file":
                raise CannotRead(f"`{reference}` names a file of this machine")
            case "" if scheme(base) in {"http", "https"}:
                return urljoin(base, reference)
            case "" if own:
                return self._join(base, reference)
            case "" if base in self._found:
                beside = os.path.normpath(Path(base).parent / reference)
                self._found.add(beside)
                return beside
            case "":
                raise CannotRead(f"a bundled profile cannot import `{reference}`")
            case other:
                raise CannotRead(
                    f"`{reference}` cannot be read: `{other}:` is not supported",
                    hint="a path, `http:`, `https:` or `profile:`",
                )

    def read(self, location: str) -> bytes:
        """The content. Raises `CannotRead`, with a sentence that says why."""
        if scheme(location) in {"http", "https"}:
            return self._web.read(location)
        if scheme(location) == "profile":
            name, _, version = location.removeprefix(profiles.PREFIX).partition("/")
            return toscactl_profiles.read(name, version)
        if location in self._found:
            return _read_file(location, location)
        return self._read(location)

    def exists(self, location: str) -> bool:
        """Whether there is a file at a location; of the web it is assumed."""
        if scheme(location) in {"http", "https", "profile"} or location in self._found:
            return True
        return self._exists(location)

    def shown(self, location: str) -> str:
        """The name under which messages speak of a location."""
        if scheme(location) in {"http", "https", "profile"} or location in self._found:
            return location
        return self._shown(location)

    def _is_own(self, location: str) -> bool:
        return scheme(location) == "" and location not in self._found

    def _profile(self, base: str | None, reference: str) -> str:
        beside = str(Path(base).parent) if base is not None and self.on_disk else None
        location = profiles.find(reference, self._profile_paths, beside)
        if scheme(location) != "profile" and not self._exists(location):
            self._found.add(location)
        return location

    @abstractmethod
    def _join(self, base: str, reference: str) -> str: ...

    @abstractmethod
    def _read(self, location: str) -> bytes: ...

    @abstractmethod
    def _exists(self, location: str) -> bool: ...

    @abstractmethod
    def _shown(self, location: str) -> str: ...


class FolderFetch(_Layered):
    """Local files.

    A reference that begins with `/` is looked for in `folder` first, then beside the importing
    file, then as it stands. `shown_as` is how the user wrote the folder, and so do messages.
    """

    on_disk = True

    def __init__(
        self,
        folder: str,
        *,
        shown_as: str | None = None,
        offline: bool = False,
        profile_paths: Sequence[str] = (),
    ) -> None:
        super().__init__(offline=offline, profile_paths=profile_paths)
        self._folder = absolute(folder)
        self._shown_as = folder if shown_as is None else shown_as

    def _join(self, base: str, reference: str) -> str:
        here = Path(base).parent
        if not reference.startswith("/"):
            return os.path.normpath(here / reference)
        below = reference.lstrip("/")
        places = [os.path.normpath(Path(at, below)) for at in (self._folder, here)]
        places.append(os.path.normpath(reference))
        return next((place for place in places if self._exists(place)), places[0])

    def _read(self, location: str) -> bytes:
        return _read_file(location, self._shown(location))

    def _exists(self, location: str) -> bool:
        try:
            return os.path.lexists(location)
        except ValueError:  # a NUL in the name
            return False

    def _shown(self, location: str) -> str:
        if self._shown_as.startswith("/"):
            return location
        relative = os.path.relpath(location, self._folder)
        # Far away, the absolute path is the one that a reader would type.
        return min(os.path.normpath(Path(self._shown_as, relative)), location, key=len)


class ArchiveFetch(_Layered):
    """The members of a package, at `PATH!/MEMBER`. A package may not leave itself.

    Its files may import bundled profiles, and public addresses of the web unless offline.
    """

    trusted = False

    def __init__(
        self,
        archive: "Archive",
        path: str,
        *,
        shown_as: str | None = None,
        offline: bool = False,
        profile_paths: Sequence[str] = (),
    ) -> None:
        super().__init__(offline=offline, profile_paths=profile_paths)
        self.archive = archive
        self._root = absolute(path) + "!/"
        self._shown_as = path if shown_as is None else shown_as

    def location(self, member: str) -> str:
        """The location of a member of the archive."""
        return self._root + member

    def member(self, location: str) -> str:
        """The name of the member at a location of this archive."""
        return location.removeprefix(self._root)

    def _join(self, base: str, reference: str) -> str:
        here = posixpath.dirname(self.member(base))
        if not reference.startswith("/"):
            return self._inside(here, reference)
        at_root = self._inside("", reference.lstrip("/"))
        beside = self._inside(here, reference.lstrip("/"))
        return beside if self._exists(beside) and not self._exists(at_root) else at_root

    def _inside(self, folder: str, reference: str) -> str:
        name = posixpath.normpath(posixpath.join(folder, reference))
        if name == ".." or name.startswith("../"):
            raise CannotRead(f"`{reference}` leads out of the package")
        return self._root + name

    def _read(self, location: str) -> bytes:
        from toscactl_csar import ArchiveError  # only packages pay for it

        name = self.member(location)
        try:
            if name in self.archive.members:
                return self.archive.read(name)
        except ArchiveError as error:
            raise CannotRead(f"`{self._shown(location)}` cannot be read: {error}") from error
        files = [member for member in self.archive.members if not member.endswith("/")]
        raise _not_found(self._shown(location), name, files)

    def _exists(self, location: str) -> bool:
        return self.member(location) in self.archive.members

    def _shown(self, location: str) -> str:
        return f"{self._shown_as}!/{self.member(location)}"


class MemoryFetch(_Layered):
    """Files given as a mapping from name to content: for tests, and for users of the library.

    Names are relative paths such as `types/node.yaml`, or addresses of the web, which is never
    reached.
    """

    def __init__(
        self, files: Mapping[str, str | bytes], *, profile_paths: Sequence[str] = ()
    ) -> None:
        super().__init__(offline=True, profile_paths=profile_paths)
        self._files = dict(files)

    def read(self, location: str) -> bytes:
        """The content. Raises `CannotRead`, with a sentence that says why."""
        return self._read(location) if location in self._files else super().read(location)

    def _join(self, base: str, reference: str) -> str:
        folder = "" if reference.startswith("/") else posixpath.dirname(base)
        name = posixpath.normpath(posixpath.join(folder, reference.lstrip("/")))
        if name == ".." or name.startswith("../"):
            raise CannotRead(f"`{reference}` leads out of what is there")
        return name

    def _read(self, location: str) -> bytes:
        content = self._files.get(location)
        if content is None:
            raise _not_found(location, location, self._files)
        return content.encode() if isinstance(content, str) else content

    def _exists(self, location: str) -> bool:
        return location in self._files

    def _shown(self, location: str) -> str:
        return location


def absolute(path: str) -> str:
    """The absolute, normalized form of a path; links are kept as they are."""
    return os.path.normpath(Path(path).absolute())


def names_in(folder: str) -> list[str]:
    """The names in a folder, sorted; none if it cannot be listed."""
    try:
        return sorted(entry.name for entry in Path(folder).iterdir())
    except (OSError, ValueError):
        return []


def reason(error: Exception) -> str:
    """Why the operating system did not do something, in its words."""
    return (getattr(error, "strerror", None) or str(error)).lower()


def _read_file(location: str, shown: str) -> bytes:
    path = Path(location)
    try:
        if path.is_dir():
            raise CannotRead(f"`{shown}` is a folder, not a file")
        if path.exists() and not path.is_file():  # a pipe or a device may block or never end
            raise CannotRead(f"`{shown}` is not a regular file")
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise _not_found(shown, path.name, names_in(str(path.parent))) from None
    except PermissionError as error:
        raise CannotRead(f"`{shown}` may not be read: permission denied") from error
    except (OSError, ValueError) as error:
        raise CannotRead(f"`{shown}` cannot be read: {reason(error)}") from error
    if len(content) > _MAX_BYTES:
        raise CannotRead(f"`{shown}` is larger than {_MAX_BYTES:,} bytes")
    return content


def _not_found(shown: str, name: str, names: Iterable[str]) -> CannotRead:
    near = closest(name, names)
    return CannotRead(
        f"there is no file `{shown}`", hint=None if near is None else f"did you mean `{near}`?"
    )
