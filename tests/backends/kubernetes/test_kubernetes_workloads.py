"""How a graph is cut into workloads, and what their pods look like."""

from collections.abc import Callable
from typing import Any

import pytest

from toscactl.backend import (
    HOSTED_ON,
    Address,
    Artifact,
    Instance,
    InstanceGraph,
    Place,
    Portion,
    Relationship,
)
from toscactl.targets import BUILT_IN
from toscactl_kubernetes import KubernetesBackend

Translate = Callable[..., Any]

TWO_STACKS = """
topology_template:
  node_templates:
    server:
      type: tosca.nodes.Compute
      capabilities:
        host: { properties: { num_cpus: 3, mem_size: 1 GiB } }
        os: { properties: { type: linux, architecture: aarch64 } }
    first:
      type: tosca.nodes.WebServer
      capabilities: { data_endpoint: { properties: { protocol: http, port: 8080 } } }
      interfaces: { Standard: { operations: { create: run.sh, start: run.sh } } }
      requirements: [ { host: server } ]
    page:
      type: tosca.nodes.WebApplication
      interfaces: { Standard: { operations: { create: run.sh } } }
      requirements: [ { host: first } ]
    second:
      type: tosca.nodes.WebServer
      capabilities: { data_endpoint: { properties: { protocol: http, port: 8080 } } }
      interfaces: { Standard: { operations: { create: run.sh, start: run.sh } } }
      requirements: [ { host: server } ]
"""
SCRIPT = {"run.sh": "#!/bin/sh\n"}

CONTAINER = """
topology_template:
  node_templates:
    runtime: { type: tosca.nodes.Container.Runtime }
    app:
      type: tosca.nodes.Container.Application
      metadata: %s
      artifacts:
        image: { type: tosca.artifacts.Deployment.Image, file: "%s" }
      requirements: [ { host: runtime } ]
"""


def container(image: str, metadata: str = "{}") -> str:
    return CONTAINER % (metadata, image)


def test_stacks_of_one_server_are_pods_of_their_own(translate: Translate) -> None:
    made = translate(TWO_STACKS, files=SCRIPT)
    assert made.kinds("Deployment") == {"shop-first", "shop-second"}
    for name in ("shop-first", "shop-second"):
        assert made.container(f"Deployment/{name}")["ports"][0]["containerPort"] == 8080
        assert made.container(f"Deployment/{name}")["resources"] == {
            "requests": {"cpu": "1500m", "memory": "512Mi"},
            "limits": {"memory": "512Mi"},
        }
        selector = made.pod(f"Deployment/{name}")["nodeSelector"]
        assert selector == {"kubernetes.io/os": "linux", "kubernetes.io/arch": "arm64"}
    assert "compute-divided" in made.rules()


def test_what_is_hosted_shares_the_pod_of_its_host(translate: Translate) -> None:
    made = translate(TWO_STACKS, files=SCRIPT)
    annotations = made["Deployment/shop-first"]["metadata"]["annotations"]
    assert annotations["toscactl.dev/node-template"] == "first,page"


def test_stacks_that_depend_on_each_other_stay_together(translate: Translate) -> None:
    host = "requirements: [ { host: server } ]"
    head, _, _ = TWO_STACKS.rpartition(host)
    joined = f"{head}requirements: [ {{ host: server }}, {{ dependency: first }} ]\n"
    made = translate(joined, files=SCRIPT)
    assert made.kinds("Deployment") == {"shop-first"}
    nodes = made["Deployment/shop-first"]["metadata"]["annotations"]["toscactl.dev/node-template"]
    assert nodes == "first,page,second"


def test_a_server_without_software_waits(translate: Translate) -> None:
    text = """
topology_template:
  node_templates:
    server:
      type: tosca.nodes.Compute
      capabilities:
        os: { properties: { distribution: debian, version: "12.0" } }
"""
    made = translate(text)
    box = made.container("Deployment/shop-server")
    assert box["image"] == "docker.io/library/debian:12.0"
    assert box["command"][:2] == ["/bin/sh", "-c"]
    assert "idle-server" in made.rules()
    machine = translate(text, facts={"kubevirt": True})
    assert machine.kinds("Deployment") == set()
    spec = machine["VirtualMachine/shop-server"]["spec"]
    assert spec["runStrategy"] == "Always"
    assert spec["template"]["spec"]["domain"]["memory"] == {"guest": "256M"}


def test_software_that_only_sets_up_is_a_job(translate: Translate) -> None:
    text = """
topology_template:
  node_templates:
    server: { type: tosca.nodes.Compute }
    setup:
      type: tosca.nodes.SoftwareComponent
      interfaces: { Standard: { operations: { create: run.sh } } }
      requirements: [ { host: server } ]
"""
    made = translate(text, files=SCRIPT)
    job = made["Job/shop-setup"]
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "OnFailure"
    scripts = made["ConfigMap/shop-setup-scripts"]["data"]["start.sh"]
    assert "stay" not in scripts.splitlines()


