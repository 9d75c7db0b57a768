"""Which type a name means where it is written: own types, imports, prefixes, short names.

TOSCA 1.3, 3.2 and 3.6.8 (imports, namespace prefixes), 5.1.2 (short and qualified names);
TOSCA 2.0, 6.8.4 (namespaces).
"""

import enum
from collections.abc import Iterator, Mapping

from toscactl.definitions import Dialect, TypeDef, TypeKind
from toscactl.document import Scalar
from toscactl.loading import Bundle, Loaded
from toscactl.source import Source

_BUNDLED = "profile:"
_QUALIFIED = "tosca:"
_NON_NORMATIVE = "profile:non-normative/"

_RENAMED: Mapping[str, str] = {
    "tosca.nodes.BlockStorage": "tosca.nodes.Storage.BlockStorage",
    "tosca.nodes.ObjectStorage": "tosca.nodes.Storage.ObjectStorage",
    "BlockStorage": "tosca.nodes.Storage.BlockStorage",
    "ObjectStorage": "tosca.nodes.Storage.ObjectStorage",
}
"""Names of types in 1.0 (and 1.1) to those in later versions."""
_FORMER = {later: former for former, later in _RENAMED.items() if "." in former} | {
    "Storage.BlockStorage": "tosca.nodes.BlockStorage",
    "Storage.ObjectStorage": "tosca.nodes.ObjectStorage",
}


class Detour(enum.Enum):
    """Where a name was found that means nothing by the rules of scopes."""

    SIBLING = enum.auto()
    """In a file that the file does not import, but that is imported beside it."""
    RENAMED = enum.auto()
    """Among the normative types, under the name that another version gives it."""
    NON_NORMATIVE = enum.auto()
    """Among the types of the standard's examples."""


_Declared = tuple[Loaded, TypeDef]


def is_bundled(loaded: Loaded) -> bool:
    """Whether a file is a bundled profile rather than text of the user."""
    return loaded.file.source.name.startswith(_BUNDLED)


