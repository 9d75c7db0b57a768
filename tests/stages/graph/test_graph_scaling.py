"""Scaling policies in the spellings that services use, as the same rules."""

from collections.abc import Callable

import pytest

from toscactl.address import Address
from toscactl.diagnostics import Checked
from toscactl.graph import (
    InstanceGraph,
    ScalingRule,
    bounds_of,
    compute_size,
    endpoints,
    scaling_policies,
    scaling_rules,
    volumes_of,
)

Resolve = Callable[..., Checked[InstanceGraph]]

SERVICE = """
policy_types:
  my.Scaling:
    derived_from: tosca.policies.Scaling
    properties:
      increment: { type: integer, required: false }
      cooldown: { type: integer, required: false }
      min_instances: { type: integer, required: false }
      max_instances: { type: integer, required: false }
      default_instances: { type: integer, required: false }
topology_template:
  node_templates:
    server:
      type: tosca.nodes.Compute
      capabilities:
        scalable: { properties: { min_instances: 1, max_instances: 4, default_instances: 2 } }
        host: { properties: { num_cpus: 2, mem_size: 1 GiB, disk_size: 10 GB } }
      requirements:
        - local_storage:
            node: disk
            relationship: { type: tosca.relationships.AttachesTo, properties: { location: /data } }
    disk: { type: tosca.nodes.Storage.BlockStorage, properties: { name: disk, size: 1 GB } }
    web:
      type: tosca.nodes.WebServer
      requirements: [ { host: server } ]
      capabilities:
        data_endpoint:
          properties:
            port: 80
            protocol: http
        admin_endpoint:
          properties:
            ports: { a: { protocol: udp, target_range: [ 100, 200 ] } }
  policies:
    - scale:
"""

SPELLINGS = {
    "clause": """
        type: tosca.policies.Scaling
        targets: [ server ]
        triggers:
          out:
            event: tosca.events.resource.utilization
            condition:
              constraint: [ { cpu_utilization: [ { greater_than: 50 } ] } ]
              period: 60 s
              evaluations: 2
              method: average
            action: [ { delegate: scale_out } ]
""",
    "sentence": """
        type: tosca.policies.Scaling
        targets: [ server ]
        triggers:
          out:
            event: tosca.events.resource.cpu.utilization
            condition:
              constraint: utilization greater_than 50%
              period: 60
              evaluations: 2
              method: average
            action: [ { call_operation: Standard.start } ]
""",
    "list": """
        type: tosca.policies.Scaling
        targets: [ server ]
        triggers:
          out:
            event: tosca.events.resource.utilization
            condition:
              constraint: [ { assert: [ { cpu_utilization: { greater_than: 50 } } ] } ]
              period: 1 m
              evaluations: 2
            action: [ { delegate: scale_out } ]
""",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_all_spellings_are_one_rule(resolve: Resolve, spelling: str) -> None:
    graph = resolve(SERVICE + SPELLINGS[spelling]).value
    (policy,) = graph.policies
    (rule,) = scaling_rules(graph, policy)
    assert rule == ScalingRule(
        "scale", Address("server"), "cpu", "greater_than", 50.0, 60.0, 2, 1, 60.0, 1, 4, 2,
        rule.place,
    )  # fmt: skip


def test_properties_go_before_the_capability(resolve: Resolve) -> None:
    graph = resolve(
        SERVICE
        + """
        type: my.Scaling
        targets: [ web ]
        properties:
          increment: 2
          cooldown: 120
          min_instances: 3
          max_instances: 9
          default_instances: 3
        triggers:
          in:
            event: tosca.events.resource.utilization
            condition:
              constraint: [ { memory_utilization: [ { less_than: 20 } ] } ]
            action: [ { delegate: scale_in } ]
"""
    ).value
    (rule,) = scaling_rules(graph, graph.policies[0])
    assert (rule.metric, rule.comparison, rule.threshold) == ("memory", "less_than", 20.0)
    assert (rule.adjustment, rule.cooldown) == (-2, 120.0)
    assert (rule.minimum, rule.maximum, rule.initial) == (3, 9, 3)
    assert scaling_policies(graph, graph[Address("server")]) == graph.policies


def test_bounds_without_a_policy_are_those_of_the_capability(resolve: Resolve) -> None:
    graph = resolve(SERVICE + SPELLINGS["clause"]).value
    bounds = bounds_of(graph, graph[Address("web")])
    assert (bounds.minimum, bounds.maximum, bounds.initial) == (1, 4, 2)


def test_sizes_volumes_and_endpoints(resolve: Resolve) -> None:
    graph = resolve(SERVICE + SPELLINGS["clause"]).value
    server = graph[Address("server")]
    size = compute_size(server)
    assert (size.cpus, size.memory, size.disk) == (2, 1024**3, 10_000_000_000)
    (attachment,) = volumes_of(graph, server)
    assert (str(attachment.volume.address), attachment.location) == ("disk", "/data")
    found = {each.name: each for each in endpoints(graph[Address("web")])}
    assert (found["data_endpoint"].port, found["data_endpoint"].transport) == (80, "tcp")
    ranged = found["admin_endpoint.a"]
    assert (ranged.port, ranged.last, ranged.transport, ranged.admin) == (100, 200, "udp", True)
