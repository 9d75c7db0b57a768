"""The order in which the operations of one instance run (TOSCA 1.3, 5.8.4 to 5.8.6).

Every backend follows it, whether it runs operations itself or writes scripts that do.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from toscactl.graph.model import Instance, Operation, Relationship

_BEFORE_CONFIGURE = ("pre_configure_source", "pre_configure_target")
_AFTER_CONFIGURE = ("post_configure_source", "post_configure_target")
_AFTER_START = ("add_target", "add_source", "establish")
_ON_REMOVAL = ("remove_target", "remove_source", "remove")


@dataclass(frozen=True, slots=True)
class Scheduled:
    """An operation in its turn.

    `role` tells it apart from the others of its node: `create`, `host_pre_configure_source`.
    `removes` says that it runs when the node is taken away.
    """

    role: str
    operation: Operation
    relationship: Relationship | None = None
    removes: bool = False


def lifecycle(instance: Instance) -> tuple[Scheduled, ...]:
    """The operations of an instance and of its relationships that the standard gives a turn."""
    return tuple(_turns(instance))


def outside_lifecycle(instance: Instance) -> tuple[tuple[Operation, Relationship | None], ...]:
    """The operations that have no turn: of other interfaces, or of names of their own."""
    turns = {id(turn.operation) for turn in _turns(instance)}
    every: list[tuple[Operation, Relationship | None]] = [(o, None) for o in instance.operations]
    every += [(o, edge) for edge in instance.relationships for o in edge.operations]
    return tuple(item for item in every if id(item[0]) not in turns)


def _turns(instance: Instance) -> Iterator[Scheduled]:
    own = {
        operation.name: operation
        for operation in instance.operations
        if operation.interface.rpartition(".")[2] == "Standard"
    }
    edges = _named_edges(instance)
    yield from _own(own, "create")
    yield from _of_edges(edges, _BEFORE_CONFIGURE)
    yield from _own(own, "configure")
    yield from _of_edges(edges, _AFTER_CONFIGURE)
    yield from _own(own, "start")
    yield from _of_edges(edges, _AFTER_START)
    yield from _of_edges(edges, _ON_REMOVAL, removes=True)
    yield from _own(own, "stop", removes=True)
    yield from _own(own, "delete", removes=True)


def _named_edges(instance: Instance) -> Mapping[str, Relationship]:
    """The relationships by the name of their requirement, told apart by number."""
    found: dict[str, Relationship] = {}
    for edge in instance.relationships:
        number, name = 1, edge.name
        while name in found:
            number += 1
            name = f"{edge.name}{number}"
        found[name] = edge
    return found


def _own(own: Mapping[str, Operation], name: str, *, removes: bool = False) -> Iterator[Scheduled]:
    if name in own:
        yield Scheduled(name, own[name], None, removes)


def _of_edges(
    edges: Mapping[str, Relationship], names: tuple[str, ...], *, removes: bool = False
) -> Iterator[Scheduled]:
    for requirement, edge in edges.items():
        for name in names:
            for operation in edge.operations:
                if operation.name == name:
                    yield Scheduled(f"{requirement}_{name}", operation, edge, removes)
