"""`Archive`: the members of a zip file, checked before anything is inflated, never extracted.

The rules ARC-01 to ARC-17. What a header says is not believed: bytes are counted as they are
inflated, and every member's checksum is compared.
"""

import io
import os
import posixpath
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from toscactl_csar import safety
from toscactl_csar.findings import ArchiveError, Finding, Severity

_CHUNK = 2**16
_LOCAL_HEADER = struct.Struct("<4s5H3L2H")
_LOCAL_SIGNATURE = b"PK\3\4"


@dataclass(frozen=True, slots=True)
class Limits:
    """What an archive may cost, in bytes, members, and levels of archives in archives.

    `ratio` is how many times larger than in the archive a member may be, if it is larger than
    `ratio_from` bytes. `read_bytes` is the most that is read into memory at once.
    """

    members: int = 10_000
    member_bytes: int = 32 * 2**30
    total_bytes: int = 64 * 2**30
    read_bytes: int = 256 * 2**20
    ratio: int = 200
    ratio_from: int = 2**20
    depth: int = 2


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive; sizes in bytes, `mode` the Unix permissions, 0 if unknown."""

    name: str
    size: int
    packed_size: int
    mode: int
    crc: int
    method: int
    offset: int
    raw_name: bytes


@dataclass(frozen=True, slots=True)
class Archive:
    """A zip archive that is safe to read. `findings` holds warnings."""

    name: str
    members: Mapping[str, Member]
    findings: tuple[Finding, ...]
    limits: Limits
    open: Callable[[], BinaryIO] = field(repr=False)
    depth: int = 1

    def read(self, name: str) -> bytes:
        """The content of a member. Raises `KeyError`, `ArchiveError` and `OSError`."""
        member = self.members[name]
        if member.size > self.limits.read_bytes:
            message = f"`{name}` is too large to be read at once: {member.size:,} bytes"
            raise ArchiveError((Finding("ARC-07", message, name),))
        return b"".join(self.chunks(name))

    def chunks(self, name: str) -> Iterator[bytes]:
        """The content of a member, piece by piece. Raises as `read` does, also at its end."""
        member = self.members[name]
        with self.open() as file:
            size, crc = 0, 0
            for chunk in _inflate(file, member):
                size += len(chunk)
                crc = zlib.crc32(chunk, crc)
                if size > member.size:
                    message = f"`{name}` is larger than the archive says: {member.size:,} bytes"
                    raise ArchiveError((Finding("ARC-07", message, name),))
                yield chunk
        if size != member.size or crc != member.crc:
            raise ArchiveError((Finding("ARC-13", f"the checksum of `{name}` is wrong", name),))


def read(
    source: str | os.PathLike[str] | bytes | BinaryIO,
    limits: Limits | None = None,
    *,
    name: str | None = None,
    depth: int = 1,
) -> Archive:
    """The archive in a file, in memory, or in a stream, which is read to its end.

    Raises `ArchiveError` with all that is wrong if it is not a zip archive or not safe to use,
    and `OSError` if the file cannot be read.
    """
    limits = limits or Limits()
    opened, shown = _opener(source, name)
    with opened() as file:
        found, entries = _directory(file, limits)
    findings = (*found, *safety.check(entries, limits))
    errors = tuple(finding for finding in findings if finding.severity is Severity.ERROR)
    if errors:
        raise ArchiveError(errors)
    members = {
        member.name: member
        for member in (_member(entry) for entry in entries if not safety.is_folder(entry))
    }
    return Archive(shown, members, findings, limits, opened, depth)


def nested(archive: Archive, name: str) -> Archive:
    """The archive that is a member of another, within what the outer one leaves of the limits."""
    if archive.depth >= archive.limits.depth:
        message = f"`{name}` is an archive inside {archive.depth} others"
        raise ArchiveError((Finding("ARC-17", message, name),))
    used = sum(member.size for member in archive.members.values())
    left = replace(
        archive.limits,
        members=archive.limits.members - len(archive.members),
        total_bytes=max(archive.limits.total_bytes - used, 0),
    )
    shown = f"{archive.name}!/{name}"
    return read(archive.read(name), left, name=shown, depth=archive.depth + 1)


def verify(archive: Archive) -> Iterator[Finding]:
    """Inflates every member and reports those that are damaged (ARC-13) or lie (ARC-07)."""
    for name in archive.members:
        try:
            for _ in archive.chunks(name):
                pass
        except ArchiveError as error:
            yield from error.findings


def _opener(
    source: str | os.PathLike[str] | bytes | BinaryIO, name: str | None
) -> tuple[Callable[[], BinaryIO], str]:
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        return lambda: path.open("rb"), name or str(path)
    content = source if isinstance(source, bytes) else source.read()
    return lambda: io.BytesIO(content), name or "archive"


def _directory(
    file: BinaryIO, limits: Limits
) -> tuple[tuple[Finding, ...], tuple[zipfile.ZipInfo, ...]]:
    """The central directory of a zip file, and what is wrong with the file around it."""
    found = tuple(safety.check_frame(file, limits))
    if any(finding.severity is Severity.ERROR for finding in found):
        raise ArchiveError(found, readable=found[0].rule != "ARC-13")
    try:
        with zipfile.ZipFile(file) as archive:
            entries = tuple(archive.infolist())
    except UnicodeDecodeError:
        raise ArchiveError((Finding("ARC-10", "a name is not valid UTF-8"),)) from None
    except (zipfile.BadZipFile, NotImplementedError, struct.error, ValueError, OSError) as error:
        message = f"it is not a zip archive, or a damaged one: {error}"
        raise ArchiveError((Finding("ARC-13", message),), readable=False) from error
    return found, entries


def _member(entry: zipfile.ZipInfo) -> Member:
    utf8 = entry.flag_bits & safety.UTF8_NAME
    return Member(
        name=posixpath.normpath(entry.filename),
        size=entry.file_size,
        packed_size=entry.compress_size,
        mode=(entry.external_attr >> 16) & 0o7777 if entry.create_system == safety.UNIX else 0,
        crc=entry.CRC,
        method=entry.compress_type,
        offset=entry.header_offset,
        raw_name=entry.orig_filename.encode("utf-8" if utf8 else "cp437"),
    )


def _inflate(file: BinaryIO, member: Member) -> Iterator[bytes]:
    file.seek(member.offset)
    header = file.read(_LOCAL_HEADER.size)
    if len(header) < _LOCAL_HEADER.size:
        raise _damaged(member)
    signature, *_, name_length, extra_length = _LOCAL_HEADER.unpack(header)
    # Readers that go by local headers must see the same file as those that go by the directory.
    if signature != _LOCAL_SIGNATURE or file.read(name_length) != member.raw_name:
        raise _damaged(member)
    file.seek(extra_length, os.SEEK_CUR)
    if member.method == zipfile.ZIP_STORED:
        yield from _pieces(file, member)
        return
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for packed in _pieces(file, member):
            pending = packed
            while pending and not inflater.eof:
                yield inflater.decompress(pending, _CHUNK)
                pending = inflater.unconsumed_tail
        yield inflater.flush()
    except zlib.error as error:
        raise _damaged(member) from error
    if not inflater.eof:
        raise _damaged(member)


def _pieces(file: BinaryIO, member: Member) -> Iterator[bytes]:
    left = member.packed_size
    while left:
        piece = file.read(min(left, _CHUNK))
        if not piece:
            raise _damaged(member)
        left -= len(piece)
        yield piece


def _damaged(member: Member) -> ArchiveError:
    return ArchiveError((Finding("ARC-13", f"`{member.name}` is damaged", member.name),))
