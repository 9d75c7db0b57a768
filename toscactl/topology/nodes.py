"""Node templates: copies, directives, properties, capabilities, artifacts (TOSCA 1.3, 3.8.3)."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from toscactl import definitions, document
from toscactl.definitions import Dialect
from toscactl.diagnostics import Diagnostic, Rule, Severity, closest
from toscactl.topology.artifacts import artifact
from toscactl.topology.assignments import ATTRIBUTE, OPEN_PROPERTY, PROPERTY, assign, undeclared
from toscactl.topology.filters import check_filter
from toscactl.topology.model import Artifact, Assigned, Capability, NodeTemplate
from toscactl.topology.operations import Place, operations
from toscactl.topology.relationships import check_copy
from toscactl.topology.requirements import requirements
from toscactl.topology.scope import Owner, Scope, did_you_mean, is_found_elsewhere
from toscactl.typesystem import CapabilityDefinition, CapabilityType, NodeType, metadata_of, untyped
from toscactl.values import Value

UNKNOWN_CAPABILITY = Rule(
    "unknown-capability", "A capability is assigned that the node's type does not have."
)
UNKNOWN_DIRECTIVE = Rule("unknown-directive", "A directive is none of those that the standard has.")
MISPLACED_NODE_FILTER = Rule(
    "misplaced-node-filter",
    "A node template has a node filter, but no directive that would use it.",
    Severity.WARNING,
    lenient=True,
)
BAD_COUNT = Rule("bad-count", "A count is not a whole number, zero or more.")

_DIRECTIVES: Mapping[Dialect, tuple[str, ...]] = {
    Dialect.V1_0: ("substitutable", "selectable", "substitute", "select"),
    Dialect.V1_1: ("substitutable", "selectable", "substitute", "select"),
    Dialect.V1_2: ("substitutable", "selectable", "substitute", "select"),
    Dialect.V1_3: ("substitute", "select", "substitutable", "selectable"),
    Dialect.V2_0: ("create", "select", "substitute"),
}


def copied_nodes(
    service: definitions.ServiceTemplateDef, found: list[Diagnostic]
) -> dict[str, definitions.NodeTemplateDef]:
    """The node templates, `copy` carried out."""
    templates = service.node_templates
    result: dict[str, definitions.NodeTemplateDef] = {}
    for name, template in templates.items():
        if template.copy is None:
            result[name] = template
            continue
        source = templates.get(template.copy.text)
        again = None if source is None else source.copy
        found.extend(check_copy(template.copy, source, again, templates))
        if source is not None:
            # A copy of a copy is reported; what it lacks for that is not to be reported as well.
            template = _merged(result.get(source.name.text, source), template)  # noqa: PLW2901
        result[name] = template
    return result


def _merged(
    source: definitions.NodeTemplateDef, own: definitions.NodeTemplateDef
) -> definitions.NodeTemplateDef:
    """What is written in the copy goes before what it copies, name by name."""
    overridden = {requirement.name.text for requirement in own.requirements}
    kept = tuple(r for r in source.requirements if r.name.text not in overridden)
    return replace(
        source,
        name=own.name,
        span=own.span,
        type=own.type or source.type,
        description=own.description or source.description,
        metadata={**source.metadata, **own.metadata},
        directives=own.directives or source.directives,
        properties={**source.properties, **own.properties},
        attributes={**source.attributes, **own.attributes},
        capabilities={**source.capabilities, **own.capabilities},
        requirements=(*kept, *own.requirements),
        interfaces={**source.interfaces, **own.interfaces},
        artifacts={**source.artifacts, **own.artifacts},
        node_filter=own.node_filter or source.node_filter,
        count=source.count if own.count is None else own.count,
        copy=None,
    )


def node_template(scope: Scope, node: definitions.NodeTemplateDef) -> NodeTemplate:
    """A node template with everything in it bound, coerced and checked."""
    type_ = scope.node_types[node.name.text]
    owner = Owner(f"node `{node.name.text}`", node.name.text)
    scope.report(_directives(scope, node))
    place = node.name.span
    found_elsewhere = is_found_elsewhere(node.directives)
    if type_.broken:
        properties = _anything(scope, node.properties, owner)
        attributes = _anything(scope, node.attributes, owner)
    else:
        kind = replace(PROPERTY, missing=None) if found_elsewhere else PROPERTY
        properties = assign(scope, kind, type_.properties, node.properties, owner, place)
        attributes = assign(scope, ATTRIBUTE, type_.attributes, node.attributes, owner, place)
    artifacts = _artifacts(scope, node, type_, owner)
    if node.node_filter is not None:
        scope.report(_node_filter(node, node.node_filter, type_))
    return NodeTemplate(
        node.name.text,
        type_,
        node.name.span,
        node.description,
        metadata_of(node.metadata),
        tuple(name.text for name in node.directives),
        properties,
        attributes,
        _capabilities(scope, node, type_),
        requirements(scope, node),
        operations(
            scope,
            Place(owner, artifacts),
            type_.interfaces,
            [node.interfaces],
            anything=type_.broken,
        ),
        artifacts,
        node.node_filter,
        _count(scope, node, owner),
    )


def _anything(
    scope: Scope, given: Mapping[str, definitions.AssignmentDef], owner: Owner
) -> dict[str, Assigned]:
    """Values of a node whose type is unknown, so that functions elsewhere still find them."""
    values = {name: undeclared(scope, assignment, owner) for name, assignment in given.items()}
    return {name: value for name, value in values.items() if value is not None}


def _directives(scope: Scope, node: definitions.NodeTemplateDef) -> Iterator[Diagnostic]:
    known = _DIRECTIVES[scope.types.bundle.dialect]
    for name in node.directives:
        if name.text not in known:
            yield UNKNOWN_DIRECTIVE.at(
                name.span,
                f"there is no directive `{name.text}`",
                hint=did_you_mean(closest(name.text, known))
                or "it is one of " + ", ".join(f"`{other}`" for other in known[:3]),
            )


def _node_filter(
    node: definitions.NodeTemplateDef, filter_: definitions.NodeFilterDef, type_: NodeType
) -> Iterator[Diagnostic]:
    yield from check_filter(filter_, type_)
    if not is_found_elsewhere(node.directives):
        yield MISPLACED_NODE_FILTER.at(
            filter_.span,
            f"node `{node.name.text}` is created, not selected, so its node filter has no use",
            hint="add `directives: [ select ]`",
        )


def _capabilities(
    scope: Scope, node: definitions.NodeTemplateDef, type_: NodeType
) -> dict[str, Capability]:
    declared: Mapping[str, CapabilityDefinition] = type_.capabilities
    if type_.broken:
        declared = {name: _stand_in(name) for name in node.capabilities}
    scope.report(_unknown_capabilities(node, declared))
    result: dict[str, Capability] = {}
    for name, definition in declared.items():
        written = node.capabilities.get(name)
        span = node.name.span if written is None else written.name.span
        what = f"capability `{name}` of node `{node.name.text}`"
        owner = Owner(what, node.name.text, capability=name)
        given = {} if written is None else written.properties
        attributes = {} if written is None else written.attributes
        if definition.type.broken:
            values = _anything(scope, given, owner)
            initial = _anything(scope, attributes, owner)
        else:
            # An optional capability that nobody wrote is not there, so it needs no values.
            optional = written is None and definition.occurrences.lower == 0
            found_elsewhere = is_found_elsewhere(node.directives)
            kind = PROPERTY
            if optional or found_elsewhere:
                kind = replace(PROPERTY, missing=None)
            elif written is None and scope.types.bundle.dialect is not Dialect.V2_0:
                kind = OPEN_PROPERTY
            values = assign(scope, kind, definition.properties, given, owner, span)
            initial = assign(scope, ATTRIBUTE, definition.attributes, attributes, owner, span)
        result[name] = Capability(
            name, definition, None if written is None else written.name.span, values, initial
        )
    return result


def _stand_in(name: str) -> CapabilityDefinition:
    type_ = CapabilityType(name, None, None, ancestors=(name,), broken=True)
    return CapabilityDefinition(name, None, type_)


def _unknown_capabilities(
    node: definitions.NodeTemplateDef, declared: Mapping[str, CapabilityDefinition]
) -> Iterator[Diagnostic]:
    for name, written in node.capabilities.items():
        if name not in declared:
            known = ", ".join(f"`{other}`" for other in declared)
            yield UNKNOWN_CAPABILITY.at(
                written.name.span,
                f"node `{node.name.text}` has no capability `{name}`",
                hint=did_you_mean(closest(name, declared))
                or (f"its capabilities are {known}" if known else None),
            )


def _artifacts(
    scope: Scope, node: definitions.NodeTemplateDef, type_: NodeType, owner: Owner
) -> dict[str, Artifact]:
    """The artifacts of the template and, unless redefined there, of its type."""
    return {
        name: artifact(scope, definition, owner)
        for name, definition in {**type_.artifacts, **node.artifacts}.items()
    }


def _count(scope: Scope, node: definitions.NodeTemplateDef, owner: Owner) -> Value:
    """How many instances of a template there are (2.0, 8.2.2)."""
    if node.count is None:
        return 1
    value = untyped(node.count)
    scope.visit(node.count, value, owner)
    known = isinstance(node.count, document.Scalar)
    if known and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
        message = f"the count of node `{node.name.text}` is no whole number"
        scope.report([BAD_COUNT.at(node.count.span, message)])
        return 1
    return value
