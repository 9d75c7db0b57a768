"""Which properties of the resource types used here cannot be changed in place (Heat 27)."""

_FIXED = {
    "OS::Aodh::GnocchiAggregationByResourcesAlarm": ("time_constraints"),
    "OS::Cinder::Volume": ("availability_zone image scheduler_hints snapshot_id source_volid"),
    "OS::Heat::ScalingPolicy": ("auto_scaling_group_id"),
    "OS::Heat::SoftwareConfig": ("config group inputs options outputs"),
    "OS::Heat::SoftwareDeployment": ("server signal_transport"),
    "OS::Neutron::FloatingIP": ("floating_ip_address floating_network floating_subnet value_specs"),
    "OS::Neutron::Net": ("availability_zone_hints tenant_id"),
    "OS::Neutron::Port": ("mac_address network"),
    "OS::Neutron::ProviderNet": ("tenant_id"),
    "OS::Neutron::Router": ("distributed ha tenant_id"),
    "OS::Neutron::RouterInterface": ("port router subnet"),
    "OS::Neutron::SecurityGroupRule": (
        "description direction ethertype port_range_max port_range_min protocol remote_group "
        "remote_ip_prefix security_group"
    ),
    "OS::Neutron::Subnet": (
        "cidr ip_version ipv6_address_mode ipv6_ra_mode network prefixlen subnetpool tenant_id"
    ),
    "OS::Nova::Server": (
        "availability_zone block_device_mapping block_device_mapping_v2 config_drive "
        "diskConfig key_name personality reservation_id scheduler_hints security_groups "
        "user_data user_data_format"
    ),
    "OS::Nova::ServerGroup": ("name policies rules"),
    "OS::Octavia::HealthMonitor": ("pool tenant_id type"),
    "OS::Octavia::Listener": ("loadbalancer protocol protocol_port tenant_id"),
    "OS::Octavia::LoadBalancer": (
        "availability_zone flavor provider tenant_id vip_address vip_subnet"
    ),
    "OS::Octavia::Pool": ("listener loadbalancer protocol"),
    "OS::Octavia::PoolMember": ("address monitor_address monitor_port pool protocol_port subnet"),
    "OS::Swift::Container": (
        "PurgeOnDelete X-Account-Meta X-Container-Meta X-Container-Read X-Container-Write name"
    ),
    "OS::Zun::Container": (
        "command environment hints hostname image image_driver image_pull_policy interactive "
        "labels mounts restart_policy security_groups tty workdir"
    ),
}
"""By resource type, separated by spaces. A new `user_data` replaces a server by default."""


def replaced_by(kind: str) -> frozenset[str]:
    """The properties of a resource type whose change makes Heat replace the resource."""
    return frozenset(_FIXED.get(kind, "").split())
