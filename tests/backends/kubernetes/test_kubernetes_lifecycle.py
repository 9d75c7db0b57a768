"""Lifecycle scripts: their order, their environment, and that they really run."""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Translate = Callable[..., Any]

STACK = """
node_types:
  shop.Part:
    derived_from: tosca.nodes.SoftwareComponent
    attributes: { found: { type: string } }
    capabilities: { service: { type: tosca.capabilities.Endpoint } }
    requirements:
      - peer:
          capability: tosca.capabilities.Endpoint
          node: shop.Part
          relationship: tosca.relationships.ConnectsTo
          occurrences: [ 0, 1 ]
topology_template:
  inputs:
    password: { type: string, default: "p's", metadata: { sensitive: "true" } }
  node_templates:
    server: { type: tosca.nodes.Compute }
    base:
      type: shop.Part
      requirements: [ { host: server } ]
      interfaces:
        Standard:
          operations:
            create:
              implementation: { primary: ops/note.sh, dependencies: [ ops/data.txt ] }
              inputs: { say: "it's $HOME" }
              outputs: { found: [ SELF, found ] }
            start: { implementation: { primary: ops/daemon.sh, timeout: 20 } }
            stop: ops/stop.sh
            delete: ops/note.sh
    top:
      type: shop.Part
      requirements:
        - host: server
        - dependency: base
        - peer:
            node: base
            relationship:
              type: tosca.relationships.ConnectsTo
              interfaces:
                Configure:
                  operations:
                    pre_configure_source: ops/note.sh
                    pre_configure_target: ops/note.sh
                    add_target: ops/note.sh
      interfaces:
        Standard:
          operations:
            create: ops/note.sh
            configure:
              implementation: ops/note.py
              inputs:
                secret: { get_input: password }
                joined: { concat: [ "<", { get_attribute: [ base, found ] }, ">" ] }
"""
NOTE = """#!/usr/bin/env bash
echo "$TOSCA_NODE $TOSCA_OP ${say:-} ${SOURCE_NODE:-}" >>"$LOG"
[ "$TOSCA_NODE.$TOSCA_OP" = base.create ] || exit 0
cat ops/data.txt >>"$LOG"
echo found=gold >>"$TOSCA_OUTPUT"
"""
FILES = {
    "ops/note.sh": NOTE,
    "ops/data.txt": "some data\n",
    "ops/note.py": """import os
with open(os.environ["LOG"], "a") as log:
    print(os.environ["secret"], os.environ["joined"], file=log)
""",
    "ops/daemon.sh": '#!/bin/sh\nnohup sleep 300 >/dev/null 2>&1 &\necho $! >"$LOG.pid"\n',
    "ops/stop.sh": '#!/bin/sh\necho stopped >>"$LOG"\nkill $(cat "$LOG.pid")\n',
}


def test_operations_run_in_the_order_of_tosca(translate: Translate) -> None:
    script = translate(STACK, files=FILES)["ConfigMap/shop-base-scripts"]["data"]["start.sh"]
    order = [line.split()[1] for line in script.splitlines() if line.startswith("operation ")]
    assert order == [
        "create",
        "start",
        "create",
        "pre_configure_source.peer",
        "pre_configure_target.peer",
        "configure",
        "add_target.peer",
    ]


def test_secrets_are_no_part_of_scripts(translate: Translate) -> None:
    made = translate(STACK, files=FILES)
    assert "p's" not in str(made["ConfigMap/shop-base-scripts"])
    assert made["Secret/shop-password"]["stringData"] == {"password": "p's"}


def test_delete_is_said_not_to_run(translate: Translate) -> None:
    assert "`delete` of `base`" in translate(STACK, files=FILES).said("delete-not-run")


def test_pods_are_made_anew_when_scripts_change(translate: Translate) -> None:
    def digest(files: dict[str, str]) -> str:
        template = translate(STACK, files=files)["Deployment/shop-base"]["spec"]["template"]
        return str(template["metadata"]["annotations"]["toscactl.dev/config-sha256"])

    assert digest(FILES) == digest(FILES)
    assert digest(FILES) != digest({**FILES, "ops/data.txt": "other"})


ONE = """
topology_template:
  node_templates:
    server: { type: tosca.nodes.Compute }
    part:
      type: tosca.nodes.SoftwareComponent
      requirements: [ { host: server } ]
      interfaces: { Standard: { operations: { start: %s } } }
"""


