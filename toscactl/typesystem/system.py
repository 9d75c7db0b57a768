"""`TypeSystem`: finds types by the names that stand in files, and binds each when first asked.

A bundled profile has some hundred types of which a service uses ten, so nothing is bound
before somebody asks for it; what was bound is kept.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar

from toscactl.definitions import Dialect, FunctionCall, Name, TypeDef, TypeKind
from toscactl.diagnostics import Checked, Diagnostic, Note, Rule, Severity, closest
from toscactl.loading import Bundle, Loaded
from toscactl.source import Source
from toscactl.typesystem.model import (
    ArtifactType,
    CapabilityType,
    DataType,
    GroupType,
    InterfaceType,
    NodeType,
    PolicyType,
    PropertyDefinition,
    RelationshipType,
    Type,
)
from toscactl.typesystem.primitives import PRIMITIVES, SINCE, broken_data_type
from toscactl.typesystem.scope import Detour, Scopes, is_bundled
from toscactl.values import Value

UNKNOWN_TYPE = Rule("unknown-type", "A name stands where a type is expected, and no type has it.")
CYCLIC_DERIVATION = Rule("cyclic-derivation", "A type is derived from itself.")
LATER_TYPE = Rule(
    "later-type",
    "A built-in type is used that came with a later version of the language.",
    Severity.WARNING,
    lenient=True,
)

SIBLING_IMPORT = Rule(
    "name-from-sibling-import",
    "A file uses a type that only the files beside it or above it import.",
    Severity.WARNING,
    lenient=True,
)
RENAMED_TYPE = Rule(
    "renamed-type",
    "A normative type is called by the name that it has in another version of the language.",
    Severity.WARNING,
    lenient=True,
)
NON_NORMATIVE_TYPE = Rule(
    "non-normative-type",
    "A type of the standard's examples is used, which the standard does not define for all.",
    Severity.WARNING,
    lenient=True,
)

_AnyType = TypeVar("_AnyType", bound=Type)

_STAND_INS: Mapping[TypeKind, type[Type]] = {
    TypeKind.ARTIFACT: ArtifactType,
    TypeKind.CAPABILITY: CapabilityType,
    TypeKind.INTERFACE: InterfaceType,
    TypeKind.RELATIONSHIP: RelationshipType,
    TypeKind.NODE: NodeType,
    TypeKind.GROUP: GroupType,
    TypeKind.POLICY: PolicyType,
}

_KIND_NAMES: Mapping[TypeKind, str] = {
    kind: kind.value.removesuffix("_types") + " type" for kind in TypeKind
}

_NOT_MADE = object()
_FIRST = Dialect.V1_0


def kind_name(kind: TypeKind) -> str:
    """A kind as messages speak of it: `node type`."""
    return _KIND_NAMES[kind]


@dataclass(frozen=True, slots=True)
class Binding:
    """What a binder is given: the definition, where it stands, its parent, where to report."""

    types: "TypeSystem"
    loaded: Loaded
    definition: TypeDef
    name: str
    """Canonical."""
    parent: Type | None
    ancestors: tuple[str, ...]
    broken: bool
    found: list[Diagnostic]

    @property
    def dialect(self) -> Dialect:
        return self.loaded.file.dialect


Binder: TypeAlias = Callable[[Binding], Type]
_Key: TypeAlias = tuple[TypeKind, str, str]


class TypeSystem:
    """All types that the files of a bundle can name.

    A lookup by a `Name` happens in the file where the name was written. A name that means no type
    gives a stand-in, `broken`, that accepts everything; the diagnostic comes with the answer.
    `found` takes the diagnostics of the lookups that are not `Checked`.
    """

    __slots__ = (
        "_binders", "_bound", "_by_name", "_canonical", "_clauses", "_defaults", "_detours",
        "_implied", "_pending", "bundle", "scopes",
    )  # fmt: skip

    def __init__(self, bundle: Bundle, binders: Mapping[TypeKind, Binder]) -> None:
        self.bundle = bundle
        self.scopes = Scopes(bundle)
        self._binders = binders
        self._bound: dict[_Key, Type] = {}
        self._by_name: dict[tuple[Source, TypeKind, str], Type] = {}
        self._canonical: dict[tuple[TypeKind, str], Type | None] = {}
        self._clauses: dict[tuple[FunctionCall, str], object] = {}
        self._defaults: dict[int, tuple[PropertyDefinition, Value]] = {}
        self._detours: set[tuple[str, TypeKind, str]] = set()
        self._implied: dict[str, str | None] | None = None
        self._pending: list[Callable[[], None]] | None = None

    def find(self, kind: TypeKind, name: Name) -> Checked[Type]:
        """The type of a kind that a name means where it was written, or a broken stand-in."""
        found: list[Diagnostic] = []
        type_ = self.resolve(kind, name, found)
        return Checked(type_, tuple(found))

    def node_type(self, name: Name) -> Checked[NodeType]:
        return self._typed(TypeKind.NODE, name, NodeType)

    def relationship_type(self, name: Name) -> Checked[RelationshipType]:
        return self._typed(TypeKind.RELATIONSHIP, name, RelationshipType)

    def capability_type(self, name: Name) -> Checked[CapabilityType]:
        return self._typed(TypeKind.CAPABILITY, name, CapabilityType)

    def interface_type(self, name: Name) -> Checked[InterfaceType]:
        return self._typed(TypeKind.INTERFACE, name, InterfaceType)

    def artifact_type(self, name: Name) -> Checked[ArtifactType]:
        return self._typed(TypeKind.ARTIFACT, name, ArtifactType)

    def data_type(self, name: Name) -> Checked[DataType]:
        return self._typed(TypeKind.DATA, name, DataType)

    def group_type(self, name: Name) -> Checked[GroupType]:
        return self._typed(TypeKind.GROUP, name, GroupType)

    def policy_type(self, name: Name) -> Checked[PolicyType]:
        return self._typed(TypeKind.POLICY, name, PolicyType)

    def _typed(self, kind: TypeKind, name: Name, class_: type[_AnyType]) -> Checked[_AnyType]:
        found: list[Diagnostic] = []
        type_ = self.resolve(kind, name, found)
        assert isinstance(type_, class_)
        return Checked(type_, tuple(found))

    def knows(self, kind: TypeKind, name: Name) -> bool:
        """Whether a name means a type of that kind where it was written; nothing is bound."""
        scope = self.scopes.of(name.source)
        return self.scopes.find(kind, name.text, scope) is not None or (
            kind is TypeKind.DATA and name.text.removeprefix("tosca:") in PRIMITIVES
        )

    def by_name(self, kind: TypeKind, text: str) -> Type | None:
        """The type of that canonical name, or of that name as the root file may write it."""
        known = self._canonical.get((kind, text))
        if known is None:
            known = self._canonical[kind, text] = self._by_canonical(kind, text)
        return known

    def _by_canonical(self, kind: TypeKind, text: str) -> Type | None:
        if kind is TypeKind.DATA and text in PRIMITIVES:
            return PRIMITIVES[text]
        root = self.bundle.root
        declared = self.scopes.declaration(kind, text) or self.scopes.find(kind, text, root)
        return None if declared is None else self._bind(kind, *declared, [])

    def names(self, kind: TypeKind) -> tuple[str, ...]:
        """The canonical names of all types of a kind, built-in ones included, sorted."""
        canonical = self.scopes.canonical
        declared = self.scopes.declared(kind)
        found = {
            canonical(kind, name, owner) for name, owners in declared.items() for owner in owners
        }
        if kind is TypeKind.DATA:
            dialect = self.bundle.dialect.value
            found.update(name for name in PRIMITIVES if SINCE.get(name, _FIRST).value <= dialect)
        return tuple(sorted(found))

    def resolve(self, kind: TypeKind, name: Name, found: list[Diagnostic]) -> Type:
        """`find` for those who gather diagnostics themselves."""
        key = (name.source, kind, name.text)
        known = self._by_name.get(key)
        if known is not None:
            return known
        scope = self.scopes.of(name.source)
        declared = self.scopes.find(kind, name.text, scope)
        if declared is not None:
            self._report_detour(kind, name, scope, declared, found)
            type_ = self._bind(kind, *declared, found)
        elif kind is TypeKind.DATA and (builtin := _builtin(name, scope, found)) is not None:
            return builtin
        else:
            self._report_unknown(kind, name, scope, found)
            return _stand_in(kind, name.text)
        self._by_name[key] = type_
        return type_

    def canonical(self, kind: TypeKind, name: Name, found: list[Diagnostic]) -> str | None:
        """The canonical name of the type that a name means; binds nothing. None: there is none."""
        scope = self.scopes.of(name.source)
        declared = self.scopes.find(kind, name.text, scope)
        if declared is None:
            self._report_unknown(kind, name, scope, found)
            return None
        loaded, definition = declared
        self._report_detour(kind, name, scope, declared, found)
        return self.scopes.canonical(kind, definition.name.text, loaded)

    def lineage(self, kind: TypeKind, canonical: str) -> tuple[str, ...]:
        """The canonical names of a type and of what it is derived from, nearest first.

        Binds nothing, so a binder may ask about a type that is just being bound.
        """
        return tuple(self._lineage(kind, canonical))

    def may_be_a(self, kind: TypeKind, canonical: str, ancestor: str) -> bool:
        """Whether a type is or is derived from another, or from one that is not defined."""
        lineage = self._lineage(kind, canonical)
        return ancestor in lineage or not all(lineage.values())

    def _lineage(self, kind: TypeKind, canonical: str) -> dict[str, bool]:
        """A type and its ancestors, and of each whether what it is derived from is defined."""
        names: dict[str, bool] = {}
        declared = self.scopes.declaration(kind, canonical)
        while declared is not None:
            loaded, definition = declared
            name = self.scopes.canonical(kind, definition.name.text, loaded)
            if name in names:
                break
            above = definition.derived_from
            declared = self.scopes.find(kind, above.text, loaded) if above is not None else None
            names[name] = above is None or declared is not None
        return names

    def bind_all(self, loaded: Loaded, found: list[Diagnostic]) -> None:
        """Bind every type that a file declares."""
        for kind, definitions in loaded.file.types.items():
            for definition in definitions.values():
                self._bind(kind, loaded, definition, found)

    def later(self, work: Callable[[], None]) -> None:
        """Do something when the types that are being bound have all got their shells.

        Data types may hold each other, so their members are filled in after they exist.
        """
        assert self._pending is not None
        self._pending.append(work)

    def _bind(
        self, kind: TypeKind, loaded: Loaded, definition: TypeDef, found: list[Diagnostic]
    ) -> Type:
        key = (kind, loaded.location, definition.name.text)
        known = self._bound.get(key)
        if known is not None:
            return known
        outermost = self._pending is None
        if self._pending is None:
            self._pending = []
        type_ = self._bind_chain(kind, loaded, definition, found)
        if outermost:
            for work in self._pending:
                work()
            self._pending = None
        return type_

    def _bind_chain(
        self, kind: TypeKind, loaded: Loaded, definition: TypeDef, found: list[Diagnostic]
    ) -> Type:
        """Bind a type after all that it is derived from: upwards first, so depth costs no stack."""
        chain: dict[_Key, tuple[Loaded, TypeDef]] = {}
        parent: Type | None = None
        while True:
            key = (kind, loaded.location, definition.name.text)
            if (parent := self._bound.get(key)) is not None:
                break
            chain[key] = (loaded, definition)
            above = definition.derived_from
            if above is None:
                break
            declared = self.scopes.find(kind, above.text, loaded)
            if declared is None:
                parent = self._parent_elsewhere(kind, above, loaded, found)
                break
            if (kind, declared[0].location, declared[1].name.text) in chain:
                found.append(_cycle(kind, above, definition))
                parent = _stand_in(kind, above.text)
                break
            self._report_detour(kind, above, loaded, declared, found)
            loaded, definition = declared
        for key, (where, what) in reversed(chain.items()):
            parent = self._bound[key] = self._bind_one(kind, where, what, parent, found)
        assert parent is not None
        return parent

    def _parent_elsewhere(
        self, kind: TypeKind, name: Name, scope: Loaded, found: list[Diagnostic]
    ) -> Type:
        """A parent that no file declares: a built-in data type, or none at all."""
        if kind is TypeKind.DATA:
            builtin = _builtin(name, scope, found)
            if builtin is not None:
                return builtin
        self._report_unknown(kind, name, scope, found)
        return _stand_in(kind, name.text)

    def _bind_one(
        self,
        kind: TypeKind,
        loaded: Loaded,
        definition: TypeDef,
        parent: Type | None,
        found: list[Diagnostic],
    ) -> Type:
        name = self.scopes.canonical(kind, definition.name.text, loaded)
        above = () if parent is None else parent.ancestors
        broken = parent is not None and parent.broken
        binding = Binding(self, loaded, definition, name, parent, (name, *above), broken, found)
        return self._binders[kind](binding)

    def _report_detour(
        self,
        kind: TypeKind,
        name: Name,
        scope: Loaded,
        declared: tuple[Loaded, TypeDef],
        found: list[Diagnostic],
    ) -> None:
        """What is to be said of a name that was found where it need not have been looked for."""
        detour = self.scopes.detour(kind, name.text, scope)
        if detour is None or (scope.location, kind, name.text) in self._detours:
            return
        self._detours.add((scope.location, kind, name.text))
        loaded, definition = declared
        what = f"{kind_name(kind)} `{name.text}`"
        if detour is Detour.SIBLING:
            message = f"{what} is not among what this file imports; it is that of another file"
            notes = (Note(definition.name.span, "it is declared here"),)
            found.append(SIBLING_IMPORT.at(name.span, message, notes=notes))
        elif detour is Detour.RENAMED:
            message = f"{what} is called `{definition.name.text}` in `{scope.file.dialect.value}`"
            found.append(RENAMED_TYPE.at(name.span, message))
        else:
            version = loaded.file.dialect.value
            message = f"{what} is only an example in the standard of `{version}`, not normative"
            found.append(NON_NORMATIVE_TYPE.at(name.span, message))

    def _report_unknown(
        self, kind: TypeKind, name: Name, scope: Loaded, found: list[Diagnostic]
    ) -> None:
        if self.scopes.is_incomplete(scope):
            return  # the import that was not found may have it, and is reported
        hint = None
        for other in TypeKind:
            if other is not kind and self.scopes.find(other, name.text, scope) is not None:
                hint = f"there is {_article(other)} of that name, but a {kind_name(kind)} is needed"
                break
        else:
            candidates: Iterable[str] = self.scopes.visible(kind, scope)
            if kind is TypeKind.DATA:
                candidates = (*PRIMITIVES, *candidates)
            derived = {
                definition.name.text
                for definition in scope.file.types.get(kind, {}).values()
                if definition.derived_from is name
            }
            meant = closest(name.text, (each for each in candidates if each not in derived))
            hint = None if meant is None else f"did you mean `{meant}`?"
        message = f"{kind_name(kind)} `{name.text}` is not defined"
        found.append(UNKNOWN_TYPE.at(name.span, message, hint=hint))

    def remembered_clause(
        self, clause: FunctionCall, type_name: str, make: Callable[[], object]
    ) -> object:
        """What was made of a validation clause for a type, made once."""
        key = (clause, type_name)
        made = self._clauses.get(key, _NOT_MADE)
        if made is _NOT_MADE:
            made = self._clauses[key] = make()
        return made

    def remembered_default(
        self, definition: PropertyDefinition, make: Callable[[], Value]
    ) -> Value:
        """The coerced default of a definition, made once."""
        known = self._defaults.get(id(definition))
        if known is None:
            # The definition is kept with its value, so that its id is not given to another.
            known = self._defaults[id(definition)] = (definition, make())
        return known[1]

    def implied_relationships(
        self, make: Callable[[], dict[str, str | None]]
    ) -> dict[str, str | None]:
        """The table of relationships that capability types imply, made once."""
        if self._implied is None:
            self._implied = make()
        return self._implied


def _builtin(name: Name, scope: Loaded, found: list[Diagnostic]) -> DataType | None:
    text = name.text.removeprefix("tosca:")
    since = SINCE.get(text)
    if since is not None and scope.file.dialect.value < since.value and not is_bundled(scope):
        message = (
            f"`{text}` is a type since `{since.value}`, this file says `{scope.file.dialect.value}`"
        )
        found.append(LATER_TYPE.at(name.span, message))
    return PRIMITIVES.get(text)


def _stand_in(kind: TypeKind, text: str) -> Type:
    if kind is TypeKind.DATA:
        return broken_data_type(text)
    class_ = _STAND_INS[kind]
    return class_(text, None, None, ancestors=(text,), broken=True)


def _cycle(kind: TypeKind, above: Name, definition: TypeDef) -> Diagnostic:
    own = definition.name.text
    via = "itself" if above.text == own else f"`{above.text}`, which is derived from it"
    return CYCLIC_DERIVATION.at(above.span, f"{kind_name(kind)} `{own}` is derived from {via}")


def _article(kind: TypeKind) -> str:
    name = kind_name(kind)
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


def letter_of(rule: Rule, dialect: Dialect) -> Rule:
    """A lenient rule as TOSCA 2.0 has it, where contradictions were never common practice."""
    return replace(rule, severity=Severity.ERROR) if dialect is Dialect.V2_0 else rule
