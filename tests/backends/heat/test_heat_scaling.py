"""Scaling groups, load balancers, endpoints: how servers are many, and who reaches them."""

import yaml

from tests.backends.heat.conftest import Translate

SERVICE = """\
tosca_definitions_version: tosca_simple_yaml_1_3
topology_template:
  inputs:
    most: { type: integer, default: 5 }
    port: { type: integer, default: 8080 }
    password: { type: string, metadata: { sensitive: "true" } }
  node_templates:
    web_server:
      type: tosca.nodes.Compute
      capabilities:
        host: { properties: { num_cpus: 2, mem_size: 4 GiB } }
        scalable:
          properties: { min_instances: 1, max_instances: { get_input: most }, default_instances: 2 }
    db_server: { type: tosca.nodes.Compute }
    dbms:
      type: tosca.nodes.DBMS
      properties: { port: 5432 }
      requirements: [ { host: db_server } ]
    db:
      type: tosca.nodes.Database
      properties: { name: shop, port: 5432 }
      requirements: [ { host: dbms } ]
      interfaces: { Standard: { operations: { create: run.sh } } }
    web:
      type: tosca.nodes.WebServer
      requirements: [ { host: web_server } ]
      capabilities: { data_endpoint: { properties: { port: { get_input: port } } } }
      interfaces:
        Standard:
          operations:
            create:
              implementation: run.sh
              inputs:
                db: { get_attribute: [ db_server, private_address ] }
                password: { get_input: password }
    shop:
      type: my.Shop
      requirements: [ { host: web }, { database: db } ]
      capabilities:
        app_endpoint:
          properties: { protocol: http, port: { get_input: port }, url_path: /shop }
    balancer:
      type: tosca.nodes.LoadBalancer
      properties: { algorithm: least-connections }
      capabilities: { client: { properties: { protocol: http, port: 80 } } }
      requirements: [ { application: { node: shop, capability: app_endpoint } } ]
  policies:
    - busy:
        type: tosca.policies.Scaling
        targets: [ web_server ]
        triggers:
          out:
            event: tosca.events.resource.utilization
            condition:
              constraint: [ { cpu_utilization: [ { greater_than: 50 } ] } ]
              period: 60 s
              evaluations: 3
            action: [ { delegate: scale_out } ]
          in:
            event: tosca.events.resource.utilization
            condition:
              constraint: [ { memory_utilization: [ { less_than: 25 } ] } ]
              period: 300 s
            action: [ { delegate: scale_in } ]
  outputs:
    site: { value: { get_attribute: [ balancer, client, ip_address ] } }
    webs: { value: { get_attribute: [ web_server, private_address ] } }
""".replace(
    "topology_template:",
    """node_types:
  my.Shop:
    derived_from: tosca.nodes.WebApplication
    requirements:
      - database:
          capability: tosca.capabilities.Endpoint.Database
          relationship: tosca.relationships.ConnectsTo
topology_template:""",
    1,
)
FILES = {"run.sh": "#!/bin/sh\n"}


def test_a_scaled_server_is_a_group_of_stacks(translate: Translate) -> None:
    made = translate(SERVICE, files=FILES)
    group = made.resources["web_server_group"]
    assert group["type"] == "OS::Heat::AutoScalingGroup"
    about = group["properties"]
    assert (about["min_size"], about["desired_capacity"]) == (1, 2)
    assert about["max_size"] == {"get_param": "most"}
    assert about["resource"]["type"] == "web_server_group.yaml"
    assert group["depends_on"] == "db_create"
    inner = yaml.safe_load(made.files["web_server_group.yaml"])
    kinds = {it["type"] for it in inner["resources"].values()}
    assert kinds == {
        "OS::Nova::Server",
        "OS::Neutron::Port",
        "OS::Heat::SoftwareConfig",
        "OS::Heat::SoftwareDeployment",
        "OS::Octavia::PoolMember",
    }
    assert not {"web_server", "web_create"} & set(made.resources)


