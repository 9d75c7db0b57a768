"""What toscactl_csar finds wrong with a package, as diagnostics of named rules."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import toscactl_csar
from toscactl.diagnostics import Diagnostic, Rule, Severity
from toscactl.errors import CannotRead, InvalidService
from toscactl.loading.fetch import reason
from toscactl.loading.package_rules import RULES
from toscactl.source import Source, Span
from toscactl_csar import ArchiveError, Finding, Package

_FOLDER_FILES = 100_000


def entry_of_archive(path: str) -> tuple[toscactl_csar.Archive, str, tuple[Diagnostic, ...]]:
    """The archive at a path, the name of its entry, and warnings.

    Raises `CannotRead` if it is no archive, `InvalidService` if it is unsafe or breaks a rule.
    """
    try:
        archive, package = _checked(path)
    except ArchiveError as error:
        if not error.readable:
            raise CannotRead(f"`{path}` cannot be read: {error}") from error
        raise _invalid(path, _diagnostics(path, error.findings, None)) from error
    except OSError as error:
        raise CannotRead(f"`{path}` cannot be read: {reason(error)}") from error

    def read(name: str) -> bytes:
        return archive.read(name)

    findings = (*archive.findings, *package.findings)
    diagnostics = _diagnostics(path, findings, lambda name: _text(f"{path}!/{name}", read, name))
    return archive, _entry(path, package, diagnostics), diagnostics


def _checked(path: str) -> tuple[toscactl_csar.Archive, Package]:
    archive = toscactl_csar.read(path)
    damaged = tuple(toscactl_csar.verify(archive))
    if damaged:
        raise ArchiveError(damaged)
    return archive, toscactl_csar.inspect_archive(archive)


def entry_of_folder(folder: str) -> tuple[str, tuple[Diagnostic, ...]]:
    """The entry of an unpacked package that has a TOSCA.meta file, and warnings.

    Raises `InvalidService` if it breaks a rule.
    """
    names = _names(folder)

    def read(name: str) -> bytes:
        return Path(folder, name).read_bytes()

    try:
        package = toscactl_csar.inspect(names, read)
    except OSError as error:
        raise CannotRead(f"`{error.filename}` cannot be read: {reason(error)}") from error

    def source(name: str) -> Source | None:
        return _text(os.path.normpath(Path(folder, name)), read, name)

    diagnostics = _diagnostics(folder, package.findings, source)
    return _entry(folder, package, diagnostics), diagnostics


def _names(folder: str) -> set[str]:
    names: set[str] = set()
    for at, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        below = os.path.relpath(at, folder).replace(os.sep, "/")
        names.update(name if below == "." else f"{below}/{name}" for name in files)
        if len(names) > _FOLDER_FILES:
            raise CannotRead(f"the folder `{folder}` holds more than {_FOLDER_FILES:,} files")
    return names


def _entry(path: str, package: Package, diagnostics: tuple[Diagnostic, ...]) -> str:
    errors = any(d.severity is Severity.ERROR for d in diagnostics)
    if package.entry is None or errors:
        raise _invalid(path, diagnostics)
    return package.entry


def _invalid(path: str, diagnostics: tuple[Diagnostic, ...]) -> InvalidService:
    count = sum(d.severity is Severity.ERROR for d in diagnostics)
    noun = "error" if count == 1 else "errors"
    return InvalidService(f"the package `{path}` has {count} {noun}", diagnostics)


def _text(shown: str, read: Callable[[str], bytes], name: str) -> Source | None:
    try:
        return Source(shown, read(name).decode("utf-8-sig"))
    except (ArchiveError, KeyError, OSError, UnicodeDecodeError):
        return None


def _diagnostics(
    path: str, findings: Iterable[Finding], source: Callable[[str], Source | None] | None
) -> tuple[Diagnostic, ...]:
    return tuple(_diagnostic(path, finding, source) for finding in findings)


def _diagnostic(
    path: str, finding: Finding, source: Callable[[str], Source | None] | None
) -> Diagnostic:
    rule = RULES[finding.rule]
    if finding.severity is toscactl_csar.Severity.WARNING:
        rule = Rule(rule.name, rule.summary, Severity.WARNING, rule.lenient)
    text = None
    if source is not None and finding.member is not None and finding.rule.startswith("CSR"):
        text = source(finding.member)
    if text is None:
        where = path if finding.member is None or finding.rule.startswith("ARC") else finding.member
        return rule.at(None, f"`{where}`: {finding.message}")
    return rule.at(_span(text, finding.line or 1), finding.message)


def _span(source: Source, number: int) -> Span:
    lines = source.text.split("\n")
    start = sum(len(line) + 1 for line in lines[: number - 1])
    return Span(source, start, start + len(source.line(number)))
