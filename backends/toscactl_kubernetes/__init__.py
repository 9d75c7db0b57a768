"""The kubernetes backend: services as manifests for Kubernetes and K3s."""

from toscactl_kubernetes.backend import KubernetesBackend

__all__ = ["KubernetesBackend"]
