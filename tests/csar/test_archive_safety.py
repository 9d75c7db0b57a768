"""Archives that must not be used, and how the reader says so."""

import contextlib
import io
import stat
import struct
import warnings
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import toscactl_csar
from toscactl_csar import ArchiveError, Limits, Severity


def zipped(
    *members: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED
) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", method) as archive:
        warnings.simplefilter("ignore")  # a name twice
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def member(name: str, mode: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3
    entry.external_attr = mode << 16
    return entry


def renamed(content: bytes, old: bytes, new: bytes) -> bytes:
    assert len(old) == len(new)
    return content.replace(old, new)


def rules(content: bytes, limits: Limits | None = None) -> list[str]:
    """The rules of the errors, found when the archive is opened or when it is verified."""
    try:
        archive = toscactl_csar.read(content, limits)
    except ArchiveError as error:
        return [finding.rule for finding in error.findings]
    return [finding.rule for finding in toscactl_csar.verify(archive)]


def patched(content: bytes, offset: int, layout: str, value: int) -> bytes:
    """The archive with a field of its (only) central directory entry changed."""
    at = content.rindex(b"PK\1\2") + offset
    packed = struct.pack(layout, value)
    return content[:at] + packed + content[at + len(packed) :]


GOOD = zipped(("a.txt", b"hello " * 50), ("b/c.txt", b"there"))


def test_a_good_archive_is_read_without_extraction() -> None:
    archive = toscactl_csar.read(GOOD)
    assert sorted(archive.members) == ["a.txt", "b/c.txt"]
    assert archive.read("a.txt") == b"hello " * 50
    assert archive.findings == ()
    assert list(toscactl_csar.verify(archive)) == []


def test_an_archive_is_read_from_a_path_and_a_stream(tmp_path: Path) -> None:
    path = tmp_path / "good.zip"
    path.write_bytes(GOOD)
    assert toscactl_csar.read(path).read("b/c.txt") == b"there"
    assert toscactl_csar.read(str(path)).name == str(path)
    assert toscactl_csar.read(io.BytesIO(GOOD)).read("b/c.txt") == b"there"


@pytest.mark.parametrize(
    ("rule", "content"),
    [
        ("ARC-01", zipped(("../evil", b"x"))),
        ("ARC-01", zipped(("a/../../evil", b"x"))),
        ("ARC-02", zipped(("/etc/passwd", b"x"))),
        ("ARC-02", zipped(("C:evil", b"x"))),
        ("ARC-03", renamed(zipped(("a/b.txt", b"x")), b"a/b.txt", b"a\\b.txt")),
        ("ARC-04", zipped((member("link", stat.S_IFLNK | 0o777), b"/etc/passwd"))),
        ("ARC-04", zipped((member("pipe", stat.S_IFIFO | 0o644), b""))),
        ("ARC-05", zipped(("a", b"1"), ("a", b"2"))),
        ("ARC-05", zipped(("a", b"1"), ("a/", b""))),
        ("ARC-05", zipped(("a/b", b"1"), ("a//b", b"2"))),
        ("ARC-07", zipped(("bomb", bytes(4 * 2**20)))),
        ("ARC-09", patched(zipped(("a", b"x")), 8, "<H", 1)),
        ("ARC-09", patched(zipped(("a", b"x")), 10, "<H", 99)),
        ("ARC-10", patched(zipped(("ä", b"x")), 8, "<H", 0)),
        ("ARC-10", renamed(zipped(("ää", b"x")), "ää".encode(), b"\xff\xfe\xff\xfe")),
        ("ARC-11", renamed(zipped(("a b", b"x")), b"a b", b"a\nb")),
        ("ARC-11", renamed(zipped(("a b", b"x")), b"a b", b"a\0b")),
        ("ARC-11", renamed(zipped(("a b", b"x")), b"a b", b"\0 b")),
        ("ARC-12", zipped(("a", b"x" * 100), method=zipfile.ZIP_BZIP2)),
        ("ARC-13", b"this is no archive"),
        ("ARC-13", b""),
        ("ARC-13", b"#!/bin/sh\n" + GOOD),
        ("ARC-13", GOOD + b"something else"),
        ("ARC-13", GOOD[:40] + b"XX" + GOOD[42:]),
        ("ARC-13", GOOD[: len(GOOD) // 2]),
        ("ARC-13", renamed(GOOD, b"PK\3\4", b"PK\3\5")),
        ("ARC-14", zipped()),
        ("ARC-14", zipped(("folder/", b""))),
    ],
)
def test_an_unsafe_archive_is_refused(rule: str, content: bytes) -> None:
    assert rule in rules(content)


def test_a_wrong_checksum_is_found() -> None:
    content = zipped(("a", b"hello"), method=zipfile.ZIP_STORED).replace(b"hello", b"jello")
    assert rules(content) == ["ARC-13"]
    with pytest.raises(ArchiveError, match="checksum of `a` is wrong"):
        toscactl_csar.read(content).read("a")


def test_a_header_that_understates_a_size_is_not_believed() -> None:
    content = patched(zipped(("a", b"x" * 1000)), 24, "<L", 10)
    assert rules(content) == ["ARC-07"]


def test_a_local_header_that_names_another_file_is_found() -> None:
    content = zipped(("abc", b"x"))
    assert rules(content.replace(b"abc", b"xyz", 1)) == ["ARC-13"]


def test_overlapping_members_are_found() -> None:
    content = zipped(("a", b"1" * 50), ("b", b"2" * 50), method=zipfile.ZIP_STORED)
    at = content.rindex(b"PK\1\2") + 42
    assert "ARC-07" in rules(content[:at] + struct.pack("<L", 1) + content[at + 4 :])


def test_limits_are_kept() -> None:
    assert rules(GOOD, Limits(members=1)) == ["ARC-08"]
    assert rules(GOOD, Limits(member_bytes=100)) == ["ARC-07"]
    assert rules(GOOD, Limits(total_bytes=100)) == ["ARC-07"]
    assert rules(zipped(("a", bytes(1000))), Limits(ratio_from=100, ratio=10)) == ["ARC-07"]


def test_a_member_too_large_for_memory_can_still_be_streamed() -> None:
    archive = toscactl_csar.read(GOOD, Limits(read_bytes=10))
    with pytest.raises(ArchiveError, match="too large to be read at once"):
        archive.read("a.txt")
    assert b"".join(archive.chunks("a.txt")) == b"hello " * 50


def test_a_part_of_a_split_archive_is_refused() -> None:
    at = GOOD.rindex(b"PK\5\6") + 4
    assert rules(GOOD[:at] + struct.pack("<H", 1) + GOOD[at + 2 :]) == ["ARC-16"]


def test_names_that_collide_are_a_warning() -> None:
    archive = toscactl_csar.read(zipped(("Readme", b"1"), ("README", b"2")))
    assert [(f.rule, f.severity) for f in archive.findings] == [("ARC-06", Severity.WARNING)]


def test_set_uid_permissions_are_a_warning() -> None:
    archive = toscactl_csar.read(zipped((member("a", stat.S_IFREG | 0o4755), b"x")))
    assert [(f.rule, f.severity) for f in archive.findings] == [("ARC-15", Severity.WARNING)]


def test_all_problems_are_reported_at_once() -> None:
    content = zipped(("../a", b"1"), ("/b", b"2"), (member("c", stat.S_IFLNK | 0o777), b"3"))
    assert rules(content) == ["ARC-01", "ARC-02", "ARC-04"]


def test_nested_archives_share_the_limits() -> None:
    inner = zipped(("deep.zip", zipped(("x", b"y"))))
    outer = toscactl_csar.read(zipped(("inner.csar", inner)))
    second = toscactl_csar.nested(outer, "inner.csar")
    assert second.name.endswith("!/inner.csar")
    with pytest.raises(ArchiveError, match="inside 2 others"):
        toscactl_csar.nested(second, "deep.zip")
    small = toscactl_csar.read(zipped(("inner.csar", inner)), Limits(members=1))
    with pytest.raises(ArchiveError):
        toscactl_csar.nested(small, "inner.csar")


def test_not_an_archive_is_told_from_an_unsafe_one() -> None:
    with pytest.raises(ArchiveError) as not_one:
        toscactl_csar.read(b"text")
    assert not not_one.value.readable
    with pytest.raises(ArchiveError) as unsafe:
        toscactl_csar.read(zipped(("../evil", b"x")))
    assert unsafe.value.readable


@settings(max_examples=400)
@given(
    st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=4),
    st.integers(0, len(GOOD)),
)
def test_whatever_is_damaged_nothing_but_archive_errors_come(
    changes: list[tuple[int, int]], cut: int
) -> None:
    content = bytearray(GOOD)
    for at, value in changes:
        content[at] = value
    for damaged in (bytes(content), bytes(content[:cut]), bytes(content[cut:])):
        try:
            archive = toscactl_csar.read(damaged)
        except ArchiveError:
            continue
        for name in archive.members:
            with contextlib.suppress(ArchiveError):
                archive.read(name)


@given(st.binary(max_size=200))
def test_any_bytes_are_an_archive_or_an_archive_error(content: bytes) -> None:
    with contextlib.suppress(ArchiveError):
        toscactl_csar.read(content)


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        toscactl_csar.read(tmp_path / "missing.csar")
