"""Servers, their flavors and images, ports, volumes and addresses as HOT."""

from tests.backends.heat.conftest import Translate
from toscactl.diagnostics import Severity

HEAD = """\
tosca_definitions_version: tosca_simple_yaml_1_3
topology_template:
"""
SERVER = """\
  node_templates:
    server:
      type: tosca.nodes.Compute
      capabilities:
        host: { properties: { num_cpus: 2, mem_size: 3 GB, disk_size: 10 GB } }
        os: { properties: { type: Linux, distribution: Ubuntu, version: "24.04" } }
"""
FLAVORS = {
    "big": {"vcpus": 8, "ram": 16384, "disk": 80},
    "tiny": {"vcpus": 1, "ram": 512, "disk": 1},
    "fits": {"vcpus": 2, "ram": 4096, "disk": 20},
}
IMAGES = {
    "debian": {"type": "linux", "distribution": "debian", "version": 12},
    "noble": {"type": "linux", "distribution": "ubuntu", "version": "24.04"},
}


def test_what_nobody_knows_becomes_a_parameter_of_its_kind(translate: Translate) -> None:
    made = translate(HEAD + SERVER)
    parameters = made.template()["parameters"]
    assert {name: it["constraints"][0]["custom_constraint"] for name, it in parameters.items()} == {
        "flavor": "nova.flavor",
        "image": "glance.image",
        "network": "neutron.network",
    }
    assert all("default" not in it for it in parameters.values())
    assert "2 CPUs, 3 GB of memory, 10 GB of disk" in parameters["flavor"]["description"]
    server = made.resources["server"]["properties"]
    assert server["flavor"] == {"get_param": "flavor"}
    assert server["networks"] == [{"port": {"get_resource": "server_port"}}]
    assert not made.rules


def test_facts_choose_the_smallest_flavor_that_fits_and_the_image(translate: Translate) -> None:
    made = translate(
        HEAD + SERVER, facts={"flavors": FLAVORS, "images": IMAGES, "network": "private"}
    )
    server = made.resources["server"]["properties"]
    assert (server["flavor"], server["image"]) == ("fits", "noble")
    assert made.template()["parameters"]["network"]["default"] == "private"


def test_a_server_that_no_flavor_fits_asks_for_one(translate: Translate) -> None:
    made = translate(HEAD + SERVER, facts={"flavors": {"tiny": FLAVORS["tiny"]}})
    assert made.resources["server"]["properties"]["flavor"] == {"get_param": "flavor"}


def test_a_size_by_input_is_said_to_choose_nothing(translate: Translate) -> None:
    text = HEAD + SERVER.replace("num_cpus: 2", "num_cpus: { get_input: cpus }").replace(
        "  node_templates", "  inputs: { cpus: { type: integer, default: 8 } }\n  node_templates"
    )
    made = translate(text, facts={"flavors": FLAVORS})
    assert made.rules == ["heat-open-size"]
    assert made.template()["parameters"]["flavor"]["default"] == "big"


def test_bad_facts_are_all_named(translate: Translate) -> None:
    made = translate(
        HEAD + SERVER,
        facts={"flavours": {}, "flavors": {"a": {"ram": 1}}, "software": "magic", "admin": "maybe"},
    )
    messages = [d.message for d in made.diagnostics if d.rule.name == "heat-bad-fact"]
    assert len(messages) == 4
    assert "`magic`, not one of agent, cloud-init" in " ".join(messages)
    assert any(d.hint == "did you mean `flavors`?" for d in made.diagnostics)


def test_names_of_a_derived_type_are_nova_s_and_others_are_not(translate: Translate) -> None:
    made = translate("""\
tosca_definitions_version: tosca_simple_yaml_1_3
node_types:
  my.Server:
    derived_from: tosca.nodes.Compute
    properties:
      flavor: { type: string }
      key_name: { type: string }
      anti_spoofing: { type: boolean }
      metadata: { type: map, entry_schema: { type: string } }
topology_template:
  inputs: { flavor: { type: string, default: m1.small }, key: { type: string, default: me } }
  node_templates:
    server:
      type: my.Server
      properties:
        flavor: { get_input: flavor }
        key_name: { get_input: key }
        anti_spoofing: true
        metadata: { answer: "yes", version: "1.10" }
""")
    server = made.resources["server"]["properties"]
    assert server["flavor"] == {"get_param": "flavor"}
    assert server["key_name"] == {"get_param": "key"}
    assert server["metadata"] == {"answer": "yes", "version": "1.10"}
    assert "anti_spoofing" not in server
    parameters = made.template()["parameters"]
    assert {"custom_constraint": "nova.flavor"} in parameters["flavor"]["constraints"]
    assert {"custom_constraint": "nova.keypair"} in parameters["key"]["constraints"]


