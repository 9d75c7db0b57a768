"""Requirements: what a node template needs, and of whom (TOSCA 1.3, 3.8.2; 2.0, 8.7)."""

from collections.abc import Iterator

from toscactl import definitions, document
from toscactl.definitions import TypeKind
from toscactl.diagnostics import Diagnostic, Note, Rule, Severity, closest
from toscactl.topology.capabilities import Target, capability_of
from toscactl.topology.filters import check_filter
from toscactl.topology.model import RelationshipTemplate, Requirement
from toscactl.topology.relationships import of_requirement
from toscactl.topology.scope import Owner, Scope, did_you_mean, is_found_elsewhere
from toscactl.typesystem import (
    NodeType,
    RequirementDefinition,
    Type,
    untyped,
)
from toscactl.values import Value

UNKNOWN_REQUIREMENT = Rule(
    "unknown-requirement", "A requirement is assigned that the node's type does not have."
)
UNKNOWN_NODE = Rule(
    "unknown-node", "A requirement names neither a node template nor a node type that exists."
)
INCOMPATIBLE_NODE = Rule(
    "incompatible-node", "The target of a requirement is not of the node type that is required."
)
INCOMPATIBLE_RELATIONSHIP = Rule(
    "incompatible-relationship",
    "The relationship of a requirement is not of the type that its definition asks for.",
    Severity.WARNING,
    lenient=True,
)
INVALID_RELATIONSHIP_TARGET = Rule(
    "invalid-relationship-target",
    "A relationship leads to a capability or node of a type that it does not allow.",
    Severity.WARNING,
    lenient=True,
)
TOO_MANY_REQUIREMENTS = Rule(
    "too-many-requirements", "A requirement is assigned more often than its definition allows."
)
DANGLING_REQUIREMENT = Rule(
    "dangling-requirement",
    "A requirement has no target in the service; it is left to the orchestrator.",
    Severity.WARNING,
)

HOSTED_ON = "tosca.relationships.HostedOn"


def requirements(scope: Scope, node: definitions.NodeTemplateDef) -> tuple[Requirement, ...]:
    """All requirements of a node template, those that its type alone asks for too."""
    type_ = scope.node_types[node.name.text]
    result = [
        requirement
        for written in node.requirements
        for requirement in _assigned(scope, node, type_, written)
    ]
    if not type_.broken:
        scope.report(_too_many(node, type_, result))
        result.extend(_implicit(scope, node, type_, result))
    return tuple(result)


def _assigned(
    scope: Scope,
    node: definitions.NodeTemplateDef,
    type_: NodeType,
    written: definitions.RequirementAssignmentDef,
) -> Iterator[Requirement]:
    definition = type_.requirements.get(written.name.text)
    if definition is None:
        if not type_.broken:
            scope.report(_unknown(node, type_, written.name))
            return
        definition = RequirementDefinition(written.name.text, None, None)
    target = _target(scope, definition, written)
    if target is None:
        return
    capability, capability_type = capability_of(scope, node, definition, written, target)
    owner = Owner(
        f"requirement `{written.name.text}` of node `{node.name.text}`",
        node.name.text,
        target=target.template,
    )
    relationship = of_requirement(scope, definition, written.relationship, owner, written.span)
    scope.report(_check_relationship(definition, written, relationship))
    scope.report(_check_ends(relationship, target, capability, type_))
    if target.type is not None and written.node_filter is not None:
        scope.report(check_filter(written.node_filter, target.type))
    own = () if written.node_filter is None else (written.node_filter,)
    requirement = Requirement(
        written.name.text,
        written.span,
        definition,
        relationship,
        target.template,
        None if written.node_index is None else untyped(written.node_index),
        target.type_name,
        capability,
        capability_type,
        (*definition.node_filters, *own),
        _count(written),
        _is_optional(definition, written),
    )
    if (
        target.template is None
        and not requirement.optional
        and not is_found_elsewhere(node.directives)
    ):
        scope.report(_dangling(scope, node, requirement))
    yield requirement


