"""Folders into packages, and back."""

from pathlib import Path

import pytest

import toscactl_csar
from toscactl_csar import ArchiveError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "TOSCA-Metadata").mkdir()
    (tmp_path / "TOSCA-Metadata" / "TOSCA.meta").write_text("CSAR-Version: 1.1\n")
    (tmp_path / "service.yaml").write_text("tosca_definitions_version: tosca_simple_yaml_1_3\n")
    script = tmp_path / "run.sh"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text("x")
    return tmp_path


def test_what_is_packed_can_be_read(folder: Path) -> None:
    archive = toscactl_csar.read(toscactl_csar.pack(folder))
    assert list(archive.members) == ["TOSCA-Metadata/TOSCA.meta", "run.sh", "service.yaml"]
    assert archive.members["run.sh"].mode == 0o755
    assert archive.read("run.sh") == b"#!/bin/sh\n"
    assert list(toscactl_csar.verify(archive)) == []


def test_the_same_files_give_the_same_bytes(folder: Path) -> None:
    before = toscactl_csar.pack(folder)
    for path in folder.iterdir():
        path.touch()
    assert toscactl_csar.pack(folder) == before


def test_links_are_refused(folder: Path) -> None:
    (folder / "link").symlink_to("/etc/passwd")
    with pytest.raises(ArchiveError) as error:
        toscactl_csar.pack(folder)
    assert [finding.rule for finding in error.value.findings] == ["ARC-04"]


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError) as error:
        toscactl_csar.pack(tmp_path)
    assert [finding.rule for finding in error.value.findings] == ["ARC-14"]


def test_a_missing_folder_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="missing"):
        toscactl_csar.pack(tmp_path / "missing")
