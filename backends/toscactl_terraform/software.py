"""Software on servers: one script per server, run by cloud-init when it first boots.

Terraform makes servers and does not run operations on them, so the operations of all that a
server hosts go into its user data, in the order of their need.
"""

from toscactl.backend import (
    COMPUTE,
    Address,
    Attachment,
    AttributeOf,
    Instance,
    Operation,
    Rule,
    Scheduled,
    Severity,
    lifecycle,
    outside_lifecycle,
    volumes_of,
)
from toscactl_terraform.containers import (
    RUNTIME,
    add_container,
    add_engine,
    is_container,
    is_image,
)
from toscactl_terraform.draft import Draft
from toscactl_terraform.script import add_operation, comment
from toscactl_terraform.words import WORK, Setup, word

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

_MOUNT = """\
# The volume that it has as {name}.
volume={volume}
location={location}
device=
for _ in $(seq 300); do
    for link in /dev/disk/by-id/*"$(printf %.20s "$volume")"* /dev/disk/by-id/*"${{volume//-/}}"; do
        if [ -b "$link" ]; then device=$(readlink -f "$link"); break 2; fi
    done
    sleep 2
done
[ -n "$device" ] || {{ echo "volume $volume did not appear" >&2; exit 1; }}
[ -n "$(blkid -o value -s TYPE "$device")" ] || mkfs.ext4 -q "$device"
mkdir -p "$location"
mountpoint -q "$location" || mount "$device" "$location"
printf 'UUID=%s %s auto defaults,nofail 0 2\\n' \\
    "$(blkid -o value -s UUID "$device")" "${{location// /\\\\040}}" >> /etc/fstab
"""


def is_busy(draft: Draft, server: Instance) -> bool:
    """Whether something is to be run on a server."""
    there = (server, *draft.hosted(server.address))
    return any(is_container(it) or it.is_a(RUNTIME) for it in there) or any(
        not turn.removes for it in there for turn in lifecycle(it)
    )


def setup_of(draft: Draft, server: Instance, *, alone: bool) -> str | None:
    """The expression for the user data of a server; None if nothing is to be run there."""
    setup = Setup(server, alone)
    there = (server, *draft.hosted(server.address))
    for instance in there:
        for attachment in volumes_of(draft.graph, instance):
            _mount(draft, setup, instance, attachment)
    for instance in there:
        if is_container(instance):
            add_container(draft, setup, instance)
        elif instance.is_a(RUNTIME) and instance.operation("create") is None:
            add_engine(setup)
        for turn in lifecycle(instance):
            if not turn.removes and not is_image(turn.operation):
                _turn(draft, setup, instance, turn)
        _report_others(draft, instance)
    if not setup.lines:
        return None
    head = [
        comment(f"Sets up {server.name}; made by toscactl."),
        f'set -eu\nwork={WORK}\nmkdir -p -m 700 "$work" "$work/outputs"\n',
    ]
    script = "\n".join([*head, *setup.lines, 'echo "this server is set up"\n'])
    path = draft.put(f"setup/{draft.name(server.address)}.sh", script.encode())
    pieces = ['"#!/bin/bash"', *setup.head(), f'file("{path}")']
    return f'join("\\n", [{", ".join(pieces)}])'


def check_native(draft: Draft, instance: Instance) -> None:
    """Report the operations of a node for which nothing can be run on a server."""
    for turn in lifecycle(instance):
        if turn.removes:
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
    compute = None if host is None else draft.compute(host)
    return None if compute is None else compute.address


def _report_others(draft: Draft, instance: Instance) -> None:
    why = (
        "Terraform removes the server with all that is on it"
        if draft.compute(instance) is not None
        else "Terraform removes the resource alone"
    )
    for turn in lifecycle(instance):
        if turn.removes:
            draft.report(
                OPERATION_NOT_RUN,
                turn.operation.place,
                f"operation `{turn.operation.name}` of `{instance.name}` is not run: {why}",
            )
    for operation, _ in outside_lifecycle(instance):
        draft.report(
            OPERATION_NOT_RUN,
            operation.place,
            f"operation `{operation.interface}.{operation.name}` of `{instance.name}` is not run:"
            " Terraform makes, changes and removes resources, and knows no more",
        )


def _turn(draft: Draft, setup: Setup, instance: Instance, turn: Scheduled) -> None:
    operation = turn.operation
    server = server_of(draft, operation)
    if server is None:
        draft.report(
            ORCHESTRATOR_OPERATION,
            operation.place,
            f"operation `{operation.name}` of `{instance.name}` would run on the orchestrator's"
            " machine, and Terraform runs nothing there",
            hint="host the node on a tosca.nodes.Compute, or say `operation_host`",
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
    if turn.role == "create":
        _warn_of_waiting(draft, setup, instance)
    add_operation(draft, setup, instance, turn)


def _warn_of_waiting(draft: Draft, setup: Setup, instance: Instance) -> None:
    for edge in instance.relationships:
        other = draft.graph.instances.get(edge.target)
        there = None if other is None else draft.compute(other)
        if other is None or there is None or there.address == setup.server.address:
            continue
        if other.operations and not other.is_a(COMPUTE):
            draft.report(
                NOT_WAITED_FOR,
                edge.place,
                f"`{instance.name}` does not wait until `{other.name}` is ready:"
                f" `{setup.server.name}` and `{there.name}` set themselves up side by side",
                hint="let its operations try again until the other one answers",
            )


def _mount(draft: Draft, setup: Setup, user: Instance, attachment: Attachment) -> None:
    """Write into the script where a volume is mounted; one without a place is only attached."""
    volume = attachment.volume
    if volume.address in setup.mounted:
        return
    if is_container(user):
        location = f"/mnt/{draft.name(volume.address)}"
    elif attachment.location is not None:
        location = word(draft, setup, attachment.location, attachment.relationship.place)
    else:
        return
    found = draft.locate(AttributeOf(volume.address, "volume_id"))
    if found is None:
        return  # another target carries it, which placement reports
    setup.mounted[volume.address] = location
    setup.lines.append(
        _MOUNT.format(
            name=" ".join(volume.name.split()),
            location=location,
            volume=setup.variable(found),
        )
    )
