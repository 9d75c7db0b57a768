"""What is wanted on a target: units of resources; and what is to be done about it: steps.

A `Unit` is the smallest thing that a backend owns as one: a Heat stack, a Terraform workspace, a
Kubernetes object, an instance on the local machine. A `Resource` is what a plan shows inside it.
A `Step` is the smallest thing that runs, fails and is resumed.
All of them are plain data: `to_json` and `from_json` in `toscactl.desired.serialize`.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from toscactl.address import Address
from toscactl.source import Place
from toscactl.values import Value


@dataclass(frozen=True, slots=True)
class Origin:
    """Which TOSCA element caused something, and where it stands.

    `element` reads like `node web`, `policy scale_out`, `input image`; `property` is the path of
    the property where there is one.
    """

    element: str
    place: Place
    property: str | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """One thing on a target, as a plan shows it.

    `kind` and `name` are the target's own (`OS::Nova::Server` `web`, `Deployment` `web`);
    `properties` is what is wanted, nested as on the target; `origins` says where a property (by
    its dotted path, the empty one for the whole) comes from.
    `replace_on` names the top-level properties whose change makes a new one necessary. A backend
    that only knows that from both sides sets it in the `after` of the change that it returns, so
    it is no part of what makes two resources equal.
    """

    kind: str
    name: str
    properties: Mapping[str, Value] = field(default_factory=dict)
    instance: Address | None = None
    origins: Mapping[str, Origin] = field(default_factory=dict)
    replace_on: frozenset[str] = field(default=frozenset(), compare=False)
    needs: tuple[str, ...] = ()
    """Names of other resources of the same unit."""
    holds_data: bool = False
    """Taking it away, or making it anew, loses data (a volume, a database, a bucket)."""

    @property
    def key(self) -> str:
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True, slots=True)
class Need:
    """A unit needs another one first. `hosted`: it cannot outlive the other one."""

    unit: str
    reason: str
    hosted: bool = False


@dataclass(frozen=True, slots=True)
class Blob:
    """A file by its content: `digest` is the SHA-256 in hexadecimal."""

    digest: str
    data: bytes = field(repr=False, compare=False)
    executable: bool = False


@dataclass(frozen=True, slots=True)
class Unit:
    """The smallest thing that a backend owns as one.

    `id` is `<target>/<kind>/<name>`; it is stable over plans. `instances` are those whose
    attributes it makes. `inputs` are values that the backend needs when the unit is applied and
    that may be residual until then. `payload` is the backend's own description of the unit
    (values, possibly residual). `files` are the artifacts that its steps need, kept by content
    with the state, so that the unit can be removed when the source is gone.
    """

    id: str
    target: str
    backend: str
    kind: str
    name: str
    resources: tuple[Resource, ...]
    instances: tuple[Address, ...] = ()
    needs: tuple[Need, ...] = ()
    inputs: Mapping[str, Value] = field(default_factory=dict)
    payload: Mapping[str, Value] = field(default_factory=dict)
    files: Mapping[str, Blob] = field(default_factory=dict)


class Action(enum.Enum):
    """What happens to a resource (`plan.md`, 1)."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    READ = "read"
    RUN = "run"
    NOOP = "no-op"


@dataclass(frozen=True, slots=True)
class UnitChange:
    """What is to become of one unit. `before` is as it was applied last, `after` as it is wanted.

    `changed` are the keys of the resources that differ. `done` are the keys of steps of this very
    change that an earlier run has finished; `begun` those that it began and may not have finished.
    """

    action: Action
    before: Unit | None
    after: Unit | None
    changed: tuple[str, ...] = ()
    done: frozenset[str] = frozenset()
    begun: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Step:
    """The smallest thing that runs, fails and is resumed.

    `id` is `<unit>#<key>`; `key` is unique and stable within the change of a unit.
    `verb` is what a person reads: `create`, `configure`, `apply`, `delete`, ...
    `needs` are ids of steps that must be done before. `inputs` may be residual; the executor
    finishes them just before the step runs. `payload` is the backend's own.
    `resource` is the key of the resource that it works on, for the plan's order.
    """

    id: str
    key: str
    verb: str
    unit: str
    target: str
    backend: str
    needs: tuple[str, ...] = ()
    resource: str | None = None
    instance: Address | None = None
    inputs: Mapping[str, Value] = field(default_factory=dict)
    payload: Mapping[str, Value] = field(default_factory=dict)
    removes: bool = False
    """It belongs to taking something away."""
    last: bool = False
    """When it is done, the unit is as wanted (or gone, if `removes`)."""
    timeout: float | None = None
    """Seconds."""
    retries: int = 0
    backoff: float = 1.0
    run_once: bool = False
    origin: Origin | None = None
