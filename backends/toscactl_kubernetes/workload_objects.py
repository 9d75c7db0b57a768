"""The Deployment, StatefulSet or Job of a workload."""

from collections.abc import Mapping, Sequence

from toscactl.backend import Origin, Value
from toscactl_kubernetes.exposure import selector
from toscactl_kubernetes.manifests import Draft, Manifest, annotations_of, origin
from toscactl_kubernetes.pods import Pod
from toscactl_kubernetes.ports import Port
from toscactl_kubernetes.probes import is_database
from toscactl_kubernetes.scaling import Scale
from toscactl_kubernetes.storage import Claim
from toscactl_kubernetes.workloads import Workload


def kind_of(workload: Workload, ports: Sequence[Port], claims: Sequence[Claim]) -> str:
    """A StatefulSet for what keeps data, a Job for what ends by itself, else a Deployment."""
    if any(claim.own for claim in claims) or is_database(workload):
        return "StatefulSet"
    if workload.scripted and not ports and not _stays(workload):
        return "Job"
    return "Deployment"


def _stays(workload: Workload) -> bool:
    return any(operation.name == "start" for operation in workload.operations)


def workload_object(
    draft: Draft,
    workload: Workload,
    kind: str,
    pod: Pod,
    scale: Scale,
    claims: Sequence[Claim],
    extra: Mapping[str, Mapping[str, str]],
) -> Manifest:
    """The object that makes the pods. `extra` are more labels and annotations of the pods."""
    labels = draft.site.labels(workload.root.address.template, workload.name)
    where = annotations_of(workload.components)
    metadata: dict[str, Value] = {"labels": {**labels, **extra.get("labels", {})}}
    annotations = {**pod.annotations, **extra.get("annotations", {})}
    if annotations:
        metadata["annotations"] = annotations
    template = {"metadata": metadata, "spec": pod.spec}
    if kind == "Job":
        spec = _job(template)
    else:
        spec = {} if scale.automatic else {"replicas": scale.minimum}
        spec["selector"] = {"matchLabels": selector(workload)}
        spec |= _stateful(draft, workload, claims) if kind == "StatefulSet" else _stateless()
        spec["template"] = template
    return Manifest(
        "batch/v1" if kind == "Job" else "apps/v1",
        kind,
        workload.name,
        {"spec": spec},
        labels,
        where,
        tuple(dict.fromkeys((*workload.members, *(claim.volume.address for claim in claims)))),
        _needs(workload, kind, pod, claims),
        _origins(workload),
        workload.application.address,
    )


def _stateless() -> dict[str, Value]:
    return {
        "revisionHistoryLimit": 2,
        "strategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
        },
    }


def _stateful(draft: Draft, workload: Workload, claims: Sequence[Claim]) -> dict[str, Value]:
    spec: dict[str, Value] = {"serviceName": workload.name, "revisionHistoryLimit": 2}
    templates: tuple[dict[str, Value], ...] = tuple(
        {
            "metadata": {
                "name": claim.name,
                "labels": draft.site.labels(workload.root.address.template, workload.name),
            },
            "spec": claim.spec,
        }
        for claim in {claim.name: claim for claim in claims if claim.own}.values()
    )
    if templates:
        spec["volumeClaimTemplates"] = templates
    return spec


def _job(template: Mapping[str, Value]) -> dict[str, Value]:
    """A Job runs to its end once; what it ran as cannot be changed afterwards."""
    spec = template["spec"]
    assert isinstance(spec, Mapping)
    return {
        "backoffLimit": 3,
        "template": {**template, "spec": {"restartPolicy": "OnFailure", **spec}},
    }


def _needs(workload: Workload, kind: str, pod: Pod, claims: Sequence[Claim]) -> tuple[str, ...]:
    found = [f"ServiceAccount/{workload.name}"]
    found += [manifest.key for manifest in pod.config_maps]
    found += [f"Secret/{secret}" for secret in pod.secrets]
    found += [f"PersistentVolumeClaim/{claim.name}" for claim in claims if not claim.own]
    found += [f"Service/{workload.name}"] if kind == "StatefulSet" else []
    return tuple(found)


def _origins(workload: Workload) -> dict[str, Origin]:
    """Where the parts of the object come from, by their dotted path in the plan's properties."""
    found = {"": origin(workload.root)}
    if workload.compute is not None:
        found["template.spec.containers.0.resources"] = origin(workload.compute)
        found["replicas"] = origin(workload.compute)
    return found
