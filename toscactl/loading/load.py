"""Follows imports, breadth first, each file once; what cannot be followed is a diagnostic."""

import hashlib
import re
from collections import deque
from dataclasses import dataclass, field, replace
from functools import lru_cache

import toscactl_profiles
from toscactl import definitions, document
from toscactl.definitions import ImportDef, ServiceFile
from toscactl.diagnostics import Checked, Diagnostic, Rule, closest
from toscactl.document import Document
from toscactl.errors import CannotRead
from toscactl.loading.fetch import scheme
from toscactl.loading.model import Bundle, Fetch, Loaded
from toscactl.loading.profiles import PREFIX, is_bundled
from toscactl.source import Source, Span

IMPORT_NOT_FOUND = Rule("import-not-found", "An import names a file that does not exist.")
IMPORT_REFUSED = Rule("import-refused", "An import leads where the importing file may not go.")
IMPORT_UNREADABLE = Rule("import-unreadable", "An imported file exists but cannot be read.")
IMPORT_NOT_TOSCA = Rule("import-not-tosca", "An imported file is not a TOSCA file.")
UNKNOWN_REPOSITORY = Rule("unknown-repository", "An import names a repository not declared.")
TOO_MANY_IMPORTS = Rule("too-many-imports", "A service imports more files than the limits allow.")

