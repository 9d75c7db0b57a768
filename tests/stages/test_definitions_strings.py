"""Scalars with units, and versions."""

import subprocess
import sys

import pytest

from toscactl.definitions import parse_scalar_unit, parse_version, spelled_as_standard


@pytest.mark.parametrize(
    ("text", "amount", "unit"),
    [
        ("10 GB", 10 * 10**9, "B"),
        ("10GB", 10 * 10**9, "B"),
        ("1 GiB", 2**30, "B"),
        ("1.5 kB", 1500, "B"),
        ("4 TiB", 4 * 2**40, "B"),
        ("7 B", 7, "B"),
        ("512 MB", 512 * 10**6, "B"),
        ("60 s", 60, "s"),
        ("5 m", 300, "s"),
        ("2 h", 7200, "s"),
        ("1 d", 86400, "s"),
        ("1 ms", 0.001, "s"),
        ("250 us", 0.00025, "s"),
        ("1 ns", 1e-9, "s"),
        ("0.5 h", 1800, "s"),
        ("2.5 GHz", 2_500_000_000, "Hz"),
        ("100 kHz", 100_000, "Hz"),
        ("1 Hz", 1, "Hz"),
        ("1 Mbps", 10**6, "bps"),
        ("1 Kibps", 1024, "bps"),
        ("1 MBps", 8 * 10**6, "bps"),
        ("3 bps", 3, "bps"),
        ("1e3 kB", 10**6, "B"),
        (".5 GB", 5 * 10**8, "B"),
        ("1. MB", 10**6, "B"),
        ("-1 s", -1, "s"),
        ("  10   gb ", 10 * 10**9, "B"),
        ("10 gb", 10 * 10**9, "B"),
        ("1 mhz", 10**6, "Hz"),
        ("1 S", 1, "s"),
        ("1 kbps", 1000, "bps"),
    ],
)
def test_scalar_units(text: str, amount: float, unit: str) -> None:
    read = parse_scalar_unit(text)
    assert read is not None
    assert (read.amount, read.unit, read.text) == (amount, unit, text)
    assert type(read.amount) is type(amount)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10",
        "GB",
        "10 furlongs",
        "ten GB",
        "10 G B",
        "1e999 GB",
        "1" * 100 + " GB",
        "1,5 GB",
        "٣ GB",
        "- 1 s",
        "1e99999999999 B",
        "+",
    ],
)
def test_what_is_no_scalar_unit(text: str) -> None:
    assert parse_scalar_unit(text) is None
    assert not spelled_as_standard(text)


@pytest.mark.parametrize(
    ("text", "expected"), [("1 GB", True), ("1 gb", False), ("1e1 kB", True), ("1 KB", False)]
)
def test_the_spelling_of_units(text: str, expected: bool) -> None:  # noqa: FBT001
    assert spelled_as_standard(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.0", (1, 0, 0, "", 0)),
        ("0.0", (0, 0, 0, "", 0)),
        ("1.2.3", (1, 2, 3, "", 0)),
        ("1.10", (1, 10, 0, "", 0)),
        ("1.0.0.alpha", (1, 0, 0, "alpha", 0)),
        ("1.0.0.alpha-10", (1, 0, 0, "alpha", 10)),
        ("2.0.1.rc_1-2", (2, 0, 1, "rc_1", 2)),
    ],
)
def test_versions(text: str, expected: tuple[object, ...]) -> None:
    read = parse_version(text)
    assert read is not None
    assert (read.major, read.minor, read.fix, read.qualifier, read.build) == expected
    assert str(read) == text


@pytest.mark.parametrize(
    "text",
    ["", "1", "1.", "a.b", "1.0.", "1.0.alpha", "1.0.0.a-b", " 1.0", "1.0\n", "1..0", "-1.0"],
)
def test_what_is_no_version(text: str) -> None:
    assert parse_version(text) is None


def test_a_plain_file_does_not_import_lark() -> None:
    code = (
        "import sys; from toscactl import definitions as d; d.parse_scalar_unit('10 GB');"
        "d.parse_version('1.2.3'); d.parse_version('text'); assert 'lark' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
