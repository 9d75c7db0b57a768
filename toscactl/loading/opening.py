"""Opens what a user names: a service file, a folder, or a package."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

from toscactl.diagnostics import Diagnostic, closest
from toscactl.errors import CannotRead
from toscactl.loading.fetch import ArchiveFetch, FolderFetch, names_in
from toscactl.loading.model import Fetch
from toscactl.loading.packages import entry_of_archive, entry_of_folder

_ARCHIVE_SUFFIXES = (".csar", ".zip")
_SERVICE_NAMES = ("service.yaml", "service.yml")
_VERSION = re.compile(
    rb"^(?:\xef\xbb\xbf)?['\"]?tosca_definitions_version['\"]?[ \t]*:", re.MULTILINE
)
_TOPOLOGY = re.compile(rb"^['\"]?(?:topology_template|service_template)['\"]?[ \t]*:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Opened:
    """A service that was found: where its file is, and how to read it and what it imports.

    `stem` names a deployment that nothing else names; `shown` is how the user would write it.
    `diagnostics` holds what is worth a warning about the package itself.
    """

    location: str
    fetch: Fetch
    stem: str
    shown: str
    diagnostics: tuple[Diagnostic, ...] = ()


def open_path(path: str, *, offline: bool = False, profile_paths: Sequence[str] = ()) -> Opened:
    """The service at a path: a file, a folder, or a package (CSAR, a zip file).

    A folder holds `service.yaml`, or `TOSCA-Metadata/TOSCA.meta`, or at its top one YAML file
    that is a TOSCA file with a topology.
    Raises `CannotRead`, and `InvalidService` for a package that is unsafe or breaks the rules.
    """
    kind = _kind(path)
    if kind == "folder":
        return _open_folder(path, offline, profile_paths)
    if kind == "archive":
        return _open_archive(path, offline, profile_paths)
    folder = os.path.dirname(path)
    fetch = FolderFetch(
        folder or ".", shown_as=folder, offline=offline, profile_paths=profile_paths
    )
    name = os.path.basename(path)
    stem = _stem(os.path.dirname(os.path.abspath(path)) if name in _SERVICE_NAMES else name)
    return Opened(os.path.abspath(path), fetch, stem, os.path.normpath(path))


def _kind(path: str) -> str:
    """`file`, `folder` or `archive`. Raises `CannotRead` if there is nothing to be read."""
    try:
        if os.path.isdir(path):
            return "folder"
        if not os.path.lexists(path):
            folder, name = os.path.split(path)
            near = closest(name, names_in(folder))
            hint = None if near is None else f"did you mean `{os.path.join(folder, near)}`?"
            raise CannotRead(f"there is no file or folder `{path}`", hint=hint)
        if not os.path.isfile(path):
            raise CannotRead(f"`{path}` is not a regular file")
        with open(path, "rb") as file:
            begins = file.read(4)
    except PermissionError as error:
        raise CannotRead(f"`{path}` may not be read: permission denied") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CannotRead(f"`{path}` cannot be read: {reason.lower()}") from error
    zipped = begins.startswith(b"PK") or path.lower().endswith(_ARCHIVE_SUFFIXES)
    return "archive" if zipped else "file"


def _open_folder(path: str, offline: bool, profile_paths: Sequence[str]) -> Opened:
    fetch = FolderFetch(path, offline=offline, profile_paths=profile_paths)
    entry, diagnostics = _find_service(path)
    location = os.path.normpath(os.path.join(os.path.abspath(path), entry))
    shown = os.path.normpath(os.path.join(path, entry))
    return Opened(location, fetch, _stem(os.path.abspath(path)), shown, diagnostics)


def _find_service(folder: str) -> tuple[str, tuple[Diagnostic, ...]]:
    names = names_in(folder)
    for name in _SERVICE_NAMES:
        if name in names:
            return name, ()
    found = entry_of_folder(folder)
    if found is not None:
        return found
    yaml = [name for name in names if name.endswith((".yaml", ".yml"))]
    tosca = {name: _head(os.path.join(folder, name)) for name in yaml}
    candidates = [name for name in yaml if _VERSION.search(tosca[name])]
    services = [name for name in candidates if _TOPOLOGY.search(tosca[name])] or candidates
    if len(services) == 1:
        return services[0], ()
    if not services:
        raise CannotRead(
            f"there is no service in the folder `{folder}`",
            hint="name its file, or call it `service.yaml`",
        )
    listed = ", ".join(f"`{os.path.join(folder, name)}`" for name in services)
    raise CannotRead(
        f"the folder `{folder}` holds several services: {listed}", hint="name one of them"
    )


def _head(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def _open_archive(path: str, offline: bool, profile_paths: Sequence[str]) -> Opened:
    archive, entry, diagnostics = entry_of_archive(path)
    fetch = ArchiveFetch(archive, path, offline=offline, profile_paths=profile_paths)
    location = fetch.location(entry)
    return Opened(location, fetch, _stem(path), fetch.shown(location), diagnostics)


def _stem(path: str) -> str:
    name = os.path.basename(path.rstrip("/"))
    stem, suffix = os.path.splitext(name)
    known = suffix.lower() in {*_ARCHIVE_SUFFIXES, ".yaml", ".yml"}
    return (stem if known and stem else name) or "service"
