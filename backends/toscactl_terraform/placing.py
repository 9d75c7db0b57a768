"""Placement policies: which servers belong together, and which apart."""

from collections.abc import Iterator
from dataclasses import dataclass

from toscactl.backend import SCALING, Address, Policy, Rule, Severity, Value
from toscactl_terraform.draft import Draft

UNCLEAR_PLACEMENT = Rule(
    "terraform-unclear-placement",
    "A placement policy does not say whether servers belong together or apart.",
    Severity.WARNING,
)
SECOND_PLACEMENT = Rule(
    "terraform-second-placement", "A server can be in one placement group only."
)
UNSUPPORTED_POLICY = Rule(
    "terraform-unsupported-policy",
    "Terraform has nothing that does what a policy asks for.",
    Severity.WARNING,
)

PLACEMENT = "tosca.policies.Placement"
_RULES = ("anti-affinity", "affinity", "soft-anti-affinity", "soft-affinity")
_NAMES = ("policy", "affinity", "strategy", "placement", "rule", "type", "scope")
_WORDS = {"separate": "anti-affinity", "spread": "anti-affinity", "apart": "anti-affinity",
          "together": "affinity", "pack": "affinity", "same-host": "affinity"}  # fmt: skip
_OF_PLACING = frozenset({"target", "targets", "region", "zone", "container_type"})
"""Properties of policies that say on which target instances go, which is done by now."""


@dataclass(frozen=True, slots=True)
class Placing:
    """A policy, what it says (`affinity`, `soft-anti-affinity`, ...), and of which servers."""

    policy: Policy
    rule: str
    servers: tuple[Address, ...]


def placings(draft: Draft) -> tuple[Placing, ...]:
    """What placement policies ask for; what says nothing clear, or asks twice, is reported."""
    found: list[Placing] = []
    placed: dict[Address, str] = {}
    for policy in draft.portion.policies:
        if not _is_placement(policy):
            if not policy.is_a(SCALING):
                _report_unsupported(draft, policy)
            continue
        rule = _rule(policy)
        if rule is None:
            _report_unclear(draft, policy)
            continue
        servers = []
        for server in _servers(draft, policy):
            if server in placed:
                draft.report(
                    SECOND_PLACEMENT,
                    policy.place,
                    f"policy `{placed[server]}` places `{server}` already",
                )
                continue
            placed[server] = policy.name
            servers.append(server)
        if servers:
            found.append(Placing(policy, rule, tuple(servers)))
    return tuple(found)


def _is_placement(policy: Policy) -> bool:
    """Whether a policy says where instances run: by its type, also the affinity rules of NFV."""
    return policy.is_a(PLACEMENT) or any("ffinity" in name for name in policy.types)


def _servers(draft: Draft, policy: Policy) -> Iterator[Address]:
    servers: dict[Address, None] = {}
    for target in policy.targets:
        if target in draft.here:
            compute = draft.compute(draft.graph[target])
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
    word = value.lower().replace("_", "-").replace(" ", "-")
    word = word.replace("antiaffinity", "anti-affinity")
    return word if word in _RULES else _WORDS.get(word)


def _report_unclear(draft: Draft, policy: Policy) -> None:
    if set(policy.properties) & _OF_PLACING or "target" in policy.metadata:
        return
    draft.report(
        UNCLEAR_PLACEMENT,
        policy.place,
        f"policy `{policy.name}` does not say whether its servers belong together or apart",
        hint="property `policy`: affinity, anti-affinity, soft-affinity or soft-anti-affinity",
    )


def _report_unsupported(draft: Draft, policy: Policy) -> None:
    draft.report(
        UNSUPPORTED_POLICY,
        policy.place,
        f"Terraform has nothing for policy `{policy.name}` of type `{policy.type}`",
    )
