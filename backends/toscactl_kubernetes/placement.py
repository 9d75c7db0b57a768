"""Where pods run: spread over nodes and zones, or as placement policies say."""

from collections.abc import Sequence

from toscactl.backend import Policy, Rule, Severity, Value, is_known, text
from toscactl_kubernetes.exposure import selector
from toscactl_kubernetes.manifests import Draft
from toscactl_kubernetes.naming import label_value
from toscactl_kubernetes.scaling import Scale
from toscactl_kubernetes.workloads import Workload

PLACEMENT_UNCLEAR = Rule(
    "kubernetes-placement-unclear",
    "A placement policy does not say what it wants.",
    Severity.WARNING,
)
PLACEMENT_SOFTENED = Rule(
    "kubernetes-placement-softened",
    "A placement policy is followed as far as possible, because there may be one node only.",
    Severity.NOTE,
)
POLICY_NOT_EXPRESSIBLE = Rule(
    "kubernetes-policy-not-expressible",
    "A policy has no counterpart in Kubernetes.",
    Severity.WARNING,
)

PLACEMENT = "tosca.policies.Placement"
_HOST = "kubernetes.io/hostname"
_ZONE = "topology.kubernetes.io/zone"
_REGION = "topology.kubernetes.io/region"
_SCALING = "tosca.policies.Scaling"
_APART = ("anti", "separate", "spread", "distribute", "different")
_TOGETHER = ("affin", "colocat", "co_locat", "same")
_SOFT = ("soft", "prefer", "best")


def placement(
    draft: Draft, workload: Workload, scale: Scale, workloads: Sequence[Workload]
) -> dict[str, Value]:
    """The parts of a pod that say where it runs."""
    found: dict[str, list[Value]] = {}
    nodes: list[Value] = []
    apart = False
    for policy in draft.graph.policies:
        if not policy.is_a(PLACEMENT) or not set(policy.targets) & set(workload.members):
            continue
        words = _words(policy)
        nodes += _regions(policy)
        if any(word in words for word in _APART):
            apart = True
            _add(draft, found, "podAntiAffinity", policy, words, workloads)
        elif any(word in words for word in _TOGETHER):
            _add(draft, found, "podAffinity", policy, words, workloads)
        elif not (_regions(policy) or "target" in {*policy.properties, *policy.metadata}):
            draft.report(
                PLACEMENT_UNCLEAR,
                policy.place,
                f"policy `{policy.name}` is not followed: neither its type nor its properties "
                "say whether its targets are to be kept together or apart",
                "derive its type with `affinity` or `anti-affinity` in the name, or say it in a "
                "property",
            )
    spec: dict[str, Value] = {}
    if scale.maximum > 1 and not apart:
        term: dict[str, Value] = {
            "topologyKey": _HOST,
            "labelSelector": {"matchLabels": selector(workload)},
        }
        preferred: dict[str, Value] = {"weight": 100, "podAffinityTerm": term}
        found.setdefault("podAntiAffinity/preferred", []).append(preferred)
    affinity = _affinity(found, nodes)
    if affinity:
        spec["affinity"] = affinity
    if scale.maximum > 1:
        spec["topologySpreadConstraints"] = (
            {
                "maxSkew": 1,
                "topologyKey": _ZONE,
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": selector(workload)},
            },
        )
    return spec


def _words(policy: Policy) -> str:
    said = [policy.type, *policy.types]
    said += [text(value) for value in policy.properties.values() if is_known(value)]
    return " ".join(said).lower().replace("-", "_")


def _regions(policy: Policy) -> list[Value]:
    found: list[Value] = []
    for name, key in (
        ("region", _REGION), ("zone", _ZONE), ("availability_zone", _ZONE),
    ):  # fmt: skip
        value = policy.properties.get(name)
        if isinstance(value, str) and value:
            found.append({"key": key, "operator": "In", "values": (value,)})
    return found


def _add(
    draft: Draft,
    found: dict[str, list[Value]],
    side: str,
    policy: Policy,
    words: str,
    workloads: Sequence[Workload],
) -> None:
    """A term over all workloads of a policy: required, or preferred where asked or safer."""
    near = [w for w in workloads if set(policy.targets) & set(w.members)]
    names = tuple(sorted(label_value(w.name) for w in near))
    expression = {"key": "app.kubernetes.io/instance", "operator": "In", "values": names}
    term: dict[str, Value] = {"topologyKey": _HOST}
    term["labelSelector"] = {"matchExpressions": (expression,)}
    nodes = draft.site.fact("nodes")
    single = nodes == 1 or (draft.site.k3s and nodes is None)
    if single and side == "podAntiAffinity":
        draft.report(
            PLACEMENT_SOFTENED,
            policy.place,
            f"policy `{policy.name}` is followed as far as possible: a cluster of one node could "
            "not run its targets otherwise",
            "say how many nodes there are in the target's facts: `nodes`",
        )
    if single or any(word in words for word in _SOFT):
        preferred: dict[str, Value] = {"weight": 100, "podAffinityTerm": term}
        found.setdefault(f"{side}/preferred", []).append(preferred)
    else:
        found.setdefault(f"{side}/required", []).append(term)


def _affinity(found: dict[str, list[Value]], nodes: list[Value]) -> dict[str, Value]:
    affinity: dict[str, Value] = {}
    if nodes:
        terms = {"nodeSelectorTerms": ({"matchExpressions": tuple(nodes)},)}
        affinity["nodeAffinity"] = {"requiredDuringSchedulingIgnoredDuringExecution": terms}
    for side in ("podAffinity", "podAntiAffinity"):
        parts = {
            f"{how}DuringSchedulingIgnoredDuringExecution": tuple(found[f"{side}/{how}"])
            for how in ("required", "preferred")
            if f"{side}/{how}" in found
        }
        if parts:
            affinity[side] = parts
    return affinity


def report_other_policies(draft: Draft) -> None:
    """Say which policies of the portion are neither of scaling nor of placement."""
    for policy in draft.portion.policies:
        if not policy.is_a(PLACEMENT) and not policy.is_a(_SCALING):
            draft.report(
                POLICY_NOT_EXPRESSIBLE,
                policy.place,
                f"policy `{policy.name}` ({policy.type}) is not followed: Kubernetes has nothing "
                "of its kind",
            )
