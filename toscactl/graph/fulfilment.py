"""Requirements to edges: who fulfils what, and by which capability (TOSCA 1.3, 3.8.2; 2.0, 8.7)."""

from collections.abc import Iterator, Sequence
from itertools import islice

from toscactl import definitions
from toscactl.address import Address
from toscactl.diagnostics import Diagnostic, Rule, Severity
from toscactl.graph.evaluation import Edge, Evaluation, Subject
from toscactl.topology import (
    NodeTemplate,
    Requirement,
    Topology,
    accepts,
    filtered_capability,
    matching,
    says_by_whom,
)
from toscactl.typesystem import PropertyDefinition, clause_holds
from toscactl.values import EvaluationError, is_known, reveal

UNFULFILLED_REQUIREMENT = Rule(
    "unfulfilled-requirement", "No node in the service can fulfil a requirement."
)
AMBIGUOUS_REQUIREMENT = Rule(
    "ambiguous-requirement",
    "Several nodes could fulfil a requirement, and one was chosen.",
    Severity.WARNING,
)
FILTERED_OUT = Rule(
    "filtered-out", "The target of a requirement does not satisfy the requirement's node filter."
)

_NAMED = 4
"""How many candidates a message names."""


class Fulfilment:
    """The edges of a topology, found when they are first asked for."""

    def __init__(self, topology: Topology, evaluation: Evaluation) -> None:
        self.topology = topology
        self.evaluation = evaluation
        self.found: list[Diagnostic] = []
        self._edges: dict[Address, tuple[Edge, ...]] = {}
        self._offers = _offers(topology)

    def edges(self, address: Address) -> Sequence[Edge]:
        """The fulfilled requirements of an instance, in the order of its template."""
        known = self._edges.get(address)
        if known is not None:
            return known
        requirements = self.topology.nodes[address.template].requirements
        # A node filter may read properties through requirements of this very instance, so those
        # that need no search are there before any search begins.
        fixed = {
            index: self._fixed(requirement, requirement.target, address)
            for index, requirement in enumerate(requirements)
            if requirement.target is not None
        }
        self._edges[address] = tuple(edge for edges in fixed.values() for edge in edges)
        self.found.extend(self._filtered_out(self._edges[address]))
        if len(fixed) < len(requirements):
            searched = {
                index: self._search(requirement, address)
                for index, requirement in enumerate(requirements)
                if requirement.target is None
            }
            every = {**fixed, **searched}
            self._edges[address] = tuple(edge for index in sorted(every) for edge in every[index])
        return self._edges[address]

    def _fixed(self, requirement: Requirement, name: str, source: Address) -> tuple[Edge, ...]:
        target = self.topology.nodes[name]
        capability = requirement.capability or _capability(requirement, target)
        instances = self.evaluation.addresses[target.name]
        return tuple(
            Edge(requirement, source, address, capability)
            for address in _spread(
                instances, source, self._index(requirement), self._count(requirement)
            )
        )

    def _index(self, requirement: Requirement) -> int | None:
        value = requirement.target_index
        return value if isinstance(value, int) else None

    def _count(self, requirement: Requirement) -> int:
        value = requirement.count
        return value if isinstance(value, int) else 1

    def _filtered_out(self, edges: Sequence[Edge]) -> Iterator[Diagnostic]:
        for edge in edges:
            target = self.topology.nodes[edge.target.template]
            if not self._passes(edge.requirement, edge.target, target):
                yield FILTERED_OUT.at(
                    edge.requirement.span,
                    f"`{edge.target}` does not satisfy the node filter of requirement "
                    f"`{edge.requirement.name}` of `{edge.source}`",
                )

    def _search(self, requirement: Requirement, source: Address) -> tuple[Edge, ...]:
        """The edge of a dangling requirement: to the one candidate, or the first of several."""
        if requirement.implicit and not says_by_whom(requirement.definition):
            return ()
        count = self._count(requirement)
        names = list(islice(self._candidates(requirement, source), max(_NAMED, count) + 1))
        edges = tuple(
            Edge(requirement, source, address, _capability(requirement, self.topology.nodes[name]))
            for name in names
            for address in _spread(self.evaluation.addresses[name], source, None, count)
        )
        if len(edges) < count:
            if not (requirement.optional or requirement.implicit):
                self.found.append(_unfulfilled(requirement, source))
            return ()
        if len(names) > 1 and len(edges) > count:
            chosen = list(dict.fromkeys(edge.target.template for edge in edges[:count]))
            self.found.append(_ambiguous(requirement, source, names, chosen))
        return edges[:count]

    def _candidates(self, requirement: Requirement, source: Address) -> Iterator[str]:
        """Templates of the right type, with a fitting capability, that pass all node filters."""
        type_name = requirement.capability_type
        names = self.topology.nodes if type_name is None else self._offers.get(type_name, ())
        source_type = self.topology.nodes[source.template].type
        for name in names:
            template = self.topology.nodes[name]
            if name == source.template or not self.evaluation.addresses[name]:
                continue
            if requirement.node_type is not None and not template.type.is_a(requirement.node_type):
                continue
            fitting = matching(template.type, type_name, requirement.capability)
            if not any(accepts(capability, source_type) for capability in fitting):
                continue
            if self._passes(requirement, self.evaluation.addresses[name][0], template):
                yield name

    def _passes(self, requirement: Requirement, target: Address, template: NodeTemplate) -> bool:
        return all(
            self._satisfies(condition, target, template)
            for filter_ in requirement.node_filters
            for condition in filter_.conditions
        )

    def _satisfies(
        self, condition: definitions.ConditionDef, target: Address, template: NodeTemplate
    ) -> bool:
        """Whether a condition is true of a target; what is not known yet does not speak against."""
        if condition.property is None:
            return True
        name = condition.property.text
        declared = template.type.properties
        capability = None
        if condition.capability is not None:
            found = filtered_capability(condition.capability.text, template.type)
            if found is None:
                return False
            capability, declared = found.name, found.properties
        definition: PropertyDefinition | None = declared.get(name)
        if definition is None:
            return False
        try:
            value = self.evaluation.property_of(target, name, capability)
        except EvaluationError:
            return True
        if value is None:
            return False
        if not is_known(value):
            return True
        holds = clause_holds(
            condition.clause, reveal(value), definition.schema, self.topology.types
        )
        return holds is not False


