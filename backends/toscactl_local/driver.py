"""The effects of the local backend: steps done on this machine."""

import shlex
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from toscactl.backend import BackendError, Context, OperationFailed, Result, Step, Unit, Value
from toscactl_local import journal, leftovers, machine
from toscactl_local.channel import Channel
from toscactl_local.operation import Brought, Operation, operate
from toscactl_local.steps import CLEARS, ENDS, STATE
from toscactl_local.task import COUNTERPART, Task, from_payload, string, tasks_of

_DAEMONS = "daemons."
"""Begins the keys of `observed` that say what an operation left running."""
_REPORTED = "reported"
"""Key of `observed`: the names of attributes that operations have made."""


class LocalDriver:
    """Runs operations on this machine. Steps of different units may run at the same time."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._lock = threading.Lock()
        self._seen: set[Path] = set()

    def run(self, step: Step, inputs: Mapping[str, Value], context: Context) -> Result:
        """Do one step. Raises `OperationFailed` or another `BackendError`."""
        folder, unit = _folder_of(step, context), context.unit
        self._first_contact(folder, context.log)
        if not step.removes:
            machine.prepare(folder, unit, context.attributes)
        brought = Brought()
        observed: dict[str, Value] = {}
        if step.payload.get("script") is not None:
            task = from_payload(step.payload)
            operation = Operation(task, step, unit, inputs, folder, context, self._channel)
            brought = _perform(operation)
            observed[f"{_DAEMONS}{task.key}"] = tuple(
                {"pid": trace.pid, "born": trace.born} for trace in brought.daemons
            )
        if step.payload.get(ENDS) is True:
            _end_daemons(folder, unit, context)
            observed |= {key: () for key in context.observed if key.startswith(_DAEMONS)}
        if step.payload.get(CLEARS) is True:
            machine.clear(folder, unit)
            machine.remove(journal.unit_folder(folder, unit.id))
        return _result(step, folder, context, brought, observed)

    def observe(
        self,
        unit: Unit,  # noqa: ARG002  (what is recorded says it all)
        observed: Mapping[str, Value],
    ) -> Mapping[str, Value] | None:
        """What of a unit is there: its recorded daemons, and which of them live."""
        if not observed:
            return None
        known = daemons(observed)
        alive = {process.pid for process in leftovers.known(known)}
        return {
            "running": tuple(trace.pid for trace in known if trace.pid in alive),
            "ended": tuple(trace.pid for trace in known if trace.pid not in alive),
        }

    def _first_contact(self, folder: Path, log: Callable[[str], None]) -> None:
        """Once per deployment, before anything runs: end what a killed run left half-way."""
        with self._lock:
            if folder not in self._seen:
                for line in journal.end_interrupted(folder):
                    log(line)
                self._seen.add(folder)


def _folder_of(step: Step, context: Context) -> Path:
    """The target's own folder. Raises `BackendError`.

    Two targets may both be this machine; what one of them runs is none of the other's.
    """
    folder = Path(context.folder).resolve() / machine.folder_name(step.target)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BackendError(f"`{folder}` cannot be made: {error}") from error
    return folder


def _perform(operation: Operation) -> Brought:
    """Run an operation as far as that is right, knowing what became of earlier runs."""
    task, folder, unit, context = (
        operation.task, operation.folder, operation.unit, operation.context,
    )  # fmt: skip
    undone = _undone(operation)
    if undone is not None and not journal.has_run(folder, unit.id, undone.key):
        context.log(f"`{undone.key}` never ran, so there is nothing for `{task.key}` to undo")
        return Brought()
    if _is_done_by_word(operation):
        return Brought()
    try:
        brought = operate(operation)
    except OperationFailed as error:
        if context.cancelled() or undone is None or journal.went_well(folder, unit.id, undone.key):
            raise
        # Half of a node cannot be expected to be taken away in good order.
        context.log(f"{error}; `{undone.key}` had not ended well, so this is taken as done")
        return Brought(warnings=(f"{error}; taken as done",))
    journal.note(folder, unit.id, task.key, journal.OK)
    return brought


def _undone(operation: Operation) -> Task | None:
    """The task that a task of the way back undoes, if its unit has it."""
    task = operation.task
    if not operation.step.removes or task.name not in COUNTERPART:
        return None
    for other in tasks_of(operation.unit):
        if other.name == COUNTERPART[task.name] and other.edge == task.edge:
            return other
    return None


def _is_done_by_word(operation: Operation) -> bool:
    """Whether somebody has said that an interrupted operation, which must not run twice, is done.

    An interrupted operation that may run twice has its left processes ended, and is run again.
    Raises `OperationFailed` if somebody must say first.
    """
    task, folder, unit, context = (
        operation.task, operation.folder, operation.unit, operation.context,
    )  # fmt: skip
    at = journal.operation_folder(folder, unit.id, task.key)
    if context.interrupted is not None:
        if task.run_once and not task.reported and (at / journal.OK).exists():
            return True  # it was done; only its result was not journaled any more
        _end_interrupted(operation, context.interrupted)
        if not (at / journal.ASKED).exists():
            journal.note(folder, unit.id, task.key, journal.UNKNOWN)
    if not (at / journal.UNKNOWN).exists():
        return False
    if not task.run_once:
        context.log(f"it is not known how an earlier run of `{task.key}` ended; running it again")
        return False
    if (at / journal.OK).exists():
        journal.note(folder, unit.id, task.key, journal.OK)
        return True
    journal.note(folder, unit.id, task.key, journal.UNKNOWN, journal.ASKED)
    done, again = (shlex.quote(str(at / name)) for name in (journal.OK, journal.UNKNOWN))
    raise OperationFailed(
        f"it is not known whether {operation.title} was done, and it must not run twice (run_once)",
        hint=f"see what it did; if it is done, say so with `touch {done}`,"
        f" else let it run again with `rm {again}`; then apply again",
    )


def _end_interrupted(operation: Operation, record: Mapping[str, Value]) -> None:
    """End what an interrupted run of the same operation left, even if its script had ended."""
    marker = journal.marker(operation.folder, operation.unit.id, operation.task.key)
    here, there = leftovers.host(), string(record, "host")
    if there and there != here:
        operation.context.log(
            f"the interrupted run was on `{there}`; what it left there cannot be ended from here"
        )
    _must_end(leftovers.end(leftovers.living(marker)), operation.title)


def daemons(observed: Mapping[str, Value]) -> tuple[leftovers.Trace, ...]:
    """The processes that a unit's operations left running, as recorded."""
    found = []
    for key, records in observed.items():
        if key.startswith(_DAEMONS) and isinstance(records, Sequence):
            for record in records:
                if isinstance(record, Mapping):
                    pid, born = string(record, "pid"), string(record, "born")
                    found.append(leftovers.Trace(int(pid), float(born)))
    return tuple(found)