def test_what_crosses_the_border_of_a_group_is_named_on_both_sides(translate: Translate) -> None:
    made = translate(SERVICE, files=FILES)
    given = made.resources["web_server_group"]["properties"]["resource"]["properties"]
    inner = yaml.safe_load(made.files["web_server_group.yaml"])
    assert set(given) == set(inner["parameters"])
    assert given["balancer_pool"] == {"get_resource": "balancer_pool"}
    assert given["stack_id"] == {"get_param": "OS::stack_id"}
    assert inner["parameters"]["password"]["hidden"] is True
    member = inner["resources"]["shop_balancer_member"]["properties"]
    assert member["pool"] == {"get_param": "balancer_pool"}
    outputs = made.template()["outputs"]
    assert outputs["webs"]["value"] == {
        "get_attr": ["web_server_group", "outputs_list", "web_server_port_fixed_ips_0_ip_address"]
    }
    assert "web_server_port_fixed_ips_0_ip_address" in inner["outputs"]


def test_alarms_have_a_query_and_call_the_policy(translate: Translate) -> None:
    made = translate(SERVICE, files=FILES)
    assert made.resources["busy_out"]["properties"]["scaling_adjustment"] == 1
    assert made.resources["busy_in"]["properties"]["scaling_adjustment"] == -1
    alarm = made.resources["busy_out_alarm"]["properties"]
    assert (alarm["metric"], alarm["aggregation_method"]) == ("cpu", "rate:mean")
    # half of two CPUs for 60 s, in nanoseconds
    assert alarm["threshold"] == 60 * 10**9
    assert (alarm["granularity"], alarm["evaluation_periods"]) == (60, 3)
    assert alarm["alarm_actions"] == [
        {"list_join": ["", ["trust+", {"get_attr": ["busy_out", "signal_url"]}]]}
    ]
    assert "web_server_group" in alarm["query"]["str_replace"]["template"]
    memory = made.resources["busy_in_alarm"]["properties"]
    assert (memory["metric"], memory["threshold"], memory["comparison_operator"]) == (
        "memory.usage",
        1024,
        "lt",
    )
    inner = yaml.safe_load(made.files["web_server_group.yaml"])
    metering = inner["resources"]["web_server"]["properties"]["metadata"]["metering.server_group"]
    assert metering == {"list_join": ["", [{"get_param": "stack_id"}, "-web_server_group"]]}


def test_clouds_that_measure_percents_say_so(translate: Translate) -> None:
    made = translate(SERVICE, files=FILES, facts={"cpu_metric": "cpu_util"})
    alarm = made.resources["busy_out_alarm"]["properties"]
    assert (alarm["metric"], alarm["threshold"]) == ("cpu_util", 50)


def test_a_percentage_of_an_unknown_size_is_a_warning(translate: Translate) -> None:
    made = translate(
        SERVICE.replace("        host: { properties: { num_cpus: 2, mem_size: 4 GiB } }\n", ""),
        files=FILES,
    )
    assert made.rules.count("heat-unknown-size") == 2


def test_octavia_takes_the_place_of_the_balancer(translate: Translate) -> None:
    made = translate(SERVICE, files=FILES)
    listener = made.resources["balancer_listener"]["properties"]
    assert (listener["protocol"], listener["protocol_port"]) == ("HTTP", 80)
    assert made.resources["balancer_pool"]["properties"]["lb_algorithm"] == "LEAST_CONNECTIONS"
    monitor = made.resources["balancer_monitor"]["properties"]
    assert (monitor["type"], monitor["url_path"]) == ("HTTP", "/shop")
    assert made.resources["balancer_address"]["properties"]["port_id"] == {
        "get_attr": ["balancer", "vip_port_id"]
    }
    site = made.template()["outputs"]["site"]["value"]
    assert site == {"get_attr": ["balancer_address", "floating_ip_address"]}


def test_without_floating_addresses_the_balancer_has_its_own(translate: Translate) -> None:
    made = translate(SERVICE, files=FILES, facts={"floating_addresses": False})
    assert "balancer_address" not in made.resources
    site = made.template()["outputs"]["site"]["value"]
    assert site == {"get_attr": ["balancer", "vip_address"]}


