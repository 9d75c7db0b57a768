"""graph -> units of this machine: one unit per instance, with its operations as data."""

from collections.abc import Iterator, Mapping

from toscactl.backend import (
    ATTACHES_TO,
    COMPUTE,
    HOSTED_ON,
    Address,
    Capability,
    Checked,
    Instance,
    Need,
    Origin,
    Portion,
    Resource,
    Unit,
    Value,
)
from toscactl_local.check import check
from toscactl_local.task import (
    SEQUENCE,
    Task,
    to_payload,
)
from toscactl_local.tasks import Survey, Tasks, host_name, root_name

KIND = "node"
_ENDPOINT_DEFAULTS: Mapping[str, tuple[Value, ...]] = {
    "initiator": ("source",),
    "network_name": ("PRIVATE", "PUBLIC"),
    "protocol": ("tcp",),
    "secure": (False, True),
}
_STORAGE = (
    "tosca.nodes.Abstract.Storage",
    "tosca.nodes.BlockStorage",
    "tosca.nodes.ObjectStorage",
    "Abstract.Storage",
)
_PORT = ("tosca.nodes.network.Port", "Port", "network.Port")
_DATABASES = ("tosca.nodes.DBMS", "tosca.nodes.Database", "DBMS", "Database")


def unit_id(target: str, address: Address) -> str:
    return f"{target}/{KIND}/{address}"


def lower(portion: Portion) -> Checked[tuple[Unit, ...]]:
    """One unit per instance. What cannot run here, or has no effect here, is a diagnostic."""
    carried = frozenset(instance.address for instance in portion.instances)
    survey = Survey.of(portion.graph)
    units = tuple(_unit(portion, instance, carried, survey) for instance in portion.instances)
    return Checked(units, tuple(check(portion)))


def _unit(
    portion: Portion, instance: Instance, carried: frozenset[Address], survey: Survey
) -> Unit:
    graph = portion.graph
    written = Tasks(survey, instance)
    tasks = written.all()
    payload: dict[str, Value] = {
        "node": instance.address.template,
        "instance": instance.name,
        "instances": tuple(survey.siblings[instance.address.template]),
        "types": instance.types,
        "role": _role(instance),
        "host": host_name(graph, instance),
        "root_of": root_name(graph, instance),
        "hosted_on": _hosted_on(instance),
        "restart": str(instance.metadata.get("restart", "")).lower() == "true",
        "properties": dict(instance.properties),
        "attributes": dict(instance.attributes),
        "capabilities": {
            capability.name: {
                "types": capability.types,
                "properties": dict(capability.properties),
                "attributes": dict(capability.attributes),
            }
            for capability in instance.capabilities.values()
        },
        "mounts": dict(_mounts(instance)),
        "after": dict(_afters(portion, instance, carried, survey)),
        "artifacts": written.artifacts,
        "tasks": tuple(to_payload(task) for task in tasks),
    }
    return Unit(
        id=unit_id(portion.target.name, instance.address),
        target=portion.target.name,
        backend=portion.target.backend,
        kind=KIND,
        name=instance.name,
        resources=(_resource(instance, tasks, written),),
        instances=(instance.address,),
        needs=tuple(_needs(portion.target.name, instance, carried)),
        payload=payload,
        files=written.files,
    )


def _role(instance: Instance) -> str:
    if instance.is_a(COMPUTE) or instance.is_a("Compute"):
        return "compute"
    if any(instance.is_a(name) for name in _STORAGE):
        return "storage"
    if any(instance.is_a(name) for name in _PORT):
        return "port"
    return ""


def _hosted_on(instance: Instance) -> tuple[str, ...]:
    return tuple(
        str(edge.target)
        for edge in instance.relationships
        if edge.is_a(HOSTED_ON) or edge.is_a("HostedOn")
    )


def _mounts(instance: Instance) -> Iterator[tuple[str, Value]]:
    """Where which storage is mounted: location -> name of the storage's node."""
    for edge in instance.relationships:
        location = edge.properties.get("location")
        if location is not None and (edge.is_a(ATTACHES_TO) or edge.is_a("AttachesTo")):
            yield str(edge.target), location


def _afters(
    portion: Portion, instance: Instance, carried: frozenset[Address], survey: Survey
) -> Iterator[tuple[str, Value]]:
    """Ids of units that need not be started first -> the id of the step that is enough.

    A requirement's metadata `after: create` or `configure` says so. Where the target has no such
    operation nor one before it, all of the target is waited for.
    """
    for edge in instance.relationships:
        if edge.after not in SEQUENCE or edge.target not in carried:
            continue
        enough = SEQUENCE[: SEQUENCE.index(edge.after) + 1]
        unit = unit_id(portion.target.name, edge.target)
        tasks = Tasks(survey, portion.graph[edge.target]).all()
        keys = [task.key for task in tasks if task.name in enough]
        if keys:
            yield unit, f"{unit}#{keys[-1]}"


def _needs(target: str, instance: Instance, carried: frozenset[Address]) -> Iterator[Need]:
    """What must be there first. Needs on other targets follow from the values that use them."""
    found: dict[Address, Need] = {}
    for edge in instance.relationships:
        if edge.target not in carried or edge.target == instance.address:
            continue
        hosted = str(edge.target) in _hosted_on(instance)
        known = found.get(edge.target)
        if known is None or (hosted and not known.hosted):
            kind = edge.types[0].rsplit(".", 1)[-1]
            found[edge.target] = Need(unit_id(target, edge.target), f"{kind} ({edge.name})", hosted)
    yield from found.values()


def _resource(
    instance: Instance,
    tasks: tuple[Task, ...],
    written: Tasks,
) -> Resource:
    """What a plan shows of an instance: its properties, and what runs for it."""
    element = f"node {instance.name}"
    capabilities: dict[str, Value] = {
        capability.name: said
        for capability in instance.capabilities.values()
        if (said := _said(capability))
    }
    properties: dict[str, Value] = dict(instance.properties)
    # A property of the node's own goes first, should it have one of these names.
    properties.setdefault("type", instance.type)
    if hosts := _hosted_on(instance):
        properties.setdefault("host", ", ".join(hosts))
    if capabilities:
        properties.setdefault("capabilities", capabilities)
    if written.artifacts:
        properties.setdefault("artifacts", written.artifacts)
    if tasks:
        properties.setdefault("operations", {task.key: _shown(task) for task in tasks})
    places = {
        name: Origin(element, place, name)
        for name, place in instance.places.items()
        if name in instance.properties
    }
    return Resource(
        KIND,
        instance.name,
        properties,
        instance.address,
        {"": Origin(element, instance.place), **places, **written.origins},
        holds_data=_role(instance) == "storage" or any(instance.is_a(name) for name in _DATABASES),
    )


def _said(capability: Capability) -> dict[str, Value]:
    """The properties of a capability without the standard's defaults for endpoints.

    They stand in every service (1.3, 5.5), mean nothing here, and nobody wrote them.
    """
    endpoint = any("Endpoint" in name.split(".") for name in capability.types)
    return {
        name: value
        for name, value in capability.properties.items()
        if not (endpoint and value in _ENDPOINT_DEFAULTS.get(name, ()))
    }


def _shown(task: Task) -> Mapping[str, Value]:
    shown: dict[str, Value] = {
        "script": task.script,
        "interpreter": task.interpreter,
        "sha256": task.digest[:12],
    }
    if task.inputs:
        shown["inputs"] = dict(task.inputs)
    return shown