def _end_daemons(folder: Path, unit: Unit, context: Context) -> None:
    marker = journal.marker(folder, unit.id)
    left = leftovers.living(marker, known=daemons(context.observed))
    if left:
        numbers = ", ".join(str(process.pid) for process in left)
        context.log(f"ending what `{unit.name}` left running: process {numbers}")
    _must_end(leftovers.end(left), f"`{unit.name}`")


def _must_end(unended: Sequence[int], whose: str) -> None:
    if unended:
        raise BackendError(
            f"process {unended[0]} of {whose} does not end",
            hint="end it yourself, then go on",
        )


def _result(
    step: Step, folder: Path, context: Context, brought: Brought, observed: dict[str, Value]
) -> Result:
    unit = context.unit
    own = unit.instances[0]
    made = _names(context.observed.get(_REPORTED)) | set(brought.attributes.get(own, {}))
    state = string(step.payload, STATE)
    attributes: dict[str, Value] = {}
    if not step.removes:
        # What operations have made of an attribute stays, also where a property has its name.
        reflected = machine.attributes_of(folder, context.deployment, unit, context.attributes)
        attributes |= {name: value for name, value in reflected.items() if name not in made}
        observed[_REPORTED] = tuple(sorted(made))
    attributes |= brought.attributes.get(own, {})
    if state:
        attributes["state"] = state
    return Result({**brought.attributes, own: attributes}, observed, brought.warnings)


def _names(value: Value) -> set[str]:
    return {str(name) for name in value} if isinstance(value, tuple | list) else set()
