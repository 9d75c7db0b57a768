"""Artifacts: their types, where their files are, and whether these are there (TOSCA 1.3, 3.6.7)."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from toscactl import definitions
from toscactl.definitions import TypeKind
from toscactl.diagnostics import Diagnostic, Rule, Severity, closest
from toscactl.errors import CannotRead
from toscactl.topology.assignments import PROPERTY, assign
from toscactl.topology.model import Artifact
from toscactl.topology.scope import Owner, Scope, did_you_mean
from toscactl.typesystem import ArtifactType

MISSING_ARTIFACT = Rule(
    "missing-artifact", "The file of an artifact is not there.", Severity.WARNING
)
UNKNOWN_ARTIFACT_REPOSITORY = Rule(
    "unknown-artifact-repository", "An artifact names a repository that is not defined."
)

FILE = "tosca.artifacts.File"
IMAGE = "tosca.artifacts.Deployment.Image"
_BY_EXTENSION = {
    "sh": "tosca.artifacts.Implementation.Bash",
    "bash": "tosca.artifacts.Implementation.Bash",
    "py": "tosca.artifacts.Implementation.Python",
    "ova": "tosca.artifacts.Deployment.Image.VM.OVF",
    "qcow2": "tosca.artifacts.Deployment.Image.VM.QCOW2",
    "iso": "tosca.artifacts.Deployment.Image.VM.ISO",
}
"""For extensions that no type in sight claims with `file_ext`."""


def artifact(scope: Scope, definition: definitions.ArtifactDef, owner: Owner) -> Artifact:
    """An artifact as defined in a node template, a node type or an implementation."""
    name = definition.file.text if definition.name is None else definition.name.text
    type_ = _type_of(scope, definition)
    repository = _repository(scope, definition)
    is_image = type_.is_a(IMAGE) and not type_.broken
    location, missing = _find(scope, definition.file, in_repository=repository is not None)
    missing = missing and not is_image
    if missing:
        scope.report(_missing(definition.file))
    checksum = None
    if definition.checksum is not None:
        algorithm = definition.checksum_algorithm
        checksum = ("SHA-256" if algorithm is None else algorithm.text, definition.checksum.text)
    what = f"artifact `{name}` of {owner.what}"
    declared = type_.properties if not type_.broken else {}
    given = {} if type_.broken else definition.properties
    here = replace(owner, what=what)
    return Artifact(
        name,
        type_,
        definition.file.text,
        location,
        definition.span,
        None if definition.deploy_path is None else definition.deploy_path.text,
        None if definition.version is None else definition.version.text,
        checksum,
        repository,
        assign(scope, PROPERTY, declared, given, here, definition.span),
        missing,
    )


def file_artifact(scope: Scope, file: definitions.Name) -> Artifact:
    """The artifact that an implementation means which names a file and no artifact."""
    location, missing = _find(scope, file, in_repository=False)
    if missing:
        scope.report(_missing(file))
    type_ = _by_extension(scope, file)
    return Artifact(file.text, type_, file.text, location, file.span, missing=missing)


def _missing(file: definitions.Name) -> Iterator[Diagnostic]:
    yield MISSING_ARTIFACT.at(
        file.span,
        f"there is no file `{file.text}`",
        hint="paths are relative to the file in which they are written",
    )


def _find(scope: Scope, file: definitions.Name, *, in_repository: bool) -> tuple[str, bool]:
    """The location of a file, empty if it has none, and whether nothing is there."""
    if in_repository:
        return "", False
    if "://" in file.text:
        return file.text, False
    fetch = scope.types.bundle.fetch
    try:
        location = fetch.join(scope.location_of(file.source), file.text)
        return location, not fetch.exists(location)
    except CannotRead:
        return "", True


def _repository(scope: Scope, definition: definitions.ArtifactDef) -> str | None:
    """The address of the repository that an artifact comes from."""
    name = definition.repository
    if name is None:
        return None
    repositories: dict[str, definitions.RepositoryDef] = {}
    for loaded in scope.types.bundle.files.values():
        repositories.update(loaded.file.repositories)
    if name.text not in repositories:
        scope.report(_unknown_repository(name, repositories))
        return name.text
    return repositories[name.text].url.text


def _unknown_repository(
    name: definitions.Name, known: Mapping[str, definitions.RepositoryDef]
) -> Iterator[Diagnostic]:
    yield UNKNOWN_ARTIFACT_REPOSITORY.at(
        name.span,
        f"there is no repository `{name.text}`",
        hint=did_you_mean(closest(name.text, known)),
    )


def _type_of(scope: Scope, definition: definitions.ArtifactDef) -> ArtifactType:
    if definition.type is None:
        return _by_extension(scope, definition.file)
    checked = scope.types.artifact_type(definition.type)
    scope.report(checked.diagnostics)
    return checked.value


def _by_extension(scope: Scope, file: definitions.Name) -> ArtifactType:
    extension = file.text.rpartition("/")[2].rpartition(".")[2].lower()
    name = _BY_EXTENSION.get(extension, FILE)
    for type_name in (name, FILE):
        found = scope.types.by_name(TypeKind.ARTIFACT, type_name)
        if isinstance(found, ArtifactType):
            return found
    return ArtifactType(name, None, None, ancestors=(name, FILE, "tosca.artifacts.Root"))
