"""The bundled profiles against a list of facts, member by member."""

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

import toscactl_profiles

VERSIONS = ("1.0", "1.1", "1.2", "1.3")
_FACTS = Path(__file__).parent / "simple_types.csv"
_BLOCK_STORAGE = "tosca.nodes.Storage.BlockStorage"

CORRECTED: Mapping[tuple[str, str], Mapping[str, object]] = {
    ("tosca.capabilities.Scalable", "default_instances"): {"default": None},
    (_BLOCK_STORAGE, "size"): {"type": "scalar-unit.size"},
}
"""Where the text of the standard wins over the facts (profiles/toscactl_profiles/NOTES.md)."""

ADDED = {("tosca.relationships.AttachesTo", "attribute", "device")}


class _TextLoader(yaml.SafeLoader):
    """Scalars stay text, as in the facts."""


_TextLoader.yaml_implicit_resolvers = {}


def profile(version: str) -> dict[str, Any]:
    text = toscactl_profiles.read("simple", version)
    loaded: dict[str, Any] = yaml.load(text, _TextLoader)  # noqa: S506  (derived from the safe one)
    return loaded


def facts(version: str) -> list[list[str]]:
    with _FACTS.open(newline="") as file:
        return [row for row in csv.reader(file) if row[0] == version]


def types(version: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for section, entries in profile(version).items():
        if section.endswith("_types"):
            for name, definition in entries.items():
                yield section.removesuffix("_types"), name, definition


def members(definition: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, kind in (
        ("properties", "property"),
        ("attributes", "attribute"),
        ("capabilities", "capability"),
        ("interfaces", "interface"),
        ("operations", "operation"),
    ):
        yield from ((kind, name) for name in definition.get(key, {}))
    for requirement in definition.get("requirements", []):
        yield from (("requirement", name) for name in requirement)


def as_text(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return {key: as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_text(item) for item in value]
    return str(value)


def find(definition: Mapping[str, Any], kind: str, name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any]
    if kind == "requirement":
        found = next(each[name] for each in definition["requirements"] if name in each)
    elif kind == "operation":
        found = definition.get("operations", definition)[name]
    else:
        plural = {"property": "properties", "capability": "capabilities"}.get(kind, f"{kind}s")
        found = definition[plural][name]
    return found


def expected(row: list[str]) -> dict[str, object]:
    _, _, type_name, member, name, first, second, third, fourth, fifth = row
    entry = json.loads(fourth) if fourth else None
    other = json.loads(fifth) if fifth else None
    wanted: dict[str, object]
    if member == "type":
        wanted = {"derived_from": first or None, **(other or {})}
    elif member in {"property", "attribute"}:
        wanted = {
            "type": first,
            "required": second or None,
            "default": third or None,
            "entry_schema": entry,
            "constraints": other,
        }
        wanted.update(CORRECTED.get((type_name, name), {}))
    elif member == "requirement":
        node = second
        if node == "tosca.nodes.BlockStorage" and row[0] == "1.2":
            node = _BLOCK_STORAGE
        wanted = {
            "capability": first,
            "node": node or None,
            "relationship": third or None,
            "occurrences": entry,
        }
    else:
        wanted = {"type": first or None, "occurrences": entry, "valid_source_types": other or None}
    return {key: None if value is None else as_text(value) for key, value in wanted.items()}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_fact_is_in_the_profile(version: str) -> None:
    known = {(kind, name): definition for kind, name, definition in types(version)}
    wrong = []
    for row in facts(version):
        _, kind, type_name, member, name, *_ = row
        definition = known[kind, type_name]
        actual = definition if member == "type" else find(definition, member, name)
        wrong += [
            (type_name, name, key, actual.get(key), value)
            for key, value in expected(row).items()
            if actual.get(key) != value
        ]
    assert wrong == []


@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_else_is_in_the_profile(version: str) -> None:
    listed = {(row[2], row[3], row[4]) for row in facts(version)}
    found = set()
    for kind, name, definition in types(version):
        found.add((name, "type", ""))
        found |= {(name, *member) for member in members(definition)}
        if kind == "interface" and version != "1.3":
            known = {"derived_from", "metadata", "description"}
            found |= {(name, "operation", key) for key in definition if key not in known}
    assert found - listed == ADDED
    assert listed - found == set()


@pytest.mark.parametrize("version", VERSIONS)
def test_every_name_that_a_type_refers_to_is_defined(version: str) -> None:
    names = {name for _, name, _ in types(version)}
    text = toscactl_profiles.read("simple", version).decode()
    written = {
        word.strip("[],")
        for line in text.splitlines()
        for word in line.split()
        if word.startswith(("tosca.", "[tosca."))
    }
    assert {word.rstrip(":") for word in written} - names - {"tosca.simple"} == set()


@pytest.mark.parametrize("version", VERSIONS)
def test_each_type_and_property_is_described(version: str) -> None:
    for _, name, definition in types(version):
        assert definition["description"].endswith("."), name
        for member in definition.get("properties", {}).values():
            assert member["description"], name


@pytest.mark.parametrize("version", VERSIONS)
def test_short_names_are_unique_within_their_kind(version: str) -> None:
    seen: dict[tuple[str, str], str] = {}
    for kind, name, definition in types(version):
        metadata = definition["metadata"]
        names = {
            metadata["shorthand_name"],
            metadata["type_qualified_name"].removeprefix("tosca:"),
            metadata.get("alternative_name", metadata["shorthand_name"]),
        }
        for short in names:
            assert seen.setdefault((kind, short), name) == name


def test_official_short_names() -> None:
    short = {name: each["metadata"]["shorthand_name"] for _, name, each in types("1.3")}
    assert short["tosca.nodes.network.Network"] == "Network"
    assert short["tosca.capabilities.network.Bindable"] == "network.Bindable"
    assert short["tosca.artifacts.Implementation.Bash"] == "Bash"
    assert short["tosca.nodes.Container.Runtime"] == "Container.Runtime"


def test_the_listed_profiles_are_those_in_the_folder() -> None:
    folder = Path(toscactl_profiles.__file__).parent
    found = {path.parent.relative_to(folder).parts for path in folder.glob("*/*/profile.yaml")}
    assert set(toscactl_profiles.names()) == found


def test_each_version_of_1_x_has_its_implicit_profile() -> None:
    for version in VERSIONS:
        dialect = "tosca_simple_yaml_" + version.replace(".", "_")
        assert toscactl_profiles.IMPLICIT[dialect] == ("simple", version)
        assert profile(version)["tosca_definitions_version"] == dialect
    assert "tosca_2_0" not in toscactl_profiles.IMPLICIT


def test_an_unknown_profile_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        toscactl_profiles.read("simple", "9.9")
