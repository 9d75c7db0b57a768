"""Opens what a user names: a service file, a folder, or a package."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from toscactl.diagnostics import Diagnostic, closest
from toscactl.errors import CannotRead
from toscactl.loading.fetch import ArchiveFetch, FolderFetch, absolute, names_in, reason
from toscactl.loading.model import Fetch

_ARCHIVE_SUFFIXES = (".csar", ".zip")
_YAML_SUFFIXES = (".yaml", ".yml")
_SERVICE_NAMES = ("service.yaml", "service.yml")
_META_NAMES = ("TOSCA-Metadata/TOSCA.meta", "TOSCA.meta")
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
    match _kind(path):
        case "archive":
            from toscactl.loading.packages import entry_of_archive  # only packages pay for it

            archive, entry, diagnostics = entry_of_archive(path)
            package = ArchiveFetch(archive, path, offline=offline, profile_paths=profile_paths)
            location = package.location(entry)
            return Opened(location, package, _stem(path), package.shown(location), diagnostics)
        case "folder":
            folder, (name, diagnostics) = path, _find_service(path)
        case _:
            folder, name, diagnostics = str(Path(path).parent), Path(path).name, ()
    fetch = FolderFetch(folder, offline=offline, profile_paths=profile_paths)
    location = absolute(str(Path(folder, name)))
    named_by_folder = folder == path or name in _SERVICE_NAMES
    stem = _stem(absolute(folder) if named_by_folder else name)
    return Opened(location, fetch, stem, fetch.shown(location), diagnostics)


def _kind(path: str) -> str:
    """`file`, `folder` or `archive`. Raises `CannotRead` if there is nothing to be read."""
    try:
        if path and Path(path).is_dir():
            return "folder"
        if not os.path.lexists(path):
            raise _nothing_at(path)
        if not Path(path).is_file():
            raise CannotRead(f"`{path}` is not a regular file")
        with Path(path).open("rb") as file:
            begins = file.read(4)
    except PermissionError as error:
        raise CannotRead(f"`{path}` may not be read: permission denied") from error
    except (OSError, ValueError) as error:
        raise CannotRead(f"`{path}` cannot be read: {reason(error)}") from error
    zipped = begins.startswith(b"PK") or path.lower().endswith(_ARCHIVE_SUFFIXES)
    return "archive" if zipped else "file"


def _nothing_at(path: str) -> CannotRead:
    folder = Path(path).parent
    near = closest(Path(path).name, names_in(str(folder)))
    hint = None if near is None else f"did you mean `{folder / near}`?"
    return CannotRead(f"there is no file or folder `{path}`", hint=hint)


def _find_service(folder: str) -> tuple[str, tuple[Diagnostic, ...]]:
    """The name of the service's file in a folder, and warnings if the folder is a package."""
    names = names_in(folder)
    for name in _SERVICE_NAMES:
        if name in names:
            return name, ()
    if any(Path(folder, name).is_file() for name in _META_NAMES):
        from toscactl.loading.packages import entry_of_folder

        return entry_of_folder(folder)
    texts = {name: _text(Path(folder, name)) for name in names if name.endswith(_YAML_SUFFIXES)}
    candidates = [name for name, text in texts.items() if _VERSION.search(text)]
    services = [name for name in candidates if _TOPOLOGY.search(texts[name])] or candidates
    if len(services) == 1:
        return services[0], ()
    if not services:
        raise CannotRead(
            f"there is no service in the folder `{folder}`",
            hint="name its file, or call it `service.yaml`",
        )
    listed = ", ".join(f"`{Path(folder, name)}`" for name in services)
    raise CannotRead(
        f"the folder `{folder}` holds several services: {listed}", hint="name one of them"
    )


def _text(path: Path) -> bytes:
    try:
        return path.read_bytes() if path.is_file() else b""
    except OSError:
        return b""


def _stem(path: str) -> str:
    name = Path(path).name
    known = Path(name).suffix.lower() in {*_ARCHIVE_SUFFIXES, *_YAML_SUFFIXES}
    return (Path(name).stem if known else name) or "service"
