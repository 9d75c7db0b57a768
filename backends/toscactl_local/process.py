"""One process group: started with a trace on disk, listened to line by line, ended for sure."""

import contextlib
import os
import re
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from toscactl.backend import BackendError, Secret, Value, reveal, text, walk
from toscactl_local.leftovers import end_group

TAIL = 20
"""How many of the last lines a failure shows."""
_POLL = 0.05
_LONGEST_LINE = 2000
_MOST_LINES = 5000
_LARGEST_OUTPUT = 16 * 1024 * 1024
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")
_LAUNCH = 'printf "%s\\n" "$$" >"$1" && shift && exec "$@"'
"""For /bin/sh: note the process id before the program takes its place."""


@dataclass(frozen=True, slots=True)
class Command:
    """What to start. `folder` is the run's own: the trace and the output lie there."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    cwd: Path
    folder: Path
    timeout: float | None = None
    """Seconds."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a process ended. `status` is negative for a signal; `tail` its last lines."""

    pid: int
    status: int
    tail: tuple[str, ...]
    timed_out: bool = False
    cancelled: bool = False


@dataclass(slots=True)
class Listener:
    """Output as lines of text, fit to be shown and kept: cut, cleaned, without secrets."""

    log: Callable[[str], None]
    secrets: tuple[str, ...] = ()
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=TAIL))
    _rest: bytes = b""
    _cutting: bool = False
    _count: int = 0

    def feed(self, data: bytes) -> None:
        *lines, rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line)
        if len(rest) > 4 * _LONGEST_LINE:
            # A line without an end must not fill the memory.
            self._line(rest)
            self._cutting, rest = True, b""
        self._rest = rest

    def finish(self) -> None:
        if self._rest:
            self._line(self._rest)
            self._rest = b""

    def _line(self, data: bytes) -> None:
        if self._cutting:  # the end of a line whose beginning was shown
            self._cutting = False
            return
        line = self.clean(data.decode("utf-8", errors="replace"))
        self.tail.append(line)
        self._count += 1
        if self._count < _MOST_LINES:
            self.log(line)
        elif self._count == _MOST_LINES:
            self.log(f"... more than {_MOST_LINES} lines; the rest is not shown")

    def clean(self, line: str) -> str:
        """A line without secrets, escape sequences and control characters, not too long."""
        for secret in self.secrets:
            line = line.replace(secret, "(sensitive)")
        line = _ESCAPES.sub("", line.removesuffix("\r"))
        line = _CONTROLS.sub("\ufffd", line)
        if len(line) > _LONGEST_LINE:
            return f"{line[:_LONGEST_LINE]} ... (cut)"
        return line


def secrets_in(*values: Value) -> tuple[str, ...]:
    """Every text inside a secret, the longest first, and the lines of those that have several."""
    found: set[str] = set()
    for value in values:
        for part in walk(value):
            if isinstance(part, Secret):
                found |= set(_texts(reveal(part.value)))
    return tuple(sorted(found, key=lambda secret: (-len(secret), secret)))


def _texts(value: Value) -> list[str]:
    texts: list[str] = []
    for part in walk(value):
        if isinstance(part, str):
            texts += [part, *part.splitlines()]
        elif isinstance(part, int | float) and not isinstance(part, bool):
            texts.append(text(part))
    return [item for item in texts if item.strip()]


def run(
    command: Command,
    listener: Listener,
    *,
    cancelled: Callable[[], bool],
    started: Callable[[int], None],
) -> Outcome:
    """Run a command in a session of its own until it ends, its time is up or it is cancelled.

    Only the command itself is waited for: what it leaves in the background lives on, unless its
    time is up or it is cancelled. Raises `BackendError` if it cannot be started.
    """
    output = command.folder / "output"
    with output.open("ab", buffering=0) as sink, output.open("rb", buffering=0) as source:
        process = _start(command, sink.fileno())
        try:
            started(process.pid)
            return _follow(process, command, listener, source.fileno(), sink.fileno(), cancelled)
        finally:
            if process.poll() is None:  # an exception on the way: leave nothing behind
                end_group(process)


def _start(command: Command, sink: int) -> subprocess.Popen[bytes]:
    trace = command.folder / "pid"
    try:
        return subprocess.Popen(
            ["/bin/sh", "-c", _LAUNCH, "toscactl", str(trace), *command.arguments],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            cwd=command.cwd,
            env=command.environment,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise BackendError(f"`{command.arguments[-1]}` cannot be started: {error}") from error


def _follow(
    process: subprocess.Popen[bytes],
    command: Command,
    listener: Listener,
    source: int,
    sink: int,
    cancelled: Callable[[], bool],
) -> Outcome:
    begun = time.monotonic()
    timed_out = stopped = False
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_POLL)
        _read(source, sink, listener)
        if process.returncode is not None:
            break
        stopped = cancelled()
        timed_out = command.timeout is not None and time.monotonic() - begun > command.timeout
        if stopped or timed_out:
            end_group(process)
            _read(source, sink, listener)
            break
    listener.finish()
    return Outcome(process.pid, process.wait(), tuple(listener.tail), timed_out, stopped)


def _read(source: int, sink: int, listener: Listener) -> None:
    while data := os.read(source, 65536):
        listener.feed(data)
    if os.lseek(source, 0, os.SEEK_CUR) > _LARGEST_OUTPUT:
        # What was shown is not kept: an endless output must not fill the disk.
        os.ftruncate(sink, 0)
        os.lseek(source, 0, os.SEEK_SET)
