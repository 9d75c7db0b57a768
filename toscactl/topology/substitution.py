"""Substitution mappings: each side of each mapping must exist (TOSCA 1.3, 3.8.8 to 3.8.13)."""

from collections.abc import Iterator, Mapping, Sequence

from toscactl import definitions, document
from toscactl.diagnostics import Diagnostic, Rule, Severity, closest
from toscactl.topology.filters import check_filter
from toscactl.topology.model import Topology
from toscactl.topology.scope import Scope, did_you_mean
from toscactl.typesystem import NodeType

UNKNOWN_MAPPING = Rule(
    "unknown-mapping", "A substitution maps something that the substituted type does not have."
)
NUMBERED_MAPPING = Rule(
    "numbered-mapping",
    "A requirement is mapped several times, under its name with numbers.",
    Severity.WARNING,
    lenient=True,
)
UNKNOWN_MAPPING_TARGET = Rule(
    "unknown-mapping-target", "A substitution maps to something that does not exist in the service."
)

_PAIR = 2


def check_substitution(
    scope: Scope, topology: Topology, substitution: definitions.SubstitutionDef
) -> Iterator[Diagnostic]:
    if substitution.node_type is None:
        return
    checked = scope.types.node_type(substitution.node_type)
    yield from checked.diagnostics
    type_ = checked.value
    if substitution.substitution_filter is not None:
        yield from check_filter(substitution.substitution_filter, type_)
    yield from _check_properties(topology, substitution.properties, type_)
    yield from _check_attributes(topology, substitution.attributes, type_)
    for mapping in substitution.capabilities:
        yield from _named(mapping, type_.capabilities, "capability", type_)
        yield from _member(scope, mapping, "capability")
    for mapping in substitution.requirements:
        yield from _named(mapping, type_.requirements, "requirement", type_)
        yield from _member(scope, mapping, "requirement")
    for mapping in substitution.interfaces:
        yield from _named(mapping, type_.interfaces, "interface", type_)
        yield from _workflows(scope, mapping)


def _named(
    mapping: definitions.MappingDef, known: Mapping[str, object], noun: str, type_: NodeType
) -> Iterator[Diagnostic]:
    name = mapping.name
    if type_.broken or not isinstance(name, document.Scalar) or name.text in known:
        return
    base, _, number = name.text.rpartition("_")
    if noun == "requirement" and number.isdigit() and base in known:
        message = f"`{name.text}` is read as one of several requirements `{base}`"
        yield NUMBERED_MAPPING.at(name.span, message)
        return
    yield UNKNOWN_MAPPING.at(
        name.span,
        f"node type `{type_.name}` has no {noun} `{name.text}`",
        hint=did_you_mean(closest(name.text, known)),
    )


def _path(expr: definitions.Expr) -> list[document.Scalar] | None:
    """The names of a list; None for anything else."""
    if not isinstance(expr, document.Sequence):
        return None
    return [item for item in expr.items if isinstance(item, document.Scalar)]


def _check_properties(
    topology: Topology, mappings: Sequence[definitions.MappingDef], type_: NodeType
) -> Iterator[Diagnostic]:
    """A property is mapped to an input, to a property of a node inside, or to a constant."""
    for mapping in mappings:
        yield from _named(mapping, type_.properties, "property", type_)
        path = _path(mapping.target)
        if path is None or not path:
            continue
        if len(path) == 1:
            yield from _target(path[0], topology.inputs, "input")
        elif path[0].text in topology.nodes:
            node = topology.nodes[path[0].text]
            if not node.type.broken and path[1].text not in node.capabilities:
                yield from _target(path[1], node.type.properties, f"property of `{node.name}`")
        else:
            yield from _target(path[0], topology.nodes, "node template")


def _check_attributes(
    topology: Topology, mappings: Sequence[definitions.MappingDef], type_: NodeType
) -> Iterator[Diagnostic]:
    """An attribute is mapped to an output (2.0), or to an attribute of a node inside (1.3)."""
    for mapping in mappings:
        known = {**type_.attributes, **type_.properties}
        yield from _named(mapping, known, "attribute", type_)
        path = _path(mapping.target)
        if path is not None and len(path) == 1:
            yield from _target(path[0], topology.outputs, "output")
        elif path:
            yield from _target(path[0], topology.nodes, "node template")


def _target(name: document.Scalar, known: Mapping[str, object], noun: str) -> Iterator[Diagnostic]:
    if name.text not in known:
        yield UNKNOWN_MAPPING_TARGET.at(
            name.span,
            f"there is no {noun} `{name.text}`",
            hint=did_you_mean(closest(name.text, known)),
        )


def _member(scope: Scope, mapping: definitions.MappingDef, noun: str) -> Iterator[Diagnostic]:
    """A capability or requirement is mapped to that of a node template: `[ node, name ]`."""
    path = _path(mapping.target)
    if path is None or len(path) < _PAIR:
        return
    node, name = path[0], path[1]
    if node.text not in scope.nodes:
        yield from _target(node, scope.nodes, "node template")
        return
    type_ = scope.node_types[node.text]
    known: Mapping[str, object] = type_.capabilities if noun == "capability" else type_.requirements
    if not type_.broken:
        yield from _target(name, known, f"{noun} of node `{node.text}`")


def _workflows(scope: Scope, mapping: definitions.MappingDef) -> Iterator[Diagnostic]:
    """An operation of an interface is mapped to a workflow of the service."""
    if not isinstance(mapping.target, document.Mapping):
        return
    for _, workflow in mapping.target:
        if isinstance(workflow, document.Scalar):
            yield from _target(workflow, scope.service.workflows, "workflow")
