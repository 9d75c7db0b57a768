"""What is mounted into a container: volumes, folders to write to, secrets as files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from toscactl.backend import Rule, Severity, Value
from toscactl_kubernetes.environment import OPEN_SECRETS_PATH
from toscactl_kubernetes.images import Needs
from toscactl_kubernetes.manifests import Draft
from toscactl_kubernetes.naming import Names
from toscactl_kubernetes.storage import Claim
from toscactl_kubernetes.terms import FromSecret
from toscactl_kubernetes.workloads import Workload

DATA_NOT_KEPT = Rule(
    "kubernetes-data-not-kept",
    "An image keeps data in a folder where no volume is attached.",
    Severity.NOTE,
)


@dataclass(slots=True)
class Mounts:
    """Volumes and mounts of a container in the making."""

    volumes: list[Value] = field(default_factory=list)
    mounts: list[Mapping[str, Value]] = field(default_factory=list)
    names: Names = field(default_factory=Names)

    @property
    def paths(self) -> list[str]:
        return [str(mount["mountPath"]) for mount in self.mounts]

    def claim(self, claim: Claim) -> None:
        """Mount a claim; its volume follows from the StatefulSet if it is the workload's own."""
        self.names.give(claim.name, 63)
        self.mounts.append({"name": claim.name, "mountPath": claim.path})
        source: Value = {"claimName": claim.name}
        volume: Value = {"name": claim.name, "persistentVolumeClaim": source}
        if not claim.own and volume not in self.volumes:
            self.volumes.append(volume)

    def scratch(self, path: str) -> None:
        """An empty folder that can be written to, as long as the pod lives."""
        if path not in self.paths:
            name = self.names.give(f"scratch {path}", 63)
            self.volumes.append({"name": name, "emptyDir": {}})
            self.mounts.append({"name": name, "mountPath": path})

    def files(self, name: str, path: str, projected: Value) -> None:
        """Files to be read, from ConfigMaps or Secrets."""
        given = self.names.give(f"toscactl {name}", 63)
        self.volumes.append({"name": given, "projected": projected})
        self.mounts.append({"name": given, "mountPath": path, "readOnly": True})


def mount_folders(draft: Draft, workload: Workload, mounts: Mounts, found: Needs) -> None:
    """Folders that can be written to: /tmp, and what the image needs."""
    mounts.scratch("/tmp")  # noqa: S108  (a path in the container)
    runs_image = not (workload.scripted or workload.idle)
    for path in found.data if runs_image else ():
        if not any(_within(path, other) or _within(other, path) for other in mounts.paths):
            mounts.scratch(path)
            draft.report(
                DATA_NOT_KEPT,
                workload.application.place,
                f"`{workload.application.address}` keeps data in `{path}`, and no volume is "
                "attached there: it is lost with the pod",
                "attach a BlockStorage with that `location`",
            )
    for path in found.writable:
        mounts.scratch(path)


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder.rstrip('/')}/")


def mount_secrets(workload: Workload, mounts: Mounts, secrets: Sequence[FromSecret]) -> None:
    """Secrets as files: all for scripts, and those still to be made, so that the pod waits."""
    mounted = [term for term in secrets if term.open or workload.scripted]
    if not mounted:
        return
    sources: list[Value] = []
    for secret in sorted({term.secret for term in mounted}):
        keys = sorted({term.key for term in mounted if term.secret == secret})
        items = tuple({"key": key, "path": f"{secret}/{key}"} for key in keys)
        sources.append({"secret": {"name": secret, "items": items}})
    mounts.files("secrets", OPEN_SECRETS_PATH, {"defaultMode": 0o440, "sources": tuple(sources)})
