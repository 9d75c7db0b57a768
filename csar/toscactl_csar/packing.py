"""Folder -> package: the same bytes for the same files, whoever packs them and when."""

import io
import os
import zipfile
from pathlib import Path

from toscactl_csar.findings import ArchiveError, Finding

_EPOCH = (1980, 1, 1, 0, 0, 0)
_META = "TOSCA-Metadata/TOSCA.meta"


def pack(folder: str | os.PathLike[str]) -> bytes:
    """A zip archive of all files of a folder, hidden ones left out, TOSCA.meta first.

    Raises `ArchiveError` if the folder holds links or other things that a package must not hold,
    or nothing, and `OSError` if something cannot be read.
    """
    root = Path(folder)
    names, findings = _files(root)
    if findings:
        raise ArchiveError(tuple(findings))
    if not names:
        raise ArchiveError((Finding("ARC-14", f"the folder `{root}` holds no file"),))
    names.sort(key=lambda name: (name != _META, name))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            path = root / name
            entry = zipfile.ZipInfo(name, _EPOCH)
            executable = path.stat().st_mode & 0o100
            entry.create_system = 3
            entry.external_attr = (0o100755 if executable else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def _files(root: Path) -> tuple[list[str], list[Finding]]:
    names: list[str] = []
    findings: list[Finding] = []
    for folder, folders, files in os.walk(root, onerror=_raise):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted({*files, *folders}):
            path = Path(folder, name)
            below = path.relative_to(root).as_posix()
            if name.startswith("."):
                continue
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                message = f"`{below}` is neither a file nor a folder"
                findings.append(Finding("ARC-04", message, below))
            elif path.is_file():
                names.append(below)
    return names, findings


def _raise(error: OSError) -> None:
    raise error
