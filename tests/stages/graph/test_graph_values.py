"""Values of instances: what is known is put in, what is not stays a residual, secrets stay so."""

from collections.abc import Callable

from toscactl.address import Address
from toscactl.diagnostics import Checked
from toscactl.graph import InstanceGraph
from toscactl.values import AttributeOf, Call, InputOf, ScalarUnit, Secret, is_sensitive

Resolve = Callable[..., Checked[InstanceGraph]]

TYPES = """
node_types:
  my.App:
    derived_from: tosca.nodes.SoftwareComponent
    properties:
      port: { type: integer, required: false }
      text: { type: string, required: false }
      size: { type: scalar-unit.size, required: false }
      password: { type: string, required: false, metadata: { sensitive: "true" } }
      settings: { type: map, entry_schema: { type: string }, required: false }
    attributes:
      url: { type: string }
      token: { type: string, metadata: { sensitive: true } }
    capabilities:
      api:
        type: tosca.capabilities.Endpoint
    requirements:
      - peer:
          capability: tosca.capabilities.Endpoint
          node: my.App
          relationship: tosca.relationships.ConnectsTo
          occurrences: [ 0, UNBOUNDED ]
"""


def address(name: str) -> Address:
    return Address(name)


def test_properties_follow_inputs_requirements_capabilities_and_hosts(resolve: Resolve) -> None:
    checked = resolve(
        TYPES
        + """
topology_template:
  inputs:
    port: { type: integer, default: 80 }
  node_templates:
    front:
      type: my.App
      properties:
        port: { get_property: [ SELF, peer, port ] }
        text: { concat: [ "http://", { get_property: [ back, text ] }, ":", { get_input: port } ] }
        size: { get_property: [ HOST, host, mem_size ] }
        settings: { a: { get_property: [ back, settings, b ] } }
      requirements: [ { host: server }, { peer: back } ]
    back:
      type: my.App
      properties: { text: name, settings: { b: c } }
      capabilities: { api: { properties: { port: { get_input: port } } } }
      requirements: [ { host: server } ]
    server:
      type: tosca.nodes.Compute
      capabilities: { host: { properties: { mem_size: 2 GB } } }
""",
        {"port": 8080},
    )
    assert checked.diagnostics == ()
    front = checked.value[address("front")]
    assert front.properties["port"] == 8080
    assert front.properties["text"] == "http://name:8080"
    assert front.properties["size"] == ScalarUnit("2 GB", 2_000_000_000, "B")
    assert front.properties["settings"] == {"a": "c"}
    assert [str(each.address) for each in checked.value] == ["server", "back", "front"]


def test_attributes_are_reflected_properties_or_wait(resolve: Resolve) -> None:
    graph = resolve(
        TYPES
        + """
topology_template:
  node_templates:
    app:
      type: my.App
      properties: { port: 80 }
      attributes: { url: "http://fixed" }
      requirements: [ { host: server } ]
    server: { type: tosca.nodes.Compute }
  outputs:
    port: { value: { get_attribute: [ app, port ] } }
    url: { value: { get_attribute: [ app, url ] } }
    name: { value: { get_attribute: [ app, tosca_name ] } }
    state: { value: { get_attribute: [ app, state ] } }
    token: { value: { get_attribute: [ app, token ] } }
    ip: { value: { get_attribute: [ app, api, ip_address ] } }
    host: { value: { get_attribute: [ app, host, private_address ] } }
    done: { value: { get_operation_output: [ app, Standard, start, pid ] } }
    nodes: { value: { get_nodes_of_type: tosca.nodes.Compute } }
"""
    ).value
    values = {name: output.value for name, output in graph.outputs.items()}
    app, server = address("app"), address("server")
    assert values["port"] == 80
    assert values["url"] == "http://fixed"
    assert values["name"] == "app"
    assert values["state"] == AttributeOf(app, "state")
    assert values["token"] == AttributeOf(app, "token", sensitive=True)
    assert values["ip"] == AttributeOf(app, "ip_address", capability="api")
    assert values["host"] == AttributeOf(server, "private_address")
    assert values["done"] == AttributeOf(app, "Standard.start.pid")
    assert values["nodes"] == ("server",)
    assert graph.outputs["token"].sensitive


