"""Amazon Web Services."""

from toscactl_terraform.aws.lowering import lower_aws, provider
from toscactl_terraform.aws.replacing import FORCE_NEW

__all__ = ["FORCE_NEW", "lower_aws", "provider"]
