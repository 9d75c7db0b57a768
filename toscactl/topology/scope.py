"""What every check of a topology may look at, and where it reports to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import NoneType

from toscactl import definitions
from toscactl.diagnostics import Diagnostic
from toscactl.source import Source
from toscactl.topology.model import Assigned, Operation, Parameter, RelationshipTemplate
from toscactl.typesystem import (
    InterfaceDefinition,
    NodeType,
    PropertyDefinition,
    RelationshipType,
    TypeSystem,
)
from toscactl.values import Call, Value, walk


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose value it is: what SELF, SOURCE, TARGET and HOST mean in its functions.

    `node` is the name of a node template. For a relationship, `relationship` is its type, `node`
    its source and `target` the name of its target, None while that is not known.
    An owner without either is an output, a policy, a group or the like (`what`).
    """

    what: str
    node: str | None = None
    relationship: RelationshipType | None = None
    target: str | None = None
    capability: str | None = None
    """The node's capability whose value it is, if it is one's."""
    named: bool = False
    """It is a group or a policy, so that SELF means something, though no node."""

    @property
    def keywords(self) -> tuple[str, ...]:
        """The keywords that may stand in place of a template's name (1.3, 4.1)."""
        if self.relationship is not None:
            return ("SELF", "SOURCE", "TARGET")
        if self.node is not None:
            return ("SELF", "HOST")
        return ("SELF",) if self.named else ()


@dataclass(frozen=True, slots=True)
class Site:
    """A value that calls functions, to be checked when all templates are known."""

    expr: definitions.Expr
    value: Value
    owner: Owner


@dataclass(frozen=True, slots=True)
class Default:
    """The default of a definition, coerced, and whether it calls functions."""

    definition: PropertyDefinition
    assigned: Assigned
    expr: definitions.Expr
    calls: bool


@dataclass(frozen=True, slots=True)
class Scope:
    """The types, the template as written, and what was bound so far. Only `build` makes one."""

    types: TypeSystem
    service: definitions.ServiceTemplateDef
    locations: Mapping[int, str]
    """The location of each source, by its identity."""
    node_types: Mapping[str, NodeType]
    nodes: Mapping[str, definitions.NodeTemplateDef]
    """Node templates by name, `copy` carried out."""
    offers: Mapping[str, tuple[str, ...]]
    """The node templates that have a capability of a type, by the type's canonical name."""
    relationships: dict[str, RelationshipTemplate] = field(default_factory=dict)
    inputs: dict[str, Parameter] = field(default_factory=dict)
    found: list[Diagnostic] = field(default_factory=list)
    sites: list[Site] = field(default_factory=list)
    defaults: dict[int, Default] = field(default_factory=dict)
    """By the identity of the definition, which they keep alive."""
    idle: dict[int, tuple[InterfaceDefinition, tuple[Operation, ...] | None]] = field(
        default_factory=dict
    )
    """The operations of interfaces of which nothing runs, by the identity of the interface."""

    def report(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.found.extend(diagnostics)

    def visit(self, expr: definitions.Expr, value: Value, owner: Owner) -> None:
        """Remember a value to have its functions checked, if it calls any."""
        if has_calls(value):
            self.sites.append(Site(expr, value, owner))

    def location_of(self, source: Source) -> str:
        """What `Fetch.join` takes as the base for references written in a source."""
        return self.locations.get(id(source), source.name)


def has_calls(value: Value) -> bool:
    """Whether a value has a function call anywhere in it."""
    if isinstance(value, (str, int, float, NoneType)):
        return False
    return any(isinstance(part, Call) for part in walk(value))


def did_you_mean(found: str | None) -> str | None:
    return None if found is None else f"did you mean `{found}`?"


def is_found_elsewhere(directives: Iterable[definitions.Name]) -> bool:
    """Whether a node is not created from its template: it is selected or substituted."""
    return any(
        name.text in {"select", "selectable", "substitute", "substitutable"} for name in directives
    )
