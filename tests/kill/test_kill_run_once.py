"""An operation that must not run twice, killed: somebody has to say what became of it."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

Shop = Any

SERVICE = """\
tosca_definitions_version: tosca_simple_yaml_1_3
topology_template:
  node_templates:
    it:
      type: tosca.nodes.SoftwareComponent
      metadata: { toscactl.Standard.create.run_once: "true" }
      requirements: [ host: server ]
      interfaces: { Standard: { create: create.sh, start: start.sh, delete: delete.sh } }
    server: { type: tosca.nodes.Compute }
"""


@pytest.mark.parametrize("answer", ["touch", "rm"])
def test_somebody_is_asked(shop: Shop, answer: str, pause: str, tmp_path: Path) -> None:
    shop.folder = tmp_path / "once"
    shop.folder.mkdir()
    (shop.folder / "service.yaml").write_text(SERVICE)
    for name in ("create", "start", "delete"):
        (shop.folder / f"{name}.sh").write_text(f"#!/bin/bash\n{pause}\n")
    shop.inputs = {}
    shop.kill_at("apply", "it.create:begin")
    for _ in range(2):
        process = shop.run("apply")
        _, said = process.communicate()
        assert process.returncode == 1
        assert "must not run twice" in said
    command = next(c for c in re.findall(r"`((?:touch|rm) [^`]*)`", said) if c.startswith(answer))
    subprocess.run(shlex.split(command), check=True)
    shop.finish("apply")
    again = [] if answer == "touch" else ["it.create"]
    assert shop.traced() == ["it.create", *again, "it.start"]
    shop.finish("destroy")
    shop.is_gone()
