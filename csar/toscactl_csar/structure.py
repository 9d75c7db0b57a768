"""`Package`: where the parts of a CSAR are, and what breaks its rules, CSR-01 to CSR-19.

TOSCA 1.3, chapter 6; TOSCA 2.0, chapter 17.
"""

import posixpath
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from toscactl_csar.archive import Archive
from toscactl_csar.findings import ArchiveError, Finding, Severity
from toscactl_csar.meta import Block, Entry, Meta, MetaSyntaxError, parse_meta

META = "TOSCA-Metadata/TOSCA.meta"
ROOT_META = "TOSCA.meta"

Read = Callable[[str], bytes]
"""Gives the content of a file by its name in the package. Raises `ArchiveError` and `OSError`."""

_YAML = (".yaml", ".yml")
_KNOWN = frozenset({"1.0", "1.1", "2.0"})
_META_VERSION = "TOSCA-Meta-File-Version"
_PACKAGE_KEYS = frozenset(
    {_META_VERSION, "CSAR-Version", "Created-By", "Entry-Definitions", "Other-Definitions"}
)
_DIALECT = re.compile(
    rb"^(?:\xef\xbb\xbf)?['\"]?tosca_definitions_version['\"]?[ \t]*:[ \t]*['\"]?([^\s'\"#,}]+)",
    re.MULTILINE,
)
_FLOW_DIALECT = re.compile(
    rb"\A\s*\{[^}]*tosca_definitions_version['\"]?\s*:\s*['\"]?([^\s'\",}]+)"
)
_NAME_AND_VERSION = ("template_name", "template_version")


@dataclass(frozen=True, slots=True)
class Package:
    """The parts of a package by their names in it. `entry` is None if it cannot be told.

    `meta_name` is where the TOSCA.meta file is, `other` what Other-Definitions lists.
    """

    entry: str | None
    meta: Meta | None
    meta_name: str | None
    other: tuple[str, ...]
    findings: tuple[Finding, ...]


def inspect_archive(archive: Archive) -> Package:
    """The parts of the package in an archive."""
    return inspect(archive.members, archive.read)


def inspect(names: Collection[str], read: Read) -> Package:
    """The parts of a package that consists of the files of these names."""
    meta_name = next((name for name in (META, ROOT_META) if name in names), None)
    if meta_name is None:
        return _without_meta(names, read)
    try:
        meta = parse_meta(read(meta_name).decode("utf-8-sig"))
    except UnicodeDecodeError:
        return _unreadable(meta_name, Finding("CSR-12", "it is not UTF-8 text", meta_name))
    except MetaSyntaxError as error:
        return _unreadable(meta_name, Finding("CSR-12", str(error), meta_name, line=error.line))
    entry, entry_findings = _entry(meta, meta_name, names)
    other, other_findings = _other_definitions(meta, meta_name, names)
    findings = [
        *_check_places(meta, meta_name, names),
        *_check_block(meta.package, meta_name),
        *_check_duplicates(meta, meta_name),
        *entry_findings,
        *other_findings,
        *_check_files(meta, meta_name, names),
    ]
    if entry is not None:
        findings += _check_dialect(meta, entry, read)
    return Package(entry, meta, meta_name, other, tuple(findings))


def split_list(value: str) -> tuple[str, ...]:
    """The items of a list of names: blanks separate them, double quotes protect blanks."""
    return tuple(quoted or plain for quoted, plain in re.findall(r'"([^"]*)"|(\S+)', value))


def dialect(content: bytes) -> str | None:
    """The `tosca_definitions_version` of a text, None if it has none."""
    match = _DIALECT.search(content) or _FLOW_DIALECT.search(content)
    return None if match is None else match[1].decode("utf-8", "replace")


def _unreadable(meta_name: str, finding: Finding) -> Package:
    return Package(None, None, meta_name, (), (finding,))


def _without_meta(names: Collection[str], read: Read) -> Package:
    """1.3, 6.3; 2.0, 17.3: the one YAML file at the root is the entry, and names the package."""
    roots = sorted(name for name in names if "/" not in name and name.endswith(_YAML))
    if len(roots) != 1:
        listed = ", ".join(f"`{name}`" for name in roots) or "there is none"
        message = (
            "without a TOSCA.meta file, exactly one YAML file must be at the root"
            f" of the package: {listed}"
        )
        return Package(None, None, None, (), (Finding("CSR-13", message),))
    entry = roots[0]
    content = read(entry)
    written = dialect(content)
    findings: list[Finding] = []
    if written is None:
        findings.append(_not_tosca(entry))
    elif written == "tosca_simple_yaml_1_0":
        findings.append(Finding("CSR-18", "a package of TOSCA 1.0 needs a TOSCA.meta file", entry))
    elif written.startswith("tosca_simple_yaml_1_"):
        missing = [key for key in _NAME_AND_VERSION if not _mentions(content, key)]
        findings += [
            Finding("CSR-17", f"without a TOSCA.meta file, the metadata needs `{key}`", entry)
            for key in missing
        ]
    return Package(entry, None, None, (), tuple(findings))


def _mentions(content: bytes, key: str) -> bool:
    return re.search(rb"\b" + key.encode() + rb"['\"]?[ \t]*:", content) is not None


def _not_tosca(entry: str) -> Finding:
    message = f"`{entry}` is not a TOSCA file: it has no `tosca_definitions_version`"
    return Finding("CSR-15", message, entry)


def _is_2_0(meta: Meta) -> bool:
    version = meta.package.get("CSAR-Version")
    return version is not None and version.value == "2.0"


