"""The order of need: every instance after those that it needs, and circles reported."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from toscactl.address import Address
from toscactl.diagnostics import Diagnostic, Rule
from toscactl.graph.model import Instance, Operation
from toscactl.source import Place
from toscactl.values import ScalarUnit, Value, waits_for

DEPENDENCY_CYCLE = Rule("dependency-cycle", "Nodes need each other in a circle.")

_LITERALS = (str, int, float, ScalarUnit)
_WHEN_REMOVED = frozenset({"stop", "delete"})


def needs_of(instance: Instance) -> dict[Address, tuple[str, Place]]:
    """The instances that one needs before it, with the reason and its place.

    A property or an operation's input that reads an attribute needs the instance that has it;
    operations that take away run in reverse order, so theirs do not count. Attributes do not
    either: they are read when all is there.
    """
    found: dict[Address, tuple[str, Place]] = {}
    for edge in instance.relationships:
        found.setdefault(edge.target, (f"requirement `{edge.name}`", edge.place))
    for reason, value, place in _values(instance):
        if isinstance(value, _LITERALS):
            continue
        for address in sorted(waits_for(value)):
            if address != instance.address:
                found.setdefault(address, (reason, place))
    return found


def _values(instance: Instance) -> Iterator[tuple[str, Value, Place]]:
    for name, value in instance.properties.items():
        place = instance.places.get(name, instance.place)
        yield f"property `{name}`", value, place
    for capability in instance.capabilities.values():
        place = capability.place or instance.place
        for name, value in capability.properties.items():
            yield f"property `{name}` of capability `{capability.name}`", value, place
    yield from _inputs(instance.operations)
    for edge in instance.relationships:
        for name, value in edge.properties.items():
            yield f"property `{name}` of requirement `{edge.name}`", value, edge.place
        yield from _inputs(edge.operations)


def _inputs(operations: Sequence[Operation]) -> Iterator[tuple[str, Value, Place]]:
    for operation in operations:
        if operation.name not in _WHEN_REMOVED:
            for name, value in operation.inputs.items():
                yield f"input `{name}` of `{operation.name}`", value, operation.place


def in_order(
    instances: Mapping[Address, Instance], found: list[Diagnostic]
) -> dict[Address, Instance]:
    """The instances, each after those that it needs; what is free keeps its order."""
    needs = {address: needs_of(instance) for address, instance in instances.items()}
    ranks = {address: rank for rank, address in enumerate(instances)}
    if all(ranks.get(need, -1) < rank for a, rank in ranks.items() for need in needs[a]):
        return dict(instances)

    import networkx as nx  # 0.2 s, and only a service out of order needs it

    graph: nx.DiGraph[Address] = nx.DiGraph()
    graph.add_nodes_from(instances)
    graph.add_edges_from(
        (need, address) for address in instances for need in needs[address] if need in instances
    )
    try:
        order = list(nx.lexicographical_topological_sort(graph, key=ranks.__getitem__))
    except nx.NetworkXUnfeasible:
        knots = [
            sorted(knot, key=ranks.__getitem__)
            for knot in nx.strongly_connected_components(graph)
            if len(knot) > 1 or any(graph.has_edge(address, address) for address in knot)
        ]
        found.extend(_cycles(knots, needs, ranks))
        return dict(instances)
    return {address: instances[address] for address in order}


def _cycles(
    knots: Sequence[Sequence[Address]],
    needs: Mapping[Address, Mapping[Address, tuple[str, Place]]],
    ranks: Mapping[Address, int],
) -> Iterator[Diagnostic]:
    """One finding for each knot of instances, with one circle in it."""
    for knot in sorted(knots, key=lambda each: ranks[each[0]]):
        circle = _circle(knot, needs)
        steps = list(pairwise(circle))
        reasons = "; ".join(f"`{a}` needs `{b}`: {needs[a][b][0]}" for a, b in steps)
        first = needs[steps[0][0]][steps[0][1]]
        yield DEPENDENCY_CYCLE.at(
            first[1].span,
            "nodes need each other in a circle: " + " -> ".join(str(address) for address in circle),
            hint=reasons,
        )


def _circle(
    knot: Sequence[Address], needs: Mapping[Address, Mapping[Address, object]]
) -> list[Address]:
    """A shortest way from the first instance of a knot back to itself, along what is needed."""
    start, members = knot[0], set(knot)
    came: dict[Address, Address] = {}
    pending = [start]
    for current in pending:
        for need in needs[current]:
            if need == start:
                return [*_way(start, current, came), start]
            if need in members and need not in came:
                came[need] = current
                pending.append(need)
    raise AssertionError("every member of a knot is on a circle")


def _way(start: Address, end: Address, came: Mapping[Address, Address]) -> list[Address]:
    way = [end]
    while way[-1] != start:
        way.append(came[way[-1]])
    return way[::-1]