def _unknown(
    node: definitions.NodeTemplateDef, type_: NodeType, name: definitions.Name
) -> Iterator[Diagnostic]:
    known = ", ".join(f"`{other}`" for other in type_.requirements)
    yield UNKNOWN_REQUIREMENT.at(
        name.span,
        f"node `{node.name.text}` of type `{type_.name}` has no requirement `{name.text}`",
        hint=did_you_mean(closest(name.text, type_.requirements))
        or (f"its requirements are {known}" if known else "its type has no requirements"),
    )


def _target(
    scope: Scope,
    definition: RequirementDefinition,
    written: definitions.RequirementAssignmentDef,
) -> Target | None:
    """None if a name that was written means nothing, which is reported."""
    name = written.node
    required = _node_type(scope, definition.node)
    if name is None:
        return Target(None, required, definition.node, written.span)
    if name.text in scope.nodes:
        type_ = scope.node_types[name.text]
        scope.report(_check_node(definition, type_, name, f"`{name.text}`"))
        return Target(name.text, type_, definition.node, name.span)
    if scope.types.knows(TypeKind.NODE, name):
        checked = scope.types.node_type(name)
        scope.report(checked.diagnostics)
        found = checked.value
        if required is None or not required.is_a(found.name):
            scope.report(_check_node(definition, found, name, "the type"))
        return Target(None, found, found.name, name.span)
    scope.report(_unknown_node(scope, name))
    return None


def _node_type(scope: Scope, name: str | None) -> NodeType | None:
    if name is None:
        return None
    found = scope.types.by_name(TypeKind.NODE, name)
    return found if isinstance(found, NodeType) else None


def _unknown_node(scope: Scope, name: definitions.Name) -> Iterator[Diagnostic]:
    hint = did_you_mean(closest(name.text, scope.nodes))
    if hint is None:
        found = scope.types.node_type(name).diagnostics
        hint = next((diagnostic.hint for diagnostic in found if diagnostic.hint), None)
    message = f"there is no node template or node type `{name.text}`"
    yield UNKNOWN_NODE.at(name.span, message, hint=hint)


def _check_node(
    definition: RequirementDefinition, type_: NodeType, name: definitions.Name, what: str
) -> Iterator[Diagnostic]:
    if definition.node is not None and not type_.is_a(definition.node):
        notes = [] if definition.span is None else [Note(definition.span, "declared here")]
        yield INCOMPATIBLE_NODE.at(
            name.span,
            f"requirement `{definition.name}` needs a node of type `{definition.node}`, "
            f"but {what} is `{type_.name}`",
            notes=notes,
        )


def _check_relationship(
    definition: RequirementDefinition,
    written: definitions.RequirementAssignmentDef,
    relationship: RelationshipTemplate,
) -> Iterator[Diagnostic]:
    expected, given = definition.relationship, relationship.type
    if expected is None or expected.broken or given.broken or given.is_a(expected.name):
        return
    span = written.span if written.relationship is None else written.relationship.span
    yield INCOMPATIBLE_RELATIONSHIP.at(
        span,
        f"requirement `{definition.name}` is declared with relationship `{expected.name}`, "
        f"from which `{given.name}` is not derived",
    )


def _check_ends(
    relationship: RelationshipTemplate, target: Target, capability: str | None, source: NodeType
) -> Iterator[Diagnostic]:
    """What a relationship type allows at its ends (`valid_target_types` of 1.x: capabilities)."""
    type_ = relationship.type
    if target.type is None or target.type.broken or type_.broken or source.broken:
        return
    offered = None if capability is None else target.type.capabilities.get(capability)
    ends: list[tuple[str, Type, tuple[str, ...]]] = [
        ("target", target.type, type_.valid_target_node_types),
        ("source", source, type_.valid_source_node_types),
    ]
    if offered is not None:
        ends.append((f"capability `{offered.name}`", offered.type, type_.valid_capability_types))
    for what, end, valid in ends:
        if valid and not any(end.is_a(name) for name in valid):
            yield INVALID_RELATIONSHIP_TARGET.at(
                target.span,
                f"relationship `{type_.name}` does not allow a {what} of type `{end.name}`",
                hint="it allows " + ", ".join(f"`{name}`" for name in valid),
            )


