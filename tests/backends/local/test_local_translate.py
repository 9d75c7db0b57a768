"""The folder of `translate --target local` works without toscactl."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from toscactl import pipeline

World = Any

SERVICE = """
    node_types:
      t.Node:
        derived_from: tosca.nodes.SoftwareComponent
        properties:
          text: { type: string, default: "it's $HOME" }
        attributes: { url: { type: string }, made: { type: string } }
        interfaces:
          Standard:
            operations:
              create: { implementation: create.sh, outputs: { made: [ SELF, made ] } }
              start:
                implementation: start.sh
                inputs:
                  node: { get_property: [ SELF, text ] }
                  state:
                    concat: [ a-, { get_input: word }, -, { get_attribute: [ SELF, made ] } ]
                  key: { token: [ { get_attribute: [ server, private_address ] }, ".", 3 ] }
                  list: [ { get_attribute: [ SELF, made ] }, 2, { get_input: number } ]
                  secret: { get_input: secret }
                outputs: { url: [ SELF, url ] }
              stop: stop.sh
    topology_template:
      inputs:
        word: { type: string, default: "o'ne two" }
        number: { type: integer, default: 4 }
        secret: { type: string, default: geheim, metadata: { sensitive: "true" } }
      node_templates:
        it:
          type: t.Node
          requirements: [ host: server ]
        server: { type: tosca.nodes.Compute }
      outputs:
        url: { value: { get_attribute: [ it, url ] } }
"""

GIVEN = {"TOSCA_INPUT_secret": "s'ecret"}
SHELLS = [shell for shell in ("dash", "bash", "busybox") if shutil.which(shell)]


@pytest.fixture
def folder(world: World, tmp_path: Path) -> Path:
    world.service(SERVICE)
    world.write("create.sh", 'export made="x y"\necho created\n')
    world.write(
        "start.sh",
        """\
        printf '%s\\n' "$node" "$state" "$key" "$list" "$secret" "$TOSCA_NODE" "$TOSCA_OP"
        echo '{"url": "http://here", "more": 1}' >"$TOSCA_OUTPUT"
        touch "$TOSCA_ROOT/runs"
        """,
    )
    world.write("stop.sh", 'rm "$TOSCA_ROOT/runs"\necho stopped\n')
    made = pipeline.translate(world.load(), world.portion().target, backends=world.backends)
    for name, data in made.files.items():
        file = tmp_path / "out" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return tmp_path / "out"


def run(shell: str, script: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [shell, "sh", str(script)] if shell == "busybox" else [shell, str(script)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **variables}
    )


@pytest.mark.parametrize("shell", SHELLS)
def test_apply_and_destroy_without_toscactl(folder: Path, shell: str) -> None:
    applied = run(shell, folder / "apply.sh", **GIVEN)
    assert applied.stderr == ""
    assert applied.stdout.splitlines() == [
        "it: create",
        "created",
        "it: start",
        "it's $HOME",
        "a-o'ne two-x y",
        "1",
        '["x y",2,4]',
        "s'ecret",
        "it",
        "start",
        "url = http://here",
    ]
    again = run(shell, folder / "apply.sh", TOSCA_INPUT_word="other", **GIVEN)
    assert again.stdout.splitlines() == ["url = http://here"]
    assert "s'ecret" not in "".join(
        file.read_text() for file in (folder / "state").rglob("*") if file.is_file()
    )
    gone = run(shell, folder / "destroy.sh", **GIVEN)
    assert gone.stdout.splitlines() == ["it: stop", "stopped"]
    assert not (folder / "state").exists()


def test_a_secret_must_be_given(folder: Path) -> None:
    done = run("sh", folder / "apply.sh")
    assert done.returncode != 0
    assert "the input secret is not set" in done.stderr
    assert not any(b"geheim" in file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_it_goes_on_where_it_failed(folder: Path) -> None:
    script = folder / "artifacts/it/start/start.sh"
    good = script.read_text()
    script.write_text("exit 4\n")
    failed = run("sh", folder / "apply.sh", **GIVEN)
    assert failed.returncode == 1
    assert failed.stderr == "it: start failed; mend it, then run this again to go on\n"
    script.write_text(good)
    mended = run("sh", folder / "apply.sh", **GIVEN)
    assert mended.stdout.splitlines()[0] == "it: start"
    assert mended.returncode == 0
