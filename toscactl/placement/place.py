"""graph -> placement: which target carries which instance, and the portions of each target."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from toscactl.address import Address
from toscactl.backend import Backend, Portion
from toscactl.diagnostics import Checked, Diagnostic, Rule, closest
from toscactl.graph import HOSTED_ON, Instance, InstanceGraph, Policy
from toscactl.source import Place
from toscactl.targets import Target
from toscactl.values import reveal

UNCLAIMED_NODE = Rule("unclaimed-node", "None of the targets can carry a node.")
UNKNOWN_PLACEMENT = Rule(
    "unknown-placement", "A policy or a node's metadata names a target that was not given."
)
CONFLICTING_PLACEMENT = Rule(
    "conflicting-placement", "A node is placed on two targets, or apart from its host."
)

PLACEMENT = "tosca.policies.Placement"


@dataclass(frozen=True, slots=True)
class Placement:
    """The name of the target of each instance."""

    targets: Mapping[Address, str]


@dataclass(frozen=True, slots=True)
class _Wish:
    """Where something says that an instance should go, and the place where it says so."""

    target: str
    who: str
    place: Place


def place(
    graph: InstanceGraph, targets: Sequence[Target], backends: Mapping[str, Backend]
) -> Checked[Placement]:
    """A target for every instance; one that no backend claims is an error.

    A placement policy goes before the node's metadata `target`; what is hosted follows its host;
    what nothing is said about goes to the first of the targets, in the order given, that claims it.
    With one target alone there is no choice: it is given everything, and its backend says best
    what it cannot carry, and why.
    """
    found: list[Diagnostic] = []
    wishes = _wishes(graph, targets, found)
    chosen: dict[Address, str] = {}
    for instance in graph:
        name = _target_of(instance, chosen, wishes, found)
        candidates = targets if name is None else [t for t in targets if t.name == name]
        claimed = next(
            (t for t in candidates if len(targets) == 1 or _claims(backends, t, instance)), None
        )
        if claimed is None:
            found.append(_unclaimed(instance, candidates))
        else:
            chosen[instance.address] = claimed.name
    return Checked(Placement(chosen), tuple(found))


def _claims(backends: Mapping[str, Backend], target: Target, instance: Instance) -> bool:
    backend = backends.get(target.backend)
    return backend is not None and backend.claims(instance, target)


def _unclaimed(instance: Instance, candidates: Sequence[Target]) -> Diagnostic:
    names = " or ".join(f"`{target.name}`" for target in candidates)
    return UNCLAIMED_NODE.at(
        instance.place.span,
        f"node `{instance.name}` of type `{instance.type}` cannot be carried by {names}",
        hint="give a further `--target` that can",
    )


def _wishes(
    graph: InstanceGraph, targets: Sequence[Target], found: list[Diagnostic]
) -> dict[Address, _Wish]:
    """What placement policies and metadata say of each instance, policies first."""
    known = {target.name for target in targets}
    wishes: dict[Address, _Wish] = {}
    for policy in graph.policies:
        name = _named_by(policy)
        if name is None:
            continue
        wish = _Wish(name, f"policy `{policy.name}`", policy.place)
        if name not in known:
            found.append(_unknown(wish, targets))
            continue
        for address in policy.targets:
            earlier = wishes.setdefault(address, wish)
            if earlier.target != name:
                found.append(_conflict(address, earlier, wish))
    for instance in graph:
        written = instance.metadata.get("target")
        if written is None or instance.address in wishes:
            continue
        wish = _Wish(str(written), f"node `{instance.name}`", instance.place)
        if wish.target in known:
            wishes[instance.address] = wish
        else:
            found.append(_unknown(wish, targets))
    return wishes


def _named_by(policy: Policy) -> str | None:
    """The target that a placement policy names, in property or metadata `target`."""
    if not policy.is_a(PLACEMENT):
        return None
    written = reveal(policy.properties.get("target"))
    if written is None:
        written = policy.metadata.get("target")  # type: ignore[assignment]  # plain data
    return None if written is None else str(written)


def _unknown(wish: _Wish, targets: Sequence[Target]) -> Diagnostic:
    names = [target.name for target in targets]
    near = closest(wish.target, names)
    given = ", ".join(f"`{name}`" for name in names)
    return UNKNOWN_PLACEMENT.at(
        wish.place.span,
        f"{wish.who} is to go to the target `{wish.target}`, which was not given",
        hint=f"did you mean `{near}`?"
        if near
        else f"the targets are {given}; add `--target {wish.target}`",
    )


def _conflict(address: Address, earlier: _Wish, later: _Wish) -> Diagnostic:
    return CONFLICTING_PLACEMENT.at(
        later.place.span,
        f"{later.who} puts `{address}` on `{later.target}`, "
        f"but {earlier.who} puts it on `{earlier.target}`",
    )


def _target_of(
    instance: Instance,
    chosen: Mapping[Address, str],
    wishes: Mapping[Address, _Wish],
    found: list[Diagnostic],
) -> str | None:
    """The target that an instance must go to: its host's, else the one that was wished for."""
    wish = wishes.get(instance.address)
    hosts = [chosen[e.target] for e in instance.relationships
             if e.is_a(HOSTED_ON) and e.target in chosen]  # fmt: skip
    if not hosts:
        return None if wish is None else wish.target
    if wish is not None and wish.target != hosts[0]:
        found.append(
            CONFLICTING_PLACEMENT.at(
                wish.place.span,
                f"`{instance.name}` is to go to `{wish.target}`, but its host is on `{hosts[0]}`",
                hint="place the host; what is hosted follows it",
            )
        )
    return hosts[0]


def portions(
    placement: Placement,
    graph: InstanceGraph,
    targets: Sequence[Target],
    *,
    deployment: str,
    parameters: bool = False,
) -> tuple[Portion, ...]:
    """What each target is to carry, in the order of the targets; those with nothing are left out.

    Outputs belong to the portions together: each has all of them, and lowers what it can.
    """
    made: list[Portion] = []
    for target in targets:
        own = tuple(i for i in graph if placement.targets.get(i.address) == target.name)
        if not own:
            continue
        here = frozenset(instance.address for instance in own)
        made.append(
            Portion(
                deployment,
                target,
                graph,
                own,
                tuple(_policies_of(graph, here)),
                graph.outputs,
                frozenset(graph.instances) - here,
                parameters,
            )
        )
    return tuple(made)


def _policies_of(graph: InstanceGraph, here: frozenset[Address]) -> Iterator[Policy]:
    """The policies that concern a portion: those with a target in it, or with none at all."""
    for policy in graph.policies:
        if not policy.targets or here & set(policy.targets):
            yield policy