_SECTIONS = frozenset(
    {"imports", "repositories", "dsl_definitions", "topology_template", "service_template"}
    | {kind.value for kind in definitions.TypeKind}
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a service may be: bytes of one file, number of files, length of import chains."""

    file_bytes: int = 128 * 2**20
    files: int = 1_000
    depth: int = 100


def load(location: str, fetch: Fetch, limits: Limits | None = None) -> Checked[Bundle]:
    """A service file and everything it imports.

    Raises `CannotRead` if the service file itself cannot be read; an import that cannot is
    reported where it stands. TOSCA 1.3, 3.6.8; TOSCA 2.0, 6.8.
    """
    work = _Work(fetch, limits or Limits())
    root = work.read(location)
    work.pending.append(_Pending(location, root, 0))
    work.known[location] = True
    while work.pending:
        work.follow(work.pending.popleft())
    work.add_implicit_profiles()
    bundle = Bundle(work.files[location], work.files, fetch, root.dialect)
    return Checked(bundle, tuple(work.diagnostics))


def digest(bundle: Bundle) -> str:
    """The SHA-256 of all files of a bundle but the bundled profiles, wherever they lie."""
    total = hashlib.sha256()
    for location, loaded in bundle.files.items():
        if not is_bundled(location):
            content = loaded.file.source.text.encode("utf-8", "surrogatepass")
            total.update(len(content).to_bytes(8, "big"))
            total.update(content)
    return total.hexdigest()


@dataclass(frozen=True, slots=True)
class _Pending:
    location: str
    file: ServiceFile
    depth: int


@dataclass(slots=True)
class _Work:
    """What one call of `load` has found so far."""

    fetch: Fetch
    limits: Limits
    files: dict[str, Loaded] = field(default_factory=dict)
    known: dict[str, bool] = field(default_factory=dict)
    """By location: whether there is a TOSCA file."""
    failures: dict[str, tuple[Rule, CannotRead]] = field(default_factory=dict)
    """By location: why it could not be read, so that nothing is waited for twice."""
    pending: deque[_Pending] = field(default_factory=deque)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    full: bool = False

    def follow(self, current: _Pending) -> None:
        """Adds a file to the bundle, and what it imports to what is still to be followed."""
        imports: dict[tuple[str, str], None] = {}
        incomplete = False
        for wanted in current.file.imports:
            location = self._locate(current, wanted)
            if location is not None and self._reach(current, wanted, location):
                prefix = "" if wanted.namespace is None else wanted.namespace.text
                imports[prefix, location] = None
            else:
                incomplete = True
        self.files[current.location] = Loaded(
            current.location, current.file, tuple(imports), incomplete
        )

    def read(self, location: str) -> ServiceFile:
        """The service file at a location. Raises `CannotRead`; all else is a diagnostic."""
        return _bundled(location) if is_bundled(location) else self._define(self._parse(location))

    def _parse(self, location: str) -> Checked[Document]:
        shown = self.fetch.shown(location)
        content = self.fetch.read(location)
        if len(content) > self.limits.file_bytes:
            raise CannotRead(f"`{shown}` is larger than {self.limits.file_bytes:,} bytes")
        decoded = document.decode(shown, content)
        if not decoded.ok:
            raise CannotRead(
                f"`{shown}` is not text: {decoded.diagnostics[0].message}",
                hint="save it in the encoding UTF-8",
            )
        return document.parse(decoded.value)

    def _define(self, parsed: Checked[Document]) -> ServiceFile:
        checked = parsed.then(definitions.read)
        self.diagnostics.extend(checked.diagnostics)
        return checked.value

    def _locate(self, current: _Pending, wanted: ImportDef) -> str | None:
        reference, problem = _reference(current.file, wanted)
        if problem is not None:
            self.diagnostics.append(problem)
        if reference is None:
            return None
        try:
            return self.fetch.join(current.location, reference)
        except CannotRead as refusal:
            self._report(IMPORT_REFUSED, refusal, wanted)
            return None

    def _reach(self, current: _Pending, wanted: ImportDef, location: str) -> bool:
        """Whether there is a TOSCA file at a location; it is read when it is first met."""
        if self.known.get(location):
            return True
        if len(self.known) >= self.limits.files or current.depth >= self.limits.depth:
            self._report_limits(wanted)
            return False
        if location not in self.failures:
            rule = IMPORT_UNREADABLE if self.fetch.exists(location) else IMPORT_NOT_FOUND
            try:
                return self._take(current, wanted, location)
            except CannotRead as trouble:
                self.failures[location] = (rule, trouble)
        self._report(*self.failures[location], wanted)
        return False

    def _take(self, current: _Pending, wanted: ImportDef, location: str) -> bool:
        file = self._read_import(wanted, location)
        self.known[location] = file is not None
        if file is not None:
            self.pending.append(_Pending(location, file, current.depth + 1))
        return file is not None

    def _read_import(self, wanted: ImportDef, location: str) -> ServiceFile | None:
        if is_bundled(location):
            return _bundled(location)
        parsed = self._parse(location)
        if parsed.ok and not _may_be_tosca(parsed.value):
            shown = self.fetch.shown(location)
            message = f"`{shown}` is not a TOSCA file: it has no `tosca_definitions_version`"
            self.diagnostics.append(IMPORT_NOT_TOSCA.at(_span(wanted), message))
            return None
        return self._define(parsed)

    def add_implicit_profiles(self) -> None:
        """Lets every 1.x file see the normative types of its version without an import."""
        for location, loaded in list(self.files.items()):
            profile = toscactl_profiles.IMPLICIT.get(loaded.file.dialect.value)
            if profile is None or is_bundled(location):
                continue
            where = f"{PREFIX}{profile[0]}/{profile[1]}"
            if where not in self.files:
                self.files[where] = Loaded(where, _bundled(where))
            if ("", where) not in loaded.imports:
                imports = (*loaded.imports, ("", where))
                self.files[location] = replace(loaded, imports=imports)
            if _names_non_normative(loaded.file.source.text):
                self._add_non_normative()

    def _add_non_normative(self) -> None:
        """Has the types of the standard's examples at hand; no file imports them by this."""
        where = PREFIX + "/".join(toscactl_profiles.NON_NORMATIVE)
        if where not in self.files:
            file = _bundled(where)
            normative = PREFIX + "/".join(toscactl_profiles.IMPLICIT[file.dialect.value])
            self.files.setdefault(normative, Loaded(normative, _bundled(normative)))
            self.files[where] = Loaded(where, file, (("", normative),))

    def _report(self, rule: Rule, trouble: CannotRead, wanted: ImportDef) -> None:
        self.diagnostics.append(rule.at(_span(wanted), str(trouble), hint=trouble.hint))

    def _report_limits(self, wanted: ImportDef) -> None:
        if not self.full:
            self.full = True
            limits = self.limits
            message = (
                f"this import is not followed: a service may have {limits.files} files"
                f" and chains of {limits.depth} imports"
            )
            self.diagnostics.append(TOO_MANY_IMPORTS.at(_span(wanted), message))


def _span(wanted: ImportDef) -> Span:
    named = wanted.url or wanted.profile
    return wanted.span if named is None else named.span


def _reference(file: ServiceFile, wanted: ImportDef) -> tuple[str | None, Diagnostic | None]:
    """What an import refers to, to be joined with the location of its file.

    A file in a repository lies below the repository's address (1.3, 3.6.8.3; 2.0, 6.8.2.2).
    """
    if wanted.profile is not None:
        return PREFIX + wanted.profile.text, None
    if wanted.url is None:
        return None, None  # the reader has reported it
    if wanted.repository is None:
        return wanted.url.text, None
    repository = file.repositories.get(wanted.repository.text)
    if repository is None:
        name = wanted.repository.text
        near = closest(name, file.repositories)
        hint = None if near is None else f"did you mean `{near}`?"
        message = f"there is no repository `{name}`"
        return None, UNKNOWN_REPOSITORY.at(wanted.repository.span, message, hint=hint)
    if scheme(wanted.url.text):
        message = "a file in a repository is named by its path there, not by a whole address"
        return None, IMPORT_REFUSED.at(wanted.url.span, message)
    return f"{repository.url.text.rstrip('/')}/{wanted.url.text.lstrip('/')}", None


def _may_be_tosca(parsed: Document) -> bool:
    root = parsed.root
    if not isinstance(root, document.Mapping):
        return False
    return root.get("tosca_definitions_version") is not None or any(
        root.get(section) is not None for section in _SECTIONS
    )


@lru_cache(maxsize=1)
def _non_normative_names() -> tuple[str, ...]:
    """The names of the non-normative types, as short as they can be written.

    They are picked from the text: few services use these types, and none pays for reading them.
    """
    text = toscactl_profiles.read(*toscactl_profiles.NON_NORMATIVE).decode("utf-8")
    return tuple(re.findall(r"^  tosca\.[a-z]+\.(\S+):$", text, re.MULTILINE))


def _names_non_normative(text: str) -> bool:
    return any(name in text for name in _non_normative_names())


@lru_cache(maxsize=8)  # a pure function of package data, and bundles only read what they share
def _bundled(location: str) -> ServiceFile:
    name, _, version = location.removeprefix(PREFIX).partition("/")
    source = Source(location, toscactl_profiles.read(name, version).decode("utf-8"))
    return document.parse(source).then(definitions.read).value
