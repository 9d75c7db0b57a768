"""The one door for backends: the protocol, and everything of toscactl that a backend may use.

A backend is two halves. The pure half, `Backend`, turns instances into units, judges changes and
cuts them into steps. The other half, `Driver`, has the effects, and nothing else has any.
Backends are found through the entry-point group `toscactl.backends`.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from toscactl.address import Address
from toscactl.desired import (
    Action,
    Blob,
    Need,
    Origin,
    Resource,
    Step,
    Unit,
    UnitChange,
    whole_change,
    whole_steps,
)
from toscactl.diagnostics import Checked, Diagnostic, Rule, Severity, closest
from toscactl.document.emit import emit_yaml
from toscactl.errors import BackendError, CannotRead, MissingExtra, OperationFailed
from toscactl.graph import (
    ATTACHES_TO,
    BINDS_TO,
    COMPUTE,
    ENDPOINT,
    HOSTED_ON,
    LINKS_TO,
    SCALING,
    Artifact,
    Attachment,
    Bounds,
    Capability,
    ComputeSize,
    Condition,
    Endpoint,
    Group,
    Input,
    Instance,
    InstanceGraph,
    Operation,
    Output,
    Policy,
    Relationship,
    ScalingRule,
    Scheduled,
    Trigger,
    attached_to,
    bounds_of,
    compute_of,
    compute_size,
    endpoints,
    host_chain,
    host_of,
    hosted_on,
    hosted_within,
    lifecycle,
    network_of,
    networks,
    outside_lifecycle,
    ports_of,
    ports_on,
    scaling_policies,
    scaling_rules,
    volumes_of,
)
from toscactl.source import Place, Span
from toscactl.targets import Target
from toscactl.values import (
    AttributeOf,
    Call,
    EvaluationError,
    Expression,
    InputOf,
    ScalarUnit,
    Secret,
    Value,
    Version,
    evaluate,
    is_known,
    is_sensitive,
    plain,
    references,
    reveal,
    select,
    text,
    waits_for,
    walk,
)

__all__ = [
    "ATTACHES_TO",
    "BINDS_TO",
    "COMPUTE",
    "ENDPOINT",
    "HOSTED_ON",
    "LINKS_TO",
    "SCALING",
    "Action",
    "Address",
    "Artifact",
    "Attachment",
    "AttributeOf",
    "Backend",
    "BackendError",
    "Blob",
    "Bounds",
    "Call",
    "CannotRead",
    "Capability",
    "Checked",
    "ComputeSize",
    "Condition",
    "Context",
    "Diagnostic",
    "Driver",
    "Endpoint",
    "EvaluationError",
    "Expression",
    "Group",
    "Input",
    "InputOf",
    "Instance",
    "InstanceGraph",
    "MissingExtra",
    "Need",
    "Operation",
    "OperationFailed",
    "Origin",
    "Output",
    "Place",
    "Policy",
    "Portion",
    "Relationship",
    "Resource",
    "Result",
    "Rule",
    "ScalarUnit",
    "ScalingRule",
    "Scheduled",
    "Secret",
    "Severity",
    "Span",
    "Step",
    "Target",
    "Trigger",
    "Unit",
    "UnitChange",
    "Value",
    "Version",
    "attached_to",
    "bounds_of",
    "closest",
    "compute_of",
    "compute_size",
    "emit_yaml",
    "endpoints",
    "evaluate",
    "host_chain",
    "host_of",
    "hosted_on",
    "hosted_within",
    "is_known",
    "is_sensitive",
    "lifecycle",
    "network_of",
    "networks",
    "outside_lifecycle",
    "plain",
    "ports_of",
    "ports_on",
    "references",
    "reveal",
    "scaling_policies",
    "scaling_rules",
    "select",
    "text",
    "volumes_of",
    "waits_for",
    "walk",
    "whole_change",
    "whole_steps",
]


@dataclass(frozen=True, slots=True)
class Portion:
    """What one target is to carry: its instances, and the whole graph to look things up in.

    `deployment` is the name of the deployment; with `parameters` true, inputs were left open
    (`InputOf`) because the result is to be used without toscactl and the target has parameters.
    `elsewhere` are the instances that other targets carry: values that refer to them must go into
    `Unit.inputs`, `Step.inputs` or a native parameter.
    """

    deployment: str
    target: Target
    graph: InstanceGraph
    instances: tuple[Instance, ...]
    policies: tuple[Policy, ...] = ()
    outputs: Mapping[str, Output] = field(default_factory=dict)
    elsewhere: frozenset[Address] = frozenset()
    parameters: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What a step brought: attributes per instance, and what to remember of the unit.

    Values that must not be shown are `Secret`. `observed` is the backend's own record of the real
    thing (ids, process groups); a later step of the unit finds it in `Context.observed`.
    """

    attributes: Mapping[Address, Mapping[str, Value]] = field(default_factory=dict)
    observed: Mapping[str, Value] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


class Context(Protocol):
    """What a running step may ask of the executor. All of it is safe to call from any thread."""

    @property
    def deployment(self) -> str: ...

    @property
    def folder(self) -> str:
        """A folder of this deployment's own (mode 0700) beside the state, for work files."""

    @property
    def observed(self) -> Mapping[str, Value]:
        """What earlier steps of this unit recorded in `Result.observed`, merged."""

    @property
    def attributes(self) -> Mapping[Address, Mapping[str, Value]]:
        """All attributes known by now, of every instance."""

    @property
    def unit(self) -> Unit:
        """The unit that the step works on."""

    def log(self, line: str) -> None:
        """A line of progress, shown as it comes and kept in the journal."""

    def running(self, record: Mapping[str, Value]) -> None:
        """Journal where the step runs (process id, host, ...), so that a later run finds it."""

    @property
    def interrupted(self) -> Mapping[str, Value] | None:
        """What `running` recorded if an earlier run of this step never ended; None otherwise."""

    def cancelled(self) -> bool:
        """Whether the step should end now; polled by drivers that wait."""


class Driver(Protocol):
    """The effects of a backend. Steps of different units run in parallel, in threads."""

    def run(self, step: Step, inputs: Mapping[str, Value], context: Context) -> Result:
        """Do one step. `inputs` are the step's, finished. Raises `BackendError`."""

    def observe(self, unit: Unit, observed: Mapping[str, Value]) -> Mapping[str, Value] | None:
        """The unit as it really is, or None if it is not there. Raises `BackendError`."""


class Backend(Protocol):
    """The pure half of a backend. It has no state; every method is a function."""

    @property
    def name(self) -> str: ...

    def claims(self, instance: Instance, target: Target) -> bool:
        """Whether this backend can carry an instance on a target."""

    def lower(self, portion: Portion) -> Checked[tuple[Unit, ...]]:
        """What is wanted on the target. What cannot be expressed is a diagnostic with its place.

        Where there is but one target, the portion holds what `claims` denies, too.
        """

    def files(self, portion: Portion, units: Sequence[Unit]) -> Mapping[str, bytes]:
        """Native files for the units, by relative path, ready to use without toscactl."""

    def change(self, before: Unit, after: Unit) -> UnitChange:
        """How a unit becomes another one of the same id: NOOP, UPDATE or REPLACE."""

    def steps(self, change: UnitChange) -> Sequence[Step]:
        """The steps of a change that are still to be done, in order of need within the unit.

        For DELETE, and the first half of REPLACE, steps with `removes`. The planner adds the
        edges between units.
        """

    def connect(self, target: Target) -> AbstractContextManager[Driver]:
        """The driver for a target. The one place for late imports. Raises `MissingExtra`."""
