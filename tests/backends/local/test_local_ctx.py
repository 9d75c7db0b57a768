"""The command `ctx` in the syntax of ARIA and of Cloudify."""

from typing import Any

World = Any

SERVICE = """
    node_types:
      t.Node:
        derived_from: tosca.nodes.SoftwareComponent
        properties:
          port: { type: integer, default: 80 }
          tree: { type: map, entry_schema: string, default: { a: b } }
        attributes: { url: { type: string } }
        capabilities:
          api:
            type: tosca.capabilities.Endpoint
            properties: { port: { default: 8080 } }
    topology_template:
      node_templates:
        server: { type: tosca.nodes.Compute }
        it:
          type: t.Node
          requirements: [ host: server ]
          artifacts:
            page: { file: files/page.html, type: tosca.artifacts.File }
          interfaces:
            Standard:
              create: { implementation: create.sh, inputs: { x: 5 } }
              configure: configure.sh
"""

TEAPOT = (
    "ctx: `teapot` is unknown; known are node, instance, source, target, operation, inputs,"
    " deployment, logger and download-resource"
)


def test_ctx(world: World) -> None:
    world.service(SERVICE)
    world.write("files/page.html", "<p>{{ ctx.node.properties.port }} {{ word }}</p>\n")
    world.write(
        "create.sh",
        """\
        set -eu
        ctx logger info "in Cloudify's way"
        ctx logger warning [ "in ARIA's way: %s" 5 ]
        p=properties
        echo "$(ctx node $p port) $(ctx node $p tree.a) $(ctx node $p tree a)"
        ctx -j node properties tree
        ctx node capabilities api properties port
        ctx instance runtime_properties url http://x
        ctx node attributes other = '{"deep": [1]}'
        echo "$(ctx instance runtime-properties url) $(ctx node name) $(ctx node type)"
        ctx instance id
        ctx operation inputs x
        file=$(ctx download-resource files/page.html)
        cat "$file"
        words='{"word": "rendered"}'
        ctx download-resource-and-render [ out.html files/page.html "$words" ] >/dev/null
        cat out.html
        ctx download-resource-and-render files/page.html '@{"target_path": "again.html"}' >/dev/null
        ctx node properties nothing || echo "no such property"
        ctx source node name || echo "no relationship"
        ctx teapot || echo "no such thing"
        """,
    )
    world.write("configure.sh", "ctx node attributes url\nctx node attributes other deep\n")
    run = world.apply()
    assert run.outcome == "done", run.failures
    assert run.lines == [
        "in Cloudify's way",
        "warning: in ARIA's way: 5",
        "80 b b",
        '{"a": "b"}',
        "8080",
        "http://x it t.Node",
        "it_0",
        "5",
        "<p>{{ ctx.node.properties.port }} {{ word }}</p>",
        "<p>80 rendered</p>",
        "ctx: there is no `properties nothing`",
        "no such property",
        "ctx: `source` is known in operations of relationships only",
        "no relationship",
        TEAPOT,
        "no such thing",
        "http://x",
        "[1]",
    ]
    assert world.attributes("it")["other"] == {"deep": (1,)}


def test_a_daemon_cannot_ask_when_its_operation_is_over(world: World) -> None:
    world.service(SERVICE)
    world.write("files/page.html", "")
    world.write("create.sh", '(sleep 0.7; ctx node name >"$TOSCA_ROOT/late" 2>&1) &\n')
    world.write("configure.sh", 'sleep 1.2; cat "$TOSCA_ROOT/late"\n')
    assert world.apply().lines == ["ctx: the operation is over"]
