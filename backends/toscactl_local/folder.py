"""units -> a folder for `sh apply.sh` and `sh destroy.sh`: the same operations without toscactl.

The scripts are POSIX sh. They run the operations in the same order and with the same inputs, keep
what operations report in files, and give it to later ones. A second `apply.sh` goes on where the
first one stopped. Secrets are never written into the folder: they are taken from the environment.
"""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path

from toscactl.backend import (
    Address,
    AttributeOf,
    EvaluationError,
    Input,
    Portion,
    Unit,
    Value,
    is_sensitive,
    references,
    select,
    text,
)
from toscactl_local import machine
from toscactl_local.environment import of_task
from toscactl_local.machine import folder_name
from toscactl_local.shell import Words, shell_name, variable
from toscactl_local.task import COUNTERPART, SEQUENCE, WAY_BACK, Task, mapping, string, tasks_of

_HEAD = """\
#!/bin/sh
# {what}
# Made by toscactl from the service `{service}`; README.md says more.
set -eu
_tosca_here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
. "$_tosca_here/lib.sh"
"""
_README = """\
# {deployment}, on this machine

Made by toscactl from the service `{service}`. `sh apply.sh` runs its operations in order; if one of
them fails, mend it and run it again: it goes on there. `sh destroy.sh` takes everything away.
What is known and reported is kept in the folder `state` (or `$TOSCA_STATE`). They need a POSIX
shell, python3, and bash for scripts that are written for it.

{parameters}
Not here, but with `toscactl apply --target local`: changes in place, parallel operations, the
command `ctx` for scripts, global variables of Python scripts as outputs, time limits and retries,
and the end of processes that no `stop` ends.
"""


def files(portion: Portion, units: Sequence[Unit]) -> Mapping[str, bytes]:
    """Scripts, artifacts and a README, by relative path."""
    words = Words()
    writer = _Writer(portion, units, words)
    up = [line for unit in units for line in writer.up(unit)]
    down = [line for unit in reversed(units) for line in writer.down(unit)]
    outputs = list(writer.outputs())
    parameters = _parameters(portion, words)
    kept = [variable(given.name) for given in _open(portion) if not _is_secret(given)]
    keep = [" ".join(("keep", *kept))] if kept else []
    found = {
        "apply.sh": _script(portion, "Deploys the service here: sh apply.sh", keep + up + outputs),
        "destroy.sh": _script(
            portion, "Removes the service from here: sh destroy.sh", [*down, "finish"]
        ),
        "parameters.sh": "\n".join([*parameters, ""]).encode(),
        "README.md": _readme(portion, words),
        "lib.sh": _asset("lib.sh"),
        "report.bash": _asset("report.bash"),
    }
    for unit in units:
        for task in tasks_of(unit):
            for path, key in task.files.items():
                found[f"{_folder(unit, task)}/{path}"] = unit.files[key].data
    return found


class _Writer:
    """The lines of the scripts, unit by unit."""

    def __init__(self, portion: Portion, units: Sequence[Unit], words: Words) -> None:
        self.deployment = portion.deployment
        self.results = portion.outputs
        self.words = words
        self.by_address = {unit.instances[0]: unit for unit in units}
        made = {
            target
            for unit in units
            for task in tasks_of(unit)
            for target in _made(unit.instances[0], task)
        }
        self.seeds = self._seeds(units, made)

    def _seeds(
        self, units: Sequence[Unit], made: set[tuple[Address, str]]
    ) -> dict[tuple[Address, str], Value]:
        """The attributes that something reads and no operation makes, with their values."""
        found: dict[tuple[Address, str], Value] = {}
        waiting: list[Value] = [
            value for unit in units for task in tasks_of(unit) for value in task.inputs.values()
        ]
        waiting += [output.value for output in self.results.values()]
        waiting += [value for unit in units for value in mapping(unit.payload, "mounts").values()]
        while waiting:
            for reference in references(waiting.pop()):
                if not isinstance(reference, AttributeOf):
                    continue
                key = (reference.address, machine.path_of(reference))
                unit = self.by_address.get(reference.address)
                if key in made or key in found or unit is None:
                    continue
                value = _seed(unit, reference, self.deployment)
                if value is not None:
                    found[key] = value
                    waiting.append(value)
        return found

    def up(self, unit: Unit) -> Iterator[str]:
        own = unit.instances[0]
        name = shlex.quote(folder_name(unit.name))
        yield f"\n# {unit.name}"
        if string(unit.payload, "role") == "storage":
            yield f"storage {name}"
        if machine.has_tree(unit):
            yield f"tree {name}"
        for other, location in mapping(unit.payload, "mounts").items():
            at = self.words.word(location, f"{unit.name} location")
            yield f"mount_storage {name} {at} {shlex.quote(folder_name(other))}"
        for (address, path), value in self.seeds.items():
            if address == own:
                word = self.words.word(value, f"{address} {path}")
                yield f"set_attribute {name} {shlex.quote(path)} {word}"
        for task in tasks_of(unit):
            if task.name in SEQUENCE:
                yield from self._operation(unit, task)

    def down(self, unit: Unit) -> Iterator[str]:
        tasks = tasks_of(unit)
        if any(task.name in WAY_BACK for task in tasks):
            yield f"\n# {unit.name}"
        for task in tasks:
            if task.name in WAY_BACK:
                yield from self._operation(unit, task)

    def _operation(self, unit: Unit, task: Task) -> Iterator[str]:
        """An operation in a shell of its own, so that no input reaches the next one."""
        yield "("
        identity = of_task(task, unit, {}, self.deployment)
        yield "  export " + " ".join(f"{name}={shlex.quote(it)}" for name, it in identity.items())
        for name, given in task.inputs.items():
            held = shell_name(name)
            yield f"  {held}={self.words.word(given, f'{unit.name} {name}')}"
            yield f"  export {held}"
        undone = next(
            (
                folder_name(other.key)
                for other in tasks_of(unit)
                if other.name == COUNTERPART.get(task.name) and other.edge == task.edge
            ),
            "",
        )
        arguments = [
            folder_name(unit.name), folder_name(task.key), undone, folder_name(task.root_of),
            task.interpreter, _folder(unit, task), task.base or ".", task.path,
        ]  # fmt: skip
        arguments += [
            f"{name}={folder_name(str(address))}/{'.'.join(map(str, path))}"
            for name, (address, path) in task.outputs.items()
        ]
        own = folder_name(unit.name)
        arguments += [f"{name}={own}/{task.interface}.{task.name}.{name}" for name in task.asked]
        yield f"  operation {' '.join(map(shlex.quote, arguments))}"
        yield ")"

    def outputs(self) -> Iterator[str]:
        if self.results:
            yield "\n# outputs"
        for name, output in self.results.items():
            if output.sensitive or is_sensitive(output.value):
                yield f"echo {shlex.quote(f'{name} = (sensitive)')}"
            else:
                yield f"echo {shlex.quote(f'{name} = ')}{self.words.word(output.value, name)}"


