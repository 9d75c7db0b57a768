"""Readers of imports and repositories in every form (1.3, 3.6.8, 3.6.5; 2.0, 6.5, 6.6)."""

from toscactl import document
from toscactl.definitions.model import Dialect, ImportDef, Name, RepositoryDef
from toscactl.definitions.table import (
    MISSING_KEYNAME,
    WRONG_SHAPE,
    Field,
    Reading,
    Table,
    as_mapping,
    as_name,
    map_of,
    read_fields,
    shape,
)
from toscactl.definitions.values import (
    SINGLE_FOR_LIST,
    annotated,
    anything,
    documented,
    metadata,
    name,
    text,
)
from toscactl.diagnostics import Rule
from toscactl.document import Node, Scalar

URL_XOR_PROFILE = Rule("url-or-profile", "An import has both a `url` and a `profile`.")

_IMPORT = Table(
    "import",
    {
        "file": Field(name, into="url", until=Dialect.V1_3),
        "url": Field(name, since=Dialect.V2_0),
        "profile": Field(name, since=Dialect.V2_0),
        "repository": Field(name),
        "namespace_prefix": Field(name, into="namespace", until=Dialect.V1_3),
        "namespace_uri": Field(name, until=Dialect.V1_3),
        "namespace": Field(name, since=Dialect.V2_0),
        "description": Field(documented, since=Dialect.V2_0),
        "metadata": Field(annotated, since=Dialect.V2_0),
    },
)


def imports(reading: Reading, node: Node) -> tuple[ImportDef, ...] | None:
    """A list of imports: `file`, `{file: ...}`, or `name: file` and `name: {file: ...}` of 1.0."""
    if isinstance(node, document.Sequence):
        items = node.items
    elif reading.dialect is Dialect.V2_0:
        message = f"`imports` are a list, and here is {shape(node)}"
        reading.report(WRONG_SHAPE, node, message)
        return None
    else:
        reading.report(SINGLE_FOR_LIST, node, f"`imports` are a list, and here is {shape(node)}")
        items = [node]
        if isinstance(node, document.Mapping) and not _is_long(node):
            items = [document.Mapping(node.source, node.at, [entry]) for entry in node.entries]
    found = (_import(reading, item) for item in items)
    return tuple(item for item in found if item is not None)


def _import(reading: Reading, node: Node) -> ImportDef | None:
    if isinstance(node, document.Mapping):
        if len(node) == 1 and not _is_long(node) and reading.dialect is not Dialect.V2_0:
            return _import(reading, node.entries[0][1])
        return _long(reading, node)
    url = as_name(reading, node)
    return None if url is None else ImportDef(url.span, url)


def _is_long(node: document.Mapping) -> bool:
    return any(isinstance(key, Scalar) and key.text in _IMPORT.fields for key, _ in node)


def _long(reading: Reading, node: document.Mapping) -> ImportDef | None:
    fields = read_fields(reading, _IMPORT, node)
    url: Name | None = fields.get("url")
    profile: Name | None = fields.get("profile")
    if url is None and profile is None:
        if not any(node.get(keyname) is not None for keyname in ("file", "url", "profile")):
            wanted = "`url` or `profile`" if reading.dialect is Dialect.V2_0 else "`file`"
            reading.report(MISSING_KEYNAME, node, f"an import has no {wanted}")
        return None
    if url is not None and profile is not None:
        message = "an import has either a `url` or a `profile`, not both"
        reading.report(URL_XOR_PROFILE, profile, message)
    at = profile or url or node
    return ImportDef(at.span, **fields)


_REPOSITORY = Table(
    "repository",
    {
        "url": Field(name, mandatory=True),
        "description": Field(text),
        "credential": Field(anything, until=Dialect.V1_3),
        "metadata": Field(metadata, since=Dialect.V2_0),
    },
)


def _repository(reading: Reading, label: Name, node: Node) -> RepositoryDef | None:
    if isinstance(node, Scalar):
        url = as_name(reading, node)
        return None if url is None else RepositoryDef(label, label.span, url)
    section = as_mapping(reading, node, f"the repository `{label.text}`")
    if section is None:
        return None
    fields = read_fields(reading, _REPOSITORY, section, label)
    fields.pop("metadata", None)
    return RepositoryDef(label, label.span, **fields) if "url" in fields else None


repositories = map_of("`repositories`", _repository)
