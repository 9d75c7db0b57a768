"""The operations of a workload, in the order in which its container runs them."""

from collections.abc import Iterator
from dataclasses import dataclass

from toscactl.backend import Instance, Operation, Relationship, Rule, Severity
from toscactl_kubernetes.images import is_container_image
from toscactl_kubernetes.manifests import Draft
from toscactl_kubernetes.workloads import Workload

OPERATION_ELSEWHERE = Rule(
    "kubernetes-operation-elsewhere",
    "An operation of a relationship would have to run in another pod.",
    Severity.WARNING,
)

_STAGES = (
    ("before", ("pre_configure_source", "pre_configure_target")),
    ("after", ("post_configure_source", "post_configure_target")),
    ("added", ("add_target", "add_source")),
)
_ON_TARGET = frozenset({"pre_configure_target", "post_configure_target", "add_source"})


@dataclass(frozen=True, slots=True)
class Call:
    """An operation to be run in a pod: on which component, or for which relationship."""

    operation: Operation
    component: Instance
    edge: Relationship | None = None

    @property
    def node(self) -> str:
        return str(self.component.address)

    @property
    def label(self) -> str:
        if self.edge is None:
            return self.operation.name
        return f"{self.operation.name}.{self.edge.name}"


def starts(draft: Draft, workload: Workload) -> Iterator[Call]:
    """The operations that bring the components up, in order (TOSCA 1.3, 5.8.5.4 and 7.2)."""
    for component in workload.components:
        yield from _own(component, "create")
        yield from _of_edges(draft, workload, component, "before")
        yield from _own(component, "configure")
        yield from _of_edges(draft, workload, component, "after")
        yield from _own(component, "start")
        yield from _of_edges(draft, workload, component, "added")


def stops(workload: Workload) -> Iterator[Call]:
    for component in reversed(workload.components):
        yield from _own(component, "stop")


def _own(component: Instance, name: str) -> Iterator[Call]:
    operation = component.operation(name)
    if operation is not None and not is_container_image(operation.primary):
        yield Call(operation, component)


def _of_edges(draft: Draft, workload: Workload, component: Instance, stage: str) -> Iterator[Call]:
    inside = {other.address: other for other in workload.components}
    names = dict(_STAGES)[stage]
    for edge in component.relationships:
        for name in names:
            for operation in edge.operations:
                if operation.name != name:
                    continue
                if name not in _ON_TARGET:
                    yield Call(operation, component, edge)
                elif edge.target in inside:
                    yield Call(operation, inside[edge.target], edge)
                else:
                    draft.report(
                        OPERATION_ELSEWHERE,
                        operation.place,
                        f"`{name}` of `{edge.name}` would run on `{edge.target}`, which is "
                        f"another pod than `{component.address}`; it is left out",
                        "do its work in an operation of the source, over the network",
                    )
