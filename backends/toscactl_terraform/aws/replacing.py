"""Which changes make a new resource of the AWS provider, by its documentation."""

from collections.abc import Mapping

FORCE_NEW: Mapping[str, frozenset[str]] = {
    "aws_vpc": frozenset({"cidr_block", "instance_tenancy"}),
    "aws_subnet": frozenset({"vpc_id", "cidr_block", "availability_zone"}),
    "aws_vpc_ipv4_cidr_block_association": frozenset({"vpc_id", "cidr_block"}),
    "aws_route_table": frozenset({"vpc_id"}),
    "aws_route": frozenset({"route_table_id", "destination_cidr_block"}),
    "aws_route_table_association": frozenset({"subnet_id"}),
    "aws_security_group": frozenset({"name", "name_prefix", "description", "vpc_id"}),
    "aws_vpc_security_group_ingress_rule": frozenset({"security_group_id"}),
    "aws_vpc_security_group_egress_rule": frozenset({"security_group_id"}),
    "aws_network_interface": frozenset({"subnet_id"}),
    "aws_network_interface_attachment": frozenset(
        {"instance_id", "network_interface_id", "device_index"}
    ),
    "aws_instance": frozenset(
        {
            "ami",
            "availability_zone",
            "key_name",
            "placement_group",
            "primary_network_interface",
            "user_data_base64",
        }
    ),
    "aws_eip": frozenset({"domain"}),
    "aws_ebs_volume": frozenset({"availability_zone", "encrypted", "snapshot_id"}),
    "aws_volume_attachment": frozenset({"device_name", "instance_id", "volume_id"}),
    "aws_lb": frozenset({"name", "internal", "load_balancer_type"}),
    "aws_lb_target_group": frozenset({"name", "port", "protocol", "vpc_id"}),
    "aws_lb_target_group_attachment": frozenset({"target_group_arn", "target_id", "port"}),
    "aws_lb_listener": frozenset({"load_balancer_arn"}),
    "aws_launch_template": frozenset({"name_prefix"}),
    "aws_autoscaling_group": frozenset({"name_prefix"}),
    "aws_autoscaling_policy": frozenset({"name", "autoscaling_group_name"}),
    "aws_cloudwatch_metric_alarm": frozenset({"alarm_name"}),
    "aws_placement_group": frozenset({"name", "strategy"}),
    "aws_s3_bucket": frozenset({"bucket", "bucket_prefix"}),
    "aws_s3_bucket_public_access_block": frozenset({"bucket"}),
}
"""`user_data_base64` because `user_data_replace_on_change` is set."""
