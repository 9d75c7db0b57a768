"""Describe a service once, in TOSCA; validate it, plan it, and deploy it anywhere.

    service = toscactl.load("samples/hello")
    store = toscactl.open_store("state")
    plan = toscactl.plan(service, toscactl.find_targets(["local"]), store=store)
    for event in toscactl.apply(plan, store=store):
        ...

Nothing here prints, ends the process or keeps global state; what goes wrong in the world is an
exception of the tree in `toscactl.errors`, what is wrong with the text a `Diagnostic`.
Names are bound when they are first used, so that `import toscactl` costs next to nothing.
"""

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from toscactl.address import Address
    from toscactl.catalogue import Profile, describe_type, profiles
    from toscactl.diagnostics import Checked, Diagnostic, Note, Rule, Severity
    from toscactl.errors import (
        BackendError,
        CannotRead,
        InvalidInputs,
        InvalidService,
        Locked,
        MissingExtra,
        OperationFailed,
        Refused,
        StalePlan,
        StateError,
        ToscactlError,
        UnknownDeployment,
        UnknownTarget,
    )
    from toscactl.execution import (
        Done,
        Event,
        Failed,
        Finished,
        Progress,
        Skipped,
        Started,
        Waiting,
    )
    from toscactl.graph import Instance, InstanceGraph
    from toscactl.pipeline import (
        Translation,
        apply,
        deployment,
        destroy,
        find_targets,
        installed,
        open_store,
        outputs,
        plan,
        plan_destroy,
        read_plan,
        translate,
        verify_plan,
        version,
    )
    from toscactl.planning import Plan
    from toscactl.service import Service, Text, check_inputs, load, resolve, validate
    from toscactl.source import Place, Position, Source, Span
    from toscactl.state import State, Store
    from toscactl.targets import Target

_HOMES = {
    "toscactl.address": ("Address",),
    "toscactl.diagnostics": ("Checked", "Diagnostic", "Note", "Rule", "Severity"),
    "toscactl.errors": (
        "BackendError", "CannotRead", "InvalidInputs", "InvalidService", "Locked", "MissingExtra",
        "OperationFailed", "Refused", "StalePlan", "StateError", "ToscactlError",
        "UnknownDeployment", "UnknownTarget",
    ),
    "toscactl.execution": (
        "Done", "Event", "Failed", "Finished", "Progress", "Skipped", "Started", "Waiting",
    ),
    "toscactl.graph": ("Instance", "InstanceGraph"),
    "toscactl.catalogue": ("Profile", "describe_type", "profiles"),
    "toscactl.pipeline": (
        "Translation", "apply", "deployment", "destroy", "find_targets", "installed", "open_store",
        "outputs", "plan", "plan_destroy", "read_plan", "translate", "verify_plan", "version",
    ),
    "toscactl.service": ("Service", "Text", "check_inputs", "load", "resolve", "validate"),
    "toscactl.planning": ("Plan",),
    "toscactl.source": ("Place", "Position", "Source", "Span"),
    "toscactl.state": ("State", "Store"),
    "toscactl.targets": ("Target",),
}  # fmt: skip
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Address",
    "BackendError",
    "CannotRead",
    "Checked",
    "Diagnostic",
    "Done",
    "Event",
    "Failed",
    "Finished",
    "Instance",
    "InstanceGraph",
    "InvalidInputs",
    "InvalidService",
    "Locked",
    "MissingExtra",
    "Note",
    "OperationFailed",
    "Place",
    "Plan",
    "Position",
    "Profile",
    "Progress",
    "Refused",
    "Rule",
    "Service",
    "Severity",
    "Skipped",
    "Source",
    "Span",
    "StalePlan",
    "Started",
    "State",
    "StateError",
    "Store",
    "Target",
    "Text",
    "ToscactlError",
    "Translation",
    "UnknownDeployment",
    "UnknownTarget",
    "Waiting",
    "__version__",
    "apply",
    "check_inputs",
    "deployment",
    "describe_type",
    "destroy",
    "find_targets",
    "installed",
    "load",
    "open_store",
    "outputs",
    "plan",
    "plan_destroy",
    "profiles",
    "read_plan",
    "resolve",
    "translate",
    "validate",
    "verify_plan",
    "version",
]


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module `toscactl` has no attribute `{name}`")
    return getattr(importlib.import_module(home), name)


def __dir__() -> list[str]:
    return sorted(__all__)