def test_a_secret_taints_what_is_made_of_it(resolve: Resolve) -> None:
    graph = resolve(
        TYPES
        + """
topology_template:
  inputs:
    key: { type: string, metadata: { sensitive: "true" } }
  node_templates:
    app:
      type: my.App
      properties:
        password: literal
        text: { concat: [ "key=", { get_input: key } ] }
      requirements: [ { host: server } ]
    server: { type: tosca.nodes.Compute }
  outputs:
    both:
      value:
        concat: [ { get_property: [ app, password ] }, { get_attribute: [ app, url ] } ]
""",
        {"key": "hidden"},
    ).value
    app = graph[address("app")]
    assert app.properties["password"] == Secret("literal")
    assert app.properties["text"] == Secret("key=hidden")
    both = graph.outputs["both"]
    assert isinstance(both.value, Call)
    assert is_sensitive(both.value)
    assert both.sensitive
    assert "hidden" not in repr(graph.inputs["key"].value)


def test_inputs_stay_open_for_targets_with_parameters(resolve: Resolve) -> None:
    checked = resolve(
        TYPES
        + """
topology_template:
  inputs:
    port: { type: integer }
    key: { type: string, metadata: { sensitive: "true" } }
  node_templates:
    app:
      type: my.App
      properties: { port: { get_input: port }, text: { concat: [ a, { get_input: key } ] } }
      requirements: [ { host: server } ]
    server: { type: tosca.nodes.Compute }
""",
        parameters=True,
    )
    assert checked.diagnostics == ()
    app = checked.value[address("app")]
    assert app.properties["port"] == InputOf("port", (), "integer")
    assert app.properties["text"] == Call(
        "concat", ("a", InputOf("key", (), "string", sensitive=True))
    )


def test_computed_values_are_checked_where_they_are_assigned(resolve: Resolve) -> None:
    checked = resolve(
        TYPES
        + """
topology_template:
  inputs:
    name: { type: string, default: many }
    port: { type: integer, default: 70000 }
  node_templates:
    app:
      type: my.App
      properties: { port: { get_input: name } }
      capabilities: { api: { properties: { port: { get_input: port } } } }
      requirements: [ { host: server } ]
    server: { type: tosca.nodes.Compute }
"""
    )
    found = {(each.rule.name, each.span.position.line) for each in checked.diagnostics if each.span}
    assert {rule for rule, _ in found} == {"wrong-value", "constraint-violated"}
    assert len({line for _, line in found}) == 2


def test_a_value_that_depends_on_itself_is_reported(resolve: Resolve) -> None:
    checked = resolve(
        TYPES
        + """
topology_template:
  node_templates:
    a:
      type: my.App
      properties: { text: { get_property: [ b, text ] } }
      requirements: [ { host: server } ]
    b:
      type: my.App
      properties: { text: { get_property: [ a, text ] } }
      requirements: [ { host: server } ]
    server: { type: tosca.nodes.Compute }
"""
    )
    messages = [each.message for each in checked.diagnostics]
    ways = ("a.text -> b.text -> a.text", "b.text -> a.text -> b.text")
    assert any(way in message for message in messages for way in ways)


def test_a_chain_of_references_of_any_length_is_followed(resolve: Resolve) -> None:
    nodes = "\n".join(
        f"    n{n}: {{ type: my.App, requirements: [ {{ host: server }} ],"
        f" properties: {{ text: {{ get_property: [ n{n + 1}, text ] }} }} }}"
        for n in range(3000)
    )
    checked = resolve(
        TYPES
        + f"""
topology_template:
  node_templates:
{nodes}
    n3000: {{ type: my.App, properties: {{ text: end }}, requirements: [ {{ host: server }} ] }}
    server: {{ type: tosca.nodes.Compute }}
"""
    )
    assert checked.diagnostics == ()
    assert checked.value[address("n0")].properties["text"] == "end"


def test_what_relationships_say_of_their_ends(resolve: Resolve) -> None:
    graph = resolve(
        TYPES
        + """
topology_template:
  node_templates:
    front:
      type: my.App
      requirements:
        - host: server
        - peer:
            node: back
            relationship:
              type: tosca.relationships.ConnectsTo
              interfaces:
                Configure:
                  operations:
                    pre_configure_source:
                      implementation: link.sh
                      inputs:
                        port: { get_property: [ TARGET, port ] }
                        own: { get_property: [ SOURCE, port ] }
                        url: { get_attribute: [ TARGET, url ] }
                    add_source: link.sh
      properties: { port: 1 }
    back:
      type: my.App
      properties: { port: 2 }
      requirements: [ { host: other } ]
    server: { type: tosca.nodes.Compute }
    other: { type: tosca.nodes.Compute }
""",
        files={"link.sh": "true"},
    ).value
    edge = graph[address("front")].relationships[1]
    assert (edge.target, edge.capability) == (address("back"), "api")
    configure, add = edge.operations
    assert configure.inputs == {"port": 2, "own": 1, "url": AttributeOf(address("back"), "url")}
    assert configure.host == address("server")
    assert add.host == address("other")
    assert configure.primary.content is not None
    assert configure.primary.content() == b"true"
