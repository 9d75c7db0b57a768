"""Volumes: what is attached to a workload becomes claims, one per replica or one for all."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from toscactl.backend import (
    Attachment,
    Instance,
    Rule,
    ScalarUnit,
    Severity,
    Value,
    is_known,
    text,
    volumes_of,
)
from toscactl_kubernetes.manifests import Draft, Manifest, annotations_of, origin
from toscactl_kubernetes.naming import Names, dns_label
from toscactl_kubernetes.quantities import storage
from toscactl_kubernetes.terms import OPEN_INPUT
from toscactl_kubernetes.workloads import Workload

VOLUME_NOT_EXPRESSIBLE = Rule(
    "kubernetes-volume-not-expressible",
    "A volume or its attachment cannot be carried over as it is written.",
    Severity.WARNING,
)
VOLUME_SHARED = Rule(
    "kubernetes-volume-shared",
    "Several workloads attach one volume; its storage class must allow that.",
    Severity.WARNING,
)
VOLUME_ON_NODE = Rule(
    "kubernetes-volume-on-node",
    "A volume of K3s lies on one node, and its pod with it.",
    Severity.NOTE,
)
OBJECT_STORAGE = Rule(
    "kubernetes-object-storage",
    "Kubernetes has no object storage.",
    Severity.WARNING,
)

_OBJECTS = ("tosca.nodes.ObjectStorage", "tosca.nodes.Storage.ObjectStorage")
_MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim of a workload: where it is mounted, and whether each replica has one of its own."""

    name: str
    path: str
    volume: Instance
    spec: dict[str, Value]
    own: bool


def volume_users(draft: Draft, workloads: Sequence[Workload]) -> Counter[str]:
    """How many workloads each volume is attached to, by the volume's template."""
    return Counter(
        template
        for workload in workloads
        for template in {
            attachment.volume.address.template
            for host in workload.hosts
            for attachment in volumes_of(draft.graph, host)
        }
    )


def claims_of(draft: Draft, workload: Workload, users: Counter[str]) -> tuple[Claim, ...]:
    """The claims of a workload; `users` says how many workloads each volume is attached to."""
    found: dict[str, Claim] = {}
    names = Names()
    for host in workload.hosts:
        for attachment in volumes_of(draft.graph, host):
            shared = users[attachment.volume.address.template] > 1
            claim = _claim(draft, attachment, shared=shared)
            if claim.path not in found:
                name = names.give(claim.name, 63) if claim.own else claim.name
                found[claim.path] = replace(claim, name=name)
    return tuple(found.values())


def _claim(draft: Draft, attachment: Attachment, *, shared: bool) -> Claim:
    volume, place = attachment.volume, attachment.relationship.place
    location = attachment.location
    template = volume.address.template
    if attachment.device is not None:
        draft.report(
            VOLUME_NOT_EXPRESSIBLE,
            place,
            f"the device `{text(attachment.device)}` of `{template}` is left out: a claim is "
            "mounted as a folder, and the cluster names the device",
        )
    if location is None or not is_known(location) or not text(location).startswith("/"):
        draft.report(
            VOLUME_NOT_EXPRESSIBLE,
            place,
            f"`{template}` is attached to `{attachment.relationship.source}` without an absolute "
            f"path; it is mounted as `/mnt/{dns_label(template)}`",
            "say where: `location` of the AttachesTo relationship",
        )
        location = f"/mnt/{dns_label(template)}"
    spec = _claim_spec(draft, volume, shared=shared)
    name = draft.name_for(template) if shared else template
    return Claim(name, text(location).rstrip("/") or "/", volume, spec, own=not shared)


def _claim_spec(draft: Draft, volume: Instance, *, shared: bool) -> dict[str, Value]:
    spec: dict[str, Value] = {"accessModes": ("ReadWriteMany" if shared else "ReadWriteOnce",)}
    chosen = draft.site.fact("storage_class")
    if isinstance(chosen, str) or draft.site.k3s:
        spec["storageClassName"] = chosen if isinstance(chosen, str) else "local-path"
    existing = volume.properties.get("volume_id")
    if isinstance(existing, str) and existing:
        spec["volumeName"] = existing
    snapshot = volume.properties.get("snapshot_id")
    if isinstance(snapshot, str) and snapshot:
        spec["dataSource"] = {
            "apiGroup": "snapshot.storage.k8s.io",
            "kind": "VolumeSnapshot",
            "name": snapshot,
        }
    spec["resources"] = {"requests": {"storage": _size(draft, volume)}}
    return spec


def _size(draft: Draft, volume: Instance) -> str:
    """The size, rounded up to whole GiB. A bare number is MB, as in the types of TOSCA 1.0."""
    size = volume.properties.get("size")
    if isinstance(size, ScalarUnit):
        return storage(int(size.amount))
    if isinstance(size, int):
        return storage(size * 10**6)
    if size is not None and not is_known(size):
        draft.report(
            OPEN_INPUT,
            volume.places.get("size", volume.place),
            f"the size of `{volume.address}` must be known, and is `{size}`",
            "give the inputs that it is made of: -i NAME=VALUE",
        )
    return storage(_MEBIBYTE)


def claim_manifests(draft: Draft, claims: Sequence[Claim]) -> Iterator[Manifest]:
    """The claims that are objects of their own, because several workloads mount them."""
    for claim in claims:
        if not claim.own:
            draft.report(
                VOLUME_SHARED,
                claim.volume.place,
                f"several workloads attach `{claim.volume.address}`; its claim asks for "
                "ReadWriteMany, which not every storage class provides",
                "name one that does in the target's facts: `storage_class`",
            )
            yield standalone(draft, claim.name, claim.volume, claim.spec)
        elif draft.site.k3s and claim.spec.get("storageClassName") == "local-path":
            draft.report(
                VOLUME_ON_NODE,
                claim.volume.place,
                f"the data of `{claim.volume.address}` stays on the node where its pod first "
                "runs, and is not moved if that node dies",
            )


def standalone(draft: Draft, name: str, volume: Instance, spec: dict[str, Value]) -> Manifest:
    return Manifest(
        "v1",
        "PersistentVolumeClaim",
        name,
        {"spec": spec},
        draft.site.labels(volume.address.template, name),
        annotations_of([volume]),
        (volume.address,),
        origins={"": origin(volume)},
        instance=volume.address,
    )


def unattached(draft: Draft, attached: frozenset[str]) -> Iterator[Manifest]:
    """Claims for volumes that nothing is attached to, by their templates; findings for the rest."""
    seen: set[str] = set()
    for instance in draft.portion.instances:
        template = instance.address.template
        if template in seen or template in attached:
            continue
        seen.add(template)
        if any(instance.is_a(name) for name in _OBJECTS):
            draft.report(
                OBJECT_STORAGE,
                instance.place,
                f"`{template}` is left out: Kubernetes has no object storage",
                "place it on another target, and give what uses it the address of its bucket",
            )
        elif any(instance.is_a(f"tosca.nodes.{kind}BlockStorage") for kind in ("", "Storage.")):
            spec = _claim_spec(draft, instance, shared=False)
            yield standalone(draft, draft.name_for(template), instance, spec)
