"""Asking before, and showing what happens during, the execution of a plan."""

import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from toscactl.cli import terminal
from toscactl.cli.run import Exit
from toscactl.errors import Refused

if TYPE_CHECKING:
    from toscactl.execution import Event
    from toscactl.planning import Plan
    from toscactl.state import Store
    from toscactl.values import Value


def ask(question: str) -> None:
    """Ask on the terminal; anything but yes raises `Refused`, as does the lack of a terminal."""
    if not sys.stdin.isatty():
        raise Refused(
            "there is no terminal to ask at", hint="give --yes to go on without a question"
        )
    terminal.note(f"{question} [y/N] ")
    answer = sys.stdin.readline().strip().lower()
    if answer not in {"y", "yes"}:
        raise Refused("declined; nothing was touched")


def follow(wanted: "Plan", store: "Store", *, parallelism: int) -> int:
    """Carry a plan out, showing progress on standard error and the outputs on standard output."""
    import toscactl

    cancel = threading.Event()
    total = len(wanted.steps)
    state = {"count": 0}
    ended: toscactl.Finished | None = None
    with _interruptible(cancel):
        for event in toscactl.apply(wanted, store=store, parallelism=parallelism, cancel=cancel):
            if isinstance(event, toscactl.Finished):
                ended = event
            else:
                _show(event, total, state)
    assert ended is not None, "an execution ends with `Finished`"
    again = f"toscactl {'destroy' if wanted.destroy else 'apply'}"
    if ended.outcome == "interrupted":
        terminal.error("interrupted", f"`{again}` with the same arguments goes on where it was")
        return Exit.INTERRUPTED
    if ended.outcome == "failed":
        terminal.error(
            f"{ended.failed} failed, {ended.skipped} skipped, {ended.done} done",
            f"`{again}` with the same arguments goes on where it was",
        )
        return Exit.FAILED
    terminal.note(
        f"{'Destroyed' if wanted.destroy else 'Done'}: {wanted.deployment}, {ended.done} steps."
    )
    if not wanted.destroy:
        terminal.result(outputs_text(ended.outputs))
    return Exit.DONE


@contextmanager
def _interruptible(cancel: threading.Event) -> Iterator[None]:
    """The first interrupt lets running steps end; the second is Python's own."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        if cancel.is_set():
            raise KeyboardInterrupt
        terminal.note("interrupting: running operations are ended, press again not to wait")
        cancel.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _show(event: "Event", total: int, state: dict[str, int]) -> None:
    import toscactl

    match event:
        case toscactl.Started(step=step, attempt=attempt):
            again = f" (attempt {attempt})" if attempt > 1 else ""
            terminal.note(f"{_count(total, state)} {_name(step)} ...{again}")
        case toscactl.Progress(step=step, line=line):
            terminal.note(f"  {_name(step)} | {line}")
        case toscactl.Done(step=step, seconds=seconds, warnings=warnings):
            state["count"] += 1
            terminal.note(f"{_count(total, state)} {_name(step)} done in {seconds:.1f} s")
            for warning in warnings:
                terminal.note(f"  warning: {warning}")
        case toscactl.Failed(step=step, seconds=seconds, message=message, tail=tail, hint=hint):
            state["count"] += 1
            at = f" ({step.origin.place})" if step.origin else ""
            terminal.error(f"{_name(step)} failed after {seconds:.1f} s: {message}{at}", hint)
            for line in tail:
                terminal.note(f"  | {line}")
        case toscactl.Skipped(step=step, cause="unchanged"):
            state["count"] += 1
            terminal.note(f"{_count(total, state)} {_name(step)} not needed")
        case toscactl.Skipped(step=step, cause=cause):
            state["count"] += 1
            terminal.note(f"{_count(total, state)} {_name(step)} skipped, because of {cause}")
        case toscactl.Waiting(step=step, on=on):
            terminal.note(f"  {_name(step)} waits for {', '.join(on)}")
        case _:
            pass


def _count(total: int, state: Mapping[str, int]) -> str:
    width = len(str(total))
    return f"[{state['count']:{width}}/{total}]"


def _name(step: object) -> str:
    from toscactl.desired import Step

    assert isinstance(step, Step)
    subject = str(step.instance) if step.instance else (step.resource or step.unit)
    return f"{subject} {step.verb}"


def outputs_text(outputs: "Mapping[str, Value]", *, reveal: bool = False) -> str:
    """Outputs as `name = value` lines; what is sensitive or not known is said to be."""
    from toscactl import values

    lines = []
    for name, value in outputs.items():
        if not values.is_known(value):
            shown = "(not known yet)"
        elif values.is_sensitive(value) and not reveal:
            shown = "(sensitive)"
        else:
            shown = values.text(value)
        lines.append(f"{name} = {shown}\n")
    return "".join(lines)
