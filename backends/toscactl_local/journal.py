"""The folders in which operations run, and the traces of those that never ended.

`work/<unit>/<operation>/<run>/` is one run: `files/` with the artifacts, `bin/` with the command
`ctx`, `pid` with the number of its process, `output` with what it says, `report` with its outputs.
A run that ended has a file `ended`; one that has none was interrupted.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from toscactl.backend import BackendError
from toscactl_local.leftovers import await_trace, end, living
from toscactl_local.machine import folder_name, remove

OK = "ok"
"""A file beside the runs of an operation: the last of them ended well."""
UNKNOWN = "unknown"
"""A file beside the runs of an operation: one of them never ended."""
ASKED = "asked"
"""A file beside the runs of an operation: somebody was asked what to do about it."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one operation."""

    folder: Path
    marker: str
    """What `$TOSCACTL_OPERATION` is for all its processes."""

    @property
    def files(self) -> Path:
        return self.folder / "files"

    @property
    def report(self) -> Path:
        return self.folder / "report"

    def ended(self) -> None:
        (self.folder / "ended").touch()


def unit_folder(folder: Path, unit: str) -> Path:
    return folder / "work" / folder_name(unit)


def marker(folder: Path, unit: str, key: str = "") -> str:
    """How the marker begins of all processes of a unit, or of one of its operations."""
    return f"{folder}#{unit}#" + (f"{key}#" if key else "")


def begin(folder: Path, unit: str, key: str) -> Run:
    """A new folder for a run, of this user alone. Raises `BackendError`."""
    number = secrets.token_hex(4)
    path = operation_folder(folder, unit, key) / number
    try:
        path.mkdir(mode=0o700, parents=True)
        (path / "files").mkdir(mode=0o700)
        run = Run(path, f"{marker(folder, unit, key)}{number}")
        (path / "marker").write_text(run.marker, "utf-8")
    except OSError as error:
        raise BackendError(f"`{path}` cannot be made: {error}") from error
    return run


def interrupted(folder: Path) -> Iterator[Path]:
    """The folders of all runs of a deployment that began and never ended."""
    for run in sorted((folder / "work").glob("*/*/*")):
        if run.is_dir() and not (run / "ended").exists():
            yield run


def end_interrupted(folder: Path) -> list[str]:
    """End what is left of interrupted runs, and note that nobody knows how they ended.

    Returns a line per run that had to be ended. Raises `BackendError` if a process lives on.
    """
    said = []
    for run in interrupted(folder):
        trace = await_trace(run / "pid")
        ending = living(_marker_of(run), leaders=[trace] if trace else [])
        unended = end(ending)
        if unended:
            raise BackendError(
                f"process {unended[0]} of an interrupted operation does not end",
                hint="end it yourself, then go on",
            )
        if ending:
            said.append(
                f"ended {len(ending)} processes that an interrupted run of"
                f" `{run.parent.name}` had left"
            )
        (run.parent / UNKNOWN).touch()
        (run / "ended").touch()
    return said


def _marker_of(run: Path) -> str:
    try:
        return (run / "marker").read_text("utf-8")
    except OSError:
        return f"{run}#"  # nothing was started yet


def operation_folder(folder: Path, unit: str, key: str) -> Path:
    return unit_folder(folder, unit) / folder_name(key)


def has_run(folder: Path, unit: str, key: str) -> bool:
    """Whether a run of an operation was begun, whatever became of it."""
    return operation_folder(folder, unit, key).exists()


def went_well(folder: Path, unit: str, key: str) -> bool:
    """Whether the last run of an operation ended well."""
    return (operation_folder(folder, unit, key) / OK).exists()


def note(folder: Path, unit: str, key: str, *names: str) -> None:
    """What is known of an operation from now on: `OK`, `UNKNOWN`, `ASKED`, or nothing."""
    at = operation_folder(folder, unit, key)
    at.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in (OK, UNKNOWN, ASKED):
        if name in names:
            (at / name).touch()
        else:
            (at / name).unlink(missing_ok=True)


def forget_runs(folder: Path, unit: str, key: str, *, but: Path | None = None) -> None:
    """Remove the folders of an operation's runs; what is known of the operation stays."""
    for run in operation_folder(folder, unit, key).glob("*"):
        if run.is_dir() and run != but:
            remove(run)
