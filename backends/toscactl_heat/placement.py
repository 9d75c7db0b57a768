"""Placement policies as server groups."""

from collections.abc import Iterator, Mapping

from toscactl.backend import Address, Origin, Policy, Rule, Severity, Value, compute_of, text
from toscactl_heat.draft import Draft, HotResource
from toscactl_heat.hot import GetResource

UNCLEAR_PLACEMENT = Rule(
    "heat-unclear-placement",
    "A placement policy does not say whether servers belong together or apart.",
    Severity.WARNING,
)
SECOND_PLACEMENT = Rule(
    "heat-second-placement",
    "A server can be in one server group only.",
)
UNSUPPORTED_POLICY = Rule(
    "heat-unsupported-policy",
    "Heat has nothing that does what a policy asks for.",
    Severity.WARNING,
)

PLACEMENT = "tosca.policies.Placement"
_RULES = ("anti-affinity", "affinity", "soft-anti-affinity", "soft-affinity")
_NAMES = ("policy", "affinity", "strategy", "placement", "rule", "type", "scope")
_WORDS = {"separate": "anti-affinity", "spread": "anti-affinity", "apart": "anti-affinity",
          "together": "affinity", "pack": "affinity", "same-host": "affinity"}  # fmt: skip


def is_placement(policy: Policy) -> bool:
    """Whether a policy says where instances run: by its type, also the affinity rules of NFV."""
    return policy.is_a(PLACEMENT) or any("ffinity" in name for name in policy.types)


def server_groups(draft: Draft) -> Mapping[Address, GetResource]:
    """The server group of each server that a placement policy is about."""
    found: dict[Address, GetResource] = {}
    for policy in draft.portion.policies:
        if not is_placement(policy):
            continue
        servers = tuple(_servers(draft, policy))
        rule = _rule(policy)
        if rule is None:
            _report_unclear(draft, policy)
            continue
        if not servers:
            continue
        group = draft.add(
            HotResource(
                draft.names.fresh(policy.name),
                "OS::Nova::ServerGroup",
                {"policies": (rule,)},
                origin=Origin(f"policy {policy.name}", policy.place),
            )
        )
        for server in servers:
            if server in found:
                draft.report(
                    SECOND_PLACEMENT,
                    policy.place,
                    f"`{server}` is in server group `{found[server].name}` already",
                )
            found.setdefault(server, group)
    return found


def _servers(draft: Draft, policy: Policy) -> Iterator[Address]:
    servers: dict[Address, None] = {}
    for target in policy.targets:
        if target in draft.here:
            compute = compute_of(draft.graph, draft.graph[target])
            if compute is not None and compute.address in draft.here:
                servers[compute.address] = None
    return iter(servers)


def _rule(policy: Policy) -> str | None:
    """`affinity`, `anti-affinity` or a soft one, from what the policy says or is called."""
    for name in _NAMES:
        found = _understood(policy.properties.get(name))
        if found is not None:
            return found
    for kind in policy.types:
        word = kind.rpartition(".")[2].lower().replace("_", "").replace("-", "")
        if "antiaffinity" in word:
            return "anti-affinity"
        if "affinity" in word:
            return "affinity"
    return None


def _understood(value: Value) -> str | None:
    if not isinstance(value, str):
        return None
    word = text(value).lower().replace("_", "-").replace(" ", "-")
    word = word.replace("antiaffinity", "anti-affinity")
    return word if word in _RULES else _WORDS.get(word)


def _report_unclear(draft: Draft, policy: Policy) -> None:
    if set(policy.properties) & {"target", "targets", "region", "zone", "container_type"}:
        return
    draft.report(
        UNCLEAR_PLACEMENT,
        policy.place,
        f"policy `{policy.name}` does not say whether its servers belong together or apart",
        hint="property `policy`: affinity, anti-affinity, soft-affinity or soft-anti-affinity",
    )


def check_policies(draft: Draft, understood: frozenset[str]) -> None:
    """Report the policies of which nothing becomes part of the stack."""
    for policy in draft.portion.policies:
        if policy.name not in understood and not is_placement(policy):
            draft.report(
                UNSUPPORTED_POLICY,
                policy.place,
                f"Heat has nothing for policy `{policy.name}` of type `{policy.type}`",
            )
