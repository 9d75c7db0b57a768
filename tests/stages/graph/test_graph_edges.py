"""Requirements become edges, edges an order, and circles are reported with their way."""

from collections.abc import Callable

import pytest

from toscactl.address import Address
from toscactl.diagnostics import Checked
from toscactl.graph import InstanceGraph, compute_of, hosted_within

Resolve = Callable[..., Checked[InstanceGraph]]


def rules(checked: Checked[InstanceGraph]) -> list[str]:
    return [each.rule.name for each in checked.diagnostics]


SERVERS = """
topology_template:
  node_templates:
    app:
      type: tosca.nodes.SoftwareComponent
      requirements:
        - host:
            node: tosca.nodes.Compute
            node_filter:
              capabilities:
                - host: { properties: [ { num_cpus: { greater_or_equal: CPUS } } ] }
    small: { type: tosca.nodes.Compute, capabilities: { host: { properties: { num_cpus: 1 } } } }
    large: { type: tosca.nodes.Compute, capabilities: { host: { properties: { num_cpus: 8 } } } }
    huge: { type: tosca.nodes.Compute, capabilities: { host: { properties: { num_cpus: 16 } } } }
    bare: { type: tosca.nodes.Compute }
"""


@pytest.mark.parametrize(
    ("cpus", "target", "found"),
    [
        ("10", "huge", []),
        ("4", "large", ["ambiguous-requirement"]),
        ("32", None, ["unfulfilled-requirement"]),
    ],
)
def test_a_dangling_requirement_is_fulfilled_by_type_and_filter(
    resolve: Resolve, cpus: str, target: str | None, found: list[str]
) -> None:
    checked = resolve(SERVERS.replace("CPUS", cpus))
    assert rules(checked) == found
    edges = checked.value[Address("app")].relationships
    assert [str(edge.target) for edge in edges] == ([] if target is None else [target])


def test_a_named_target_must_pass_the_filter(resolve: Resolve) -> None:
    text = SERVERS.replace("node: tosca.nodes.Compute\n", "node: small\n").replace("CPUS", "4")
    assert rules(resolve(text)) == ["filtered-out"]


def test_an_implied_host_is_found(resolve: Resolve) -> None:
    checked = resolve(
        """
topology_template:
  node_templates:
    app: { type: tosca.nodes.WebApplication }
    web: { type: tosca.nodes.WebServer }
    server: { type: tosca.nodes.Compute }
"""
    )
    graph = checked.value
    assert rules(checked) == []
    assert [str(each.address) for each in graph] == ["server", "web", "app"]
    assert compute_of(graph, graph[Address("app")]) is graph[Address("server")]
    names = [str(each.address) for each in hosted_within(graph, Address("server"))]
    assert names == ["web", "app"]


def test_containers_need_no_network_nor_storage(resolve: Resolve) -> None:
    checked = resolve(
        """
topology_template:
  node_templates:
    one: { type: tosca.nodes.Container.Application, requirements: [ { host: runtime } ] }
    two: { type: tosca.nodes.Container.Application, requirements: [ { host: runtime } ] }
    runtime: { type: tosca.nodes.Container.Runtime, requirements: [ { host: server } ] }
    server: { type: tosca.nodes.Compute }
"""
    )
    assert rules(checked) == []
    assert len(checked.value[Address("one")].relationships) == 1


def test_a_circle_of_requirements_is_reported_with_its_way(resolve: Resolve) -> None:
    checked = resolve(
        """
topology_template:
  node_templates:
    a: { type: tosca.nodes.Root, requirements: [ { dependency: b } ] }
    b: { type: tosca.nodes.Root, requirements: [ { dependency: c } ] }
    c: { type: tosca.nodes.Root, requirements: [ { dependency: a } ] }
    d: { type: tosca.nodes.Root, requirements: [ { dependency: d } ] }
    e: { type: tosca.nodes.Root, requirements: [ { dependency: a } ] }
"""
    )
    assert rules(checked) == ["dependency-cycle", "dependency-cycle"]
    assert "a -> b -> c -> a" in checked.diagnostics[0].message
    assert "d -> d" in checked.diagnostics[1].message


def test_a_circle_of_attributes_says_who_reads_what(resolve: Resolve) -> None:
    checked = resolve(
        """
topology_template:
  node_templates:
    x:
      type: tosca.nodes.SoftwareComponent
      requirements: [ { host: server } ]
      interfaces:
        Standard:
          operations:
            start:
              implementation: run.sh
              inputs: { peer: { get_attribute: [ y, state ] } }
            delete:
              implementation: run.sh
              inputs: { peer: { get_attribute: [ z, state ] } }
    y:
      type: tosca.nodes.SoftwareComponent
      requirements: [ { host: server }, { dependency: x } ]
    z:
      type: tosca.nodes.SoftwareComponent
      requirements: [ { host: server }, { dependency: x } ]
    server: { type: tosca.nodes.Compute }
""",
        files={"run.sh": ""},
    )
    assert rules(checked) == ["dependency-cycle"]
    (found,) = checked.diagnostics
    assert "x -> y -> x" in found.message
    assert found.hint is not None
    assert "input `peer` of `start`" in found.hint


def test_free_nodes_keep_the_order_of_the_text(resolve: Resolve) -> None:
    graph = resolve(
        """
topology_template:
  node_templates:
    z: { type: tosca.nodes.Root }
    m: { type: tosca.nodes.Root, requirements: [ { dependency: b } ] }
    a: { type: tosca.nodes.Root }
    b: { type: tosca.nodes.Root }
"""
    ).value
    assert [str(each.address) for each in graph] == ["z", "a", "b", "m"]


def test_metadata_says_how_operations_run(resolve: Resolve) -> None:
    graph = resolve(
        """
topology_template:
  node_templates:
    app:
      type: tosca.nodes.SoftwareComponent
      metadata:
        toscactl.Standard.start.retries: "3"
        toscactl.Standard.start.backoff: 2.5
        toscactl.Standard.start.run_once: "true"
        toscactl.host.after: create
      requirements: [ { host: server } ]
      interfaces:
        Standard:
          operations:
            create: { implementation: { primary: run.sh, operation_host: ORCHESTRATOR } }
            start: { implementation: { primary: run.sh, timeout: 60, dependencies: [ lib.sh ] } }
    server: { type: tosca.nodes.Compute }
""",
        files={"run.sh": "run", "lib.sh": "lib"},
    ).value
    app = graph[Address("app")]
    create, start = app.operation("create"), app.operation("start")
    assert create is not None
    assert start is not None
    assert create.host is None
    assert start.host == Address("server")
    assert (start.retries, start.backoff, start.run_once, start.timeout) == (3, 2.5, True, 60.0)
    assert [each.file for each in start.dependencies] == ["lib.sh"]
    assert app.relationships[0].after == "create"
    assert app.operation("configure") is None
