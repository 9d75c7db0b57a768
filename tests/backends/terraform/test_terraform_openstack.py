"""Services on OpenStack."""

from tests.backends.terraform.conftest import Translate
from tests.backends.terraform.test_terraform_aws import (
    BALANCED,
    NETWORKS,
    SCALING,
    STORAGE,
    WEB,
    server,
)


def test_flavor_image_and_network_are_variables(translate: Translate) -> None:
    made = translate(server(2, "4 GB"), "openstack")
    body = made.one("openstack_compute_instance_v2")
    assert (body["flavor_name"], body["image_name"]) == ("${var.flavor}", "${var.image}")
    assert "at least 2 CPUs, 4 GB of memory" in made.variables["flavor"]["description"]
    assert "ubuntu 24.04" in made.variables["image"]["description"]
    port = made.one("openstack_networking_port_v2")
    assert port["network_id"] == "${data.openstack_networking_network_v2.network.id}"
    assert made.data["openstack_networking_network_v2"]["network"] == {"name": "${var.network}"}


def test_facts_name_what_the_cloud_has(translate: Translate) -> None:
    facts = {
        "flavors": {
            "big": {"vcpus": 8, "ram": 16384, "disk": 80},
            "small": {"vcpus": 2, "ram": 4096, "disk": 20},
        },
        "images": {
            "noble": {
                "type": "linux", "distribution": "ubuntu",
                "version": "24.04", "architecture": "x86_64",
            }
        },
        "network": "inside",
        "key_name": "me",
    }  # fmt: skip
    made = translate(server(2, "4 GB"), "openstack", facts=facts)
    body = made.one("openstack_compute_instance_v2")
    assert (body["flavor_name"], body["image_name"]) == ("small", "noble")
    assert body["key_pair"] == "me"
    assert made.variables["network"]["default"] == "inside"


def test_public_ports_get_a_floating_address(translate: Translate) -> None:
    made = translate(WEB, "openstack")
    address = made.one("openstack_networking_floatingip_v2")
    assert address["pool"] == "${var.external_network}"
    assert address["port_id"] == "${openstack_networking_port_v2.one_port.id}"
    rules = made.resources["openstack_networking_secgroup_rule_v2"]
    assert rules["two_tcp_from_one"]["remote_group_id"] == (
        "${openstack_networking_secgroup_v2.one_access.id}"
    )
    assert rules["one_tcp_anywhere"]["port_range_max"] == 80
    assert rules["one_tcp_admin"]["remote_ip_prefix"] == "${var.admin_cidr}"


def test_networks_have_subnets_and_ports_their_addresses(translate: Translate) -> None:
    made = translate(NETWORKS, "openstack")
    subnets = made.resources["openstack_networking_subnet_v2"]
    assert subnets["left_subnet"]["gateway_ip"] == "192.168.1.1"
    ports = made.resources["openstack_networking_port_v2"]
    assert ports["p1"]["fixed_ip"][0]["ip_address"] == "192.168.1.7"
    body = made.one("openstack_compute_instance_v2")
    assert body["network"] == [
        {"port": "${openstack_networking_port_v2.p1.id}"},
        {"port": "${openstack_networking_port_v2.p2.id}"},
    ]
    assert made.outputs["right"]["value"] == (
        '${try(openstack_networking_port_v2.p2.all_fixed_ips[0], "")}'
    )


def test_servers_with_a_public_address_get_a_router(translate: Translate) -> None:
    text = NETWORKS.replace(
        "  outputs:",
        "  outputs:\n    out: { value: { get_attribute: [ server, public_address ] } }",
    )
    made = translate(text, "openstack")
    assert len(made.resources["openstack_networking_router_interface_v2"]) == 2
    assert made.one("openstack_networking_floatingip_v2")["depends_on"] == [
        "openstack_networking_router_interface_v2.left_interface",
        "openstack_networking_router_interface_v2.right_interface",
    ]


def test_volumes_and_containers_of_objects(translate: Translate) -> None:
    made = translate(STORAGE, "openstack")
    assert made.one("openstack_blockstorage_volume_v3")["size"] == 10
    attached = made.resources["openstack_compute_volume_attach_v2"]
    assert attached["server_b_attachment"]["device"] == "/dev/sdz"
    store = made.one("openstack_objectstorage_container_v1")
    assert store["metadata"] == {"Quota-Bytes": "1000000000"}


def test_a_load_balancer_with_its_members(translate: Translate) -> None:
    made = translate(BALANCED.replace("PROTOCOL", "http").replace("MOST", "4"), "openstack")
    assert made.one("openstack_lb_pool_v2")["lb_method"] == "LEAST_CONNECTIONS"
    member = made.one("openstack_lb_member_v2")
    assert member["count"] == 1
    assert "server_port[count.index]" in member["address"]
    assert made.one("openstack_lb_monitor_v2")["url_path"] == "/x"
    assert made.outputs["address"]["value"] == (
        "${openstack_networking_floatingip_v2.balancer_address.address}"
    )


def test_scaling_makes_servers_and_says_that_no_more_happens(translate: Translate) -> None:
    made = translate(
        SCALING.replace("METRIC", "cpu_utilization").replace("PERIOD", "60 s"), "openstack"
    )
    body = made.one("openstack_compute_instance_v2")
    assert body["count"] == 1
    assert body["name"] == "service-server-${count.index + 1}"
    assert body["network"] == [
        {"port": "${openstack_networking_port_v2.server_port[count.index].id}"}
    ]
    assert "terraform-openstack-scaling" in made.rules


def test_placement_is_a_server_group(translate: Translate) -> None:
    made = translate(
        """
policy_types:
  my.AntiAffinity: { derived_from: tosca.policies.Placement }
topology_template:
  node_templates: { a: { type: tosca.nodes.Compute }, b: { type: tosca.nodes.Compute } }
  policies: [ { apart: { type: my.AntiAffinity, targets: [ a, b ] } } ]
""",
        "openstack",
    )
    assert made.one("openstack_compute_servergroup_v2")["policies"] == ["anti-affinity"]
    servers = made.resources["openstack_compute_instance_v2"]
    assert servers["b"]["scheduler_hints"] == {
        "group": "${openstack_compute_servergroup_v2.apart.id}"
    }
