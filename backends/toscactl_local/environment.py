"""The environment of an operation's script: its inputs, and who it works for.

The names are a superset of what other orchestrators give, so that their scripts run unchanged;
an input wins over a name of ours.
"""

import re
from collections.abc import Mapping

from toscactl.backend import Address, BackendError, Unit, Value, is_known, text
from toscactl_local.task import Task

LOOPBACK = "127.0.0.1"
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_]")
_OURS = ("TOSCA_", "TOSCACTL_")


def inherited(environment: Mapping[str, str]) -> dict[str, str]:
    """What scripts see of the environment of toscactl itself: all but what is ours."""
    return {name: value for name, value in environment.items() if not name.startswith(_OURS)}


def of_task(task: Task, unit: Unit, inputs: Mapping[str, Value], deployment: str) -> dict[str, str]:
    """The variables of an operation. Raises `BackendError` for a value that cannot be one."""
    found = _identity(task, unit, deployment)
    for name, value in inputs.items():
        content = text(value)
        if "\0" in content or not name or "=" in name:
            raise BackendError(
                f"input `{name}` of `{task.key}` cannot be given to a script:"
                " it holds a zero byte, or its name is none for a variable"
            )
        found[name] = content
        found.setdefault(_NOT_IN_NAMES.sub("_", name), content)
    return found


def instance_name(address: Address) -> str:
    """The name of an instance as a part of variable names: template and index."""
    return f"{_NOT_IN_NAMES.sub('_', address.template)}_{address.index or 0}"


def _identity(task: Task, unit: Unit, deployment: str) -> dict[str, str]:
    address = unit.instances[0]
    others = unit.payload.get("instances", ())
    instances = ",".join(
        instance_name(Address.parse(str(other)))
        for other in (others if isinstance(others, tuple | list) else ())
    )
    found = {
        "TOSCA_DEPLOYMENT": deployment,
        "TOSCA_NODE": address.template,
        "TOSCA_INSTANCE": instance_name(address),
        "TOSCA_INSTANCES": instances,
        "TOSCA_TYPE": str(next(iter(types_of(unit)), "")),
        "TOSCA_OP": task.name,
        "TOSCA_INTERFACE": task.interface,
        "TOSCA_HOST": task.host or "localhost",
        "TOSCA_ADDRESS": LOOPBACK,
    }
    if task.edge is not None:
        for end, who, host in (
            ("SOURCE", task.edge.source, task.edge.source_host),
            ("TARGET", task.edge.target, task.edge.target_host),
        ):
            found[f"TOSCA_{end}_NODE"] = who.template
            found[f"TOSCA_{end}_INSTANCE"] = instance_name(who)
            found[f"TOSCA_{end}_INSTANCES"] = instance_name(who)
            found[f"TOSCA_{end}_HOST"] = host or "localhost"
        found["TOSCA_REQUIREMENT"] = task.edge.name
        found["TOSCA_CAPABILITY"] = task.edge.capability
        found |= {
            f"TOSCA_RELATIONSHIP_{_NOT_IN_NAMES.sub('_', name)}": text(value)
            for name, value in task.edge.properties.items()
            if is_known(value)
        }
    aliases = {
        name.removeprefix("TOSCA_"): value
        for name, value in found.items()
        if name.endswith(("NODE", "INSTANCE", "INSTANCES", "HOST"))
    }
    return {**aliases, "DEPLOYMENT_ID": deployment, **found}


def types_of(unit: Unit) -> tuple[str, ...]:
    """The canonical names of the type of a unit's node, nearest first."""
    types = unit.payload.get("types", ())
    return tuple(str(name) for name in types) if isinstance(types, tuple | list) else ()
