"""Services on Amazon Web Services."""

# ruff: noqa: E501  (a node of a service reads best on one line)

from typing import Any

import pytest

from tests.backends.terraform.conftest import Translate

SERVER = """
topology_template:
  node_templates:
    server:
      type: tosca.nodes.Compute
      capabilities:
        host: { properties: { num_cpus: CPUS, mem_size: MEMORY } }
        os: { properties: { type: linux, distribution: DISTRIBUTION, version: VERSION, architecture: ARCH } }
"""


def server(cpus: int = 1, memory: str = "1 GB", system: str = "ubuntu 24.04 x86_64") -> str:
    distribution, version, architecture = system.split()
    return (
        SERVER.replace("CPUS", str(cpus)).replace("MEMORY", memory)
        .replace("DISTRIBUTION", distribution).replace("VERSION", f'"{version}"')
        .replace("ARCH", architecture)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("cpus", "memory", "expected"),
    [
        (1, "512 MB", "t3.nano"),
        (1, "1 GB", "t3.micro"),
        (2, "4 GB", "t3.medium"),
        (2, "4 GiB", "t3.medium"),
        (4, "8 GB", "c6i.xlarge"),
        (8, "60 GB", "r6i.2xlarge"),
        (64, "1 GB", "c6i.16xlarge"),
    ],
)
def test_the_smallest_type_that_fits_is_taken(
    translate: Translate, cpus: int, memory: str, expected: str
) -> None:
    made = translate(server(cpus, memory))
    assert made.one("aws_instance")["instance_type"] == expected


def test_a_size_that_nothing_has_is_a_variable(translate: Translate) -> None:
    made = translate(server(1000))
    assert made.one("aws_instance")["instance_type"] == "${var.flavor}"
    assert "default" not in made.variables["flavor"]


@pytest.mark.parametrize(
    ("system", "owner", "name", "type_"),
    [
        ("ubuntu 24.04 x86_64", "099720109477", "ubuntu-*-24.04-amd64-server", "t3.micro"),
        ("debian 12.0 aarch64", "136693071363", "debian-12-arm64-", "t4g.micro"),
        ("rhel 9.4 x86_64", "309956199498", "RHEL-9.4", "t3.micro"),
        ("amazon 2023.1 x86_64", "amazon", "al2023-ami", "t3.micro"),
    ],
)
def test_images_are_looked_up_by_their_publisher(
    translate: Translate, system: str, owner: str, name: str, type_: str
) -> None:
    made = translate(server(system=system))
    (image,) = made.data["aws_ami"].values()
    assert image["owners"] == [owner]
    assert name in image["filter"][0]["values"][0]
    assert made.one("aws_instance")["ami"] == "${data.aws_ami.server_system.id}"
    assert made.one("aws_instance")["instance_type"] == type_


def test_an_unknown_system_asks_for_an_image(translate: Translate) -> None:
    made = translate(server(system="plan9 4.0 x86_64"))
    assert made.one("aws_instance")["ami"] == "${var.image}"
    assert "plan9" in made.variables["image"]["description"]


NAMED = """
node_types:
  my.Server:
    derived_from: tosca.nodes.Compute
    properties: { image: { type: string }, flavor: { type: string }, key_name: { type: string } }
topology_template:
  inputs: { image: { type: string, default: "noble" } }
  node_templates:
    server:
      type: my.Server
      properties: { image: IMAGE, flavor: m7i.large, key_name: "${key}" }
      capabilities: { os: { properties: { type: linux, distribution: ubuntu, version: "24.04" } } }
"""


def test_named_images_types_and_keys_are_taken_as_they_are(translate: Translate) -> None:
    body = translate(NAMED.replace("IMAGE", "ami-12")).one("aws_instance")
    assert body["ami"] == '${"ami-12"}'
    assert body["instance_type"] == "m7i.large"
    assert body["key_name"] == "$${key}"
    assert body["metadata_options"]["http_tokens"] == "required"
    assert body["root_block_device"]["encrypted"] is True


def test_an_image_of_another_cloud_is_looked_up(translate: Translate) -> None:
    made = translate(NAMED.replace("IMAGE", "ubuntu-24.04"))
    assert made.one("aws_instance")["ami"] == "${data.aws_ami.server_system.id}"
    assert made.rules == {"terraform-aws-image"}


def test_an_image_by_a_fact_or_a_variable(translate: Translate) -> None:
    facts = {"images": {"noble": "ami-7"}}
    made = translate(NAMED.replace("IMAGE", "noble"), facts=facts)
    assert made.one("aws_instance")["ami"] == '${"ami-7"}'
    made = translate(NAMED.replace("IMAGE", "{ get_input: image }"), facts=facts)
    assert made.one("aws_instance")["ami"] == (
        '${(startswith(var.image, "ami-") ? var.image :'
        ' lookup({"noble" = "ami-7"}, var.image, data.aws_ami.server_system.id))}'
    )


