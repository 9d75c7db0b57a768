"""KubeVirt: a compute node with nothing of a pod about it, as a virtual machine of the cluster."""

from collections.abc import Iterator

from toscactl.backend import Rule, Severity, Value, is_known, text
from toscactl_kubernetes.images import SYSTEMS, System, by_fact, system_of
from toscactl_kubernetes.manifests import Draft, Manifest, annotations_of, origin
from toscactl_kubernetes.sizing import resources
from toscactl_kubernetes.workloads import Workload, vm_image

VM_IMAGE_ASSUMED = Rule(
    "kubernetes-vm-image",
    "A virtual machine boots an image that was chosen by its system.",
    Severity.NOTE,
)

_DISKS = "quay.io/containerdisks"
_FALLBACK = f"{_DISKS}/ubuntu:24.04"


def virtual_machine(draft: Draft, workload: Workload) -> Iterator[Manifest]:
    """The VirtualMachine of an idle workload, on a cluster that has KubeVirt."""
    compute = workload.root
    system = system_of(compute)
    asked = resources(draft, workload)["requests"]
    labels = draft.site.labels(compute.address.template, workload.name)
    disk: dict[str, Value] = {"name": "root", "disk": {"bus": "virtio"}}
    network: dict[str, Value] = {"name": "default", "masquerade": {}}
    memory = asked["memory"] if isinstance(asked, dict) else ""
    cpus = asked["cpu"] if isinstance(asked, dict) else "1"
    domain: dict[str, Value] = {
        "cpu": {"cores": max(1, int(cpus)) if str(cpus).isdigit() else 1},
        "memory": {"guest": memory},
        "devices": {"disks": (disk,), "interfaces": (network,)},
    }
    volume: dict[str, Value] = {
        "name": "root",
        "containerDisk": {"image": _disk(draft, workload, system)},
    }
    template: dict[str, Value] = {
        "metadata": {"labels": labels},
        "spec": {
            "domain": domain,
            "networks": ({"name": "default", "pod": {}},),
            "volumes": (volume,),
        },
    }
    yield Manifest(
        "kubevirt.io/v1",
        "VirtualMachine",
        workload.name,
        {"spec": {"runStrategy": "Always", "template": template}},
        labels,
        annotations_of([compute]),
        workload.members,
        origins={"": origin(compute)},
        instance=compute.address,
    )


def _disk(draft: Draft, workload: Workload, system: System) -> str:
    """The image of the root disk: of the facts, of the node, or of the system asked for."""
    compute = workload.root
    artifact = vm_image(compute)
    named = compute.properties.get("image")
    image = text(named) if named is not None and is_known(named) else ""
    names = [image, compute.address.template, f"{system.distribution}-{system.version}"]
    fact = by_fact(draft.site.fact("images"), names)
    if fact is not None:
        return fact
    if artifact is not None and "/" in artifact.file and artifact.content is None:
        return artifact.file
    chosen = _FALLBACK
    if system.distribution in SYSTEMS and system.version:
        chosen = f"{_DISKS}/{system.distribution}:{system.version}"
    draft.report(
        VM_IMAGE_ASSUMED,
        compute.place,
        f"the virtual machine `{workload.name}` boots `{chosen}`",
        f"name another disk image in the target's facts: `images: {{{image or 'NAME'}: IMAGE}}`",
    )
    return chosen