NETWORKS = """\
  inputs: { cidr: { type: string, default: 192.168.10.0/24 } }
  node_templates:
    net:
      type: tosca.nodes.network.Network
      properties:
        network_name: my net
        cidr: { get_input: cidr }
        start_ip: 192.168.10.10
        end_ip: 192.168.10.99
        dhcp_enabled: false
    old: { type: tosca.nodes.network.Network, properties: { network_name: management } }
    second:
      type: tosca.nodes.network.Port
      properties: { order: 1 }
      requirements: [ { binding: server }, { link: old } ]
    first:
      type: tosca.nodes.network.Port
      properties: { order: 0, ip_address: 192.168.10.11 }
      requirements: [ { binding: server }, { link: net } ]
    server: { type: tosca.nodes.Compute }
  outputs:
    outside: { value: { get_attribute: [ server, public_address ] } }
    inside: { value: { get_attribute: [ server, networks, management, addresses, 0 ] } }
"""


def test_networks_ports_and_the_way_out(translate: Translate) -> None:
    made = translate(HEAD + NETWORKS)
    subnet = made.resources["net_subnet"]["properties"]
    assert subnet["cidr"] == {"get_param": "cidr"}
    assert subnet["allocation_pools"] == [{"start": "192.168.10.10", "end": "192.168.10.99"}]
    assert subnet["enable_dhcp"] is False
    assert "old" not in made.resources
    assert made.resources["second"]["properties"]["network"] == "management"
    assert made.resources["first"]["depends_on"] == "net_subnet"
    assert made.resources["server"]["properties"]["networks"] == [
        {"port": {"get_resource": "first"}},
        {"port": {"get_resource": "second"}},
    ]
    assert made.resources["server_address"]["depends_on"] == "net_interface"
    assert made.resources["router"]["type"] == "OS::Neutron::Router"
    outputs = made.template()["outputs"]
    assert outputs["outside"]["value"] == {"get_attr": ["server_address", "floating_ip_address"]}
    assert outputs["inside"]["value"] == {"get_attr": ["second", "fixed_ips", 0, "ip_address"]}


def test_provider_networks_are_for_administrators(translate: Translate) -> None:
    text = HEAD + NETWORKS.replace(
        "dhcp_enabled: false", 'network_type: vlan, segmentation_id: "7"'
    )
    text = text.replace("        network_type: vlan, ", "        network_type: vlan\n        ")
    refused = translate(text)
    assert refused.rules == ["heat-needs-admin"]
    assert refused.diagnostics[0].span is not None
    allowed = translate(text, facts={"admin": True})
    assert allowed.resources["net"]["type"] == "OS::Neutron::ProviderNet"


def test_an_address_range_of_one_port_is_refused_where_it_is_asked_for(
    translate: Translate,
) -> None:
    made = translate(HEAD + NETWORKS.replace("order: 1", "order: 1, ip_range_start: 10.0.0.1"))
    assert made.rules == ["heat-port-range"]
    assert made.diagnostics[0].severity is Severity.ERROR


VOLUMES = """\
  inputs: { size: { type: scalar-unit.size, default: 10 GB } }
  node_templates:
    data:
      type: tosca.nodes.Storage.BlockStorage
      properties: { name: data, size: { get_input: size } }
    small:
      type: tosca.nodes.Storage.BlockStorage
      properties: { name: small, size: 1500 MB }
    old:
      type: tosca.nodes.Storage.BlockStorage
      properties: { name: old, volume_id: 0d1f, size: 1 GB }
    server:
      type: tosca.nodes.Compute
      requirements:
        - local_storage:
            node: data
            relationship: { type: tosca.relationships.AttachesTo, properties: { location: /data } }
        - local_storage:
            node: small
            relationship:
              type: tosca.relationships.AttachesTo
              properties: { location: /small, device: /dev/vdc }
        - local_storage:
            node: old
            relationship: { type: tosca.relationships.AttachesTo, properties: { location: /old } }
    store:
      type: tosca.nodes.Storage.ObjectStorage
      properties: { name: things, maxsize: 5 GB }
"""


