"""Node filters: the properties that their conditions name must exist (TOSCA 1.3, 3.6.6)."""

from collections.abc import Iterator, Mapping

from toscactl import definitions
from toscactl.diagnostics import Diagnostic, Rule, closest
from toscactl.topology.scope import did_you_mean
from toscactl.typesystem import CapabilityDefinition, NodeType

UNKNOWN_FILTER_PROPERTY = Rule(
    "unknown-filter-property", "A node filter names a property that its target does not have."
)
UNKNOWN_FILTER_CAPABILITY = Rule(
    "unknown-filter-capability", "A node filter names a capability that its target does not have."
)


def check_filter(filter_: definitions.NodeFilterDef, type_: NodeType) -> Iterator[Diagnostic]:
    """What a filter says of nodes of a type, or of a type derived from it."""
    if type_.broken:
        return
    for condition in filter_.conditions:
        yield from _check_condition(condition, type_)


def _check_condition(condition: definitions.ConditionDef, type_: NodeType) -> Iterator[Diagnostic]:
    known: Mapping[str, object] = type_.properties
    of = f"node type `{type_.name}`"
    if condition.capability is not None:
        capability = filtered_capability(condition.capability.text, type_)
        if capability is None:
            near = closest(condition.capability.text, type_.capabilities)
            yield UNKNOWN_FILTER_CAPABILITY.at(
                condition.capability.span,
                f"{of} has no capability `{condition.capability.text}`",
                hint=did_you_mean(near),
            )
            return
        if capability.type.broken:
            return
        known = capability.properties
        of = f"capability `{capability.name}` of {of}"
    name = condition.property
    if name is not None and name.text not in known:
        yield UNKNOWN_FILTER_PROPERTY.at(
            name.span,
            f"{of} has no property `{name.text}`",
            hint=did_you_mean(closest(name.text, known)),
        )


def filtered_capability(name: str, type_: NodeType) -> CapabilityDefinition | None:
    """The capability that a filter means: by its name, else by its type (1.3, 3.6.6.1)."""
    if name in type_.capabilities:
        return type_.capabilities[name]
    return next(
        (
            capability
            for capability in type_.capabilities.values()
            if not capability.type.broken and names_type(name, capability.type.ancestors)
        ),
        None,
    )


def names_type(name: str, ancestors: tuple[str, ...]) -> bool:
    """Whether a name is one of these types, in full or by the short names of the profile."""
    short = name.removeprefix("tosca:")
    return name in ancestors or f"tosca.capabilities.{short}" in ancestors
