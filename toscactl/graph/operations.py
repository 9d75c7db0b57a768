"""Operations and artifacts of instances: inputs evaluated, hosts found, retries read."""

from collections.abc import Iterator, Mapping
from functools import partial

from toscactl import topology
from toscactl.address import Address
from toscactl.graph.evaluation import Edge, Evaluation, Subject
from toscactl.graph.model import Artifact, Operation
from toscactl.source import Place, Span
from toscactl.values import Path, Value

COMPUTE = "tosca.nodes.Compute"
_ON_TARGET = frozenset({
    "pre_configure_target", "post_configure_target", "add_source", "remove_source",
    "source_changed",
})  # fmt: skip
"""Operations of `tosca.interfaces.relationship.Configure` that run on the target (1.3, 5.8.5)."""


def artifact(evaluation: Evaluation, written: topology.Artifact, subject: Subject) -> Artifact:
    fetch = evaluation.topology.types.bundle.fetch
    readable = written.location and not written.missing
    return Artifact(
        written.name,
        written.type.ancestors,
        written.file,
        written.span.place,
        partial(fetch.read, written.location) if readable else None,
        written.deploy_path,
        written.repository_url,
        values(evaluation, written.properties, subject),
    )


def values(
    evaluation: Evaluation, assigned: Mapping[str, topology.Assigned], subject: Subject
) -> dict[str, Value]:
    """Assigned values, evaluated; what has none is left out."""
    found: dict[str, Value] = {}
    for name, each in assigned.items():
        here = Subject(
            f"`{name}` of {subject.what}",
            subject.node,
            subject.edge,
            subject.capability,
            may_lack=True,
        )
        value = evaluation.value_of(each, here)
        if value is not None:
            found[name] = value
    return found


def operations_of_node(evaluation: Evaluation, address: Address) -> tuple[Operation, ...]:
    template = evaluation.template(address)
    subject = Subject(f"node `{address}`", address)
    return tuple(
        _operation(evaluation, (operation, operation.primary), subject, template.span)
        for operation in template.operations
        if operation.primary is not None
    )


def operations_of_edge(evaluation: Evaluation, edge: Edge) -> tuple[Operation, ...]:
    subject = Subject(
        f"requirement `{edge.requirement.name}` of node `{edge.source}`", edge.source, edge
    )
    return tuple(
        _operation(evaluation, (operation, operation.primary), subject, edge.requirement.span)
        for operation in edge.requirement.relationship.operations
        if operation.primary is not None
    )


def _operation(
    evaluation: Evaluation,
    runs: tuple[topology.Operation, topology.Artifact],
    subject: Subject,
    otherwise: Span,
) -> Operation:
    """An operation and its primary artifact, for an instance or a relationship of one."""
    operation, primary = runs
    metadata = {} if subject.node is None else evaluation.template(subject.node).metadata
    name = f"{operation.interface}.{operation.name}"
    here = Subject(f"operation `{name}` of {subject.what}", subject.node, subject.edge)
    own = {**_of_template(metadata, name), **operation.metadata}
    return Operation(
        operation.interface,
        operation.name,
        _place(operation.span, otherwise),
        artifact(evaluation, primary, subject),
        tuple(artifact(evaluation, each, subject) for each in operation.dependencies),
        values(evaluation, operation.inputs, here),
        dict(_outputs(evaluation, operation, subject)),
        operation.timeout,
        int(_number(own.get("retries"), 0)),
        _number(own.get("backoff"), 1.0),
        str(own.get("run_once", "")).lower() == "true",
        _host(evaluation, operation, subject),
    )


def _place(span: Span | None, otherwise: Span) -> Place:
    return (otherwise if span is None else span).place


def _of_template(metadata: Mapping[str, object], operation: str) -> dict[str, object]:
    """What a node template says of an operation: `toscactl.Standard.start.retries: 3`."""
    prefix = f"toscactl.{operation}."
    return {
        key.removeprefix(prefix): value for key, value in metadata.items() if key.startswith(prefix)
    }


def _number(value: object, otherwise: float) -> float:
    try:
        number = float(str(value))
    except ValueError:
        return otherwise
    return number if number >= 0 else otherwise


def _outputs(
    evaluation: Evaluation, operation: topology.Operation, subject: Subject
) -> Iterator[tuple[str, tuple[Address, Path]]]:
    for name, path in operation.outputs.items():
        address = _end(evaluation, path[0], subject)
        if address is not None:
            yield name, (address, path[1:])


def _end(evaluation: Evaluation, name: str, subject: Subject) -> Address | None:
    """The instance that the first name of a path means; a relationship's are its source's."""
    match name:
        case "SELF" | "SOURCE":
            return subject.node
        case "TARGET":
            return None if subject.edge is None else subject.edge.target
        case "HOST":
            return None if subject.node is None else next(evaluation.hosts(subject.node), None)
        case _:
            return next(iter(evaluation.addresses.get(name, ())), None)


def _host(
    evaluation: Evaluation, operation: topology.Operation, subject: Subject
) -> Address | None:
    """Where an operation runs: the nearest compute node, None for the orchestrator's machine."""
    host = operation.host
    if host == "ORCHESTRATOR":
        return None
    start = subject.node
    if subject.edge is not None and (
        host == "TARGET" or (host is None and operation.name in _ON_TARGET)
    ):
        start = subject.edge.target
    elif host is not None and host in evaluation.addresses:
        start = next(iter(evaluation.addresses[host]), None)
    return None if start is None else nearest_compute(evaluation, start)


def nearest_compute(evaluation: Evaluation, address: Address) -> Address | None:
    for candidate in (address, *evaluation.hosts(address)):
        if evaluation.template(candidate).type.is_a(COMPUTE):
            return candidate
    return None
