"""Where profiles are found: bundled ones, profile folders, and files beside the importing one."""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import toscactl_profiles
from toscactl.diagnostics import closest
from toscactl.errors import CannotRead

PREFIX = "profile:"
"""How the location of a bundled profile begins, and a reference to any profile by its name."""

_DECLARED = re.compile(rb"^profile[ \t]*:[ \t]*['\"]?([^\s'\"#]+)", re.MULTILINE)
_HEAD = 64 * 2**10
_DEPTH = 6


def is_bundled(location: str) -> bool:
    """Whether a location is that of a bundled profile, which never changes."""
    return location.startswith(PREFIX)


def find(reference: str, folders: Sequence[str], beside: str | None) -> str:
    """The location of the profile that a reference names (`profile:NAME[:VERSION]`).

    It is a bundled one, or the file that declares this name with its keyname `profile`, in one
    of the folders or in the folder `beside` the importing file. Raises `CannotRead`.
    """
    name = reference.removeprefix(PREFIX)
    bundled = {
        f"{own}{joint}{version}" for own, version in toscactl_profiles.names() for joint in "/:"
    }
    if name in bundled:
        return PREFIX + name.replace(":", "/")
    declared: dict[str, str] = {}
    for path in _files(folders, beside):
        found = declares(path)
        if found == name:
            return path
        if found is not None:
            declared.setdefault(found, path)
    near = closest(name, sorted({*declared, *(b for b in bundled if ":" in b)}))
    raise CannotRead(
        f"there is no profile `{name}`",
        hint="name its folder with --profile-path" if near is None else f"did you mean `{near}`?",
    )


def declares(path: str) -> str | None:
    """The name of the profile that a TOSCA file declares, without reading all of it."""
    try:
        with Path(path).open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return None
    match = _DECLARED.search(head)
    return None if match is None else match[1].decode("utf-8", "replace")


def _files(folders: Iterable[str], beside: str | None) -> Iterator[str]:
    if beside is not None:
        yield from _yaml_files(beside, 1)
    for folder in folders:
        yield from _yaml_files(folder, _DEPTH)


def _yaml_files(folder: str, depth: int) -> Iterator[str]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.name.endswith((".yaml", ".yml")) and entry.is_file():
            yield entry.path
    for entry in entries:
        if depth > 1 and entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
            yield from _yaml_files(entry.path, depth - 1)
