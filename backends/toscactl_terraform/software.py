"""Software on servers: one script per server, run by cloud-init when it first boots.

Terraform makes servers and does not run operations on them, so the operations of all that a
server hosts go into its user data, in the order of their need.
"""

import base64
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from toscactl.backend import (
    Address,
    AttributeOf,
    InputOf,
    Instance,
    Operation,
    Relationship,
    Rule,
    Scheduled,
    Severity,
    Value,
    compute_of,
    endpoints,
    is_known,
    is_sensitive,
    lifecycle,
    outside_lifecycle,
    reveal,
    text,
    volumes_of,
    walk,
)
from toscactl_terraform.draft import Draft
from toscactl_terraform.expressions import expression

NATIVE_OPERATION = Rule(
    "terraform-native-operation",
    "An operation of a node that the cloud provides itself is not run.",
    Severity.WARNING,
)
ORCHESTRATOR_OPERATION = Rule(
    "terraform-orchestrator-operation", "An operation is to run where Terraform can run nothing."
)
OPERATION_NOT_RUN = Rule(
    "terraform-operation-not-run",
    "An operation is part of nothing that Terraform does with a server.",
    Severity.NOTE,
)
NOT_WAITED_FOR = Rule(
    "terraform-not-waited-for",
    "Software on one server needs software on another, and Terraform waits for servers alone.",
    Severity.WARNING,
)
SECRET_IN_USER_DATA = Rule(
    "terraform-secret-in-user-data",
    "A secret reaches a server in its user data, which the cloud keeps.",
    Severity.WARNING,
)

IMAGE = "tosca.artifacts.Deployment.Image"
WORK = "/var/lib/toscactl"

_ENGINE = """\
# A container engine.
if ! command -v docker >/dev/null; then
    if command -v apt-get >/dev/null; then
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -q
        apt-get install -q -y docker.io
    elif command -v dnf >/dev/null; then
        dnf install -q -y docker || dnf install -q -y podman-docker
        systemctl enable --now docker || true
    else
        echo "there is no container engine, and no known way to install one" >&2
        exit 1
    fi
fi
"""
_MOUNT = """\
# The volume {name}, at {location}.
volume="${variable}"
device=
for _ in $(seq 300); do
    for link in /dev/disk/by-id/*"$(printf %.20s "$volume")"* /dev/disk/by-id/*"${{volume//-/}}"; do
        if [ -b "$link" ]; then device=$(readlink -f "$link"); break 2; fi
    done
    sleep 2
done
[ -n "$device" ] || {{ echo "volume $volume did not appear" >&2; exit 1; }}
[ -n "$(blkid -o value -s TYPE "$device")" ] || mkfs.ext4 -q "$device"
mkdir -p {location}
mountpoint -q {location} || mount "$device" {location}
printf 'UUID=%s %s auto defaults,nofail 0 2\\n' "$(blkid -o value -s UUID "$device")" {location} >> /etc/fstab
"""
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
    output, _, file = name.partition(":")
    if output in found:
        value = found[output]
        with open(os.path.join(folder, file), "w") as stream:
            stream.write(value if isinstance(value, str) else json.dumps(value))
