"""Which capability of its target a requirement is for (TOSCA 1.3, 3.7.2, 3.7.3, 3.8.2)."""

from collections.abc import Iterator
from dataclasses import dataclass

from toscactl import definitions
from toscactl.definitions import TypeKind
from toscactl.diagnostics import Diagnostic, Rule, closest
from toscactl.source import Span
from toscactl.topology.scope import Scope, did_you_mean
from toscactl.typesystem import CapabilityDefinition, NodeType, RequirementDefinition

INCOMPATIBLE_CAPABILITY = Rule(
    "incompatible-capability", "The target of a requirement has no capability that satisfies it."
)
UNKNOWN_TARGET_CAPABILITY = Rule(
    "unknown-target-capability", "A requirement names a capability that its target does not have."
)
INVALID_SOURCE = Rule(
    "invalid-source", "A capability does not accept relationships from this type of node."
)


@dataclass(frozen=True, slots=True)
class Target:
    """Who is to fulfil a requirement, as far as its assignment and definition say."""

    template: str | None
    type: NodeType | None
    type_name: str | None
    span: Span


def capability_of(
    scope: Scope,
    node: definitions.NodeTemplateDef,
    definition: RequirementDefinition,
    written: definitions.RequirementAssignmentDef,
    target: Target,
) -> tuple[str | None, str | None]:
    """The name of the target's capability where it is known, and the type that it must have."""
    required = definition.capability
    name = written.capability
    symbolic = definition.capability_name
    if name is not None:
        offered = None if target.type is None else target.type.capabilities.get(name.text)
        if offered is not None:
            symbolic = name.text
        elif scope.types.knows(TypeKind.CAPABILITY, name):
            required, symbolic = scope.types.capability_type(name).value, None
        elif target.type is not None and not target.type.broken:
            scope.report(_unknown_capability(name, target.type))
            return None, None
        else:
            return name.text, None if required is None else required.name
    type_name = None if required is None or required.broken else required.name
    if target.type is None or target.type.broken or (required is not None and required.broken):
        return symbolic, type_name
    candidates = matching(target.type, type_name, symbolic)
    # Of a node of the wrong type, that is all there is to say.
    right = definition.node is None or target.type.is_a(definition.node)
    if not candidates:
        if not right:
            return symbolic, type_name
        if target.template is not None or written.node is not None or name is not None:
            scope.report(_incompatible(definition, target, target.type, (type_name, symbolic)))
            return None, type_name
        return symbolic, type_name
    source = scope.node_types[node.name.text]
    accepting = [item for item in candidates if accepts(item, source)]
    if not accepting and right:
        scope.report(_invalid_source(candidates[0], source, definition, target))
    chosen = (accepting or candidates)[0]
    return (chosen.name if target.template is not None else symbolic), type_name


def matching(
    type_: NodeType, capability_type: str | None, name: str | None
) -> list[CapabilityDefinition]:
    """The capabilities that satisfy a requirement: those of the very type before derived ones."""
    found = [
        capability
        for capability in type_.capabilities.values()
        if (name is None or capability.name == name)
        and (capability_type is None or capability.type.is_a(capability_type))
    ]
    return sorted(found, key=lambda item: item.type.name != capability_type)


def accepts(capability: CapabilityDefinition, source: NodeType) -> bool:
    """Whether a capability accepts relationships from nodes of a type (`valid_source_types`)."""
    for valid in (capability.valid_source_node_types, capability.type.valid_source_node_types):
        if valid and not any(source.is_a(name) for name in valid):
            return False
    return True


def _unknown_capability(name: definitions.Name, type_: NodeType) -> Iterator[Diagnostic]:
    known = ", ".join(f"`{other}`" for other in type_.capabilities)
    yield UNKNOWN_TARGET_CAPABILITY.at(
        name.span,
        f"node type `{type_.name}` has no capability `{name.text}`, "
        "and there is no capability type of that name",
        hint=did_you_mean(closest(name.text, type_.capabilities))
        or (f"its capabilities are {known}" if known else None),
    )


def _incompatible(
    definition: RequirementDefinition,
    target: Target,
    type_: NodeType,
    wanted: tuple[str | None, str | None],
) -> Iterator[Diagnostic]:
    """`wanted` is the type and the name of the capability that is asked for."""
    capability_type, name = wanted
    what = f"a capability `{name}`" if name else "a capability"
    of_type = f" of type `{capability_type}`" if capability_type else ""
    who = f"`{target.template}`" if target.template else "the type"
    known = ", ".join(f"`{c.name}` ({c.type.name})" for c in type_.capabilities.values())
    yield INCOMPATIBLE_CAPABILITY.at(
        target.span,
        f"requirement `{definition.name}` needs {what}{of_type}, "
        f"but {who} of type `{type_.name}` has none",
        hint=f"its capabilities are {known}" if known else "it has no capabilities",
    )


def _invalid_source(
    capability: CapabilityDefinition,
    source: NodeType,
    definition: RequirementDefinition,
    target: Target,
) -> Iterator[Diagnostic]:
    valid = capability.valid_source_node_types or capability.type.valid_source_node_types
    yield INVALID_SOURCE.at(
        target.span,
        f"capability `{capability.name}` does not accept `{source.name}` "
        f"as the source of requirement `{definition.name}`",
        hint="it accepts " + ", ".join(f"`{name}`" for name in valid),
    )