WEB = """
node_types:
  my.App:
    derived_from: tosca.nodes.SoftwareComponent
    capabilities:
      api: { type: tosca.capabilities.Endpoint }
      page: { type: tosca.capabilities.Endpoint.Public }
  my.Back:
    derived_from: tosca.nodes.SoftwareComponent
    capabilities: { api: { type: tosca.capabilities.Endpoint } }
  my.Front:
    derived_from: my.App
    requirements:
      - peer: { capability: tosca.capabilities.Endpoint, relationship: tosca.relationships.ConnectsTo, occurrences: [ 0, 1 ] }
topology_template:
  node_templates:
    one: &server
      type: tosca.nodes.Compute
      capabilities:
        os: { properties: { type: linux } }
        endpoint: { properties: { port: 22 } }
    two: *server
    front:
      type: my.Front
      capabilities: { page: { properties: { port: 80 } }, api: { properties: { protocol: udp, port: 53 } } }
      requirements: [ { host: one }, { peer: { node: back, capability: api } } ]
    back:
      type: my.Back
      capabilities: { api: { properties: { port: 7000 } } }
      requirements: [ { host: two } ]
"""


def test_ports_are_open_to_those_who_need_them(translate: Translate) -> None:
    made = translate(WEB, facts={"admin_cidr": "192.0.2.0/24"})
    rules = made.resources["aws_vpc_security_group_ingress_rule"]
    inside = "${aws_vpc.vpc.cidr_block}"
    found = {name: _source(rule) for name, rule in rules.items()}
    assert found == {
        "one_tcp_admin": (22, "${coalesce(var.admin_cidr, aws_vpc.vpc.cidr_block)}"),
        "one_tcp_anywhere": (80, "0.0.0.0/0"),
        "one_udp_inside": (53, inside),
        "two_tcp_admin": (22, "${coalesce(var.admin_cidr, aws_vpc.vpc.cidr_block)}"),
        "two_tcp_from_one": (7000, "${aws_security_group.one_access.id}"),
    }
    assert made.variables["admin_cidr"]["default"] == "192.0.2.0/24"
    assert list(made.resources["aws_eip"]) == ["one_address"]


def _source(rule: dict[str, Any]) -> tuple[object, object]:
    return rule["from_port"], rule.get("cidr_ipv4") or rule["referenced_security_group_id"]


def test_everything_is_in_a_vpc_of_its_own_with_two_subnets(translate: Translate) -> None:
    made = translate(server())
    assert made.one("aws_vpc")["cidr_block"] == "10.0.0.0/16"
    cidrs = [it["cidr_block"] for it in made.resources["aws_subnet"].values()]
    assert cidrs == ["10.0.0.0/24", "10.0.1.0/24"]
    assert made.one("aws_route")["destination_cidr_block"] == "0.0.0.0/0"
    primary = made.one("aws_instance")["primary_network_interface"]
    assert primary == {"network_interface_id": "${aws_network_interface.server_port.id}"}


def test_facts_name_the_subnets_that_are_there(translate: Translate) -> None:
    made = translate(server(), facts={"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"]})
    assert "aws_vpc" not in made.resources
    assert made.data["aws_vpc"]["vpc"]["id"] == "vpc-1"
    port = made.one("aws_network_interface")
    assert port["subnet_id"] == "${data.aws_subnet.subnet_1.id}"


NETWORKS = """
topology_template:
  node_templates:
    left: { type: tosca.nodes.network.Network, properties: { cidr: 192.168.1.0/24, gateway_ip: 192.168.1.1 } }
    right: { type: tosca.nodes.network.Network, properties: { cidr: 192.168.6.0/24 } }
    server: { type: tosca.nodes.Compute, capabilities: { os: { properties: { type: linux } } } }
    p1:
      type: tosca.nodes.network.Port
      properties: { ip_address: 192.168.1.7, order: 0 }
      requirements: [ { binding: server }, { link: left } ]
    p2:
      type: tosca.nodes.network.Port
      properties: { order: 1 }
      requirements: [ { binding: server }, { link: right } ]
  outputs:
    right: { value: { get_attribute: [ server, networks, right, addresses, 0 ] } }
"""


