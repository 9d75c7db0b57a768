"""What reaches the terminal: results on standard output, everything else on standard error."""

import os
import sys
from collections.abc import Iterable, Sequence
from typing import TextIO

import click

from toscactl.diagnostics import Diagnostic
from toscactl.errors import InvalidService, OperationFailed, ToscactlError

_RED, _BOLD, _RESET = "\x1b[1;31m", "\x1b[1m", "\x1b[0m"


def colored(stream: TextIO | None) -> bool:
    """Whether to write colors: `--color`, else `NO_COLOR`, else whether it is a terminal."""
    context = click.get_current_context(silent=True)
    choice = context.find_root().obj if context is not None else "auto"
    if choice in {"always", "never"}:
        return bool(choice == "always")
    if stream is None:
        return False
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and stream.isatty()


class Unwritable(ToscactlError):
    """A result could not be written to standard output."""


def result(text: str) -> None:
    """A result, on standard output. Raises `Unwritable`."""
    try:
        _write(sys.stdout, text)
    except OSError as wrong:
        _let_go(sys.stdout)
        reason = (wrong.strerror or str(wrong)).lower()
        raise Unwritable(f"standard output cannot be written: {reason}") from wrong


def note(text: str) -> None:
    """A line that is no result, on standard error; work goes on if nobody can read it."""
    try:
        _write(sys.stderr, text + "\n")
    except OSError:
        _let_go(sys.stderr)


def _write(stream: TextIO | None, text: str) -> None:
    if stream is None:  # it was closed before we began
        return
    # A terminal that cannot show a character must not cost the whole message.
    encoding = stream.encoding or "utf-8"
    try:
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except BrokenPipeError:
        # The reader went away (`| head`): nothing is wrong, and nobody is left to tell.
        _let_go(stream)


def _let_go(stream: TextIO) -> None:
    """Send what is still to come, and what is held back, nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def error(message: str, hint: str | None = None) -> None:
    """One error of the world, with its cure if one is known."""
    head = (
        f"{_RED}error{_RESET}{_BOLD}: {message}{_RESET}"
        if colored(sys.stderr)
        else f"error: {message}"
    )
    note(head + (f"\n  = {hint}" if hint else ""))


def exception(wrong: ToscactlError) -> None:
    """An exception of our tree, with everything that it carries."""
    if isinstance(wrong, InvalidService):
        findings(wrong.diagnostics)
    error(str(wrong), wrong.hint)
    if isinstance(wrong, OperationFailed):
        for line in wrong.tail:
            note(f"  | {line}")


def findings(diagnostics: Iterable[Diagnostic]) -> None:
    """Findings that are no result, on standard error; what is only a note, in one line."""
    from toscactl.diagnostics import Severity, render

    ordered: Sequence[Diagnostic] = render.in_order(diagnostics)
    for diagnostic in ordered:
        if diagnostic.severity is Severity.NOTE:
            note(f"{diagnostic.span}: note[{diagnostic.rule.name}]: {diagnostic.message}")
    serious = [diagnostic for diagnostic in ordered if diagnostic.severity is not Severity.NOTE]
    if serious:
        note(render.to_text(serious, color=colored(sys.stderr)))


def width() -> int:
    """Columns of the terminal; 80 where there is none."""
    import shutil

    return shutil.get_terminal_size((80, 24)).columns
