"""Operations as pieces of a shell script: their files, how they are called, what they give."""

import base64
import re
import shlex
from collections.abc import Mapping

from toscactl.backend import Instance, Operation, Relationship, Rule, Scheduled
from toscactl_terraform.draft import Draft, safe
from toscactl_terraform.words import Setup, words

OPERATION_ARTIFACT = Rule(
    "terraform-operation-artifact",
    "An operation is implemented by something that a new server cannot run.",
)

_COLLECT = """\
python3 - "$TOSCA_OUTPUT" "$work/outputs" {names} <<'END_OF_PROGRAM'
import json, os, sys
source, folder, *names = sys.argv[1:]
text = open(source).read()
try:
    found = dict(json.loads(text))
except (TypeError, ValueError):
    found = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
for name in names:
    output, _, file = name.rpartition(":")
    if output in found:
        value = found[output]
        with open(os.path.join(folder, file), "w") as stream:
            stream.write(value if isinstance(value, str) else json.dumps(value))
END_OF_PROGRAM
"""
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_]")
_OTHER_TOOLS = (".yml", ".yaml", ".pp", ".rb")
_PYTHON = "tosca.artifacts.Implementation.Python"


def add_operation(draft: Draft, setup: Setup, instance: Instance, turn: Scheduled) -> None:
    """Write an operation into the script of its server."""
    operation = turn.operation
    content = draft.read(operation.primary)
    if content is None:
        return
    if _is_for_another_tool(operation, content):
        draft.report(
            OPERATION_ARTIFACT,
            operation.place,
            f"operation `{operation.name}` of `{instance.name}` is `{operation.primary.file}`,"
            " and a new server runs shell scripts, Python and programs alone",
            hint="make it a script that installs and runs the other tool",
        )
        return
    folder = f'"$work"/{shlex.quote(f"{draft.name(instance.address)}/{safe(turn.role)}")}'
    lines = [
        comment(f"Operation {operation.name} of {instance.name}."),
        f"rm -rf {folder}; mkdir -p -m 700 {folder}; cd {folder}",
        _written(operation.primary.file, content, executable=True),
    ]
    for dependency in operation.dependencies:
        data = draft.read(dependency)
        if data is not None:
            lines.append(_written(dependency.file, data, executable=data.startswith(b"#!")))
    lines.append('export TOSCA_OUTPUT="$PWD/.output"; : > "$TOSCA_OUTPUT"')
    what = f"operation `{operation.name}` of `{instance.name}`"
    inputs = words(draft, setup, operation.inputs, operation.place, what)
    surroundings = _surroundings(draft, instance, setup, operation, turn.relationship)
    lines.append(_command(operation, content, {**surroundings, **inputs}))
    if operation.outputs:
        lines.append(_collected(draft, setup, instance, turn))
    setup.lines.append("\n".join(line.rstrip("\n") for line in lines) + "\n")


def comment(text: str) -> str:
    """A line for those who read the script."""
    return f"# {' '.join(text.split())}"


def _is_for_another_tool(operation: Operation, content: bytes) -> bool:
    if content.startswith(b"#!"):
        return False
    return operation.primary.file.lower().endswith(_OTHER_TOOLS) or any(
        "Ansible" in kind or "Puppet" in kind or "Chef" in kind for kind in operation.primary.types
    )


def _surroundings(
    draft: Draft,
    instance: Instance,
    setup: Setup,
    operation: Operation,
    edge: Relationship | None,
) -> Mapping[str, str]:
    """The variables that the script contract promises, quoted for the shell."""
    found = {
        "TOSCA_DEPLOYMENT": draft.portion.deployment,
        "TOSCA_NODE": instance.address.template,
        "TOSCA_INSTANCE": _identifier(instance),
        "TOSCA_TYPE": instance.type,
        "TOSCA_OP": operation.name,
        "TOSCA_INTERFACE": operation.interface,
        "TOSCA_HOST": setup.server.name,
    }
    if edge is not None:
        for end, address in (("SOURCE", edge.source), ("TARGET", edge.target)):
            other = draft.graph[address]
            host = draft.compute(other)
            found[f"TOSCA_{end}_NODE"] = address.template
            found[f"TOSCA_{end}_INSTANCE"] = _identifier(other)
            found[f"TOSCA_{end}_HOST"] = "" if host is None else host.name
        found["TOSCA_REQUIREMENT"] = edge.name
        found["TOSCA_CAPABILITY"] = edge.capability
    return {name: shlex.quote(value) for name, value in found.items()}


def _identifier(instance: Instance) -> str:
    """The name of an instance as scripts know it: template and index."""
    return f"{_NOT_IN_NAMES.sub('_', instance.address.template)}_{instance.address.index or 0}"


def _collected(draft: Draft, setup: Setup, instance: Instance, turn: Scheduled) -> str:
    names = []
    for output, (address, path) in turn.operation.outputs.items():
        file = safe(f"{draft.name(instance.address)}.{turn.role}.{output}")
        setup.outputs[address, path] = file
        names.append(shlex.quote(f"{output}:{file}"))
    return _COLLECT.format(names=" ".join(names))


def _command(operation: Operation, content: bytes, variables: Mapping[str, str]) -> str:
    """The call of an operation, tried again as often as it may be."""
    assignments = [f"{shlex.quote(name)}={value}" for name, value in variables.items()]
    command = shlex.quote(f"./{_clean(operation.primary.file)}")
    if not content.startswith((b"#!", b"\x7fELF")):
        is_python = operation.primary.is_a(_PYTHON) or operation.primary.file.endswith(".py")
        command = f"{'python3' if is_python else 'bash'} {command}"
    if operation.timeout is not None:
        command = f"timeout -k 10 {operation.timeout:g} {command}"
    whole = " \\\n    ".join(["env", *assignments, command])
    if not operation.retries:
        return whole
    return (
        f"tries={operation.retries} pause={max(1, round(operation.backoff))}\n"
        f'until {whole}; do\n    [ "$tries" -gt 0 ] || exit 1\n    sleep "$pause"\n'
        "    tries=$((tries - 1)) pause=$((pause * 2))\ndone"
    )


def _clean(path: str) -> str:
    return "/".join(part for part in path.split("/") if part not in {"", ".", ".."})


def _written(path: str, content: bytes, *, executable: bool) -> str:
    """Shell that writes a file below the current folder."""
    clean = _clean(path)
    place = shlex.quote(clean)
    folder = f"mkdir -p {shlex.quote(clean.rpartition('/')[0])}\n" if "/" in clean else ""
    mode = f"chmod 700 {place}\n" if executable else ""
    try:
        plain = content.decode()
    except UnicodeDecodeError:
        plain = "\0"
    if "\0" in plain or not plain.endswith("\n"):
        packed = base64.encodebytes(content).decode()
        return f"{folder}base64 -d > {place} <<'END_OF_FILE'\n{packed}END_OF_FILE\n{mode}"
    lines, mark, number = set(plain.splitlines()), "END_OF_FILE", 1
    while mark in lines:
        number += 1
        mark = f"END_OF_FILE_{number}"
    return f"{folder}cat > {place} <<'{mark}'\n{plain}{mark}\n{mode}"
