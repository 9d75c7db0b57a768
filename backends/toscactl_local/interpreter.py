"""Which interpreter runs an artifact: told by its type, its extension or its first bytes."""

import posixpath

from toscactl.backend import Artifact

BASH = "bash"
PYTHON = "python"
PROGRAM = "program"
"""It runs as it is: a compiled program, or one that names its interpreter after `#!`."""

_BY_EXTENSION = {".sh": BASH, ".bash": BASH, ".py": PYTHON}
_BY_TYPE = {"Bash": BASH, "Python": PYTHON}
_COMPILED = (
    b"\x7fELF",
    b"\xcf\xfa\xed\xfe",  # Mach-O, 64 bits
    b"\xce\xfa\xed\xfe",  # Mach-O, 32 bits
    b"\xca\xfe\xba\xbe",  # Mach-O, several architectures
)


def interpreter_of(artifact: Artifact, content: bytes) -> str | None:
    """The interpreter for an artifact, or None if nothing here could run it."""
    for name in artifact.types:
        found = _BY_TYPE.get(name.rsplit(".", 1)[-1]) if "Implementation" in name else None
        if found is not None:
            return found
    extension = posixpath.splitext(artifact.file.split("?", maxsplit=1)[0])[1].lower()
    if extension in _BY_EXTENSION:
        return _BY_EXTENSION[extension]
    if content.startswith((b"#!", *_COMPILED)):
        return PROGRAM
    return None
