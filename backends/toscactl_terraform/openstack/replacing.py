"""Which changes make a new resource of the OpenStack provider, by its documentation."""

from collections.abc import Mapping

FORCE_NEW: Mapping[str, frozenset[str]] = {
    "openstack_networking_network_v2": frozenset({"segments"}),
    "openstack_networking_subnet_v2": frozenset({"cidr", "ip_version", "network_id"}),
    "openstack_networking_router_interface_v2": frozenset({"router_id", "subnet_id"}),
    "openstack_networking_port_v2": frozenset({"network_id"}),
    "openstack_networking_secgroup_rule_v2": frozenset(
        {
            "direction",
            "ethertype",
            "port_range_max",
            "port_range_min",
            "protocol",
            "remote_group_id",
            "remote_ip_prefix",
            "security_group_id",
        }
    ),
    "openstack_networking_floatingip_v2": frozenset({"pool"}),
    "openstack_compute_instance_v2": frozenset(
        {"availability_zone", "config_drive", "image_id", "image_name", "key_pair", "network",
         "scheduler_hints", "user_data"}
    ),
    "openstack_compute_servergroup_v2": frozenset({"name", "policies"}),
    "openstack_blockstorage_volume_v3": frozenset({"availability_zone", "snapshot_id"}),
    "openstack_compute_volume_attach_v2": frozenset({"device", "instance_id", "volume_id"}),
    "openstack_lb_loadbalancer_v2": frozenset({"vip_network_id", "vip_subnet_id"}),
    "openstack_lb_listener_v2": frozenset({"loadbalancer_id", "protocol", "protocol_port"}),
    "openstack_lb_pool_v2": frozenset({"listener_id", "protocol"}),
    "openstack_lb_member_v2": frozenset({"address", "pool_id", "protocol_port"}),
    "openstack_lb_monitor_v2": frozenset({"pool_id", "type"}),
    "openstack_objectstorage_container_v1": frozenset({"name"}),
}  # fmt: skip
