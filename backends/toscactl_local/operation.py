"""One operation run here: its folder, its environment, its process, and what it brought."""

import contextlib
import hashlib
import os
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from toscactl.backend import (
    Address,
    BackendError,
    Context,
    OperationFailed,
    Secret,
    Step,
    Unit,
    Value,
    walk,
)
from toscactl_local import journal, leftovers, machine, outputs, process
from toscactl_local.channel import ADDRESS, Channel, install
from toscactl_local.ctx import Conversation, Entity
from toscactl_local.environment import inherited, instance_name, of_task, types_of
from toscactl_local.interpreter import BASH
from toscactl_local.task import Task, mapping

_PROGRAMS = (b"#!", b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
_SHORTEST_TAINT = 4
_CARRIAGE_RETURNS = (
    "the lines of the script end in CRLF, which shells take for text: save it with LF"
)
_NOT_EXECUTABLE, _NOT_FOUND = 126, 127

Changes = dict[Address, dict[str, Value]]


@dataclass(frozen=True, slots=True)
class Brought:
    """What an operation brought: attributes per node, and the processes that it left behind."""

    attributes: Changes = field(default_factory=dict)
    daemons: tuple[leftovers.Trace, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """A task with all that it needs to run once."""

    task: Task
    step: Step
    unit: Unit
    inputs: Mapping[str, Value]
    folder: Path
    context: Context
    channel: Channel

    @property
    def title(self) -> str:
        return f"`{self.task.key}` of `{self.unit.name}`"


def operate(operation: Operation) -> Brought:
    """Run an operation once. Raises `OperationFailed` if it ends badly, else `BackendError`."""
    task, folder, unit = operation.task, operation.folder, operation.unit
    journal.note(folder, unit.id, task.key)
    run = journal.begin(folder, unit.id, task.key)
    try:
        return _run(operation, run)
    finally:
        run.ended()
        _tidy(operation, run)


def _tidy(operation: Operation, run: journal.Run) -> None:
    """Keep a run's folder only for processes that still live in it; keep no output."""
    task, folder, unit = operation.task, operation.folder, operation.unit
    if leftovers.living(run.marker):
        with contextlib.suppress(OSError):
            os.truncate(run.folder / "output", 0)
        for name in ("report", "variables", "globals"):
            (run.folder / name).unlink(missing_ok=True)
        journal.forget_runs(folder, unit.id, task.key, but=run.folder)
    else:
        journal.forget_runs(folder, unit.id, task.key)


def _run(operation: Operation, run: journal.Run) -> Brought:
    task, context = operation.task, operation.context
    _lay_out(operation, run)
    secret = process.secrets_in(
        dict(operation.inputs),
        dict(operation.unit.payload),
        *map(dict, context.attributes.values()),
    )
    listener = process.Listener(context.log, secret)
    talk = _conversation(operation, run, listener)
    command = process.Command(
        arguments=_arguments(task, run),
        environment=_environment(operation, run),
        cwd=run.files / task.base,
        folder=run.folder,
        timeout=operation.step.timeout,
    )

    def started(pid: int) -> None:
        context.running(
            {
                "pid": pid,
                "started": leftovers.born(pid),
                "host": leftovers.host(),
                "operation": run.marker,
            }
        )

    with operation.channel.open(run.marker, talk.answer):
        outcome = process.run(command, listener, cancelled=context.cancelled, started=started)
    left = leftovers.members(outcome.pid, run.marker)
    if outcome.timed_out or outcome.cancelled or outcome.status != 0:
        leftovers.end(left)
        raise _failure(operation, outcome)
    changes, warnings = _brought(operation, run, talk, secret)
    return Brought(changes, leftovers.traces(left), warnings)


def _lay_out(operation: Operation, run: journal.Run) -> None:
    """Copy the artifacts into the run's folder, each at its place, and check every one."""
    try:
        (run.files / operation.task.base).mkdir(parents=True, exist_ok=True)
        for path, key in operation.task.files.items():
            blob = operation.unit.files.get(key)
            if blob is None or hashlib.sha256(blob.data).hexdigest() != blob.digest:
                raise BackendError(
                    f"the file `{path}` of {operation.title} is missing from the state or damaged"
                )
            to = run.files / path
            to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            to.write_bytes(blob.data)
            runs = blob.executable or blob.data.startswith(_PROGRAMS)
            to.chmod(0o700 if runs else 0o600)
        install(run.folder / "bin")
    except OSError as error:
        raise BackendError(f"the files of {operation.title} cannot be written: {error}") from error


def _arguments(task: Task, run: journal.Run) -> tuple[str, ...]:
    script = str(run.files / task.path)
    match task.interpreter:
        case "bash":
            bash = shutil.which("bash")
            if bash is None:
                raise BackendError(
                    f"`{task.script}` needs bash, which is not on the PATH",
                    hint="install bash, or let the script begin with `#!/bin/sh` and have no `.sh`",
                )
            return (bash, script)
        case "python":
            python = sys.executable or shutil.which("python3")
            if not python:
                raise BackendError(f"`{task.script}` needs python3, which is not on the PATH")
            if not task.reported:
                return (python, script)
            names = ",".join(task.reported)
            return (
                python, "-c", outputs.PYTHON_HOOK, str(run.folder / "globals"), names, script,
            )  # fmt: skip
        case _:
            return (script,)


def _environment(operation: Operation, run: journal.Run) -> dict[str, str]:
    task = operation.task
    found = inherited(os.environ)
    previous = found.get("BASH_ENV")
    found |= of_task(task, operation.unit, operation.inputs, operation.context.deployment)
    found["PATH"] = os.pathsep.join((str(run.folder / "bin"), found.get("PATH", os.defpath)))
    found["TOSCA_OUTPUT"] = str(run.report)
    found["TOSCA_ROOT"] = str(machine.root(operation.folder, task.root_of))
    found[leftovers.MARKER] = run.marker
    found[ADDRESS] = operation.channel.address
    # A script's lines are to be seen when they are written, also where Python writes to a file.
    found.setdefault("PYTHONUNBUFFERED", "1")
    if task.interpreter == BASH and task.reported:
        hook = outputs.bash_hook(task.reported, run.folder / "variables", previous)
        if hook is not None:
            path = run.folder / "hook.bash"
            path.write_text(hook, "utf-8")
            found["BASH_ENV"] = str(path)
    return found


def _conversation(
    operation: Operation, run: journal.Run, listener: process.Listener
) -> Conversation:
    task, unit, context = operation.task, operation.unit, operation.context
    own = unit.instances[0]

    def entity(address: Address) -> Entity:
        attributes = context.attributes.get(address, {})
        if address != own:
            return Entity(
                address.template, instance_name(address), (), attributes, attributes, attributes
            )
        known = machine.attributes_of(
            operation.folder, context.deployment, unit, context.attributes
        )
        return Entity(
            address.template,
            instance_name(address),
            types_of(unit),
            mapping(unit.payload, "properties"),
            {**known, **attributes},
            mapping(unit.payload, "capabilities"),
        )

    me = entity(own)
    edge = task.edge
    return Conversation(
        deployment=context.deployment,
        operation=task.name,
        inputs=operation.inputs,
        base=run.files / task.base,
        log=lambda line: context.log(listener.clean(line)),
        node=me,
        source=None if edge is None else me if edge.source == own else entity(edge.source),
        target=None if edge is None else entity(edge.target),
    )


def _failure(operation: Operation, outcome: process.Outcome) -> OperationFailed:
    title = f"{operation.title} ({operation.task.script})"
    status = outcome.status
    if outcome.cancelled:
        return OperationFailed(f"{title} was cancelled", tail=outcome.tail)
    if outcome.timed_out:
        seconds = f"{operation.step.timeout:g}"
        return OperationFailed(
            f"{title} did not end within {seconds} s and was ended",
            tail=outcome.tail,
            hint="give the implementation a longer `timeout`",
        )
    if status < 0:
        with contextlib.suppress(ValueError):
            name = signal.Signals(-status).name
            return OperationFailed(f"{title} was ended by {name}", tail=outcome.tail)
    why = {_NOT_EXECUTABLE: ": it cannot be executed", _NOT_FOUND: ": a command was not found"}
    return OperationFailed(
        f"{title} ended with exit status {status}{why.get(status, '')}",
        tail=outcome.tail,
        hint=_CARRIAGE_RETURNS if _has_carriage_returns(operation) else None,
    )


def _has_carriage_returns(operation: Operation) -> bool:
    """Whether the lines of the script end as on Windows: part of a word for every shell."""
    blob = operation.unit.files.get(operation.task.files.get(operation.task.path, ""))
    return blob is not None and blob.data.partition(b"\n")[0].endswith(b"\r")


def _brought(
    operation: Operation, run: journal.Run, talk: Conversation, secret: Sequence[str]
) -> tuple[Changes, tuple[str, ...]]:
    """Attributes from outputs and from what scripts set through `ctx`, and warnings."""
    task = operation.task
    reported, warnings = outputs.of_file(run.report)
    found = {
        **outputs.of_globals(run.folder / "globals"),
        **outputs.of_variables(run.folder / "variables"),
        **reported,
    }
    values, more = outputs.declared(found, task.reported, task.key)
    changes: Changes = {}
    for entity, address in (
        (talk.node, operation.unit.instances[0]),
        (talk.source, None if task.edge is None else task.edge.source),
        (talk.target, None if task.edge is None else task.edge.target),
    ):
        if entity is not None and address is not None:
            for name, value in entity.changes.items():
                _put(changes, operation.context, address, (name,), _tainted(value, secret))
    for name, value in values.items():
        known = _tainted(value, secret)
        if name in task.outputs:
            address, path = task.outputs[name]
            _put(changes, operation.context, address, path, known)
        if name in task.asked:
            asked = f"{task.interface}.{task.name}.{name}"
            _put(changes, operation.context, operation.unit.instances[0], (asked,), known)
    return changes, warnings + more


def _put(
    changes: Changes,
    context: Context,
    address: Address,
    path: tuple[str | int, ...],
    value: Value,
) -> None:
    """Set an attribute, or what is at a path inside it."""
    name, *rest = (str(part) for part in path)
    current = changes.get(address, {}).get(name, context.attributes.get(address, {}).get(name))
    changes.setdefault(address, {})[name] = _within(current, rest, value)


def _within(current: Value, path: Sequence[str], value: Value) -> Value:
    if not path:
        return value
    first, *rest = path
    known = current if isinstance(current, Mapping) else {}
    return {**known, first: _within(known.get(first), rest, value)}


def _tainted(value: Value, secret: Sequence[str]) -> Value:
    """What shows a secret is one."""
    telling = [item for item in secret if len(item) >= _SHORTEST_TAINT]
    texts = [part for part in walk(value) if isinstance(part, str)]
    return Secret(value) if any(item in part for part in texts for item in telling) else value