def test_ports_are_open_to_those_that_connect_only(translate: Translate) -> None:
    made = translate(SERVICE, files=FILES)
    assert "rules" not in made.resources["db_server_access"]["properties"]
    rule = made.resources["db_server_from_web_server"]["properties"]
    assert rule["remote_group"] == {"get_resource": "web_server_access"}
    assert (rule["port_range_min"], rule["port_range_max"]) == (5432, 5432)
    port = made.resources["db_server_port"]["properties"]
    assert port["security_groups"] == [{"get_resource": "db_server_access"}]


def test_ports_of_an_ipv6_network_are_opened_for_ipv6(translate: Translate) -> None:
    node = (
        "    {0}:\n      type: tosca.nodes.Compute\n"
        "    {0}_port:\n      type: tosca.nodes.network.Port\n"
        "      requirements: [ {{ link: net }}, {{ binding: {0} }} ]\n"
    )
    made = translate(
        "tosca_definitions_version: tosca_simple_yaml_1_3\n"
        "topology_template:\n  node_templates:\n"
        "    net:\n      type: tosca.nodes.network.Network\n"
        '      properties: { cidr: "2001:db8::/64", ip_version: 6 }\n'
        + node.format("one")
        + node.format("two")
        + "    dbms:\n      type: tosca.nodes.DBMS\n      requirements: [ { host: two } ]\n"
        "    db:\n      type: tosca.nodes.Database\n"
        "      properties: { name: d, port: 5432 }\n      requirements: [ { host: dbms } ]\n"
        "    web:\n      type: tosca.nodes.WebServer\n      requirements: [ { host: one } ]\n"
        "    app:\n      type: my.App\n"
        "      capabilities: { app_endpoint: { properties: { port: 8080 } } }\n"
        "      requirements: [ { host: web }, { database: db } ]\n"
        "    front:\n      type: tosca.nodes.LoadBalancer\n"
        "      capabilities: { client: { properties: { port: 80 } } }\n"
        "      requirements: [ { application: { node: app, capability: app_endpoint } } ]\n"
        "node_types:\n  my.App:\n    derived_from: tosca.nodes.WebApplication\n"
        "    requirements:\n      - database:\n"
        "          capability: tosca.capabilities.Endpoint.Database\n"
        "          relationship: tosca.relationships.ConnectsTo\n"
    )
    rule = made.resources["two_from_one"]["properties"]
    assert (rule["ethertype"], rule["port_range_min"]) == ("IPv6", 5432)
    inline = made.resources["one_access"]["properties"]["rules"]
    balanced = next(it for it in inline if it["port_range_min"] == 8080)
    assert balanced["ethertype"] == "IPv6"
    assert balanced["remote_ip_prefix"] == {"get_attr": ["net_subnet", "cidr"]}


def test_a_member_of_another_transport_is_said(translate: Translate) -> None:
    assert "heat-balancer-transport" not in translate(SERVICE, files=FILES).rules
    text = SERVICE.replace(
        "client: { properties: { protocol: http, port: 80 } }",
        "client: { properties: { protocol: udp, port: 80 } }",
    )
    assert text != SERVICE
    assert "heat-balancer-transport" in translate(text, files=FILES).rules


def test_an_alarm_has_a_period_of_a_second_at_least(translate: Translate) -> None:
    text = SERVICE.replace("period: 60 s", "period: 200 ms")
    assert text != SERVICE
    alarm = translate(text, files=FILES).resources["busy_out_alarm"]["properties"]
    assert alarm["granularity"] == 1


def test_a_policy_that_can_never_act_is_said(translate: Translate) -> None:
    text = SERVICE.replace(
        "max_instances: { get_input: most }, default_instances: 2",
        "max_instances: 1, default_instances: 1",
    )
    assert text != SERVICE
    assert "heat-no-room-to-scale" not in translate(SERVICE, files=FILES).rules
    made = translate(text, files=FILES)
    assert made.rules.count("heat-no-room-to-scale") == 1


