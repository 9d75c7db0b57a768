"""`Plan`: what would change, and why; complete data from which execution decides nothing."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from toscactl.address import Address
from toscactl.desired import Action, Origin, Step, UnitChange
from toscactl.diagnostics import Diagnostic
from toscactl.source import Place
from toscactl.targets import Target
from toscactl.values import Value

FORMAT = "toscactl.plan/1"


class Certainty(enum.Enum):
    """Whether something will happen, may happen (a value is known only later), or is not known."""

    WILL = "will"
    MAY = "may"
    UNKNOWN = "unknown"


class Risk(enum.Enum):
    """What a change may cost."""

    NONE = "none"
    DOWNTIME = "downtime"
    DATA_LOSS = "data-loss"
    IRREVERSIBLE = "irreversible"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something happens.

    `code` is stable: new, node-removed, property-changed, immutable-property,
    dependency-replaced, dependency-changed, resume, requested, unchanged.
    """

    code: str
    text: str
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PropertyChange:
    """One property before and after, by its dotted path.

    `mark` is how well `after` is known:
    `known`, `after-apply` (`waits_for` says on what) or `sensitive` (only fingerprints are shown).
    """

    path: str
    before: Value
    after: Value
    mark: str = "known"
    waits_for: tuple[str, ...] = ()
    fingerprints: tuple[str, str] | None = None
    """Of before and after, empty where there is none or the deployment has no key yet."""
    forces_replace: bool = False
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class ResourceAction:
    """What happens to one resource."""

    id: str
    wave: int
    after: tuple[str, ...]
    """Ids of actions that come first."""
    target: str
    kind: str
    name: str
    unit: str
    action: Action
    certainty: Certainty
    reason: Reason
    origin: Origin | None
    changes: tuple[PropertyChange, ...] = ()
    risk: Risk = Risk.NONE
    evidence: str = "schema"
    instance: Address | None = None


@dataclass(frozen=True, slots=True)
class Unsupported:
    """What a target cannot express, and why."""

    target: str
    rule: str
    message: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class InputDigest:
    """An input as a plan pins it: never its value.

    `digest` is keyed by the deployment's key,
    or, for a deployment that does not exist yet and a value that is no secret, unkeyed.
    """

    name: str
    digest: str
    sensitive: bool


@dataclass(frozen=True, slots=True)
class OutputPreview:
    name: str
    value: Value
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class Preconditions:
    """What the plan was made from; `apply PLANFILE` refuses if any of it moved."""

    service_digest: str
    state_serial: int
    """0 for a deployment that does not exist yet."""
    tool_version: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What would change on every target, and the steps that do it, in order.

    Sensitive literals in `changes`, `units` and `steps` are `Secret`; the JSON form of the plan
    leaves them out, and `apply PLANFILE` makes the plan anew from the same inputs.
    """

    deployment: str
    service: str
    service_version: str | None
    targets: tuple[Target, ...]
    destroy: bool
    actions: tuple[ResourceAction, ...]
    units: tuple[UnitChange, ...]
    steps: tuple[Step, ...]
    outputs: tuple[OutputPreview, ...] = ()
    output_values: Mapping[str, Value] = field(default_factory=dict)
    inputs: tuple[InputDigest, ...] = ()
    input_values: Mapping[str, Value] = field(default_factory=dict)
    unsupported: tuple[Unsupported, ...] = ()
    preconditions: Preconditions = Preconditions("", 0, "")
    diagnostics: tuple[Diagnostic, ...] = ()
    """What was found while the service was resolved, and is no error; not part of the data."""
    source: str = ""
    """Where the service was read from: with targets and name, how to make the plan again."""
    chosen: tuple[str, ...] = ()
    """The names of the targets that were asked for; `targets` also holds those that are left."""

    @property
    def summary(self) -> Mapping[str, int]:
        """How many resources per action: create, update, replace, delete, run, may, no-op."""
        counts = {
            "create": 0,
            "update": 0,
            "replace": 0,
            "delete": 0,
            "run": 0,
            "may": 0,
            "no-op": 0,
        }
        for action in self.actions:
            kind = action.action.value if action.certainty is Certainty.WILL else "may"
            counts[kind] = counts.get(kind, 0) + 1
        return counts

    @property
    def has_changes(self) -> bool:
        return bool(self.steps) or any(a.action is not Action.NOOP for a in self.actions)
