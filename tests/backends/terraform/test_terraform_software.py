"""What servers run when they first boot, and what cannot be said: each with its rule."""

# ruff: noqa: E501  (a node of a service reads best on one line)

import hashlib
import shutil
import subprocess

import pytest

from tests.backends.terraform.conftest import Translate

BASH = shutil.which("bash") or "bash"
CONTAINERS = """
artifact_types:
  my.Image: { derived_from: tosca.artifacts.Deployment.Image }
node_types:
  my.Container:
    derived_from: tosca.nodes.Container.Application
    capabilities: { web: { type: tosca.capabilities.Endpoint.Public } }
    requirements:
      - data: { capability: tosca.capabilities.Attachment, relationship: tosca.relationships.AttachesTo, occurrences: [ 0, 1 ] }
topology_template:
  inputs: { port: { type: integer, default: 80 }, word: { type: string, metadata: { sensitive: "true" } } }
  node_templates:
    server: { type: tosca.nodes.Compute, capabilities: { os: { properties: { type: linux } } } }
    runtime: { type: tosca.nodes.Container.Runtime, requirements: [ { host: server } ] }
    data: { type: tosca.nodes.Storage.BlockStorage, properties: { name: d, size: 1 GB } }
    app:
      type: my.Container
      capabilities: { web: { properties: { port: { get_input: port } } } }
      artifacts: { image: { type: my.Image, file: "docker.io/library/nginx:1.27" } }
      interfaces:
        Standard:
          operations:
            create: { implementation: image, inputs: { "A.B": "it's ${x}", WORD: { get_input: word } } }
      requirements:
        - host: runtime
        - data: { node: data, relationship: { type: tosca.relationships.AttachesTo, properties: { location: /data } } }
"""


@pytest.mark.parametrize("cloud", ["aws", "openstack"])
def test_containers_are_run_by_an_engine(translate: Translate, cloud: str) -> None:
    made = translate(CONTAINERS, cloud)
    script = made.files["setup/server.sh"].decode()
    assert subprocess.run([BASH, "-n"], input=script, text=True, check=False).returncode == 0
    assert "docker.io/library/nginx:1.27" in script
    assert "A.B='it'\"'\"'s ${x}'" in script
    assert "--env WORD" in script
    assert "--volume /mnt/data/data:/data" in script
    assert '"$v2":"$v2"/tcp' in script or '"$v3":"$v3"/tcp' in script
    assert "terraform-secret-in-user-data" in made.rules


def app(operation: str, host: str = "requirements: [ { host: server } ]", more: str = "") -> str:
    return f"""
topology_template:
  node_templates:
    server: {{ type: tosca.nodes.Compute }}
    app:
      type: tosca.nodes.SoftwareComponent
      interfaces: {{ Standard: {{ operations: {{ {operation} }} }} }}
      {host}
{more}
"""


@pytest.mark.parametrize(
    ("text", "files", "rule"),
    [
        (app("create: site.yml"), {"site.yml": "- hosts: all\n"}, "terraform-operation-artifact"),
        (
            "topology_template: { node_templates: { a: { type: tosca.nodes.SoftwareComponent } } }\n",
            {},
            "terraform-not-hosted",
        ),
        (
            "topology_template:\n  node_templates:\n    odd: { type: tosca.nodes.Root }\n",
            {},
            "terraform-unsupported-node",
        ),
        (
            "topology_template:\n  node_templates:\n    lb: { type: tosca.nodes.LoadBalancer }\n",
            {},
            "terraform-balancer-without-members",
        ),
        (
            """
topology_template:
  node_templates:
    one: &s
      type: tosca.nodes.Compute
      requirements:
        - local_storage: { node: v, relationship: { type: tosca.relationships.AttachesTo, properties: { location: /x } } }
    two: *s
    v: { type: tosca.nodes.Storage.BlockStorage, properties: { name: v, size: 1 GB } }
""",
            {},
            "terraform-shared-volume",
        ),
    ],
)
@pytest.mark.parametrize("cloud", ["aws", "openstack"])
def test_what_cannot_be_said_is_an_error(
    translate: Translate, cloud: str, text: str, files: dict[str, str], rule: str
) -> None:
    made = translate(text, cloud, files=files)
    assert rule in made.rules
    assert made.files == {}


def test_operations_that_nothing_runs_are_named(translate: Translate) -> None:
    made = translate(
        app("create: a.sh, stop: a.sh, delete: a.sh"), "openstack", files={"a.sh": "x\n"}
    )
    notes = [d for d in made.diagnostics if d.rule.name == "terraform-operation-not-run"]
    assert ["stop" in n.message or "delete" in n.message for n in notes] == [True, True]
    assert all(note.span is not None for note in notes)


@pytest.mark.parametrize(("cloud", "size"), [("aws", 17_000), ("openstack", 50_000)])
def test_scripts_that_are_too_large_are_an_error(
    translate: Translate, cloud: str, size: int
) -> None:
    noise = "".join(hashlib.sha256(bytes(n)).hexdigest() for n in range(size // 32))
    made = translate(app("create: a.sh"), cloud, files={"a.sh": f"# {noise}\n"})
    assert f"terraform-{cloud}-user-data" in made.rules


def test_retries_and_timeouts_are_kept(translate: Translate) -> None:
    operation = "create: { implementation: { primary: a.sh, timeout: 7 }, inputs: { A: 1 } }"
    made = translate(app(operation), "openstack", files={"a.sh": "#!/bin/sh\ntrue\n"})
    assert "timeout -k 10 7 ./a.sh" in made.files["setup/server.sh"].decode()


def test_a_fact_that_is_misspelled_is_an_error(translate: Translate) -> None:
    text = "topology_template: { node_templates: { s: { type: tosca.nodes.Compute } } }\n"
    made = translate(text, facts={"regon": "x"})
    (found,) = [d for d in made.diagnostics if d.rule.name == "terraform-bad-fact"]
    assert found.hint == "did you mean `region`?"
    assert "terraform-bad-fact" in translate(text, facts={"subnet_ids": "a"}).rules
    assert "terraform-bad-fact" in translate(text, facts={"vpc_id": "a"}).rules
