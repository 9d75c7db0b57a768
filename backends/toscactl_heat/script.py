"""An operation's files as one configuration that a server's agent or cloud-init can run."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from toscactl.backend import Artifact, Operation, Rule
from toscactl_heat.draft import Draft
from toscactl_heat.hot import GetFile, Hot, join
from toscactl_heat.operations import Task, outputs_of

ARTIFACT_FOR_AGENT = Rule(
    "heat-operation-files",
    "An operation of this kind cannot have what it has on a server that Heat sets up.",
)

WORK = "/var/lib/toscactl"
_GROUPS = {"yml": "ansible", "yaml": "ansible", "ansible": "ansible", "pp": "puppet"}
_COLLECT = """[ -z "${{heat_outputs_path:-}}" ] ||
python3 - "$TOSCA_OUTPUT" "$heat_outputs_path" {names} <<'END'
import json, sys
source, prefix, *names = sys.argv[1:]
with open(source) as file:
    text = file.read()
try:
    found = dict(json.loads(text))
except (TypeError, ValueError):
    found = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
for name in names:
    if name in found:
        value = found[name]
        with open(prefix + "." + name, "w") as file:
            file.write(value if isinstance(value, str) else json.dumps(value))
END
"""


@dataclass(frozen=True, slots=True)
class Script:
    """What runs on the server: the agent's group (`script`, `ansible`, `puppet`) and its text."""

    group: str
    text: Hot


def script_of(draft: Draft, task: Task) -> Script | None:
    """The configuration for a task; None if a file of it cannot be read, which is reported."""
    primary = task.operation.primary
    read = draft.file(primary)
    if read is None:
        return None
    file, content = read
    group = _group(primary)
    if group != "script":
        _report_extras(draft, task, group)
        return Script(group, file)
    if content.startswith(b"#!") and not _is_more_than_a_file(draft, task):
        return Script(group, file)
    return Script(group, _wrapped(draft, task, file, content))


def _group(artifact: Artifact) -> str:
    if any("Ansible" in kind for kind in artifact.types):
        return "ansible"
    return _GROUPS.get(artifact.file.rpartition(".")[2].lower(), "script")


def _is_more_than_a_file(draft: Draft, task: Task) -> bool:
    operation = task.operation
    return bool(
        operation.dependencies
        or operation.timeout
        or operation.retries
        or outputs_of(draft, task)
        or stop_before(task)
    )


def _report_extras(draft: Draft, task: Task, group: str) -> None:
    operation = task.operation
    extras = {
        "dependencies": bool(operation.dependencies),
        "outputs": bool(outputs_of(draft, task)),
        "a timeout": operation.timeout is not None,
        "retries": bool(operation.retries),
    }
    for what, there in extras.items():
        if there:
            draft.report(
                ARTIFACT_FOR_AGENT,
                operation.place,
                f"operation `{operation.name}` of `{task.owner.name}` is run by Heat's {group}"
                f" agent, which takes no {what.removeprefix('a ')}",
                hint="make it a script that runs the other tool",
            )


def _wrapped(draft: Draft, task: Task, file: GetFile, content: bytes) -> Hot:
    """A shell script that lays out the files, runs the first one and collects its outputs."""
    operation = task.operation
    folder = f"{WORK}/{draft.names.of(task.owner.address)}"
    pieces: list[Hot] = [f"#!/bin/sh\n# Operation {operation.name} of {task.owner.name}\nset -eu\n"]
    stop = stop_before(task)
    read = None if stop is None else draft.file(stop.primary)
    if stop is not None and read is not None:
        pieces.append('if [ "${deploy_action:-}" = UPDATE ]; then\n')
        pieces += _laid_out(draft, stop, f"{folder}/stop", *read)
        pieces += [_run(stop, read[1]), "fi\n"]
    pieces += _laid_out(draft, operation, f"{folder}/{task.role}", file, content)
    pieces.append(_run(operation, content))
    outputs = outputs_of(draft, task)
    if outputs:
        pieces.append(_COLLECT.format(names=" ".join(shlex.quote(name) for name in outputs)))
    return join(*pieces)


def stop_before(task: Task) -> Operation | None:
    """What runs before a node is started again, if its metadata says `restart: "true"`."""
    restarts = str(task.owner.metadata.get("restart", "")).lower() == "true"
    if not restarts or task.operation.name != "start" or task.relationship is not None:
        return None
    stop = task.owner.operation("stop")
    return stop if stop is not None and _group(stop.primary) == "script" else None


def _laid_out(
    draft: Draft, operation: Operation, folder: str, file: GetFile, content: bytes
) -> Iterator[Hot]:
    """Shell that puts the files of an operation into a folder and goes there."""
    yield f'work={shlex.quote(folder)}\nrm -rf "$work"\nmkdir -p -m 700 "$work"\n'
    yield from _written(operation.primary.file, file, content, executable=True)
    for dependency in operation.dependencies:
        read = draft.file(dependency)
        if read is not None:
            yield from _written(dependency.file, *read, executable=read[1].startswith(b"#!"))
    yield 'export TOSCA_OUTPUT="$work/.output"\n: > "$TOSCA_OUTPUT"\ncd "$work"\n'


def _written(path: str, file: GetFile, content: bytes, *, executable: bool) -> tuple[Hot, ...]:
    """Shell that writes a file below `$work`; Heat's clients send binary files as base64."""
    clean = "/".join(part for part in path.split("/") if part not in {"", ".", ".."})
    place = f'"$work"/{shlex.quote(clean)}'
    folder = f'mkdir -p "$(dirname {place})"\n' if "/" in clean else ""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        head, text, ended = f"base64 -d > {place}", "", False
    else:
        head, ended = f"cat > {place}", text.endswith("\n")
    end = _end_mark(text)
    mode = f"chmod 700 {place}\n" if executable else ""
    tail = f"{'' if ended else chr(10)}{end}\n{mode}"
    return (f"{folder}{head} <<'{end}'\n", file, tail)


def _end_mark(text: str) -> str:
    """A line that ends a here-document and is no line of it."""
    mark, number = "END_OF_FILE", 1
    lines = set(text.splitlines())
    while mark in lines:
        number += 1
        mark = f"END_OF_FILE_{number}"
    return mark


def _run(operation: Operation, content: bytes) -> str:
    path = "/".join(
        part for part in operation.primary.file.split("/") if part not in {"", ".", ".."}
    )
    command = shlex.quote(f"./{path}")
    if not content.startswith(b"#!"):
        command = f"{_interpreter(operation.primary)} {command}"
    if operation.timeout is not None:
        command = f"timeout -k 10 {operation.timeout:g} {command}"
    if not operation.retries:
        return f"{command}\n"
    return (
        f"tries={operation.retries} pause={max(1, round(operation.backoff))}\n"
        f'until {command}; do\n    [ "$tries" -gt 0 ] || exit 1\n    sleep "$pause"\n'
        "    tries=$((tries - 1)) pause=$((pause * 2))\ndone\n"
    )


def _interpreter(artifact: Artifact) -> str:
    python = artifact.is_a("tosca.artifacts.Implementation.Python")
    return "python3" if python or artifact.file.endswith(".py") else "bash"
