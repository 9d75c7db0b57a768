"""Processes that operations left behind: which of them are ours, and their end.

A process is ours only by proof: it carries our marker in its environment; or it is, by number and
time of birth, one that was recorded; or its session is led by the process whose number and time of
birth were recorded; or it descends from one of these. Nothing else is ever touched.
"""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import psutil

GRACE = 10.0
"""Seconds between SIGTERM and SIGKILL."""
MARKER = "TOSCACTL_OPERATION"
"""The environment variable that every process of an operation carries."""
_POLL = 0.05
_TOLERANCE = 2.0
"""Seconds: how well times of birth from different sources agree."""


@dataclass(frozen=True, slots=True)
class Trace:
    """A process by its number and time of birth (seconds since the epoch)."""

    pid: int
    born: float


def born(pid: int) -> float | None:
    """When a process was born; None if there is none."""
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return None


def living(
    marker: str, *, leaders: Iterable[Trace] = (), known: Iterable[Trace] = ()
) -> list[psutil.Process]:
    """The processes whose marker begins so, those of the led sessions, and known ones.

    Their descendants belong to them; this process and its ancestors never do.
    """
    sessions = {leader.pid for leader in leaders if _is(leader)}
    exact = {trace.pid for trace in known if _is(trace)}
    found: dict[int, psutil.Process] = {}
    for process in _own():
        pid = process.pid
        if pid in exact or _session(pid) in sessions or _marker(process).startswith(marker):
            found[pid] = process
    for process in list(found.values()):
        with contextlib.suppress(psutil.Error):
            found |= {child.pid: child for child in process.children(recursive=True)}
    for pid in _ancestors():
        found.pop(pid, None)
    return [process for process in found.values() if _alive(process)]


def members(session: int, marker: str) -> list[psutil.Process]:
    """What is left of a session just after its leader ended, and whatever carries its marker."""
    left = {process.pid: process for process in _own() if _session(process.pid) == session}
    left |= {process.pid: process for process in living(marker)}
    return [process for process in left.values() if _alive(process)]


def traces(processes: Iterable[psutil.Process]) -> tuple[Trace, ...]:
    """What is to be recorded of processes, so that they are known again."""
    found = []
    for process in processes:
        with contextlib.suppress(psutil.Error):
            found.append(Trace(process.pid, float(process.create_time())))
    return tuple(sorted(found, key=lambda trace: trace.pid))


def end(processes: Iterable[psutil.Process]) -> list[int]:
    """End processes: SIGTERM, ten seconds, SIGKILL. Returns the numbers of those that live on."""
    ending = list(processes)
    for process in ending:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    alive = _wait(lambda: [process for process in ending if _alive(process)])
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    return [process.pid for process in _wait(lambda: [p for p in alive if _alive(p)])]


def end_group(leader: "subprocess.Popen[bytes]") -> None:
    """End the process group of a child: SIGTERM, ten seconds, SIGKILL."""

    def left() -> list[psutil.Process]:
        leader.poll()  # so that it is no zombie any more
        return [process for process in _own() if _group(process.pid) == leader.pid]

    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(leader.pid, number)
        if not _wait(lambda: [process for process in left() if _alive(process)]):
            return


def _wait(left: Callable[[], list[psutil.Process]]) -> list[psutil.Process]:
    """Wait until nothing is left, or the grace is over; returns what is left then.

    Zombies are not counted: in a container, nobody may ever ask about them.
    """
    deadline = time.monotonic() + GRACE
    while (found := left()) and time.monotonic() < deadline:
        time.sleep(_POLL)
    return found


def await_trace(path: str | os.PathLike[str], patience: float = 0.5) -> Trace | None:
    """The leader that noted its number in a file just before it became the operation's program.

    None if it noted nothing, or if the process of that number is not the one that did.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            with open(path, encoding="ascii") as file:  # noqa: PTH123  (also its time is asked for)
                number = file.read().strip()
                written = os.fstat(file.fileno()).st_mtime
        except OSError:
            number, written = "", 0.0
        if number.isdigit() or time.monotonic() >= deadline:
            break
        time.sleep(0.02)
    birth = born(int(number)) if number.isdigit() else None
    if birth is None or birth > written + _TOLERANCE:
        return None
    return Trace(int(number), birth)


def _is(trace: Trace) -> bool:
    birth = born(trace.pid)
    return birth is not None and abs(birth - trace.born) <= _TOLERANCE


def _own() -> Iterator[psutil.Process]:
    """The processes of this user; all of them for the superuser."""
    user = os.getuid()
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if user in (0, process.uids().real):
                yield process


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return -1


def _group(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except OSError:
        return -1


def _marker(process: psutil.Process) -> str:
    try:
        return process.environ().get(MARKER, "")
    except (psutil.Error, OSError):
        return ""


def _ancestors() -> Iterator[int]:
    yield os.getpid()
    with contextlib.suppress(psutil.Error):
        for process in psutil.Process().parents():
            yield process.pid


def _alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def known(recorded: Iterable[Trace]) -> list[psutil.Process]:
    """Those of recorded processes that live."""
    found = []
    for trace in recorded:
        if _is(trace):
            with contextlib.suppress(psutil.Error):
                found.append(psutil.Process(trace.pid))
    return [process for process in found if _alive(process)]


def host() -> str:
    """The name of this machine."""
    return socket.gethostname()