class Scopes:
    """The names that each file of a bundle can see. Answers are remembered."""

    __slots__ = (
        "_aliases", "_bundle", "_by_source", "_declarations", "_detours", "_found", "_reach",
    )  # fmt: skip

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._by_source: Mapping[Source, Loaded] = {
            loaded.file.source: loaded for loaded in (bundle.root, *bundle.files.values())
        }
        self._reach: dict[str, tuple[Loaded, ...]] = {}
        self._found: dict[tuple[str, TypeKind, str], tuple[Loaded, TypeDef] | None] = {}
        self._aliases: dict[str, Mapping[TypeKind, Mapping[str, str]]] = {}
        self._declarations: Mapping[TypeKind, Mapping[str, list[Loaded]]] | None = None
        self._detours: dict[tuple[str, TypeKind, str], Detour] = {}

    def of(self, source: Source) -> Loaded:
        """The file that a source is the text of; the root for a text from outside the bundle."""
        return self._by_source.get(source, self._bundle.root)

    def files(self) -> Iterator[Loaded]:
        """All files, the root first, each once."""
        yield self._bundle.root
        for loaded in self._bundle.files.values():
            if loaded.file.source is not self._bundle.root.file.source:
                yield loaded

    def find(self, kind: TypeKind, text: str, scope: Loaded) -> _Declared | None:
        """The definition that a name means in a file, and the file in which it stands."""
        key = (scope.location, kind, text)
        try:
            return self._found[key]
        except KeyError:
            answer = self._search(kind, text, scope, frozenset())
            if answer is None and scope.file.dialect is not Dialect.V2_0:
                answer, detour = self._search_elsewhere(kind, text, scope)
                if detour is not None:
                    self._detours[key] = detour
            self._found[key] = answer
            return answer

    def is_incomplete(self, scope: Loaded) -> bool:
        """Whether a file might see more names, had every import been found."""
        files = self._bundle.files.values()
        return any(loaded.incomplete for loaded in files) and any(
            loaded.incomplete for loaded in (self._bundle.root, *self._reachable(scope))
        )

    def detour(self, kind: TypeKind, text: str, scope: Loaded) -> Detour | None:
        """How `find` came to its answer, if not by the rules of scopes."""
        return self._detours.get((scope.location, kind, text))

    def _search_elsewhere(
        self, kind: TypeKind, text: str, scope: Loaded
    ) -> tuple[_Declared | None, Detour | None]:
        """What a name of a 1.x file means in practice: its tools have one list of all types."""
        for loaded in self.files():
            if loaded is self._bundle.root or any(at == scope.location for _, at in loaded.imports):
                found = self._search(kind, text, loaded, frozenset())
                if found is not None and not is_bundled(found[0]):
                    return found, Detour.SIBLING
        other = _RENAMED.get(text.removeprefix(_QUALIFIED)) or _FORMER.get(
            text.removeprefix(_QUALIFIED)
        )
        found = None if other is None else self._search(kind, other, scope, frozenset())
        if found is not None:
            return found, Detour.RENAMED
        if self.is_incomplete(scope):
            return None, None
        for loaded in self._bundle.files.values():
            if loaded.location.startswith(_NON_NORMATIVE):
                found = self._search(kind, text, loaded, frozenset())
                if found is not None and found[0] is loaded:
                    return found, Detour.NON_NORMATIVE
        return None, None

    def _search(
        self, kind: TypeKind, text: str, scope: Loaded, seen: frozenset[str]
    ) -> _Declared | None:
        reach = self._reachable(scope)
        for loaded in reach:
            definition = loaded.file.types.get(kind, {}).get(text)
            if definition is not None:
                return loaded, definition
        prefix, colon, rest = text.partition(":")
        if colon and scope.location not in seen:
            found = self._behind_prefix(kind, prefix, rest, reach, seen | {scope.location})
            if found is not None:
                return found
        short = text.removeprefix(_QUALIFIED)
        for loaded in reach:
            name = self._aliases_of(loaded)[kind].get(short)
            if name is not None:
                return loaded, loaded.file.types[kind][name]
        return None

    def _behind_prefix(
        self,
        kind: TypeKind,
        prefix: str,
        rest: str,
        reach: tuple[Loaded, ...],
        seen: frozenset[str],
    ) -> _Declared | None:
        for loaded in reach:
            for name, location in loaded.imports:
                target = self._bundle.files.get(location)
                if name == prefix and target is not None:
                    found = self._search(kind, rest, target, seen)
                    if found is not None:
                        return found
        return None

    def _reachable(self, scope: Loaded) -> tuple[Loaded, ...]:
        """A file and all whose names it sees without a prefix, the nearest first."""
        known = self._reach.get(scope.location)
        if known is not None:
            return known
        reach = {scope.location: scope}
        pending = [scope]
        for current in pending:
            for prefix, location in current.imports:
                target = self._bundle.files.get(location)
                if not prefix and target is not None and location not in reach:
                    reach[location] = target
                    pending.append(target)
        answer = self._reach[scope.location] = tuple(reach.values())
        return answer

    def _aliases_of(self, loaded: Loaded) -> Mapping[TypeKind, Mapping[str, str]]:
        known = self._aliases.get(loaded.location)
        if known is None:
            known = self._aliases[loaded.location] = {
                kind: _aliases(loaded.file.types.get(kind, {})) for kind in TypeKind
            }
        return known

    def visible(self, kind: TypeKind, scope: Loaded) -> Iterator[str]:
        """Every name of a kind that can be written in a file, for "did you mean"."""
        for loaded in self._reachable(scope):
            yield from loaded.file.types.get(kind, {})
            yield from self._aliases_of(loaded)[kind]
            for prefix, location in loaded.imports:
                target = self._bundle.files.get(location)
                if prefix and target is not None:
                    names = target.file.types.get(kind, {})
                    yield from (f"{prefix}:{name}" for name in names)

    def declared(self, kind: TypeKind) -> Mapping[str, list[Loaded]]:
        """All declared names of a kind with the files that declare them, the root first."""
        if self._declarations is None:
            index: dict[TypeKind, dict[str, list[Loaded]]] = {each: {} for each in TypeKind}
            for loaded in self.files():
                for each, definitions in loaded.file.types.items():
                    for name in definitions:
                        index[each].setdefault(name, []).append(loaded)
            self._declarations = index
        return self._declarations[kind]

    def canonical(self, kind: TypeKind, name: str, loaded: Loaded) -> str:
        """The name of a type that no other type of the bundle has.

        The Simple Profiles of 1.x keep one name over all their versions, so that files of
        different versions fit together; other namesakes are told apart by their namespace.
        """
        owners = self.declared(kind)[name]
        if owners[0] is loaded or (is_bundled(loaded) and loaded.file.dialect is not Dialect.V2_0):
            return name
        file = loaded.file
        namespace = file.profile or file.namespace
        return f"{namespace.text if namespace else file.source.name}:{name}"

    def hidden_by(self, kind: TypeKind, name: str, loaded: Loaded) -> TypeDef | None:
        """The definition in an imported file that a type of the same name hides in its file."""
        for other in self._reachable(loaded):
            if other is not loaded and name in other.file.types.get(kind, {}):
                return other.file.types[kind][name]
        return None

    def declaration(self, kind: TypeKind, canonical: str) -> _Declared | None:
        """The definition of a type by its canonical name."""
        for loaded in self.declared(kind).get(canonical, ()):
            if self.canonical(kind, canonical, loaded) == canonical:
                return loaded, loaded.file.types[kind][canonical]
        namespace, colon, name = canonical.rpartition(":")
        for loaded in self.declared(kind).get(name, ()) if colon and namespace else ():
            if self.canonical(kind, name, loaded) == canonical:
                return loaded, loaded.file.types[kind][name]
        return None


def _aliases(definitions: Mapping[str, TypeDef]) -> Mapping[str, str]:
    """The short names that types give themselves in their metadata, to their full names."""
    found: dict[str, str] = {}
    for name, definition in definitions.items():
        for key in ("shorthand_name", "type_uri", "type_qualified_name", "alternative_name"):
            alias = definition.metadata.get(key)
            if isinstance(alias, Scalar):
                found.setdefault(alias.text.removeprefix(_QUALIFIED), name)
    return found
