"""OpenStack."""

from toscactl_terraform.openstack.lowering import lower_openstack, provider
from toscactl_terraform.openstack.replacing import FORCE_NEW

__all__ = ["FORCE_NEW", "lower_openstack", "provider"]
