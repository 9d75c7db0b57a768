"""Which operations run on which server, and in which order (`execution.md`, 1)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from toscactl.backend import (
    Address,
    Instance,
    InstanceGraph,
    Operation,
    Relationship,
    Rule,
    Severity,
    compute_of,
    lifecycle,
)
from toscactl_heat.draft import Draft

NATIVE_OPERATION = Rule(
    "heat-native-operation",
    "An operation of a node that the cloud provides itself is not run.",
    Severity.WARNING,
)
ORCHESTRATOR_OPERATION = Rule(
    "heat-orchestrator-operation", "An operation is to run where Heat can run nothing."
)
OPERATION_NOT_RUN = Rule(
    "heat-operation-not-run",
    "An operation is part of nothing that Heat does with a stack.",
    Severity.WARNING,
)

IMAGE = "tosca.artifacts.Deployment.Image"
_NATIVE = (
    "tosca.nodes.Compute",
    "tosca.nodes.LoadBalancer",
    "tosca.nodes.BlockStorage",
    "tosca.nodes.Storage.BlockStorage",
    "tosca.nodes.ObjectStorage",
    "tosca.nodes.Storage.ObjectStorage",
    "tosca.nodes.network.Network",
    "tosca.nodes.network.Port",
    "tosca.nodes.network.FloatingIP",
)


@dataclass(frozen=True, slots=True)
class Task:
    """An operation as it will run: for whom, on which server, when the stack is made or removed.

    `role` tells it apart from the other operations of its node.
    """

    role: str
    operation: Operation
    owner: Instance
    server: Address
    removes: bool = False
    relationship: Relationship | None = None


def is_native(instance: Instance) -> bool:
    """Whether the cloud provides an instance, so that nothing has to be installed for it."""
    return any(instance.is_a(name) for name in _NATIVE)


def is_image(operation: Operation) -> bool:
    """Whether an operation is done by running the container image that is its implementation."""
    return any(kind.startswith(IMAGE) for kind in operation.primary.types)


def tasks(draft: Draft, instance: Instance) -> tuple[Task, ...]:
    """The operations of an instance and of its relationships, in the order in which they run."""
    return tuple(
        Task(turn.role, turn.operation, instance, server, turn.removes, turn.relationship)
        for turn in lifecycle(instance)
        if not is_image(turn.operation)
        and (server := server_of(draft.graph, turn.operation)) is not None
    )


def server_of(graph: InstanceGraph, operation: Operation) -> Address | None:
    """The compute node on which an operation runs; None if there is none."""
    host = None if operation.host is None else graph.instances.get(operation.host)
    compute = None if host is None else compute_of(graph, host)
    return None if compute is None else compute.address


def check(draft: Draft, instance: Instance) -> None:
    """Report every operation of an instance that will not run, and why."""
    run = {id(turn.operation) for turn in lifecycle(instance)}
    native: list[Operation] = []
    for operation, edge in _every(instance):
        what = f"operation `{operation.name}` of `{instance.name}`"
        if edge is not None:
            what += f" (requirement `{edge.name}`)"
        if id(operation) not in run:
            draft.report(
                OPERATION_NOT_RUN,
                operation.place,
                f"{what} is not run: Heat makes, updates and removes a stack, and knows no more",
            )
        elif is_image(operation) or server_of(draft.graph, operation) is not None:
            continue
        elif is_native(instance):
            native.append(operation)
        else:
            draft.report(
                ORCHESTRATOR_OPERATION,
                operation.place,
                f"{what} would run on the orchestrator's machine, and Heat runs nothing there",
                hint="host the node on a `tosca.nodes.Compute`, or say `operation_host`",
            )
    if native:
        names = ", ".join(dict.fromkeys(f"`{operation.name}`" for operation in native))
        draft.report(
            NATIVE_OPERATION,
            native[0].place,
            f"the cloud provides `{instance.name}` itself; its operations are not run: {names}",
        )


def _every(instance: Instance) -> Iterator[tuple[Operation, Relationship | None]]:
    for operation in instance.operations:
        yield operation, None
    for edge in instance.relationships:
        for operation in edge.operations:
            yield operation, edge


Produced = Mapping[tuple[Address, tuple[str | int, ...]], tuple[Task, str]]
"""Which task gives an attribute (by instance and path), and under which name of output."""


def produced(draft: Draft) -> Produced:
    """The attributes that operations give values to."""
    found: dict[tuple[Address, tuple[str | int, ...]], tuple[Task, str]] = {}
    for instance in draft.instances:
        for task in tasks(draft, instance):
            if not task.removes:
                for output, target in task.operation.outputs.items():
                    found[target] = (task, output)
                for output in outputs_of(draft, task):
                    found[instance.address, (_output_name(task.operation, output),)] = (
                        task,
                        output,
                    )
    return found


def outputs_of(draft: Draft, task: Task) -> tuple[str, ...]:
    """What a task reports: its outputs, and what `get_operation_output` asks it for."""
    operation = task.operation
    prefix = _output_name(operation, "")
    asked = (
        name.removeprefix(prefix)
        for name in draft.asked.get(task.owner.address, ())
        if name.startswith(prefix)
    )
    return tuple(dict.fromkeys((*operation.outputs, *asked)))


def _output_name(operation: Operation, output: str) -> str:
    """How `get_operation_output` is written as an attribute."""
    return f"{operation.interface.rpartition('.')[2]}.{operation.name}.{output}"


def deployment_name(draft: Draft, task: Task) -> str:
    """The name of the resource that runs a task."""
    return draft.names.of(task.owner.address, task.role)