def _check_places(meta: Meta, meta_name: str, names: Collection[str]) -> Iterator[Finding]:
    if META in names and ROOT_META in names:
        message = f"there are two TOSCA.meta files, `{META}` and `{ROOT_META}`"
        yield Finding("CSR-02", message, ROOT_META)
    elif meta_name == ROOT_META and not _is_2_0(meta):
        message = f"before TOSCA 2.0, TOSCA.meta must be at `{META}`"
        yield Finding("CSR-01", message, meta_name)


def _check_block(block: Block, meta_name: str) -> Iterator[Finding]:
    """What the first block must say about the package."""
    version = block.get("CSAR-Version")
    if version is None:
        yield Finding("CSR-04", "it has no `CSAR-Version`", meta_name)
    elif version.value not in _KNOWN:
        message = f"there is no CSAR version `{version.value}`; 1.0, 1.1 and 2.0 are known"
        # 1.2 is found in practice, and means nothing else than 1.1.
        severity = Severity.WARNING if version.value in {"1.2", "1.3"} else Severity.ERROR
        yield Finding("CSR-06", message, meta_name, severity, version.line)
    if version is None or version.value != "2.0":
        yield from _check_meta_version(block, meta_name)
    if block.get("Created-By") is None:
        other = _other_spelling(block, "Created-By")
        if other is None:
            yield Finding("CSR-05", "it has no `Created-By`", meta_name)
        else:
            message = f"`{other.name}` is spelled `Created-By`"
            yield Finding("CSR-05", message, meta_name, Severity.WARNING, other.line)
    for entry in block.entries:
        reserved = entry.name.lower().startswith("tosca") and entry.name not in _PACKAGE_KEYS
        if reserved and entry.name != "TOSCA-Meta-Version":
            message = f"`{entry.name}` is not defined, and names that begin with TOSCA are reserved"
            yield Finding("CSR-19", message, meta_name, Severity.WARNING, entry.line)


def _check_meta_version(block: Block, meta_name: str) -> Iterator[Finding]:
    version = block.get(_META_VERSION)
    if version is not None:
        if version.value not in {"1.0", "1.1"}:
            message = f"`{_META_VERSION}` is 1.0 or 1.1, not `{version.value}`"
            yield Finding("CSR-03", message, meta_name, Severity.WARNING, version.line)
        return
    other = block.get("TOSCA-Meta-Version") or _other_spelling(block, _META_VERSION)
    if other is None:
        yield Finding("CSR-03", f"it has no `{_META_VERSION}`", meta_name)
    else:
        message = f"`{other.name}` is spelled `{_META_VERSION}`"
        yield Finding("CSR-03", message, meta_name, Severity.WARNING, other.line)


def _other_spelling(block: Block, name: str) -> Entry | None:
    return next((entry for entry in block.entries if entry.name.lower() == name.lower()), None)


def _check_duplicates(meta: Meta, meta_name: str) -> Iterator[Finding]:
    for block in meta.blocks:
        seen: set[str] = set()
        for entry in block.entries:
            if entry.name in seen:
                message = f"`{entry.name}` is there twice"
                yield Finding("CSR-11", message, meta_name, line=entry.line)
            seen.add(entry.name)


def _entry(
    meta: Meta, meta_name: str, names: Collection[str]
) -> tuple[str | None, tuple[Finding, ...]]:
    written = meta.package.get("Entry-Definitions")
    if written is None or not written.value:
        return None, (Finding("CSR-08", "it has no `Entry-Definitions`", meta_name),)
    name = posixpath.normpath(written.value)
    if name.startswith(("/", "../")) or name == ".." or "\\" in name or ":" in name:
        message = f"`Entry-Definitions` leads out of the package: `{written.value}`"
        return None, (Finding("CSR-10", message, meta_name, line=written.line),)
    if name not in names:
        message = f"`Entry-Definitions` names a file that is not there: `{written.value}`"
        return None, (Finding("CSR-09", message, meta_name, line=written.line),)
    return name, ()


def _other_definitions(
    meta: Meta, meta_name: str, names: Collection[str]
) -> tuple[tuple[str, ...], tuple[Finding, ...]]:
    written = meta.package.get("Other-Definitions")
    if written is None:
        return (), ()
    items = tuple(posixpath.normpath(item) for item in split_list(written.value))
    findings = tuple(
        Finding(
            "CSR-16",
            f"`Other-Definitions` names a file that is not there: `{item}`",
            meta_name,
            line=written.line,
        )
        for item in items
        if item not in names
    )
    return items, findings


def _check_files(meta: Meta, meta_name: str, names: Collection[str]) -> Iterator[Finding]:
    for block in meta.files:
        named = block.get("Name") or block.get("Source")
        if named is None or "://" in named.value:
            continue
        if posixpath.normpath(named.value) not in names:
            message = f"`{named.name}` names a file that is not there: `{named.value}`"
            yield Finding("CSR-14", message, meta_name, line=named.line)


def _check_dialect(meta: Meta, entry: str, read: Read) -> Iterator[Finding]:
    try:
        written = dialect(read(entry))
    except ArchiveError as error:
        yield from error.findings
        return
    if written is None:
        yield _not_tosca(entry)
        return
    version = meta.package.get("CSAR-Version")
    if version is not None and (version.value == "2.0") != (written == "tosca_2_0"):
        message = f"`CSAR-Version` is {version.value}, but `{entry}` is written in `{written}`"
        yield Finding("CSR-07", message, entry)
