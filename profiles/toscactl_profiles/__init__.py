"""Bundled TOSCA profiles, as package data: the types of the Simple Profile."""

import pkgutil
from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

ProfileName: TypeAlias = tuple[str, str]
"""Name and version of a profile: `("simple", "1.3")`."""

_FILES: Mapping[ProfileName, str] = MappingProxyType(
    {
        (name, version): f"{name}/{version}/profile.yaml"
        for name, version in (
            ("non-normative", "1.3"),
            *(("simple", version) for version in ("1.0", "1.1", "1.2", "1.3")),
        )
    }
)

IMPLICIT: Mapping[str, ProfileName] = MappingProxyType(
    {
        f"tosca_simple_yaml_{version.replace('.', '_')}": (name, version)
        for name, version in _FILES
        if name == "simple"
    }
)
"""The profile that a 1.x file sees without importing it, by its `tosca_definitions_version`."""


NON_NORMATIVE: ProfileName = ("non-normative", "1.3")
"""The types of the standard's examples, which 1.x files may use when nothing else has the name."""


def names() -> tuple[ProfileName, ...]:
    """All bundled profiles, sorted by name and version."""
    return tuple(sorted(_FILES))


def read(name: str, version: str) -> bytes:
    """The text of a bundled profile, in UTF-8. Raises `KeyError` if there is no such profile."""
    data = pkgutil.get_data(__name__, _FILES[name, version])
    if data is None:  # only a loader that cannot read package data answers so
        raise FileNotFoundError(_FILES[name, version])
    return data


__all__ = ["IMPLICIT", "NON_NORMATIVE", "ProfileName", "names", "read"]
