"""Who this process is, and whether another one still lives: for locks."""

import os
import pwd
import socket
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Process:
    """A process of a host. `started` tells it from a later one with the same number.

    `started` is empty where the system does not say.
    """

    who: str
    pid: int
    host: str
    started: str


def this_process() -> Process:
    pid = os.getpid()
    return Process(_user(), pid, socket.gethostname(), started(pid))


def lives(process: Process) -> bool:
    """Whether a process lives, as far as can be told: one of another host counts as living."""
    if process.host != socket.gethostname():
        return True
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    now = started(process.pid)
    return not process.started or not now or now == process.started


def started(pid: int) -> str:
    """When a process began: the boot and the clock ticks since then; empty if it cannot be read.

    A process that ended and was not yet waited for counts as gone: `zombie`.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    if fields[0] in ("Z", "X"):
        return "zombie"
    return f"{boot}:{fields[19]}"


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
