"""`KubernetesBackend`: one object of Kubernetes or K3s is one unit; lowering is pure."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from importlib.util import find_spec

from toscactl.backend import (
    BackendError,
    Checked,
    Driver,
    Instance,
    MissingExtra,
    Portion,
    Step,
    Target,
    Unit,
    UnitChange,
)
from toscactl_kubernetes import bundle, changes
from toscactl_kubernetes.lowering import lower
from toscactl_kubernetes.units import BACKEND

_NOT_CARRIED = ("tosca.nodes.ObjectStorage", "tosca.nodes.Storage.ObjectStorage")


class KubernetesBackend:
    """Lowers services to manifests, for targets of the variants `` and `k3s`."""

    @property
    def name(self) -> str:
        return BACKEND

    def claims(self, instance: Instance, target: Target) -> bool:  # noqa: ARG002  (the protocol's)
        """Everything but object storage: what has no object of its own is said when lowering."""
        return not any(instance.is_a(name) for name in _NOT_CARRIED)

    def lower(self, portion: Portion) -> Checked[tuple[Unit, ...]]:
        return lower(portion)

    def files(self, portion: Portion, units: Sequence[Unit]) -> Mapping[str, bytes]:
        return bundle.files(portion, units)

    def change(self, before: Unit, after: Unit) -> UnitChange:
        return changes.change(before, after)

    def steps(self, change: UnitChange) -> Sequence[Step]:
        return changes.steps(change)

    def connect(self, target: Target) -> AbstractContextManager[Driver]:
        """Refuses: this version writes manifests and does not talk to clusters."""
        if find_spec("kubernetes") is None:
            raise MissingExtra("kubernetes", "kubernetes", f"deploying to target `{target.name}`")
        raise BackendError(
            f"target `{target.name}`: this version does not deploy to Kubernetes itself",
            hint=f"toscactl translate PATH --target {target.name} -o DIR && kubectl apply -k DIR",
        )