def count_of(template: NodeTemplate, evaluation: Evaluation) -> int:
    """How many instances a template has. Raises `EvaluationError`."""
    value = evaluation.resolve(template.count, Subject(f"the count of `{template.name}`"))
    value = reveal(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise EvaluationError("a count is a whole number, zero or more")
    return value


def _offers(topology: Topology) -> dict[str, tuple[str, ...]]:
    """The templates that have a capability of a type, by the type's name, ancestors included."""
    offers: dict[str, dict[str, None]] = {}
    for name, template in topology.nodes.items():
        for capability in template.type.capabilities.values():
            for ancestor in capability.type.ancestors:
                offers.setdefault(ancestor, {})[name] = None
    return {type_name: tuple(names) for type_name, names in offers.items()}


def _capability(requirement: Requirement, target: NodeTemplate) -> str:
    found = matching(target.type, requirement.capability_type, requirement.capability)
    return found[0].name if found else "feature"


def _spread(
    instances: Sequence[Address], source: Address, index: int | None, count: int
) -> Sequence[Address]:
    """The instances of a target that one instance of a source is linked to.

    With an index, that one; else the one of the source's own index, and so round for more.
    """
    if not instances:
        return ()
    first = index if index is not None else (source.index or 0)
    size = len(instances)
    return [instances[(first + step) % size] for step in range(min(max(count, 1), size))]


def _unfulfilled(requirement: Requirement, source: Address) -> Diagnostic:
    wanted = [f"of type `{requirement.node_type}`"] if requirement.node_type else []
    if requirement.capability_type:
        wanted.append(f"with a capability of type `{requirement.capability_type}`")
    if requirement.node_filters:
        wanted.append("that passes its node filter")
    return UNFULFILLED_REQUIREMENT.at(
        requirement.span,
        f"requirement `{requirement.name}` of `{source}` needs a node "
        + ", ".join(wanted)
        + ", and the service has none",
    )


def _ambiguous(
    requirement: Requirement, source: Address, found: Sequence[str], taken: Sequence[str]
) -> Diagnostic:
    names = ", ".join(f"`{name}`" for name in found[:_NAMED])
    more = ", ..." if len(found) > _NAMED else ""
    chosen = ", ".join(f"`{name}`" for name in taken)
    return AMBIGUOUS_REQUIREMENT.at(
        requirement.span,
        f"requirement `{requirement.name}` of `{source}` can be fulfilled by {names}{more}; "
        f"{chosen} {'was' if len(taken) == 1 else 'were'} chosen, first in the service",
        hint="name the node that is meant",
    )
