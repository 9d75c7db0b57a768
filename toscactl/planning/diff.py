"""desired + state -> plan: what would change on every target, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from toscactl.address import Address
from toscactl.backend import Backend
from toscactl.desired import Action, Step, Unit
from toscactl.diagnostics import Diagnostic, Severity
from toscactl.errors import UnknownTarget
from toscactl.graph import InstanceGraph
from toscactl.planning.actions import actions
from toscactl.planning.changes import REMOVED, REQUESTED, decide
from toscactl.planning.decision import Decisions, backend_of
from toscactl.planning.digests import input_digests
from toscactl.planning.model import OutputPreview, Plan, Preconditions, Unsupported
from toscactl.planning.order import ordered
from toscactl.planning.properties import Knowledge
from toscactl.state import State
from toscactl.targets import Target
from toscactl.values import Secret, Value, is_sensitive


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a deployment is to become, and where that was read.

    `diagnostics` are those of placing and lowering: what a target cannot express is among them.
    `digest` is the SHA-256 of the service's files, `source` where they are.
    """

    deployment: str
    graph: InstanceGraph
    targets: tuple[Target, ...]
    units: tuple[Unit, ...]
    diagnostics: tuple[Diagnostic, ...]
    source: str
    digest: str
    tool_version: str


def diff(wanted: Wanted, state: State, backends: Mapping[str, Backend]) -> Plan:
    """What would change so that a deployment becomes what is wanted.

    Raises `BackendError` if a unit's backend is not installed, and `InvalidService` if there is
    no order in which the steps can run.
    """
    decisions = decide(wanted.units, state, backends, gone=REMOVED)
    graph = wanted.graph
    inputs = {
        name: _marked(item.value, sensitive=item.sensitive) for name, item in graph.inputs.items()
    }
    outputs = {
        name: _marked(item.value, sensitive=item.sensitive) for name, item in graph.outputs.items()
    }
    return _made(
        decisions,
        state,
        backends,
        Plan(
            deployment=wanted.deployment,
            service=graph.service,
            service_version=graph.version,
            targets=_targets(wanted.targets, decisions, state),
            destroy=False,
            actions=(),
            units=(),
            steps=(),
            output_values=outputs,
            inputs=input_digests(inputs, state.key),
            input_values=inputs,
            unsupported=_unsupported(wanted),
            preconditions=Preconditions(wanted.digest, state.serial, wanted.tool_version),
            source=wanted.source,
            chosen=tuple(target.name for target in wanted.targets),
        ),
    )


def destroy(state: State, backends: Mapping[str, Backend], *, tool_version: str) -> Plan:
    """What it takes to remove all of a deployment, from its state alone.

    Raises `BackendError` if a unit's backend is not installed.
    """
    decisions = decide((), state, backends, gone=REQUESTED)
    return _made(
        decisions,
        state,
        backends,
        Plan(
            deployment=state.deployment,
            service=state.service,
            service_version=state.service_version,
            targets=_targets((), decisions, state),
            destroy=True,
            actions=(),
            units=(),
            steps=(),
            inputs=input_digests(state.inputs, state.key),
            input_values=state.inputs,
            preconditions=Preconditions(state.service_digest, state.serial, tool_version),
            source=state.source,
        ),
    )


def _made(decisions: Decisions, state: State, backends: Mapping[str, Backend], plan: Plan) -> Plan:
    steps = ordered(decisions, _steps(decisions, backends))
    known = Knowledge(state.attributes, _settled(decisions), state.key)
    return replace(
        plan,
        actions=actions(decisions, steps, known),
        units=tuple(decision.change for decision in decisions.values()),
        steps=steps,
        outputs=tuple(
            OutputPreview(name, known.later(value), is_sensitive(value))
            for name, value in sorted(plan.output_values.items())
        ),
    )


def _steps(decisions: Decisions, backends: Mapping[str, Backend]) -> Mapping[str, Sequence[Step]]:
    """The steps of every unit that are still to be done; whether backends filter them or not."""
    found: dict[str, Sequence[Step]] = {}
    for id_, decision in decisions.items():
        change = decision.change
        if change.action is not Action.NOOP:
            steps = backend_of(decision.unit, backends).steps(change)
            found[id_] = [step for step in steps if step.key not in change.done]
    return found


def _settled(decisions: Decisions) -> frozenset[Address]:
    moving = {
        address
        for decision in decisions.values()
        if decision.change.action is not Action.NOOP
        for address in decision.unit.instances
    }
    return frozenset(
        address
        for decision in decisions.values()
        for address in decision.unit.instances
        if address not in moving
    )


def _targets(chosen: tuple[Target, ...], decisions: Decisions, state: State) -> tuple[Target, ...]:
    """The targets that were chosen, and those that hold what is to be removed or changed."""
    found = {target.name: target for target in chosen}
    for decision in decisions.values():
        for unit in (decision.change.before, decision.change.after):
            if unit is None or unit.target in found:
                continue
            if unit.target not in state.targets:
                raise UnknownTarget(f"`{unit.id}` is on the target `{unit.target}`, which is gone")
            found[unit.target] = state.targets[unit.target]
    return tuple(found.values())


def _marked(value: Value, *, sensitive: bool) -> Value:
    if sensitive and value is not None and not isinstance(value, Secret):
        return Secret(value)
    return value


def _unsupported(wanted: Wanted) -> tuple[Unsupported, ...]:
    target = wanted.targets[0].name if len(wanted.targets) == 1 else ""
    return tuple(
        Unsupported(
            target,
            found.rule.name,
            found.message,
            None if found.span is None else found.span.place,
        )
        for found in wanted.diagnostics
        if found.severity is Severity.WARNING
    )
