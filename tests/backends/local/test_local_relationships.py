"""Operations of relationships, storage, and the order of everything."""

from typing import Any

World = Any

SERVICE = """
    relationship_types:
      t.Link:
        derived_from: tosca.relationships.ConnectsTo
        properties:
          weight: { type: integer, default: 7 }
        interfaces:
          Configure:
            operations:
              pre_configure_source: say.sh
              pre_configure_target: say.sh
              post_configure_source: say.sh
              post_configure_target: say.sh
              add_target: say.sh
              add_source: say.sh
              remove_target: say.sh
    node_types:
      t.Node:
        derived_from: tosca.nodes.SoftwareComponent
        attributes: { seen: { type: string } }
        capabilities: { api: tosca.capabilities.Endpoint }
        requirements:
          - link:
              capability: tosca.capabilities.Endpoint
              relationship: t.Link
              occurrences: [ 0, UNBOUNDED ]
        interfaces:
          Standard:
            create: say.sh
            configure: say.sh
            start: say.sh
            stop: say.sh
            delete: say.sh
    topology_template:
      node_templates:
        front:
          type: t.Node
          requirements: [ host: one, link: { node: back, capability: api } ]
        back:
          type: t.Node
          requirements: [ host: two ]
        one:
          type: tosca.nodes.Compute
          requirements:
            - local_storage:
                node: disk
                relationship:
                  type: tosca.relationships.AttachesTo
                  properties: { location: /var/data }
        two: { type: tosca.nodes.Compute }
        disk: { type: tosca.nodes.Storage.BlockStorage, properties: { name: disk, size: 1 GB } }
"""

SAY = """\
echo "$TOSCA_NODE $TOSCA_OP on $TOSCA_HOST in $(basename "$TOSCA_ROOT")" \
  "${TOSCA_SOURCE_NODE-}>${TOSCA_TARGET_NODE-}${TOSCA_RELATIONSHIP_weight-}"
if [ "$TOSCA_OP" = post_configure_target ]; then
  ctx target instance runtime_properties seen "by $(ctx source node name)"
fi
if [ "$TOSCA_OP" = start ] && [ "$TOSCA_NODE" = front ]; then
  echo precious >"$TOSCA_ROOT/var/data/file"
fi
"""


def test_the_life_cycle_in_order(world: World) -> None:
    world.service(SERVICE)
    world.write("say.sh", SAY)
    run = world.apply()
    assert run.outcome == "done", run.failures
    assert run.lines == [
        "back create on two in two >",
        "back configure on two in two >",
        "back start on two in two >",
        "front create on one in one >",
        "front pre_configure_source on one in one front>back7",
        "front pre_configure_target on two in two front>back7",
        "front configure on one in one >",
        "front post_configure_source on one in one front>back7",
        "front post_configure_target on two in two front>back7",
        "front start on one in one >",
        "front add_target on one in one front>back7",
        "front add_source on two in two front>back7",
    ]
    assert world.attributes("back")["seen"] == "by front"
    disk = world.work / "storage/disk"
    assert (disk / "file").read_text() == "precious\n"
    assert world.attributes("disk")["path"] == str(disk)
    run = world.destroy()
    assert run.lines == [
        "front remove_target on one in one front>back7",
        "front stop on one in one >",
        "front delete on one in one >",
        "back stop on two in two >",
        "back delete on two in two >",
    ]
    assert not disk.exists()


def test_what_means_nothing_here_is_carried_and_what_cannot_be_is_said(world: World) -> None:
    world.service(
        """
        topology_template:
          node_templates:
            net: { type: tosca.nodes.network.Network }
            port:
              type: tosca.nodes.network.Port
              requirements: [ binding: server, link: net ]
            server:
              type: tosca.nodes.Compute
              capabilities: { scalable: { properties: { default_instances: 3, max_instances: 3 } } }
            app:
              type: tosca.nodes.Container.Application
              requirements: [ host: runtime ]
            runtime:
              type: tosca.nodes.Container.Runtime
              requirements: [ host: server ]
          policies:
            - scale: { type: tosca.policies.Scaling, targets: [ server ] }
            - near: { type: tosca.policies.Placement, targets: [ server ] }
        """
    )
    backend = world.backends["local"]
    portion = world.portion()
    checked = backend.lower(portion)
    found = {(d.rule.name, d.severity.value, d.span.position.line) for d in checked.diagnostics}
    assert found == {
        ("local-single-instance", "warning", 9),
        ("local-needs-operations", "error", 12),
        ("local-policy-without-effect", "warning", 19),
    }
    claimed = {i.name for i in portion.instances if backend.claims(i, portion.target)}
    assert claimed == {"net", "port", "server", "runtime"}
    assert len(checked.value) == 5


def test_an_image_is_no_script(world: World) -> None:
    world.service(
        """
        artifact_types:
          t.Container: { derived_from: tosca.artifacts.Deployment.Image }
        repositories:
          hub: { url: https://hub.example }
        topology_template:
          node_templates:
            app:
              type: tosca.nodes.Container.Application
              requirements: [ host: runtime ]
              artifacts:
                image: { file: "redis:7", type: t.Container, repository: hub }
              interfaces: { Standard: { create: { implementation: image } } }
            runtime:
              type: tosca.nodes.Container.Runtime
              requirements: [ host: server ]
            server:
              type: tosca.nodes.Compute
              artifacts:
                disk: { file: "disk.qcow2", type: tosca.artifacts.Deployment.Image.VM }
              interfaces: { Standard: { create: { implementation: disk } } }
        """
    )
    world.write("disk.qcow2", "")
    backend, portion = world.backends["local"], world.portion()
    claimed = {i.name for i in portion.instances if backend.claims(i, portion.target)}
    assert claimed == {"runtime", "server"}
    found = [(d.rule.name, d.span.position.line) for d in backend.lower(portion).diagnostics]
    assert found == [("local-needs-operations", 9)]


def test_a_requirement_may_wait_for_less(world: World) -> None:
    """The source begins although its target is not configured: here that even waits for it."""
    world.service(
        """
        topology_template:
          node_templates:
            early:
              type: tosca.nodes.SoftwareComponent
              metadata: { toscactl.dependency.after: create }
              requirements: [ host: server, dependency: slow ]
              interfaces: { Standard: { create: early.sh } }
            slow:
              type: tosca.nodes.SoftwareComponent
              requirements: [ host: server ]
              interfaces: { Standard: { create: say.sh, configure: wait.sh } }
            server: { type: tosca.nodes.Compute }
        """
    )
    world.write("say.sh", "echo $TOSCA_NODE $TOSCA_OP\n")
    world.write("early.sh", 'echo $TOSCA_NODE; touch "$TOSCA_ROOT/early"\n')
    world.write(
        "wait.sh",
        """\
        for i in $(seq 600); do [ -e "$TOSCA_ROOT/early" ] && exit 0; sleep 0.05; done
        exit 1
        """,
    )
    run = world.apply()
    assert (run.outcome, run.lines) == ("done", ["slow create", "early"])
    world.destroy()
