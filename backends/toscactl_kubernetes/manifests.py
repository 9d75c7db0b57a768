"""`Manifest`: one object as it is wanted; and `Draft`, in which those of a service are gathered.

A manifest is data of our own until `units` makes units of it, because only then are the names
that others refer to, and the order of all, known.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from toscactl.backend import (
    Address,
    Diagnostic,
    Instance,
    InstanceGraph,
    Origin,
    Place,
    Portion,
    Rule,
    Target,
    Value,
)
from toscactl_kubernetes.naming import Names, dns_label, label_value

MANAGER = "toscactl"
NODE_ANNOTATION = "toscactl.dev/node-template"
PLACE_ANNOTATION = "toscactl.dev/template-file"

CLUSTER_SCOPED = frozenset({"Namespace"})


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object. `body` holds what stands beside `metadata`: spec, data, type, ...

    `needs` are the keys (`Kind/name`) of objects that must be there first.
    """

    api_version: str
    kind: str
    name: str
    body: Mapping[str, Value]
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    instances: tuple[Address, ...] = ()
    needs: tuple[str, ...] = ()
    origins: Mapping[str, Origin] = field(default_factory=dict)
    instance: Address | None = None

    @property
    def key(self) -> str:
        return f"{self.kind}/{self.name}"

    def document(self, namespace: str) -> Mapping[str, Value]:
        """The object as the API takes it."""
        metadata: dict[str, Value] = {"name": self.name}
        if self.kind not in CLUSTER_SCOPED:
            metadata["namespace"] = namespace
        if self.labels:
            metadata["labels"] = self.labels
        if self.annotations:
            metadata["annotations"] = self.annotations
        return {
            "apiVersion": self.api_version,
            "kind": self.kind,
            "metadata": metadata,
            **self.body,
        }


@dataclass(frozen=True, slots=True)
class Site:
    """Where a service goes: its names in the cluster, and what is known of the cluster."""

    deployment: str
    prefix: str
    namespace: str
    owns_namespace: bool
    target: Target
    version: str | None

    @property
    def k3s(self) -> bool:
        return self.target.variant == "k3s"

    def fact(self, name: str) -> Value:
        return self.target.facts.get(name)

    def labels(self, template: str, instance: str, component: str = "") -> dict[str, str]:
        """The recommended labels; `name` and `instance` are the only ones to select by."""
        found = {
            "app.kubernetes.io/name": label_value(template),
            "app.kubernetes.io/instance": label_value(instance),
        }
        if component:
            found["app.kubernetes.io/component"] = label_value(component)
        if self.version:
            found["app.kubernetes.io/version"] = label_value(self.version)
        return {**found, **self.service_labels()}

    def service_labels(self) -> dict[str, str]:
        """The labels of what belongs to the service as a whole."""
        return {
            "app.kubernetes.io/part-of": label_value(self.deployment),
            "app.kubernetes.io/managed-by": MANAGER,
        }


def site_of(portion: Portion) -> Site:
    """The site of a portion: a namespace of its own, or the one that the target's facts name."""
    prefix = dns_label(portion.deployment, 24)
    given = portion.target.facts.get("namespace")
    return Site(
        portion.deployment,
        prefix,
        dns_label(given if isinstance(given, str) else portion.deployment, 63),
        not isinstance(given, str),
        portion.target,
        portion.graph.version,
    )


class Draft:
    """The manifests and findings of a service while it is lowered."""

    def __init__(self, portion: Portion, graph: InstanceGraph) -> None:
        self.portion = portion
        self.graph = graph
        self.site = site_of(portion)
        self.names = Names()
        self.manifests: dict[str, Manifest] = {}
        self.by_template: dict[str, list[Instance]] = {}
        for instance in portion.instances:
            self.by_template.setdefault(instance.address.template, []).append(instance)
        self._findings: dict[str, Diagnostic] = {}

    @property
    def findings(self) -> tuple[Diagnostic, ...]:
        return tuple(self._findings.values())

    def add(self, manifest: Manifest) -> None:
        self.manifests[manifest.key] = manifest

    def report(
        self, rule: Rule, place: Place | None, message: str, hint: str | None = None
    ) -> None:
        finding = rule.at(None if place is None else place.span, message, hint=hint)
        self._findings.setdefault(finding.message, finding)

    def name_for(self, template: str) -> str:
        """The name of an object for a node template: with the deployment's in front."""
        own = dns_label(template)
        wanted = own if own == self.site.prefix else f"{self.site.prefix}-{template}"
        return self.names.give(wanted, owner=f"node {template}")

    def name_for_input(self, name: str) -> str:
        """The name of the Secret of an input."""
        return self.names.give(f"{self.site.prefix}-{name}", owner=f"input {name}")


def origin(instance: Instance, property_name: str | None = None) -> Origin:
    place = instance.places.get(property_name or "", instance.place)
    return Origin(f"node {instance.address.template}", place, property_name)


def annotations_of(instances: Iterable[Instance]) -> dict[str, str]:
    """Where an object comes from: its node templates and the place of the first one."""
    nodes = list(instances)
    if not nodes:
        return {}
    place = nodes[0].place
    return {
        NODE_ANNOTATION: ",".join(dict.fromkeys(node.address.template for node in nodes)),
        PLACE_ANNOTATION: f"{place.file.rpartition('/')[2]}#L{place.line}",
    }