END_OF_PROGRAM
"""


@dataclass
class Setup:
    """The script of one server while it is written."""

    server: Instance
    lines: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    """Expressions of the lines that set the variables of the script."""
    outputs: dict[tuple[Address, tuple[str | int, ...]], str] = field(default_factory=dict)
    """Files on the server with what its operations gave, by instance and path of attribute."""
    has_engine: bool = False
    alone: bool = True
    """Whether the server is one of its kind, so that it has one address."""


def is_busy(draft: Draft, server: Instance) -> bool:
    """Whether something is to be run on a server."""
    return any(
        not turn.removes
        for instance in (server, *draft.hosted(server.address))
        for turn in lifecycle(instance)
    )


def setup_of(draft: Draft, server: Instance, *, alone: bool) -> str | None:
    """The expression for the user data of a server; None if nothing is to be run there."""
    setup = Setup(server, alone=alone)
    for instance in (server, *draft.hosted(server.address)):
        _mounts(draft, setup, instance)
        for turn in lifecycle(instance):
            _turn(draft, setup, instance, turn)
        _report_others(draft, instance)
    if not setup.lines:
        return None
    name = draft.name(server.address)
    head = (
        f"# Sets up `{server.name}`; made by toscactl.\nset -eu\nwork={WORK}\n"
        'mkdir -p -m 700 "$work" "$work/outputs"\n'
    )
    script = head + "\n" + "\n".join(setup.lines) + f'\necho "{server.name} is set up"\n'
    path = draft.put(f"setup/{name}.sh", script.encode())
    pieces = ['"#!/bin/bash"', *setup.values, f'file("{path}")']
    return f'join("\\n", [{", ".join(pieces)}])'


def check_native(draft: Draft, instance: Instance) -> None:
    """Report the operations of a node for which nothing can be run on a server."""
    for turn in lifecycle(instance):
        if turn.removes or server_of(draft, turn.operation) is not None:
            continue
        draft.report(
            NATIVE_OPERATION,
            turn.operation.place,
            f"operation `{turn.operation.name}` of `{instance.name}` is not run:"
            f" the cloud provides `{instance.name}` itself",
        )
    _report_others(draft, instance)


def server_of(draft: Draft, operation: Operation) -> Address | None:
    """The compute node on which an operation runs; None if there is none."""
    host = None if operation.host is None else draft.graph.instances.get(operation.host)
    compute = None if host is None else compute_of(draft.graph, host)
    return None if compute is None else compute.address


def _report_others(draft: Draft, instance: Instance) -> None:
    removing = [(turn.operation, turn.relationship) for turn in lifecycle(instance) if turn.removes]
    for operation, _ in removing:
        draft.report(
            OPERATION_NOT_RUN,
            operation.place,
            f"operation `{operation.name}` of `{instance.name}` is not run:"
            " Terraform removes the server with all that is on it",
        )
    for operation, _ in outside_lifecycle(instance):
        draft.report(
            OPERATION_NOT_RUN,
            operation.place,
            f"operation `{operation.interface}.{operation.name}` of `{instance.name}` is not run:"
            " Terraform makes, changes and removes resources, and knows no more",
        )


def _turn(draft: Draft, setup: Setup, instance: Instance, turn: Scheduled) -> None:
    if turn.removes:
        return
    operation = turn.operation
    if any(kind.startswith(IMAGE) for kind in operation.primary.types):
        _container(draft, setup, instance, operation)
        return
    server = server_of(draft, operation)
    if server is None:
        draft.report(
            ORCHESTRATOR_OPERATION,
            operation.place,
            f"operation `{operation.name}` of `{instance.name}` would run on the orchestrator's"
            " machine, and Terraform runs nothing there",
            hint="host the node on a `tosca.nodes.Compute`, or say `operation_host`",
        )
        return
    if server != setup.server.address:
        draft.report(
            ORCHESTRATOR_OPERATION,
            operation.place,
            f"operation `{operation.name}` of `{instance.name}` is to run on `{server}`, which"
            " is set up by itself and knows nothing of this relationship",
            hint="let an operation of the source do it, with the target's address as its input",
        )
        return
    _warn_of_waiting(draft, instance, operation)
    _script(draft, setup, instance, turn)


def _warn_of_waiting(draft: Draft, instance: Instance, operation: Operation) -> None:
    if operation.name != "configure" and instance.operation("configure") is not None:
        return
    own = compute_of(draft.graph, instance)
    for edge in instance.relationships:
        other = draft.graph.instances.get(edge.target)
        there = None if other is None else compute_of(draft.graph, other)
        if other is None or there is None or own is None or there.address == own.address:
            continue
        if other.operations:
            draft.report(
                NOT_WAITED_FOR,
                edge.place,
                f"`{instance.name}` does not wait until `{other.name}` is ready:"
                f" `{own.name}` and `{there.name}` set themselves up side by side",
                hint="let its operations try again until the other one answers",
            )


def _script(draft: Draft, setup: Setup, instance: Instance, turn: Scheduled) -> None:
    operation = turn.operation
    content = draft.read(operation.primary)
    if content is None:
        return
    folder = f'"$work"/{shlex.quote(f"{draft.name(instance.address)}/{turn.role}")}'
    lines = [
        f"# Operation {operation.name} of {instance.name} ({operation.place.file}).",
        f"rm -rf {folder}; mkdir -p -m 700 {folder}; cd {folder}",
        _written(operation.primary.file, content, executable=True),
    ]
    for dependency in operation.dependencies:
        data = draft.read(dependency)
        if data is not None:
            lines.append(_written(dependency.file, data, executable=data.startswith(b"#!")))
    lines.append('export TOSCA_OUTPUT="$PWD/.output"; : > "$TOSCA_OUTPUT"')
    variables = {
        **_values(draft, setup, operation.inputs, operation),
        **_surroundings(instance, setup, operation, turn.relationship),
    }
    lines.append(_command(operation, content, variables))
    if operation.outputs:
        lines.append(_collected(draft, setup, instance, turn))
    setup.lines.append("\n".join(line.rstrip("\n") for line in lines) + "\n")


def _collected(draft: Draft, setup: Setup, instance: Instance, turn: Scheduled) -> str:
    names = []
    for output, (address, path) in turn.operation.outputs.items():
        file = f"{draft.name(instance.address)}.{turn.role}.{output}"
        setup.outputs[address, path] = file
        names.append(shlex.quote(f"{output}:{file}"))
    return _COLLECT.format(names=" ".join(names))


def _surroundings(
    instance: Instance, setup: Setup, operation: Operation, edge: Relationship | None
) -> Mapping[str, str]:
    """The variables that the script contract promises, quoted for the shell."""
    found = {
        "TOSCA_NODE": instance.address.template,
        "TOSCA_INSTANCE": str(instance.address),
        "TOSCA_OP": operation.name,
        "TOSCA_HOST": setup.server.name,
    }
    if edge is not None:
        found |= {"TOSCA_SOURCE_NODE": edge.source.template, "TOSCA_TARGET_NODE": edge.target.template}
    return {k: shlex.quote(v) for k, v in found.items() if k not in operation.inputs}


def _values(
    draft: Draft, setup: Setup, inputs: Mapping[str, Value], operation: Operation
) -> Mapping[str, str]:
    """Inputs of an operation as words of the shell."""
    return {
        name: _word(draft, setup, name, value, operation) for name, value in inputs.items()
    }


def _word(draft: Draft, setup: Setup, name: str, value: Value, operation: Operation) -> str:
    if is_known(value) and not is_sensitive(value):
        return shlex.quote(text(value))
    if isinstance(value, AttributeOf):
        found = _on_this_server(draft, setup, value)
        if found is not None:
            return found
    if is_sensitive(value):
        draft.report(
            SECRET_IN_USER_DATA,
            operation.place,
            f"input `{name}` of operation `{operation.name}` is a secret and stands in the user"
            f" data of `{setup.server.name}`, and in Terraform's state",
        )
    return f'"${_variable(draft, setup, value, operation)}"'


def _on_this_server(draft: Draft, setup: Setup, value: AttributeOf) -> str | None:
    """An attribute that the server itself knows: what an operation gave, its own address."""
    for file_of, file in setup.outputs.items():
        if file_of == (value.address, (value.name, *value.path)):
            return f'"$(cat "$work/outputs/"{shlex.quote(file)})"'
    there = draft.graph.instances.get(value.address)
    server = None if there is None else compute_of(draft.graph, there)
    if setup.alone or server is not setup.server:
        return None
    if value.name in {"private_address", "ip_address"}:
        return '"$(hostname -I | cut -d " " -f 1)"'
    return None


def _variable(draft: Draft, setup: Setup, value: Value, operation: Operation) -> str:
    """A variable of the script that Terraform sets; its value travels as base64."""
    name = f"v{len(setup.values) + 1}"
    whole = expression(draft, value, operation.place)
    encoded = f"jsonencode({whole})" if _is_structured(value) else f"tostring({whole})"
    line = f'"{name}=$(echo ${{base64encode({encoded})}} | base64 -d)"'
    if line.partition("=")[2] in [known.partition("=")[2] for known in setup.values]:
        return next(
            known[1:].partition("=")[0]
            for known in setup.values
            if known.partition("=")[2] == line.partition("=")[2]
        )
    setup.values.append(line)
    return name


def _is_structured(value: Value) -> bool:
    value = reveal(value)
    if isinstance(value, AttributeOf | InputOf):
        return value.type in {"list", "map", "range", "complex"}
    return isinstance(value, Mapping) or (
        isinstance(value, Sequence) and not isinstance(value, str)
    )


def _command(operation: Operation, content: bytes, variables: Mapping[str, str]) -> str:
    words = [f"{shlex.quote(name)}={word}" for name, word in variables.items()]
    command = shlex.quote(f"./{_clean(operation.primary.file)}")
    if not content.startswith(b"#!"):
        python = operation.primary.is_a("tosca.artifacts.Implementation.Python")
        is_python = python or operation.primary.file.endswith(".py")
        command = f"{'python3' if is_python else 'bash'} {command}"
    if operation.timeout is not None:
        command = f"timeout -k 10 {operation.timeout:g} {command}"
    whole = " ".join(["env", *words, command])
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
    mark, number = "END_OF_FILE", 1
    while mark in plain.splitlines():
        number += 1
        mark = f"END_OF_FILE_{number}"
    return f"{folder}cat > {place} <<'{mark}'\n{plain}{mark}\n{mode}"


def _mounts(draft: Draft, setup: Setup, instance: Instance) -> None:
    for attachment in volumes_of(draft.graph, instance):
        location = volume_folder(draft, instance, attachment.volume, attachment.location)
        if location is None:
            continue
        volume = AttributeOf(attachment.volume.address, "volume_id")
        name = f"v{len(setup.values) + 1}"
        found = draft.locate(volume)
        assert found is not None, "every volume has an id"
        setup.values.append(f'"{name}=${{{found}}}"')
        setup.lines.append(
            _MOUNT.format(
                name=attachment.volume.name, location=shlex.quote(location), variable=name
            )
        )


def volume_folder(
    draft: Draft, user: Instance, volume: Instance, location: Value
) -> str | None:
    """Where a volume is mounted on a server: where its user says, or for a container apart."""
    if is_container(user):
        return f"/mnt/{draft.name(volume.address)}"
    known = draft.given(location)
    return text(known) if known is not None and is_known(known) and text(known) else None


def is_container(instance: Instance) -> bool:
    """Whether an instance is made by running a container image."""
    return any(
        kind.startswith(IMAGE) for operation in instance.operations for kind in operation.primary.types
    ) or any(
        artifact.is_a(IMAGE) or any(kind.startswith(f"{IMAGE}.Container") for kind in artifact.types)
        for artifact in instance.artifacts.values()
        if instance.is_a("tosca.nodes.Container.Application")
    )


def _container(draft: Draft, setup: Setup, instance: Instance, operation: Operation) -> None:
    if not setup.has_engine:
        setup.lines.append(_ENGINE)
        setup.has_engine = True
    variables = _values(draft, setup, operation.inputs, operation)
    name = draft.name(instance.address)
    words = ["docker", "run", "--detach", "--name", name, "--restart", "unless-stopped"]
    for endpoint in endpoints(instance):
        port = draft.given(endpoint.port)
        if isinstance(port, int):
            suffix = "" if endpoint.transport == "tcp" else f"/{endpoint.transport}"
            words += ["--publish", f"{port}:{port}{suffix}"]
    for attachment in volumes_of(draft.graph, instance):
        inside = draft.given(attachment.location)
        if is_known(inside) and inside is not None:
            folder = f"/mnt/{draft.name(attachment.volume.address)}/data"
            setup.lines.append(f"mkdir -p {folder}; chmod 777 {folder}\n")
            words += ["--volume", f"{folder}:{text(inside)}"]
    for variable in variables:
        words += ["--env", variable]
    words.append(operation.primary.file)
    env = " ".join(f"{shlex.quote(key)}={word}" for key, word in variables.items())
    setup.lines.append(
        f"# The container of {instance.name} ({operation.place.file}).\n"
        f"docker rm --force {shlex.quote(name)} >/dev/null 2>&1 || true\n"
        f"env {env} {' '.join(shlex.quote(word) for word in words)}\n"
    )


def reads(instance: Instance) -> Iterator[AttributeOf]:
    """The attributes that the operations of an instance and of its relationships read."""
    every = [*instance.operations]
    every += [operation for edge in instance.relationships for operation in edge.operations]
    for operation in every:
        for value in operation.inputs.values():
            for part in walk(value):
                if isinstance(part, AttributeOf):
                    yield part
