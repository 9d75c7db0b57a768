"""Manifests as units of the plan: their order, what each needs, what cannot be changed in them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from toscactl.backend import (
    Address,
    AttributeOf,
    Need,
    Origin,
    Resource,
    Unit,
    Value,
    references,
)
from toscactl_kubernetes.manifests import CLUSTER_SCOPED, Draft, Manifest, Site

BACKEND = "kubernetes"
KIND_ORDER = (
    "Namespace",
    "ServiceAccount",
    "Secret",
    "ConfigMap",
    "PersistentVolumeClaim",
    "NetworkAttachmentDefinition",
    "Service",
    "NetworkPolicy",
    "StatefulSet",
    "Deployment",
    "Job",
    "VirtualMachine",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "Ingress",
)
"""What others refer to comes first: the order of the manifests in a file."""

IMMUTABLE: Mapping[str, frozenset[str]] = {
    "Deployment": frozenset({"selector"}),
    "StatefulSet": frozenset(
        {"selector", "serviceName", "volumeClaimTemplates", "podManagementPolicy"}
    ),
    "Job": frozenset({"selector", "template", "completions", "completionMode"}),
    "Service": frozenset({"clusterIP"}),
    "PersistentVolumeClaim": frozenset(
        {"accessModes", "storageClassName", "volumeName", "volumeMode", "dataSource"}
    ),
    "Secret": frozenset({"type"}),
}
"""Fields of `spec` (or beside `metadata`) that the API server refuses to change."""


def in_order(manifests: Iterable[Manifest]) -> list[Manifest]:
    """By kind, then by name."""
    return sorted(manifests, key=lambda m: (KIND_ORDER.index(m.kind), m.name))


def units(draft: Draft) -> tuple[Unit, ...]:
    """One unit per object, in the order in which they are applied."""
    site = draft.site
    ordered = in_order(draft.manifests.values())
    names = {manifest.key: _id(site, manifest) for manifest in ordered}
    found = [_unit(draft, manifest, names) for manifest in ordered]
    return tuple(_with_the_rest(draft, found))


def _id(site: Site, manifest: Manifest) -> str:
    return f"{site.target.name}/{manifest.kind}/{_name(site, manifest)}"


def _name(site: Site, manifest: Manifest) -> str:
    if manifest.kind in CLUSTER_SCOPED:
        return manifest.name
    return f"{site.namespace}/{manifest.name}"


def _unit(draft: Draft, manifest: Manifest, names: Mapping[str, str]) -> Unit:
    site = draft.site
    document = manifest.document(site.namespace)
    needs = [
        Need(names[key], f"needs {key}")
        for key in dict.fromkeys(manifest.needs)
        if key in names and key != manifest.key
    ]
    if manifest.kind not in CLUSTER_SCOPED and site.owns_namespace:
        needs.insert(0, Need(names[f"Namespace/{site.namespace}"], "is in it", hosted=True))
    name = _name(site, manifest)
    resource = Resource(
        manifest.kind,
        name,
        _properties(manifest),
        manifest.instance,
        manifest.origins or _origin_of(draft, manifest),
        IMMUTABLE.get(manifest.kind, frozenset()),
    )
    return Unit(
        _id(site, manifest),
        site.target.name,
        BACKEND,
        manifest.kind,
        name,
        (resource,),
        manifest.instances,
        tuple(needs),
        _open(document) if draft.portion.elsewhere else {},
        document,
    )


def _properties(manifest: Manifest) -> dict[str, Value]:
    """What a plan shows and compares: metadata, and the fields of `spec` one by one."""
    found: dict[str, Value] = {}
    if manifest.labels:
        found["labels"] = manifest.labels
    if manifest.annotations:
        found["annotations"] = manifest.annotations
    for name, value in manifest.body.items():
        if name == "spec" and isinstance(value, Mapping):
            found |= value
        else:
            found[name] = value
    return found


def _origin_of(draft: Draft, manifest: Manifest) -> dict[str, Origin]:
    """Helpers of a workload come from where its node does."""
    wanted = manifest.annotations.get("toscactl.dev/node-template", "").partition(",")[0]
    for instance in draft.by_template.get(wanted, ()):
        return {"": Origin(f"node {wanted}", instance.place)}
    first = next(iter(draft.portion.instances), None)
    return {} if first is None else {"": Origin(f"service {draft.site.deployment}", first.place)}


def _open(document: Mapping[str, Value]) -> dict[str, Value]:
    return {str(r): r for r in references(document) if isinstance(r, AttributeOf)}


def _with_the_rest(draft: Draft, found: Sequence[Unit]) -> Iterable[Unit]:
    """The units, the first of which also stands for instances that became no object."""
    carried: set[Address] = {address for unit in found for address in unit.instances}
    rest = tuple(i.address for i in draft.portion.instances if i.address not in carried)
    for number, unit in enumerate(found):
        extra = rest if number == 0 else ()
        yield replace(unit, instances=(*unit.instances, *extra))