def _count(written: definitions.RequirementAssignmentDef) -> Value:
    """How many targets one assignment asks for: `count` of 2.0, the lower bound of 1.3."""
    if written.count is not None:
        return untyped(written.count)
    if written.occurrences is not None:
        return max(1, written.occurrences.lower)
    return 1


def _is_optional(
    definition: RequirementDefinition, written: definitions.RequirementAssignmentDef
) -> bool:
    if isinstance(written.optional, document.Scalar):
        return document.core_value(written.optional) is True
    if written.occurrences is not None:
        return written.occurrences.lower == 0
    return written.node is None and definition.count_range.lower == 0


def _too_many(
    node: definitions.NodeTemplateDef, type_: NodeType, assigned: list[Requirement]
) -> Iterator[Diagnostic]:
    counts: dict[str, int] = {}
    for requirement in assigned:
        before = counts.get(requirement.name, 0)
        after = before + (requirement.count if isinstance(requirement.count, int) else 1)
        counts[requirement.name] = after
        upper = type_.requirements[requirement.name].count_range.upper
        if upper is not None and before <= upper < after:
            times = "once" if upper == 1 else f"{upper} times"
            yield TOO_MANY_REQUIREMENTS.at(
                requirement.span,
                f"node `{node.name.text}` assigns requirement `{requirement.name}` more often "
                f"than its type allows ({times} at most)",
            )


def _implicit(
    scope: Scope,
    node: definitions.NodeTemplateDef,
    type_: NodeType,
    assigned: list[Requirement],
) -> Iterator[Requirement]:
    """What the type asks for and nobody wrote: dangling requirements (2.0, 8.7.3)."""
    written = {requirement.name.text for requirement in node.requirements}
    written |= {requirement.name for requirement in assigned}
    for name, definition in type_.requirements.items():
        if definition.count_range.lower < 1 or name in written:
            continue
        owner = Owner(f"requirement `{name}` of node `{node.name.text}`", node.name.text)
        requirement = Requirement(
            name,
            node.name.span,
            definition,
            of_requirement(scope, definition, None, owner, node.name.span),
            node_type=definition.node,
            capability=definition.capability_name,
            capability_type=None if definition.capability is None else definition.capability.name,
            node_filters=definition.node_filters,
            implicit=True,
        )
        if says_by_whom(definition) and not is_found_elsewhere(node.directives):
            scope.report(_dangling(scope, node, requirement))
        yield requirement


def says_by_whom(definition: RequirementDefinition) -> bool:
    """Whether a definition says enough to be fulfilled where nobody assigned it.

    It names a node type, or it is about a host; `Container.Application.network`, which any
    endpoint would fulfil, is a place for an assignment and no more.
    """
    hosted = definition.relationship is not None and definition.relationship.is_a(HOSTED_ON)
    return definition.node is not None or hosted


def _dangling(
    scope: Scope, node: definitions.NodeTemplateDef, requirement: Requirement
) -> Iterator[Diagnostic]:
    if next(candidates(scope, node.name.text, requirement), None) is not None:
        return
    wanted = f"a node of type `{requirement.node_type}`" if requirement.node_type else "a node"
    if requirement.node_type is None and requirement.capability_type is not None:
        wanted += f" with a capability of type `{requirement.capability_type}`"
    yield DANGLING_REQUIREMENT.at(
        requirement.span,
        f"nothing in this service fulfils requirement `{requirement.name}` of node "
        f"`{node.name.text}`, which needs {wanted}; it is left to the orchestrator",
        hint="name a node template: `- " + requirement.name + ": <node>`",
    )


def candidates(scope: Scope, source: str, requirement: Requirement) -> Iterator[str]:
    """The node templates that could fulfil a dangling requirement, by their types alone."""
    offering = (
        scope.offers.get(requirement.capability_type, ())
        if requirement.capability_type is not None
        else tuple(scope.nodes)
    )
    for name in offering:
        type_ = scope.node_types[name]
        if name != source and (requirement.node_type is None or type_.is_a(requirement.node_type)):
            yield name
