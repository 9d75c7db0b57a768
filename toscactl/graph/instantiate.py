"""The stage: a topology and its inputs as instances, in the order of need."""

from collections.abc import Iterable, Iterator, Mapping

from toscactl import document
from toscactl.address import Address
from toscactl.diagnostics import Checked, Diagnostic, Rule, Severity
from toscactl.graph.evaluation import EVALUATION_FAILED, Edge, Evaluation, Subject
from toscactl.graph.fulfilment import Fulfilment, count_of
from toscactl.graph.inputs import read_inputs
from toscactl.graph.model import (
    Capability,
    Instance,
    InstanceGraph,
    Output,
    Relationship,
)
from toscactl.graph.operations import artifact, operations_of_edge, operations_of_node, values
from toscactl.graph.ordering import in_order
from toscactl.graph.policies import group, policy
from toscactl.topology import Assigned, NodeTemplate, Topology
from toscactl.values import Call, EvaluationError, Value, is_sensitive, walk

IGNORED_DIRECTIVE = Rule(
    "ignored-directive",
    "A node is to be selected or substituted, and is created from its template instead.",
    Severity.WARNING,
)

_EARLIER = frozenset({"create", "configure"})


def instantiate(
    topology: Topology,
    given: Mapping[str, document.Node],
    *,
    service: str,
    parameters: bool = False,
) -> Checked[InstanceGraph]:
    """The instances of a service, every value evaluated as far as it can be.

    `service` is its name where the text gives none. With `parameters`, inputs stay open
    (`InputOf`) and none is missing, for targets that have parameters of their own.
    """
    with document.collector_paused():
        return _instantiate(topology, given, service, parameters=parameters)


def _instantiate(
    topology: Topology, given: Mapping[str, document.Node], service: str, *, parameters: bool
) -> Checked[InstanceGraph]:
    found: list[Diagnostic] = []
    inputs = read_inputs(topology, given, found, optional=parameters)
    addresses: dict[str, tuple[Address, ...]] = {}
    evaluation = Evaluation(topology, inputs, addresses, parameters=parameters)
    if not any(diagnostic.severity is Severity.ERROR for diagnostic in found):
        # How many there are must be known, even where inputs stay open.
        counting = Evaluation(topology, inputs, addresses, parameters=False)
        for template in topology.nodes.values():
            addresses[template.name] = tuple(_addresses(template, counting))
            found.extend(_directives(template))
        graph, problems = _graph(evaluation, service)
        found.extend((*counting.found, *problems))
    else:
        # Values would only say again what the inputs lack.
        graph = InstanceGraph(
            topology.name or service, topology.description, topology.version, {}, inputs
        )
    return Checked(graph, tuple(_distinct(found)))


def _graph(evaluation: Evaluation, service: str) -> tuple[InstanceGraph, list[Diagnostic]]:
    topology = evaluation.topology
    fulfilment = Fulfilment(topology, evaluation)
    evaluation.edges = fulfilment.edges
    made: dict[Address, Instance] = {}
    for name in _by_need(topology):
        for address in evaluation.addresses[name]:
            made[address] = _instance(evaluation, address)
    in_text = {
        address: made[address] for name in topology.nodes for address in evaluation.addresses[name]
    }
    problems: list[Diagnostic] = []
    instances = in_order(in_text, problems)
    graph = InstanceGraph(
        topology.name or service,
        topology.description,
        topology.version,
        instances,
        evaluation.inputs,
        dict(_outputs(evaluation)),
        tuple(policy(evaluation, each) for each in topology.policies.values()),
        tuple(group(evaluation, each) for each in topology.groups.values()),
        topology.metadata,
    )
    return graph, [*evaluation.found, *fulfilment.found, *problems]


def _addresses(template: NodeTemplate, evaluation: Evaluation) -> Iterator[Address]:
    """One address, or an indexed one for each instance if a count was written."""
    if template.count == 1:
        yield Address(template.name)
        return
    try:
        count = count_of(template, evaluation)
    except EvaluationError as problem:
        message = f"the count of `{template.name}` cannot be computed: {problem}"
        evaluation.found.append(EVALUATION_FAILED.at(template.span, message))
        count = 1
    for index in range(count):
        yield Address(template.name, index)


def _directives(template: NodeTemplate) -> Iterator[Diagnostic]:
    for directive in template.directives:
        if directive != "create":
            yield IGNORED_DIRECTIVE.at(
                template.span,
                f"`{template.name}` has the directive `{directive}`, "
                "but there is nothing to choose from; it is created as it stands",
            )


