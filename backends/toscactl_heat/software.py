"""Software on servers: one configuration and deployment per operation, in order of need."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from toscactl.backend import Address, Operation, Origin
from toscactl_heat.attributes import FIRST_ADDRESS, main_port
from toscactl_heat.draft import Draft, HotResource
from toscactl_heat.expressions import lower_text
from toscactl_heat.hot import GetAttr, GetFile, GetResource, Hot
from toscactl_heat.operations import Task, deployment_name, outputs_of
from toscactl_heat.script import script_of, stop_before

ON_CREATE = ("CREATE", "UPDATE")
ON_DELETE = ("DELETE",)
ALWAYS = ("CREATE", "UPDATE", "DELETE")


@dataclass(frozen=True, slots=True)
class Deployment:
    """One thing that an agent does on a server; `name` is the resource that others wait for."""

    name: str
    server: Address
    group: str
    config: Hot
    inputs: Mapping[str, Hot]
    surroundings: Mapping[str, Hot]
    """Values that are there without being asked for: who and where the operation is."""
    outputs: tuple[str, ...]
    actions: tuple[str, ...]
    instance: Address
    origin: Origin


def of_task(draft: Draft, task: Task) -> Deployment | None:
    """The deployment for an operation; None if its files cannot be read, which is reported."""
    script = script_of(draft, task)
    if script is None:
        return None
    operation, stop = task.operation, stop_before(task)
    return Deployment(
        deployment_name(draft, task),
        task.server,
        script.group,
        script.text,
        ({} if stop is None else _inputs(draft, stop)) | _inputs(draft, operation),
        _surroundings(draft, task),
        outputs_of(draft, task),
        ON_DELETE if task.removes else ON_CREATE,
        task.owner.address,
        Origin(f"operation {task.owner.name}.{operation.name}", operation.place),
    )


def _inputs(draft: Draft, operation: Operation) -> dict[str, Hot]:
    return {
        name: lower_text(draft, value, operation.place) for name, value in operation.inputs.items()
    }


def _surroundings(draft: Draft, task: Task) -> Mapping[str, Hot]:
    """The variables that the script contract promises (`execution.md`, 7)."""
    found: dict[str, Hot] = {
        "TOSCA_DEPLOYMENT": draft.portion.deployment,
        "TOSCA_NODE": task.owner.address.template,
        "TOSCA_INSTANCE": _identifier(task.owner.address),
        "TOSCA_TYPE": task.owner.type,
        "TOSCA_OP": task.operation.name,
        "TOSCA_INTERFACE": task.operation.interface,
        "TOSCA_HOST": str(task.server),
        "TOSCA_ADDRESS": GetAttr(main_port(draft, draft.graph[task.server]), FIRST_ADDRESS),
        **_ends(draft, task),
    }
    if stop_before(task) is not None:
        found["TOSCA_CONFIGURED"] = _configured(draft, task)
    return {name: value for name, value in found.items() if name not in task.operation.inputs}


def _ends(draft: Draft, task: Task) -> Mapping[str, str]:
    """What an operation of a relationship knows of it: its source, its target, its names."""
    edge = task.relationship
    if edge is None:
        return {}
    found = {"TOSCA_REQUIREMENT": edge.name, "TOSCA_CAPABILITY": edge.capability}
    for end, address in (("SOURCE", edge.source), ("TARGET", edge.target)):
        host = draft.seat(draft.graph[address])
        found |= {
            f"TOSCA_{end}_NODE": address.template,
            f"TOSCA_{end}_INSTANCE": _identifier(address),
            f"TOSCA_{end}_HOST": "" if host is None else str(host),
        }
    return found


def _identifier(address: Address) -> str:
    """The name of an instance as scripts know it on every target: template and index."""
    return f"{re.sub('[^A-Za-z0-9_]', '_', address.template)}_{address.index or 0}"


def _configured(draft: Draft, task: Task) -> Hot:
    """What the node was configured with: when that changes, it is stopped and started again."""
    configure = task.owner.operation("configure")
    return {} if configure is None else _inputs(draft, configure)


def lower_deployment(draft: Draft, deployment: Deployment, after: tuple[str, ...]) -> None:
    """The configuration and the deployment that brings it onto its server."""
    config: dict[str, Hot] = {"group": deployment.group, "config": deployment.config}
    if deployment.inputs:
        config["inputs"] = tuple({"name": name} for name in deployment.inputs)
    if deployment.outputs:
        config["outputs"] = tuple({"name": name} for name in deployment.outputs)
    member_of = draft.scaled.get(deployment.server)
    made = draft.add(
        HotResource(
            draft.names.fresh(f"{deployment.name}_config"),
            "OS::Heat::SoftwareConfig",
            config,
            member_of=member_of,
            instance=deployment.instance,
            origin=deployment.origin,
        )
    )
    properties: dict[str, Hot] = {
        "config": made,
        "server": GetResource(draft.names.of(deployment.server)),
        "actions": deployment.actions,
    }
    values = {**deployment.inputs, **deployment.surroundings}
    if values:
        properties["input_values"] = values
    if draft.facts.signal_transport is not None:
        properties["signal_transport"] = draft.facts.signal_transport
    draft.add(
        HotResource(
            deployment.name,
            "OS::Heat::SoftwareDeployment",
            properties,
            tuple(name for name in after if name != draft.names.of(deployment.server)),
            member_of,
            deployment.instance,
            deployment.origin,
        )
    )


def own_script(draft: Draft, name: str) -> GetFile:
    """A script of this package as a file beside the template."""
    data = resources.files("toscactl_heat").joinpath("scripts", name).read_bytes()
    return GetFile(draft.put(f"toscactl/{name}", data))
