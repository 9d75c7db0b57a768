"""units -> a folder for `sh apply.sh` and `sh destroy.sh`: the same operations without toscactl.

The scripts are POSIX sh. They run the operations in the same order and with the same inputs, keep
what operations report in files, and give it to later ones. A second `apply.sh` goes on where the
first one stopped.
"""

import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path

from toscactl.backend import (
    Address,
    AttributeOf,
    Input,
    InputOf,
    Portion,
    Unit,
    Value,
    is_known,
    is_sensitive,
    references,
    select,
    text,
)
from toscactl_local import machine, outputs
from toscactl_local.environment import of_task
from toscactl_local.interpreter import BASH, PYTHON
from toscactl_local.machine import folder_name
from toscactl_local.shell import Words, variable
from toscactl_local.task import SEQUENCE, WAY_BACK, Task, mapping, string, tasks_of

_HEAD = """\
#!/bin/sh
# {title}
#
# Made by toscactl from the service `{service}`. {what}
#     sh {name}
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
. "$here/lib.sh"
"""


def files(portion: Portion, units: Sequence[Unit]) -> Mapping[str, bytes]:
    """Scripts, artifacts and a README, by relative path."""
    words = Words()
    apply = [line for unit in units for line in _up(unit, words, portion.deployment)]
    destroy = [line for unit in reversed(units) for line in _down(unit, words, portion.deployment)]
    seeds = list(_seeds(units))
    for address, path, value in seeds:
        where = f"{_quote(str(address))} {_quote(path)}"
        apply.insert(0, f"set_attribute {where} {words.word(value, f'{address}.{path}')}")
    parameters = [*_parameters(portion), *_secrets(words)]
    shown = [
        f"echo {_quote(name + ' = ')}{words.word(output.value, name)}"
        for name, output in portion.outputs.items()
        if not output.sensitive and not is_sensitive(output.value)
    ]
    found = {
        "lib.sh": _asset("lib.sh"),
        "parameters.sh": "\n".join(["# Sourced by the scripts.", *parameters, ""]).encode(),
        "apply.sh": _script(portion, "apply.sh", "Deploys it on this machine.", apply, shown),
        "destroy.sh": _script(
            portion, "destroy.sh", "Removes it from this machine.", [*destroy, "finish"], []
        ),
        "README.md": _readme(portion, words).encode(),
    }
    for unit in units:
        for task in tasks_of(unit):
            for path, key in task.files.items():
                found[f"{_folder(unit, task)}/{path}"] = unit.files[key].data
    return found


def _script(
    portion: Portion, name: str, what: str, lines: Sequence[str], shown: Sequence[str]
) -> bytes:
    title = f"{portion.deployment}, on the local machine"
    head = _HEAD.format(title=title, service=portion.graph.service, what=what, name=name)
    return "\n".join([head.rstrip("\n"), *lines, *shown, ""]).encode()


def _asset(name: str) -> bytes:
    return resources.files("toscactl_local").joinpath(name).read_bytes()


def _parameters(portion: Portion) -> Iterator[str]:
    """One line per input: what the environment says, else the default, else an error."""
    for given in portion.graph.inputs.values():
        if not portion.parameters:
            continue
        name = variable(given.name)
        if given.description:
            yield f"# {' '.join(given.description.split())}"
        secret = given.sensitive or is_sensitive(given.value)
        if given.value is None or secret:
            yield f": \"${{{name}{'?' if given.required or secret else '='}" + (
                f"the input {given.name} is not set}}\"" if given.required or secret else "}\""
            )
        else:
            yield f"if [ -z \"${{{name}+set}}\" ]; then {name}={_quote(text(given.value))}; fi"


def _secrets(words: Words) -> Iterator[str]:
    for name, what in words.secrets.items():
        yield f": \"${{{name}?set it to the secret {what}}}\""