def test_volumes_are_whole_gib_attached_and_mounted(translate: Translate) -> None:
    made = translate(HEAD + VOLUMES)
    assert made.template()["parameters"]["size"]["default"] == 10
    assert made.template()["parameters"]["size"]["type"] == "number"
    assert made.resources["data"]["properties"]["size"] == {"get_param": "size"}
    assert made.resources["small"]["properties"]["size"] == 2
    attached = made.resources["server_small_attachment"]["properties"]
    assert attached["mountpoint"] == "/dev/vdc"
    assert "mountpoint" not in made.resources["server_data_attachment"]["properties"]
    assert "old" not in made.resources
    assert made.resources["server_old_attachment"]["properties"]["volume_id"] == "0d1f"
    mount = made.resources["server_data_mount"]
    assert mount["depends_on"] == "server_data_attachment"
    assert mount["properties"]["input_values"]["location"] == "/data"
    assert mount["properties"]["actions"] == ["CREATE", "UPDATE", "DELETE"]
    assert b"mkfs" in made.files["toscactl/mount-volume.sh"]


def test_a_volume_of_two_servers_is_refused(translate: Translate) -> None:
    server = (
        "    {0}:\n      type: tosca.nodes.Compute\n      requirements:\n"
        "        - local_storage:\n            node: data\n            relationship:\n"
        "              type: tosca.relationships.AttachesTo\n"
        "              properties: {{ location: /data }}\n"
    )
    volume = "    data: { type: tosca.nodes.Storage.BlockStorage, properties: { name: d%s } }\n"
    both = HEAD + "  node_templates:\n" + server.format("one") + server.format("two")
    made = translate(both + volume % ", size: 1 GB")
    assert made.rules == ["heat-shared-volume"]
    assert "`one`, `two`" in made.diagnostics[0].message
    assert "heat-shared-volume" not in translate(both + volume % ", volume_id: abc").rules


def test_object_storage_is_private(translate: Translate) -> None:
    store = translate(HEAD + VOLUMES).resources["store"]["properties"]
    assert store == {"name": "things", "X-Container-Meta": {"Quota-Bytes": "5000000000"}}


def test_a_size_that_was_given_goes_into_the_environment(translate: Translate) -> None:
    made = translate(HEAD + VOLUMES, inputs={"size": "25 GiB"})
    assert made.template("environment.yaml") == {"parameters": {"size": 25}}
    assert "default" not in made.template()["parameters"]["size"]


PLACED = """\
tosca_definitions_version: tosca_simple_yaml_1_3
policy_types:
  my.AntiAffinity: { derived_from: tosca.policies.Placement }
  my.Placed:
    derived_from: tosca.policies.Placement
    properties: { policy: { type: string } }
topology_template:
  node_templates:
    a: { type: tosca.nodes.Compute }
    b: { type: tosca.nodes.Compute }
    c: { type: tosca.nodes.Compute }
    d: { type: tosca.nodes.Compute }
  policies:
    - apart: { type: my.AntiAffinity, targets: [ a, b ] }
    - near: { type: my.Placed, targets: [ c ], properties: { policy: soft-affinity } }
    - vague: { type: tosca.policies.Placement, targets: [ d ] }
    - fast: { type: tosca.policies.Performance, targets: [ d ] }
"""


def test_placement_policies_are_server_groups(translate: Translate) -> None:
    made = translate(PLACED)
    assert made.resources["apart"]["properties"] == {"policies": ["anti-affinity"]}
    assert made.resources["near"]["properties"] == {"policies": ["soft-affinity"]}
    for server in "ab":
        hints = made.resources[server]["properties"]["scheduler_hints"]
        assert hints == {"group": {"get_resource": "apart"}}
    assert "scheduler_hints" not in made.resources["d"]["properties"]
    assert sorted(made.rules) == ["heat-unclear-placement", "heat-unsupported-policy"]


def test_nodes_that_heat_cannot_carry_are_errors_at_their_place(translate: Translate) -> None:
    made = translate("""\
tosca_definitions_version: tosca_simple_yaml_1_3
topology_template:
  node_templates:
    thing: { type: tosca.nodes.Root }
    server: { type: tosca.nodes.Compute }
""")
    assert not made.files
    assert any("thing" in d.message and d.span is not None for d in made.diagnostics)
