"""What a topology holds: every name bound, every value coerced, every operation merged."""

from collections.abc import Mapping

from toscactl import loading, topology, typesystem
from toscactl.diagnostics import Checked
from toscactl.topology import Topology
from toscactl.values import Call, ScalarUnit

HEAD = "tosca_definitions_version: tosca_simple_yaml_1_3\n"


def build(text: str, files: Mapping[str, str] | None = None) -> Checked[Topology]:
    content = {"main/service.yaml": HEAD + text, **(files or {})}
    fetch = loading.MemoryFetch({name: each.encode() for name, each in content.items()})
    bundle = loading.load(fetch.join("", "main/service.yaml"), fetch)
    return bundle.then(typesystem.bind).then(topology.build)


def test_a_file_without_service_gives_an_empty_topology() -> None:
    checked = build("node_types: {}\n")
    assert checked.ok
    assert checked.value.nodes == {}


def test_metadata_and_description() -> None:
    checked = build(
        """
description: outer
metadata: { template_name: shop, template_version: 1.10, other: yes }
topology_template:
  description: inner
"""
    )
    service = checked.value
    assert (service.name, service.version, service.description) == ("shop", "1.10", "inner")


def test_copies_are_merged_name_by_name() -> None:
    service = build(
        """
node_types:
  my.Node:
    derived_from: tosca.nodes.Root
    properties:
      a: { type: integer }
      b: { type: integer, default: 9 }
topology_template:
  node_templates:
    base:
      type: my.Node
      properties: { a: 1, b: 2 }
      requirements: [ { dependency: other } ]
    copy:
      copy: base
      type: my.Node
      properties: { b: 3 }
    other: { type: tosca.nodes.Root }
"""
    ).value
    copy = service.nodes["copy"]
    assert {name: each.value for name, each in copy.properties.items()} == {"a": 1, "b": 3}
    assert [each.target for each in copy.requirements] == ["other"]


def test_operations_merge_what_type_and_template_say() -> None:
    checked = build(
        """
imports: [ ../types/app.yaml ]
topology_template:
  node_templates:
    app:
      type: my.App
      properties: { size: 2 MB }
      artifacts:
        installer: { file: install.sh, type: tosca.artifacts.Implementation.Bash }
      requirements: [ { host: server } ]
      interfaces:
        tosca.interfaces.node.lifecycle.Standard:
          inputs: { shared: 1 }
          operations:
            create: installer
            configure: { inputs: { port: 81, extra: [ 1, 2 ] } }
            start: { implementation: { timeout: 5 } }
    server: { type: tosca.nodes.Compute }
""",
        {
            "types/app.yaml": HEAD
            + """
node_types:
  my.App:
    derived_from: tosca.nodes.SoftwareComponent
    properties:
      size: { type: scalar-unit.size }
    artifacts:
      runner: { file: run.py }
    interfaces:
      Standard:
        type: tosca.interfaces.node.lifecycle.Standard
        operations:
          configure:
            implementation: configure.sh
            inputs:
              port: { type: integer, default: 80 }
              size: { type: scalar-unit.size, default: { get_property: [ SELF, size ] } }
          start: runner
""",
            "types/configure.sh": "",
            "types/run.py": "",
            "main/install.sh": "",
        },
    )
    assert [each.rule.name for each in checked.diagnostics if each.severity.value == "error"] == []
    app = checked.value.nodes["app"]
    assert app.properties["size"].value == ScalarUnit("2 MB", 2_000_000, "B")
    operations = {each.name: each for each in app.operations}
    create, configure, start = (operations[n] for n in ("create", "configure", "start"))
    assert create.primary is not None
    assert create.primary.name == "installer"
    assert create.primary.location.endswith("main/install.sh")
    assert configure.primary is not None
    assert configure.primary.location.endswith("types/configure.sh")
    assert configure.primary.type.name == "tosca.artifacts.Implementation.Bash"
    values = {name: each.value for name, each in configure.inputs.items()}
    assert values == {
        "port": 81, "size": Call("get_property", ("SELF", "size")), "extra": (1, 2), "shared": 1,
    }  # fmt: skip
    assert start.primary is not None
    assert start.primary.type.name == "tosca.artifacts.Implementation.Python"
    assert start.timeout == 5.0
    assert operations["delete"].primary is None
    assert not any(each.missing for each in app.artifacts.values())


def test_images_are_no_files() -> None:
    checked = build(
        """
node_types:
  my.Container:
    derived_from: tosca.nodes.Container.Application
artifact_types:
  my.Image: { derived_from: tosca.artifacts.Deployment.Image }
repositories:
  hub: { url: "https://registry.example.org/" }
topology_template:
  node_templates:
    app:
      type: my.Container
      artifacts:
        local: { file: nginx:1.27, type: my.Image }
        remote: { file: nginx, type: my.Image, repository: hub }
      requirements: [ { host: runtime } ]
    runtime: { type: tosca.nodes.Container.Runtime, requirements: [ { host: server } ] }
    server: { type: tosca.nodes.Compute }
"""
    )
    assert checked.diagnostics == ()
    artifacts = checked.value.nodes["app"].artifacts
    assert (artifacts["local"].location, artifacts["local"].missing) == ("", False)
    assert artifacts["remote"].repository_url == "https://registry.example.org/"


def test_a_capability_of_the_target_is_chosen_by_type() -> None:
    service = build(
        """
node_types:
  my.Client:
    derived_from: tosca.nodes.Root
    requirements:
      - admin: { capability: tosca.capabilities.Endpoint.Admin }
      - data: { capability: tosca.capabilities.Endpoint }
topology_template:
  node_templates:
    client:
      type: my.Client
      requirements: [ { admin: web }, { data: web } ]
    web: { type: tosca.nodes.WebServer, requirements: [ { host: server } ] }
    server: { type: tosca.nodes.Compute }
"""
    ).value
    chosen = {each.name: each.capability for each in service.nodes["client"].requirements}
    assert chosen["admin"] == "admin_endpoint"
    assert chosen["data"] == "data_endpoint"


def test_a_wrong_default_of_a_type_is_said_once() -> None:
    checked = build(
        """
node_types:
  my.Node:
    derived_from: tosca.nodes.Root
    properties:
      a: { type: string, default: { get_property: [ SELF, b ] } }
topology_template:
  node_templates:
    one: { type: my.Node }
    two: { type: my.Node }
"""
    )
    found = [each.rule.name for each in checked.diagnostics]
    assert found == ["unknown-member"]