def test_what_connects_on_the_same_server_needs_no_opening(translate: Translate) -> None:
    text = SERVICE.replace("{ host: db_server }", "{ host: web_server }")
    made = translate(text, files=FILES)
    rules = made.resources["web_server_access"]["properties"]["rules"]
    assert [rule["port_range_min"] for rule in rules] == [{"get_param": "port"}]


def test_a_count_without_a_policy_is_a_group_too(translate: Translate) -> None:
    text = SERVICE.partition("  policies:")[0]
    made = translate(text, files=FILES)
    assert made.resources["web_server_group"]["properties"]["desired_capacity"] == 2
    assert not made.of_type("OS::Heat::ScalingPolicy")


def test_a_policy_that_measures_nothing_is_an_error(translate: Translate) -> None:
    text = SERVICE.replace("cpu_utilization: [ { greater_than: 50 } ]", "").replace(
        "memory_utilization: [ { less_than: 25 } ]", ""
    )
    text = text.replace("constraint: [ {  } ]", "constraint: []")
    made = translate(text, files=FILES)
    assert "heat-unclear-scaling" in made.rules


def test_a_policy_for_what_is_no_server_is_an_error(translate: Translate) -> None:
    text = SERVICE.replace("targets: [ web_server ]", "targets: [ balancer ]")
    assert "heat-nothing-to-scale" in translate(text, files=FILES).rules


def test_a_volume_for_all_members_is_refused(translate: Translate) -> None:
    text = SERVICE.replace(
        "  policies:",
        """\
    data: { type: tosca.nodes.Storage.BlockStorage, properties: { name: data, size: 1 GB } }
  policies:""",
    )
    attach = """
      requirements:
        - local_storage:
            node: data
            relationship: { type: tosca.relationships.AttachesTo, properties: { location: /d } }
"""
    text = text.replace("    db_server: { type: tosca.nodes.Compute }\n",
                        "    db_server:\n      type: tosca.nodes.Compute" + attach)  # fmt: skip
    shared = text.replace(
        "    web_server:\n      type: tosca.nodes.Compute",
        "    web_server:\n      type: tosca.nodes.Compute" + attach.rstrip(),
    )
    assert not translate(text, files=FILES).rules
    assert "heat-shared-volume" in translate(shared, files=FILES).rules


def test_a_group_member_has_its_own_volume(translate: Translate) -> None:
    text = SERVICE.replace(
        "  policies:",
        """\
    data: { type: tosca.nodes.Storage.BlockStorage, properties: { name: data, size: 1 GB } }
  policies:""",
    ).replace(
        "    web_server:\n      type: tosca.nodes.Compute",
        """    web_server:
      type: tosca.nodes.Compute
      requirements:
        - local_storage:
            node: data
            relationship: { type: tosca.relationships.AttachesTo, properties: { location: /d } }""",
    )
    made = translate(text, files=FILES)
    assert not made.rules
    inner = yaml.safe_load(made.files["web_server_group.yaml"])["resources"]
    assert inner["data"]["type"] == "OS::Cinder::Volume"


def test_balanced_members_on_a_network_of_the_stack(translate: Translate) -> None:
    text = SERVICE.replace(
        "  policies:",
        """\
    net: { type: tosca.nodes.network.Network, properties: { cidr: 10.1.0.0/24 } }
    nic:
      type: tosca.nodes.network.Port
      requirements: [ { binding: web_server }, { link: net } ]
  policies:""",
    )
    made = translate(text, files=FILES)
    vip = made.resources["balancer"]["properties"]["vip_subnet"]
    assert vip == {"get_resource": "net_subnet"}
    assert made.resources["balancer_address"]["depends_on"] == "net_interface"
    rules = made.resources["web_server_access"]["properties"]["rules"]
    assert rules[0]["remote_ip_prefix"] == {"get_attr": ["net_subnet", "cidr"]}
    inner = yaml.safe_load(made.files["web_server_group.yaml"])["resources"]
    assert inner["nic"]["type"] == "OS::Neutron::Port"
