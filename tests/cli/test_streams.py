"""The streams of the process: readers that go away, disks that are full; and signals."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.conftest import Run

COMMAND = [sys.executable, "-m", "toscactl"]


@pytest.fixture
def environment(toscactl: Run, tmp_path: Path) -> Mapping[str, str]:  # noqa: ARG001  (its folder)
    return {**os.environ, "TOSCACTL_STATE": str(tmp_path / "state")}


def test_nobody_reading_the_progress_does_not_stop_the_work(
    environment: Mapping[str, str], toscactl: Run, service: str, tmp_path: Path
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    apply = [*COMMAND, "apply", service, "--target", "local", "--yes", "-i", "size=1"]
    ended = subprocess.run(apply, stderr=writing, stdout=writing, env=environment, check=False)
    os.close(writing)
    assert ended.returncode == 0
    assert "deployed" in toscactl("status", "--state", str(tmp_path / "state")).out


def test_a_verdict_is_the_same_when_nobody_reads_it(environment: Mapping[str, str]) -> None:
    Path("broken.yaml").write_text("node_types: 1\n")
    reading, writing = os.pipe()
    os.close(reading)
    validate = [*COMMAND, "validate", "broken.yaml"]
    ended = subprocess.run(validate, stdout=writing, env=environment, check=False)
    os.close(writing)
    assert ended.returncode == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_a_result_that_cannot_be_written_is_a_failure(environment: Mapping[str, str]) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [*COMMAND, "explain"],
            stdout=full, stderr=subprocess.PIPE, text=True, env=environment, check=False,
        )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: standard output cannot be written")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_whoever_interrupts_an_apply_it_can_go_on(
    environment: Mapping[str, str], toscactl: Run, service: str, tmp_path: Path, number: int
) -> None:
    Path("create.sh").write_text("#!/bin/bash\ntouch begun\nsleep 60\n")
    apply = [*COMMAND, "apply", service, "--target", "local", "--yes", "-i", "size=1"]
    with subprocess.Popen(apply, env=environment, stderr=subprocess.PIPE, text=True) as process:
        for _ in range(1200):
            if Path("begun").exists() or list(tmp_path.rglob("begun")):
                break
            time.sleep(0.05)
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "toscactl apply own.yaml --target local --yes -i size=1" in said
    Path("create.sh").write_text("#!/bin/bash\nexit 0\n")
    again = ("apply", service, "--target", "local", "--yes", "-i", "size=1")
    assert toscactl(*again, "--state", environment["TOSCACTL_STATE"]).code == 0


def test_with_closed_streams_nothing_is_asked_and_nothing_done(
    environment: Mapping[str, str], service: str
) -> None:
    apply = " ".join([*COMMAND, "apply", service, "--target", "local", "-i", "size=1"])
    ended = subprocess.run(
        ["/bin/bash", "-c", f"{apply} <&-"], stderr=subprocess.PIPE, text=True, env=environment,
        check=False,
    )  # fmt: skip
    assert ended.returncode == 3
    assert "error: there is no terminal to ask at" in ended.stderr
    deaf = subprocess.run(
        ["/bin/bash", "-c", f"{apply} --yes >&- 2>&-"], env=environment, check=False
    )
    assert deaf.returncode == 0
