"""A command line that runs in this process, in a folder of its own, with a copy of the samples."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from toscactl.cli import main


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def toscactl(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], root: Path
) -> Run:
    """Run `toscactl ARGUMENTS...`; `samples/` is there, state is the test's own."""
    folder = tmp_path / "here"
    folder.mkdir()
    shutil.copytree(root / "samples", folder / "samples")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments: str) -> Ended:
        capsys.readouterr()
        code = main(list(arguments))
        said = capsys.readouterr()
        return Ended(int(code), said.out, said.err)

    return run


SERVICE = """\
tosca_definitions_version: tosca_simple_yaml_1_3
topology_template:
  inputs:
    size: {type: integer, constraints: [ {in_range: [ 1, 9 ]} ]}
    word: {type: string, default: some}
    token: {type: string, required: false, metadata: {sensitive: "true"}}
  node_templates:
    one:
      type: tosca.nodes.SoftwareComponent
      requirements: [ { host: server } ]
      interfaces:
        Standard:
          operations:
            create: { implementation: create.sh, inputs: { word: { get_input: word } } }
            delete: delete.sh
    server: { type: tosca.nodes.Compute }
  outputs:
    size: { value: { get_input: size } }
    hidden: { value: { get_input: token } }
"""


@pytest.fixture
def service(toscactl: Run) -> str:  # noqa: ARG001  (it makes the folder)
    """A small service in this folder, whose scripts leave a trace; its name."""
    Path("own.yaml").write_text(SERVICE)
    Path("create.sh").write_text('#!/bin/bash\necho "made $word"\necho "create" >> trace\n')
    Path("delete.sh").write_text("#!/bin/bash\nexit 0\n")
    return "own.yaml"