def test_pods_follow_the_restricted_profile(translate: Translate) -> None:
    made = translate(container("registry.example/app:1"))
    pod = made.pod("Deployment/shop-app")
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert made.container("Deployment/shop-app")["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert made["Namespace/shop"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == (
        "restricted"
    )
    assert {"image-unknown", "no-readiness"} <= made.rules()


def test_declared_exceptions_are_listed(translate: Translate) -> None:
    metadata = '{ kubernetes.run_as_user: "0", kubernetes.writable_paths: "/var/cache/app" }'
    made = translate(container("registry.example/app:1", metadata))
    assert made.pod("Deployment/shop-app")["securityContext"]["runAsNonRoot"] is False
    box = made.container("Deployment/shop-app")
    assert box["securityContext"]["readOnlyRootFilesystem"] is False
    assert "/var/cache/app" in [mount["mountPath"] for mount in box["volumeMounts"]]
    assert made["Namespace/shop"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == (
        "baseline"
    )
    assert "runs as root" in made.said("security-exception")


def test_metadata_that_is_nonsense_is_said(translate: Translate) -> None:
    made = translate(container("registry.example/app:1", '{ kubernetes.run_as_user: "me" }'))
    assert "must be a number" in made.said("bad-metadata")


def test_well_known_images_are_known(translate: Translate) -> None:
    made = translate(container("docker.io/library/postgres:17"))
    assert made.pod("Deployment/shop-app")["securityContext"]["fsGroup"] == 999
    assert "image-unknown" not in made.rules()
    assert "/var/lib/postgresql/data" in made.said("data-not-kept")


@pytest.mark.parametrize(
    ("image", "pinned"),
    [
        ("nginx", False),
        ("registry.example:5000/nginx", False),
        ("nginx:latest", False),
        ("nginx:1.27", True),
        ("nginx@sha256:" + "0" * 64, True),
    ],
)
def test_an_image_that_is_not_pinned_is_said(
    translate: Translate,
    image: str,
    pinned: bool,  # noqa: FBT001
) -> None:
    assert ("image-not-pinned" in translate(container(image)).rules()) is not pinned


def test_a_container_without_image_is_an_error(translate: Translate) -> None:
    made = translate(
        """
topology_template:
  node_templates:
    runtime: { type: tosca.nodes.Container.Runtime }
    app:
      type: tosca.nodes.Container.Application
      requirements: [ { host: runtime } ]
"""
    )
    assert not made.documents
    assert "`app` has no image" in made.said("no-image")


def test_facts_name_images_for_types(translate: Translate) -> None:
    made = translate(
        TWO_STACKS,
        files=SCRIPT,
        facts={"images": {"first": "registry.example/base:2", "tosca.nodes.WebServer": "b:3"}},
    )
    assert made.container("Deployment/shop-first")["image"] == "registry.example/base:2"
    assert made.container("Deployment/shop-second")["image"] == "b:3"


def test_names_with_every_character_are_sanitised_and_distinct(translate: Translate) -> None:
    text = """
topology_template:
  node_templates:
    "My_App": { type: tosca.nodes.Compute }
    "my-app": { type: tosca.nodes.Compute }
    "9 lives": { type: tosca.nodes.Compute }
    shop: { type: tosca.nodes.Compute }
    Shop: { type: tosca.nodes.Compute }
"""
    names = translate(text).kinds("Deployment")
    assert len(names) == 5
    assert "shop" in names
    assert "shop-my-app" in names
    assert "shop-9-lives" in names


def test_a_given_namespace_is_used_and_not_made(translate: Translate) -> None:
    made = translate(container("nginx:1.27"), facts={"namespace": "tenant-a"})
    assert made.kinds("Namespace") == set()
    assert made["Deployment/shop-app"]["metadata"]["namespace"] == "tenant-a"
    assert "tenant-a must be there" in made.files["README.txt"]


def test_instances_of_one_template_are_replicas() -> None:
    place = Place("service.yaml", 1)
    instances: dict[Address, Instance] = {}
    for number in range(3):
        server = Instance(Address("server", number), ("tosca.nodes.Compute",), place)
        at = Address("web", number)
        host = Relationship("host", at, server.address, "host", (HOSTED_ON,), place)
        image = Artifact("image", ("tosca.artifacts.Deployment.Image",), "web:1", place)
        web = Instance(
            at,
            ("tosca.nodes.WebServer", "tosca.nodes.SoftwareComponent"),
            place,
            relationships=(host,),
            artifacts={"image": image},
        )
        instances |= {server.address: server, at: web}
    graph = InstanceGraph("shop", "", None, instances)
    portion = Portion("shop", BUILT_IN["kubernetes"], graph, tuple(graph))
    units = KubernetesBackend().lower(portion).value
    (deployment,) = [unit for unit in units if unit.kind == "Deployment"]
    assert deployment.resources[0].properties["replicas"] == 3
    assert set(deployment.instances) == set(instances)