def test_scripts_that_need_root_are_said(translate: Translate) -> None:
    files = {"a.sh": "#!/bin/bash\nset -e\n  apt-get install -y nginx\n"}
    assert "calls `apt-get`" in translate(ONE % "a.sh", files=files).said("needs-root")
    assert "needs-root" not in translate(ONE % "a.sh", files={"a.sh": "echo apt-get\n"}).rules()


def test_an_artifact_that_nothing_runs_is_an_error(translate: Translate) -> None:
    made = translate(ONE % "site.yaml", files={"site.yaml": "- hosts: all\n"})
    assert not made.documents
    assert "site.yaml" in made.said("artifact-not-runnable")


def test_a_file_that_is_too_large_is_an_error(translate: Translate) -> None:
    made = translate(ONE % "a.sh", files={"a.sh": "#!/bin/sh\n" + "x" * 1_000_000})
    assert not made.documents
    assert "1000010 bytes" in made.said("artifact-too-large")


def test_files_are_spread_over_config_maps(translate: Translate) -> None:
    primary = "{ implementation: { primary: a.sh, dependencies: [ b.txt, c.txt ] } }"
    files = {"a.sh": "#!/bin/sh\n", "b.txt": "b" * 600_000, "c.txt": "c" * 600_000}
    made = translate(ONE % primary, files=files)
    names = made.kinds("ConfigMap")
    assert names == {"shop-part-scripts", "shop-part-scripts-2"}
    assert all(len(str(made[f"ConfigMap/{name}"])) < 1 << 20 for name in names)


def test_an_operation_on_another_pod_is_said(translate: Translate) -> None:
    apart = STACK.replace("        - dependency: base\n", "").replace(
        "        - host: server\n        - peer", "        - host: other\n        - peer"
    )
    apart = apart.replace(
        "    server: { type: tosca.nodes.Compute }",
        "    server: { type: tosca.nodes.Compute }\n    other: { type: tosca.nodes.Compute }",
    ).replace('joined: { concat: [ "<", { get_attribute: [ base, found ] }, ">" ] }', "joined: x")
    made = translate(apart, files=FILES)
    assert "`pre_configure_target`" in made.said("operation-elsewhere")
    assert made.kinds("Deployment") == {"shop-base"}
    assert made.kinds("Job") == {"shop-top"}


def _unpack(made: Any, folder: Path, name: str) -> None:  # noqa: ANN401
    """Lay out what the kubelet would mount."""
    pod = made.pod(name)
    for volume in pod["volumes"]:
        for source in volume.get("projected", {}).get("sources", []):
            for kind, top in (("configMap", "files"), ("secret", "secrets")):
                if kind not in source:
                    continue
                held = made[f"{kind[0].upper()}{kind[1:]}/{source[kind]['name']}"]
                data = held.get("data") or held["stringData"]
                for item in source[kind]["items"]:
                    path = folder / top / item["path"]
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(data[item["key"]], encoding="utf-8")
                    path.chmod(0o555)


def _adopting() -> None:
    """Be the parent of what the operations leave behind, as the first process of a pod is."""
    adopt_orphans = 36
    ctypes.CDLL(None).prctl(adopt_orphans, 1, 0, 0, 0)


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or shutil.which("bash") is None,
    reason="the scripts are for Linux containers with bash",
)
def test_a_pod_sets_up_stays_and_ends(translate: Translate, tmp_path: Path) -> None:
    made = translate(STACK, files=FILES)
    _unpack(made, tmp_path, "Deployment/shop-base")
    log = tmp_path / "log"
    env = {
        "PATH": os.environ["PATH"],
        "FILES": str(tmp_path / "files"),
        "WORK": str(tmp_path / "work"),
        "SECRETS": str(tmp_path / "secrets"),
        "HOME": str(tmp_path / "work/home"),
        "TOSCA_ROOT": str(tmp_path / "work/root"),
        "LOG": str(log),
    }
    (tmp_path / "work").mkdir()
    started = [("/bin/sh", str(tmp_path / "files/start.sh"))]
    process = subprocess.Popen(started[0], env=env, preexec_fn=_adopting)  # noqa: PLW1509
    try:
        for _ in range(200):
            if (tmp_path / "work/started").exists() or process.poll() is not None:
                break
            time.sleep(0.1)
        assert log.read_text().splitlines() == [
            "base create it's $HOME ",
            "some data",
            "top create  ",
            "top pre_configure_source  top",
            "base pre_configure_target  top",
            "p's <gold>",
            "top add_target  top",
        ]
        os.kill(int(Path(f"{log}.pid").read_text()), signal.SIGTERM)
        assert process.wait(timeout=20) == 1, "ends when what was started has ended"
    finally:
        process.kill()
        process.wait()
