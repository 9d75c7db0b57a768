"""Targets: named places to deploy to, with what is known about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from toscactl.source import Span
from toscactl.values import Value


@dataclass(frozen=True, slots=True)
class Target:
    """A named place to deploy to.

    `backend` is the name of an installed backend. `variant` narrows it (for Kubernetes `k3s`, for
    Terraform the cloud: `aws`, `openstack`). `connection` is for the backend's driver alone (cloud
    name, kubeconfig context, ...); `facts` is what lowering may rely on (flavors, images, storage
    classes, whether metrics are there, ...).
    """

    name: str
    backend: str
    variant: str = ""
    connection: Mapping[str, Value] = field(default_factory=dict)
    facts: Mapping[str, Value] = field(default_factory=dict)
    span: Span | None = None


BUILT_IN: Mapping[str, Target] = {
    target.name: target
    for target in (
        Target("local", "local"),
        Target("openstack", "heat"),
        Target("kubernetes", "kubernetes"),
        Target("k3s", "kubernetes", "k3s"),
        Target("aws", "terraform", "aws"),
        Target("terraform-openstack", "terraform", "openstack"),
    )
}
"""Targets that need no file. A target of the same name in `targets.yaml` takes their place."""
