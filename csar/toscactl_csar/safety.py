"""The checks that an archive passes before any of it is inflated: ARC-01 to ARC-16."""

import os
import posixpath
import re
import stat
import struct
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO, Protocol

from toscactl_csar.findings import Finding, Severity

UTF8_NAME = 0x800
"""The general purpose bit that says that a name is in UTF-8."""
UNIX = 3
"""The `create_system` of archives whose attributes hold a Unix mode."""

_ENCRYPTED = 0x1 | 0x40 | 0x2000
_AES = 99
_DRIVE = re.compile(r"[A-Za-z]:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_END = struct.Struct("<4s4H2LH")
_END_SIGNATURE = b"PK\5\6"
_FIRST_SIGNATURES = (b"PK\3\4", _END_SIGNATURE)
_DIRECTORY_BYTES = 2**16 + 1
_LOCAL_HEADER_BYTES = 30
_ZIP64_DISK = 0xFFFF


class Allowance(Protocol):
    """The limits that the checks need."""

    @property
    def members(self) -> int: ...
    @property
    def member_bytes(self) -> int: ...
    @property
    def total_bytes(self) -> int: ...
    @property
    def ratio(self) -> int: ...
    @property
    def ratio_from(self) -> int: ...


def check_frame(file: BinaryIO, limits: Allowance) -> Iterator[Finding]:
    """What is wrong with a zip file as a file: at its beginning, its end, in its size."""
    begin = file.read(4)
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - _DIRECTORY_BYTES - _END.size, 0))
    tail = file.read()
    file.seek(0)
    at = tail.rfind(_END_SIGNATURE)
    if at < 0 or len(tail) - at < _END.size:
        kind = "it is empty" if size == 0 else "it is not a zip archive"
        yield Finding("ARC-13", kind)
        return
    _, disk, start_disk, _, entries, directory_size, _, comment = _END.unpack_from(tail, at)
    if {disk, start_disk} - {0, _ZIP64_DISK}:
        yield Finding("ARC-16", "it is one part of an archive that was split")
    if begin not in _FIRST_SIGNATURES:
        yield Finding("ARC-13", "there is something before the first member")
    if len(tail) - at - _END.size != comment:
        yield Finding("ARC-13", "there is something after the end of the archive")
    # Each entry costs memory: count them before the directory is read, by what cannot lie.
    if (
        entries > limits.members and entries != _ZIP64_DISK
    ) or directory_size > limits.members * 2**11:
        yield Finding("ARC-08", f"it has {entries:,} members, more than {limits.members:,}")


def check(entries: Sequence[zipfile.ZipInfo], limits: Allowance) -> Iterator[Finding]:
    """What is wrong with the members of an archive, by its directory."""
    if all(is_folder(entry) for entry in entries):
        yield Finding("ARC-14", "the archive holds no file")
    if len(entries) > limits.members:
        yield Finding("ARC-08", f"it has {len(entries):,} members, more than {limits.members:,}")
        return
    for entry in entries:
        yield from _check_name(entry)
        yield from _check_kind(entry)
        yield from _check_size(entry, limits)
    yield from _check_total(entries, limits)
    yield from _check_collisions(entries)
    yield from _check_overlaps(entries)


def is_folder(entry: zipfile.ZipInfo) -> bool:
    """Whether an entry is a folder; also for names that `ZipInfo.is_dir` cannot bear."""
    return entry.orig_filename.endswith("/")


def _check_name(entry: zipfile.ZipInfo) -> Iterator[Finding]:
    name = entry.orig_filename
    if ".." in re.split(r"[/\\]", name):
        yield Finding("ARC-01", f"the name `{name}` leads out of the archive", name)
    if name.startswith(("/", "\\")) or _DRIVE.match(name):
        yield Finding("ARC-02", f"the name `{name}` is absolute", name)
    if "\\" in name:
        yield Finding("ARC-03", f"the name `{name}` has a backslash", name)
    if not name.isascii() and not entry.flag_bits & UTF8_NAME:
        yield Finding("ARC-10", f"the name `{name}` is not marked as UTF-8", name)
    if _CONTROL.search(name) or not name:
        yield Finding("ARC-11", f"the name {name!r} is empty or has control characters", name)


def _check_kind(entry: zipfile.ZipInfo) -> Iterator[Finding]:
    name = entry.orig_filename
    mode = entry.external_attr >> 16 if entry.create_system == UNIX else 0
    if stat.S_IFMT(mode) not in {0, stat.S_IFREG, stat.S_IFDIR}:
        kind = "a symbolic link" if stat.S_ISLNK(mode) else "neither a file nor a folder"
        yield Finding("ARC-04", f"`{name}` is {kind}", name)
    if mode & (stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX) and not stat.S_ISDIR(mode):
        message = f"`{name}` has set-uid, set-gid or sticky permissions"
        yield Finding("ARC-15", message, name, Severity.WARNING)
    if entry.flag_bits & _ENCRYPTED or entry.compress_type == _AES:
        yield Finding("ARC-09", f"`{name}` is encrypted", name)
    elif entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        message = f"`{name}` is compressed by a method other than deflate"
        yield Finding("ARC-12", message, name)


def _check_size(entry: zipfile.ZipInfo, limits: Allowance) -> Iterator[Finding]:
    name = entry.orig_filename
    if entry.file_size > limits.member_bytes:
        message = f"`{name}` is too large: {entry.file_size:,} bytes"
        yield Finding("ARC-07", message, name)
    elif (
        entry.file_size > limits.ratio_from and entry.file_size > limits.ratio * entry.compress_size
    ):
        ratio = entry.file_size // max(entry.compress_size, 1)
        message = f"`{name}` is {ratio:,} times as large as in the archive, a decompression bomb"
        yield Finding("ARC-07", message, name)


def _check_total(entries: Iterable[zipfile.ZipInfo], limits: Allowance) -> Iterator[Finding]:
    total = sum(entry.file_size for entry in entries)
    if total > limits.total_bytes:
        yield Finding("ARC-07", f"its members have {total:,} bytes in all, too many")


def _check_collisions(entries: Iterable[zipfile.ZipInfo]) -> Iterator[Finding]:
    exact: dict[str, bool] = {}
    folded: dict[str, str] = {}
    for entry in entries:
        name = posixpath.normpath(entry.orig_filename)
        if name in exact and not (is_folder(entry) and exact[name]):
            yield Finding("ARC-05", f"there are two members `{name}`", name)
        alike = unicodedata.normalize("NFC", name).casefold()
        other = folded.setdefault(alike, name)
        if other != name:
            message = f"`{name}` and `{other}` are the same file on some systems"
            yield Finding("ARC-06", message, name, Severity.WARNING)
        exact[name] = is_folder(entry)


def _check_overlaps(entries: Iterable[zipfile.ZipInfo]) -> Iterator[Finding]:
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < end:
            name = entry.orig_filename
            yield Finding("ARC-07", f"`{name}` overlaps another member, a decompression bomb", name)
        end = entry.header_offset + _LOCAL_HEADER_BYTES + entry.compress_size