def _by_need(topology: Topology) -> list[str]:
    """The templates, those that others refer to first.

    Values are evaluated when they are asked for; in this order a long chain of references is
    met at its end, so that its length costs no stack.
    """
    order: dict[str, None] = {}
    for start in topology.nodes:
        stack = [(start, iter(_referred(topology, start)))]
        entered = {start}
        while stack:
            name, onward = stack[-1]
            following = next((n for n in onward if n not in order and n not in entered), None)
            if following is None:
                order.setdefault(name)
                stack.pop()
            else:
                entered.add(following)
                stack.append((following, iter(_referred(topology, following))))
    return list(order)


def _referred(topology: Topology, name: str) -> Iterator[str]:
    """The templates that a template names, in requirements and in functions."""
    template = topology.nodes[name]
    for requirement in template.requirements:
        if requirement.target is not None:
            yield requirement.target
    for assigned in _assigned(template):
        if isinstance(assigned.value, str):
            continue
        for part in walk(assigned.value):
            if isinstance(part, Call) and part.arguments:
                named = part.arguments[0]
                if isinstance(named, str) and named in topology.nodes:
                    yield named


def _assigned(template: NodeTemplate) -> Iterator[Assigned]:
    yield from template.properties.values()
    yield from template.attributes.values()
    for capability in template.capabilities.values():
        yield from capability.properties.values()


def _instance(evaluation: Evaluation, address: Address) -> Instance:
    template = evaluation.template(address)
    subject = Subject(f"node `{address}`", address)
    edges = evaluation.edges(address)
    return Instance(
        address,
        template.type.ancestors,
        template.span.place,
        template.description,
        template.metadata,
        _members(evaluation, address, template.properties),
        values(evaluation, template.attributes, subject),
        {
            name: assigned.span.place
            for name, assigned in template.properties.items()
            if assigned.span is not None and not assigned.is_default
        },
        {name: _capability(evaluation, address, name) for name in template.capabilities},
        tuple(_relationship(evaluation, edge) for edge in edges),
        operations_of_node(evaluation, address),
        {name: artifact(evaluation, each, subject) for name, each in template.artifacts.items()},
    )


def _members(
    evaluation: Evaluation,
    address: Address,
    assigned: Mapping[str, Assigned],
    capability: str | None = None,
) -> dict[str, Value]:
    """The properties that have a value; one that cannot be computed was reported."""
    found: dict[str, Value] = {}
    for name in assigned:
        value = evaluation.property_of(address, name, capability)
        if value is not None:
            found[name] = value
    return found


def _capability(evaluation: Evaluation, address: Address, name: str) -> Capability:
    capability = evaluation.template(address).capabilities[name]
    subject = Subject(f"capability `{name}` of node `{address}`", address, capability=name)
    return Capability(
        name,
        capability.definition.type.ancestors,
        _members(evaluation, address, capability.properties, name),
        values(evaluation, capability.attributes, subject),
        None if capability.span is None else capability.span.place,
    )


def _relationship(evaluation: Evaluation, edge: Edge) -> Relationship:
    requirement = edge.requirement
    template = requirement.relationship
    subject = Subject(
        f"requirement `{requirement.name}` of node `{edge.source}`", edge.source, edge
    )
    return Relationship(
        requirement.name,
        edge.source,
        edge.target,
        edge.capability,
        template.type.ancestors,
        requirement.span.place,
        template.name,
        values(evaluation, template.properties, subject),
        values(evaluation, template.attributes, subject),
        operations_of_edge(evaluation, edge),
        _after(evaluation.template(edge.source), edge),
    )


def _after(template: NodeTemplate, edge: Edge) -> str | None:
    """Metadata `after` of a requirement, or `toscactl.<requirement>.after` of its node."""
    requirement = edge.requirement
    written = template.metadata.get(f"toscactl.{requirement.name}.after")
    if written is None:
        written = requirement.definition.metadata.get("after")
    return str(written) if written in _EARLIER else None


def _outputs(evaluation: Evaluation) -> Iterator[tuple[str, Output]]:
    for name, parameter in evaluation.topology.outputs.items():
        value: Value = None
        if parameter.value is not None:
            subject = Subject(f"output `{name}`", may_lack=True)
            value = evaluation.value_of(parameter.value, subject)
        yield (
            name,
            Output(
                name,
                value,
                parameter.span.place,
                parameter.definition.description,
                parameter.sensitive or is_sensitive(value),
            ),
        )


def _distinct(found: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """Each finding once, however many instances or look-ups met it."""
    seen: set[tuple[str, str, int, str]] = set()
    for diagnostic in found:
        span = diagnostic.span
        at = ("", 0) if span is None else (span.source.name, span.start)
        key = (diagnostic.rule.name, *at, diagnostic.message)
        if key not in seen:
            seen.add(key)
            yield diagnostic
