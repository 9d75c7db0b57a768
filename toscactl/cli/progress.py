"""Asking before, and showing what happens during, the execution of a plan."""

import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, TextIO

from toscactl.cli import resuming, terminal
from toscactl.cli.run import ENDING, Exit
from toscactl.errors import BackendError, Locked, Refused, StalePlan, StateError

if TYPE_CHECKING:
    from toscactl.execution import Event, Finished
    from toscactl.planning import InputDigest, Plan
    from toscactl.service import Service
    from toscactl.state import Store
    from toscactl.values import Value


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()  # none where it was closed before we began


def ask(question: str) -> None:
    """Ask on the terminal; anything but yes raises `Refused`, as does the lack of a terminal."""
    if not _is_terminal(sys.stdin):
        raise Refused(
            "there is no terminal to ask at", hint="give --yes to go on without a question"
        )
    terminal.note(f"{question} [y/N] ")
    answer = sys.stdin.readline().strip().lower()
    if answer not in {"y", "yes"}:
        raise Refused("declined; nothing was touched")


def asked_inputs(
    service: "Service", wanted: "Iterable[InputDigest]", given: Mapping[str, object]
) -> Mapping[str, object]:
    """Sensitive inputs that a saved plan was made with and nobody gave again, typed unseen.

    Nothing without a terminal: then they are missing, and that is said.
    """
    import click

    from toscactl.service import Text

    if not _is_terminal(sys.stdin):
        return {}
    declared = service.topology.inputs
    missing = [
        item.name
        for item in wanted
        if item.sensitive
        and item.name not in given
        and item.name in declared
        and declared[item.name].required
    ]
    return {
        name: Text(click.prompt(f"{name} (sensitive)", hide_input=True, err=True), f"input {name}")
        for name in missing
    }


def follow(wanted: "Plan", store: "Store", *, parallelism: int) -> int:
    """Carry a plan out, showing progress on standard error and the outputs on standard output."""
    ended = _carried_out(wanted, store, parallelism)
    if ended is None:
        return Exit.FAILED
    if ended.outcome == "interrupted":
        terminal.error("interrupted", _go_on(wanted))
        return Exit.INTERRUPTED
    if ended.outcome == "failed":
        terminal.error(
            f"{ended.failed} failed, {ended.skipped} skipped, {ended.done} done", _go_on(wanted)
        )
        return Exit.FAILED
    terminal.note(
        f"{'Destroyed' if wanted.destroy else 'Done'}: {wanted.deployment}, {ended.done} steps."
    )
    if not wanted.destroy:
        terminal.result(outputs_text(ended.outputs))
    return Exit.DONE


def _carried_out(wanted: "Plan", store: "Store", parallelism: int) -> "Finished | None":
    """Show a plan being carried out; None if its state could not be written any more."""
    import toscactl

    cancel = threading.Event()
    total = len(wanted.steps)
    state = {"count": 0}
    begun = False
    with _interruptible(cancel):
        try:
            for event in toscactl.apply(
                wanted, store=store, parallelism=parallelism, cancel=cancel
            ):
                begun = True
                if isinstance(event, toscactl.Finished):
                    return event
                _show(event, total, state)
        except (Locked, StalePlan):
            raise
        except BackendError as wrong:
            assert not begun, "a step that fails is an event"
            raise Refused(str(wrong), hint=wrong.hint) from wrong
        except StateError as wrong:
            if not begun:
                raise
            terminal.error(
                f"{wrong}; what was running may not have been noted down",
                f"when that is mended: {_go_on(wanted)}",
            )
            return None
    raise AssertionError("an execution ends with `Finished`")


def _go_on(wanted: "Plan") -> str:
    return f"to go on where it was: {resuming.command(wanted)}"


@contextmanager
def _interruptible(cancel: threading.Event) -> Iterator[None]:
    """The first interrupt lets running steps end; the second is Python's own."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        if cancel.is_set():
            raise KeyboardInterrupt
        terminal.note("interrupting: running operations are ended, press again not to wait")
        cancel.set()

    before = {number: signal.getsignal(number) for number in ENDING}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, stop)
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