def test_networks_are_subnets_of_one_vpc(translate: Translate) -> None:
    made = translate(NETWORKS)
    assert made.one("aws_vpc")["cidr_block"] == "192.168.0.0/21"
    assert made.resources["aws_network_interface"]["p1"]["private_ips"] == ["192.168.1.7"]
    attached = made.one("aws_network_interface_attachment")
    assert attached["network_interface_id"] == "${aws_network_interface.p2.id}"
    assert attached["device_index"] == 1
    assert made.outputs["right"]["value"] == "${aws_network_interface.p2.private_ip}"
    assert "terraform-network-property" in made.rules


def test_networks_far_from_each_other_are_blocks_of_the_vpc(translate: Translate) -> None:
    made = translate(NETWORKS.replace("192.168.6.0/24", "172.16.0.0/20"))
    assert made.one("aws_vpc")["cidr_block"] == "192.168.1.0/24"
    assert made.one("aws_vpc_ipv4_cidr_block_association")["cidr_block"] == "172.16.0.0/20"


def test_a_network_without_addresses_gets_some(translate: Translate) -> None:
    made = translate(
        "topology_template:\n  node_templates:\n"
        "    net: { type: tosca.nodes.network.Network, properties: { cidr: 10.0.0.0/8 } }\n"
    )
    assert made.one("aws_subnet")["cidr_block"] == "10.0.0.0/24"
    assert made.rules == {"terraform-aws-network-cidr"}


def test_a_subnet_that_is_there_names_its_vpc(translate: Translate) -> None:
    made = translate(
        "topology_template:\n  node_templates:\n"
        "    net: { type: tosca.nodes.network.Network, properties: { network_id: subnet-5 } }\n"
        "    server: { type: tosca.nodes.Compute, capabilities: { os: { properties: { type: linux } } } }\n"
        "    port: { type: tosca.nodes.network.Port, requirements: [ { binding: server }, { link: net } ] }\n"
    )
    assert made.data["aws_subnet"]["net"]["id"] == "subnet-5"
    assert made.data["aws_vpc"]["vpc"]["id"] == "${data.aws_subnet.net.vpc_id}"
    assert "aws_internet_gateway" not in made.resources


STORAGE = """
topology_template:
  node_templates:
    server:
      type: tosca.nodes.Compute
      capabilities: { os: { properties: { type: linux } } }
      requirements:
        - local_storage: { node: a, relationship: { type: tosca.relationships.AttachesTo, properties: { location: /mnt/a } } }
        - local_storage: { node: b, relationship: { type: tosca.relationships.AttachesTo, properties: { location: /mnt/b, device: /dev/sdz } } }
    a: { type: tosca.nodes.Storage.BlockStorage, properties: { name: "a ${x}", size: 10 GiB } }
    b: { type: tosca.nodes.Storage.BlockStorage, properties: { name: b, volume_id: vol-5 } }
    store: { type: tosca.nodes.Storage.ObjectStorage, properties: { name: pictures, maxsize: 1 GB } }
"""


def test_volumes_are_attached_and_buckets_are_private(translate: Translate) -> None:
    made = translate(STORAGE)
    volume = made.one("aws_ebs_volume")
    assert (volume["size"], volume["encrypted"]) == (10, True)
    assert volume["tags"] == {"Name": "a $${x}"}
    attached = made.resources["aws_volume_attachment"]
    assert [it["device_name"] for it in attached.values()] == ["/dev/sdf", "/dev/sdz"]
    assert attached["server_b_attachment"]["volume_id"] == '${"vol-5"}'
    assert made.one("aws_s3_bucket")["bucket"] == "pictures"
    assert made.one("aws_s3_bucket_public_access_block")["block_public_acls"] is True
    assert "terraform-aws-bucket-size" in made.rules


BALANCED = """
topology_template:
  node_templates:
    server:
      type: tosca.nodes.Compute
      capabilities:
        os: { properties: { type: linux } }
        scalable: { properties: { min_instances: 1, max_instances: MOST, default_instances: 1 } }
    web: { type: tosca.nodes.WebServer, requirements: [ { host: server } ] }
    app:
      type: tosca.nodes.WebApplication
      properties: { context_root: x }
      capabilities: { app_endpoint: { properties: { protocol: PROTOCOL, port: 8080, url_path: /x } } }
      requirements: [ { host: web } ]
    balancer:
      type: tosca.nodes.LoadBalancer
      properties: { algorithm: least_connections }
      capabilities: { client: { properties: { protocol: PROTOCOL, port: 80 } } }
      requirements: [ { application: { node: app, capability: app_endpoint } } ]
  outputs: { address: { value: { get_attribute: [ balancer, client, ip_address ] } } }
"""