def _made(own: Address, task: Task) -> Iterator[tuple[Address, str]]:
    for address, path in task.outputs.values():
        yield address, ".".join(str(part) for part in path)
    for name in task.asked:
        yield own, f"{task.interface}.{task.name}.{name}"


def _seed(unit: Unit, reference: AttributeOf, deployment: str) -> Value:
    """An attribute of a node that is known without any operation, perhaps residual; None if not."""
    payload = unit.payload
    if string(payload, "role") == "storage" and reference.name == "path":
        return None  # `storage` sets it: only the script knows where it is
    known = machine.attributes_of(Path(), deployment, unit, {})
    written = {**mapping(payload, "attributes"), **mapping(payload, "properties")}
    for name, capability in mapping(payload, "capabilities").items():
        if isinstance(capability, Mapping):
            inside = {**mapping(capability, "attributes"), **mapping(capability, "properties")}
            both = known.get(name)
            written[name] = {**inside, **(both if isinstance(both, Mapping) else {})}
            known.pop(name, None)
    names = (reference.name, *reference.path)
    path = names if reference.capability is None else (reference.capability, *names)
    try:
        return select({**written, **known}, path)
    except EvaluationError:
        return None


def _folder(unit: Unit, task: Task) -> str:
    return f"artifacts/{folder_name(unit.name)}/{folder_name(task.key)}"


def _script(portion: Portion, what: str, lines: Sequence[str]) -> bytes:
    head = _HEAD.format(what=what, service=portion.graph.service)
    return "\n".join([head, *lines, ""]).encode()


def _asset(name: str) -> bytes:
    return resources.files("toscactl_local").joinpath("sh", name).read_bytes()


def _open(portion: Portion) -> Sequence[Input]:
    """The inputs that are parameters of the scripts."""
    return tuple(portion.graph.inputs.values()) if portion.parameters else ()


def _is_secret(given: Input) -> bool:
    return given.sensitive or is_sensitive(given.value)


def _parameters(portion: Portion, words: Words) -> Iterator[str]:
    """Lines that take every parameter from the environment, or else its default."""
    yield "# Sourced by the scripts. Every line may be answered by a variable of the environment."
    for given in _open(portion):
        name = variable(given.name)
        if given.description:
            yield f"# {' '.join(given.description.split())}"
        if _is_secret(given) or (given.value is None and given.required):
            yield f': "${{{name}?the input {given.name} is not set}}"'
        else:
            default = "''" if given.value is None else shlex.quote(text(given.value))
            yield f'[ -n "${{{name}+set}}" ] || {name}={default}'
    for name, what in words.secrets.items():
        yield f': "${{{name}?it is to hold a secret: {what}}}"'


def _readme(portion: Portion, words: Words) -> bytes:
    rows = [
        (variable(given.name), given.description, "must be set" if _is_secret(given) else "")
        for given in _open(portion)
    ]
    rows += [(name, f"a secret: {what}", "must be set") for name, what in words.secrets.items()]
    table = ""
    if rows:
        lines = [f"| `{name}` | {' '.join(what.split())} | {must} |" for name, what, must in rows]
        table = "\n".join(
            ["Variables of the environment:", "", "| variable | what it is | |", "|---|---|---|",
             *lines, ""]
        )  # fmt: skip
    return _README.format(
        deployment=portion.deployment, service=portion.graph.service, parameters=table
    ).encode()
