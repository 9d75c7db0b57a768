"""What this machine cannot do, or does otherwise than a service says, each with its place."""

from collections.abc import Iterator

from toscactl.backend import (
    COMPUTE,
    CannotRead,
    Diagnostic,
    Instance,
    Operation,
    Policy,
    Portion,
    Rule,
    Severity,
    bounds_of,
)
from toscactl_local.interpreter import interpreter_of
from toscactl_local.task import SEQUENCE, TARGET_CHANGED, UPDATE, WAY_BACK

NEEDS_OPERATIONS = Rule(
    "local-needs-operations", "A node cannot be carried on this machine without operations."
)
NOT_RUNNABLE = Rule(
    "local-not-runnable", "The implementation of an operation cannot run on this machine."
)
OPERATION_NOT_RUN = Rule(
    "local-operation-not-run",
    "An operation belongs to no step of the life cycle, so nothing runs it.",
    Severity.NOTE,
)
POLICY_WITHOUT_EFFECT = Rule(
    "local-policy-without-effect", "A policy has no effect on this machine.", Severity.WARNING
)
SINGLE_INSTANCE = Rule(
    "local-single-instance",
    "A node that should start with several instances has one on this machine.",
    Severity.WARNING,
)

_CONTAINER = ("tosca.nodes.Container.Application", "Container.Application")
_PLACEMENT = ("tosca.policies.Placement", "Placement")
_NODE_INTERFACES = ("standard", "lifecycle")
_EDGE_INTERFACES = ("configure",)
_OF_NODES = frozenset({*SEQUENCE, *WAY_BACK, *UPDATE}) & {
    "create", "configure", "start", "stop", "delete", *UPDATE,
}  # fmt: skip
_OF_EDGES = (frozenset({*SEQUENCE, *WAY_BACK}) - _OF_NODES) | {TARGET_CHANGED}


def is_image(operation: Operation) -> bool:
    """Whether an operation is no script but an image to be deployed (1.3, 5.4.2)."""
    return any("Image" in name.split(".") for name in operation.primary.types)


def needs_engine(instance: Instance) -> bool:
    """Whether only an engine for containers could carry it: there is an image, and no script."""
    if instance.is_a(COMPUTE) or instance.is_a("Compute"):
        return False  # its image is that of a machine, and the machine is this one
    if any(is_image(operation) for operation in instance.operations):
        return True
    return not instance.operations and any(instance.is_a(name) for name in _CONTAINER)


def of_life_cycle(operation: Operation, *, edge: bool) -> bool:
    """Whether the life cycle of a node, or of a relationship, comes to an operation.

    The interface may be named as in the standard, by its type, or in small letters.
    """
    if is_image(operation):
        return False
    interface = operation.interface.rsplit(".", 1)[-1].lower()
    if edge:
        return interface in _EDGE_INTERFACES and operation.name in _OF_EDGES
    return interface in _NODE_INTERFACES and operation.name in _OF_NODES


def check(portion: Portion) -> Iterator[Diagnostic]:
    """All findings about what this machine is to carry, in the order of the graph."""
    for instance in portion.instances:
        yield from _bare_containers(instance)
        yield from _several_instances(portion, instance)
        for operation in instance.operations:
            yield from _operation(operation, f"node `{instance.name}`", edge=False)
        for edge in instance.relationships:
            owner = f"`{edge.name}` of node `{instance.name}`"
            for operation in edge.operations:
                yield from _operation(operation, owner, edge=True)
    for policy in portion.policies:
        yield from _policies(policy)


def _bare_containers(instance: Instance) -> Iterator[Diagnostic]:
    if needs_engine(instance):
        yield NEEDS_OPERATIONS.at(
            instance.place.span,
            f"node `{instance.name}` is a container with only an image; this target runs scripts"
            " on this machine and starts no containers",
            hint="give it operations, or choose a target that runs containers (kubernetes, k3s)",
        )


def _several_instances(portion: Portion, instance: Instance) -> Iterator[Diagnostic]:
    if not instance.is_a(COMPUTE):
        return
    initial = bounds_of(portion.graph, instance).initial
    if initial > 1:
        yield SINGLE_INSTANCE.at(
            instance.place.span,
            f"node `{instance.name}` should start with {initial} instances;"
            " on this machine there is one",
        )


def _operation(operation: Operation, owner: str, *, edge: bool) -> Iterator[Diagnostic]:
    if is_image(operation):
        return  # said of the node as a whole, or a machine's image, which is not needed here
    name = f"`{operation.interface}.{operation.name}` of {owner}"
    if not of_life_cycle(operation, edge=edge):
        yield OPERATION_NOT_RUN.at(
            operation.place.span,
            f"operation {name} belongs to no step of the life cycle, so nothing runs it",
        )
        return
    primary = operation.primary
    for artifact in (primary, *operation.dependencies):
        if artifact.content is None:
            yield NOT_RUNNABLE.at(
                artifact.place.span,
                f"operation {name} needs `{artifact.file}`, which is no file of the service",
            )
            return
        try:
            content = artifact.content()
        except CannotRead as error:
            yield NOT_RUNNABLE.at(
                artifact.place.span,
                f"operation {name} needs `{artifact.file}`, which cannot be read: {error}",
                hint=error.hint,
            )
            return
        if artifact is primary and interpreter_of(artifact, content) is None:
            yield NOT_RUNNABLE.at(
                artifact.place.span,
                f"`{artifact.file}` of operation {name} is neither a program nor a script that"
                " names its interpreter",
                hint="begin it with `#!` and an interpreter, or name it `.sh` or `.py`",
            )


def _policies(policy: Policy) -> Iterator[Diagnostic]:
    if any(policy.is_a(name) for name in _PLACEMENT):
        return  # everything is on one machine; which one was decided before
    yield POLICY_WITHOUT_EFFECT.at(
        policy.place.span,
        f"policy `{policy.name}` ({policy.type}) has no effect on this machine:"
        " nothing watches or scales what runs here",
    )