def test_http_is_balanced_by_requests(translate: Translate) -> None:
    made = translate(BALANCED.replace("PROTOCOL", "http").replace("MOST", "1"))
    assert made.one("aws_lb")["load_balancer_type"] == "application"
    assert made.one("aws_lb")["internal"] is False
    group = made.one("aws_lb_target_group")
    assert group["health_check"]["path"] == "/x"
    assert group["load_balancing_algorithm_type"] == "least_outstanding_requests"
    attached = made.one("aws_lb_target_group_attachment")
    assert (attached["target_id"], attached["port"]) == ("${aws_instance.server.id}", 8080)
    assert made.outputs["address"]["value"] == "${aws_lb.balancer.dns_name}"


def test_other_protocols_are_balanced_by_connections(translate: Translate) -> None:
    made = translate(BALANCED.replace("PROTOCOL", "https").replace("MOST", "1"))
    assert made.one("aws_lb")["load_balancer_type"] == "network"
    assert made.one("aws_lb_listener")["protocol"] == "TCP"
    assert "terraform-balancer-algorithm" in made.rules


def test_servers_that_scale_register_themselves(translate: Translate) -> None:
    made = translate(BALANCED.replace("PROTOCOL", "http").replace("MOST", "4"))
    group = made.one("aws_autoscaling_group")
    assert (group["min_size"], group["max_size"], group["desired_capacity"]) == (1, 4, 1)
    assert group["target_group_arns"] == ["${aws_lb_target_group.balancer_targets.arn}"]
    assert group["lifecycle"] == {"ignore_changes": ["desired_capacity"]}
    assert "aws_instance" not in made.resources


SCALING = """
topology_template:
  node_templates:
    server: { type: tosca.nodes.Compute, capabilities: { os: { properties: { type: linux } }, scalable: { properties: { max_instances: 3 } } } }
  policies:
    - more:
        type: tosca.policies.Scaling
        targets: [ server ]
        triggers:
          busy:
            event: tosca.events.resource.utilization
            condition: { constraint: [ { METRIC: [ { greater_than: 50 } ] } ], period: PERIOD, evaluations: 2 }
            action: [ { delegate: scale_out } ]
  outputs: { first: { value: { get_attribute: [ server, private_address ] } } }
"""


def test_a_scaling_rule_is_an_alarm_that_adjusts(translate: Translate) -> None:
    made = translate(SCALING.replace("METRIC", "cpu_utilization").replace("PERIOD", "60 s"))
    alarm = made.one("aws_cloudwatch_metric_alarm")
    assert (alarm["metric_name"], alarm["threshold"], alarm["period"]) == ("CPUUtilization", 50, 60)
    assert alarm["comparison_operator"] == "GreaterThanThreshold"
    assert alarm["evaluation_periods"] == 2
    assert alarm["alarm_actions"] == ["${aws_autoscaling_policy.more_out.arn}"]
    assert made.one("aws_autoscaling_policy")["scaling_adjustment"] == 1
    assert made.one("aws_launch_template")["monitoring"] == {"enabled": True}
    assert made.outputs["first"]["value"].startswith("${try(data.aws_instances.server_members.")
    assert "terraform-first-of-several" in made.rules


def test_memory_needs_an_agent_and_periods_are_minutes(translate: Translate) -> None:
    made = translate(SCALING.replace("METRIC", "memory_utilization").replace("PERIOD", "90 s"))
    alarm = made.one("aws_cloudwatch_metric_alarm")
    assert (alarm["namespace"], alarm["period"]) == ("CWAgent", 120)
    assert {"terraform-aws-memory-metric", "terraform-aws-period"} <= made.rules


def test_other_metrics_are_errors(translate: Translate) -> None:
    made = translate(SCALING.replace("METRIC", "queue_length").replace("PERIOD", "60 s"))
    assert "terraform-unclear-scaling" in made.rules
    assert made.files == {}


def test_placement_is_a_group_of_machines_that_it_takes(translate: Translate) -> None:
    made = translate(
        """
policy_types:
  my.Affinity: { derived_from: tosca.policies.Placement, properties: { policy: { type: string } } }
topology_template:
  node_templates:
    a: &s { type: tosca.nodes.Compute, capabilities: { os: { properties: { type: linux } } } }
    b: *s
    c: *s
  policies:
    - near: { type: my.Affinity, targets: [ a, b ], properties: { policy: affinity } }
    - apart: { type: my.Affinity, targets: [ c ], properties: { policy: soft-anti-affinity } }
"""
    )
    groups = made.resources["aws_placement_group"]
    assert {name: it["strategy"] for name, it in groups.items()} == {
        "near": "cluster", "apart": "spread",
    }  # fmt: skip
    servers = made.resources["aws_instance"]
    assert servers["a"]["placement_group"] == "${aws_placement_group.near.name}"
    assert servers["a"]["instance_type"] == "c6i.large"
    assert "terraform-aws-placement" in made.rules
