"""The bundled profiles, and types as text."""

from collections.abc import Sequence
from dataclasses import dataclass

import toscactl_profiles
from toscactl import document, loading, typesystem
from toscactl.definitions import TypeKind
from toscactl.diagnostics import closest
from toscactl.errors import CannotRead
from toscactl.service import load


@dataclass(frozen=True, slots=True)
class Profile:
    """A bundled profile, and how many types it has."""

    name: str
    version: str
    types: int


def profiles() -> tuple[Profile, ...]:
    """The bundled profiles, sorted by name and version."""
    found = []
    for name, number in toscactl_profiles.names():
        types = _profile_types(name, number)
        count = sum(len(types.names(kind)) for kind in TypeKind)
        found.append(Profile(name, number, count))
    return tuple(found)


def _profile_types(name: str, number: str) -> typesystem.TypeSystem:
    fetch = loading.MemoryFetch({})
    return loading.load(f"profile:{name}/{number}", fetch).then(typesystem.bind).value


def describe_type(
    name: str,
    *,
    version: str = "1.3",
    path: str | None = None,
    offline: bool = False,
    profile_paths: Sequence[str] = (),
) -> str:
    """A type as text, with everything that it inherits and where from.

    It is looked up in the Simple Profile of a version, or in the service at `path` and what that
    imports, by its full, short or qualified name. Raises `CannotRead` if there is none.
    """
    if path is not None:
        types = load(path, offline=offline, profile_paths=profile_paths).topology.types
    elif ("simple", version) in toscactl_profiles.names():
        types = _profile_types("simple", version)
    else:
        known = ", ".join(f"{name} {number}" for name, number in toscactl_profiles.names())
        raise CannotRead(
            f"there is no version `{version}` of the profile", hint=f"there are: {known}"
        )
    root = types.bundle.root.file.source
    found = []
    for kind in TypeKind:
        written = document.Scalar(root, 0, name, plain=True)
        if types.knows(kind, written):
            found.append(typesystem.describe(types.find(kind, written).value))
    if not found:
        names = [one for kind in TypeKind for one in types.names(kind)]
        short = {one.rpartition(".")[2]: one for one in names}
        guess = closest(name, names) or short.get(closest(name, short) or "")
        raise CannotRead(
            f"there is no type `{name}`", hint=f"did you mean `{guess}`?" if guess else None
        )
    return "\n".join(found)
