"""graph -> units of this machine: one unit per instance, with its operations as data."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import count

from toscactl.backend import (
    ATTACHES_TO,
    COMPUTE,
    HOSTED_ON,
    Address,
    Artifact,
    Blob,
    CannotRead,
    Capability,
    Checked,
    Instance,
    InstanceGraph,
    Need,
    Operation,
    Origin,
    Portion,
    Relationship,
    Resource,
    Unit,
    Value,
    compute_of,
    host_chain,
)
from toscactl_local.check import check, of_life_cycle
from toscactl_local.interpreter import interpreter_of
from toscactl_local.task import (
    ON_TARGET,
    SEQUENCE,
    TARGET_CHANGED,
    UPDATE,
    WAY_BACK,
    Edge,
    Task,
    inside,
    to_payload,
)

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
    siblings: dict[str, list[str]] = {}
    for instance in portion.graph:
        siblings.setdefault(instance.address.template, []).append(instance.name)
    units = tuple(
        _unit(portion, instance, carried, siblings[instance.address.template])
        for instance in portion.instances
    )
    return Checked(units, tuple(check(portion)))


def _unit(
    portion: Portion, instance: Instance, carried: frozenset[Address], siblings: Sequence[str]
) -> Unit:
    graph = portion.graph
    written = _Written(graph, instance)
    tasks = written.tasks()
    payload: dict[str, Value] = {
        "node": instance.address.template,
        "instance": instance.name,
        "instances": tuple(siblings),
        "types": instance.types,
        "role": _role(instance),
        "host": _host(graph, instance),
        "root_of": _root_of(graph, instance),
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
        "after": dict(_afters(portion, instance, carried)),
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


def _host(graph: InstanceGraph, instance: Instance) -> str:
    """The node on whose machine an instance is: a Compute where there is one; empty for none."""
    compute = compute_of(graph, instance)
    return "" if compute is None else compute.name


def _hosted_on(instance: Instance) -> tuple[str, ...]:
    return tuple(
        str(edge.target)
        for edge in instance.relationships
        if edge.is_a(HOSTED_ON) or edge.is_a("HostedOn")
    )


def _root_of(graph: InstanceGraph, instance: Instance) -> str:
    """The node whose file tree an instance lives in: the last of its hosts, or itself."""
    compute = compute_of(graph, instance)
    if compute is not None:
        return compute.name
    *_, last = (instance, *host_chain(graph, instance))
    return last.name


def _mounts(instance: Instance) -> Iterator[tuple[str, Value]]:
    """Where which storage is mounted: location -> name of the storage's node."""
    for edge in instance.relationships:
        location = edge.properties.get("location")
        if location is not None and (edge.is_a(ATTACHES_TO) or edge.is_a("AttachesTo")):
            yield str(edge.target), location


def _afters(
    portion: Portion, instance: Instance, carried: frozenset[Address]
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
        tasks = _Written(portion.graph, portion.graph[edge.target]).tasks()
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
    written: "_Written",
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


class _Written:
    """The operations of one instance on their way to tasks; collects files and origins."""

    def __init__(self, graph: InstanceGraph, instance: Instance) -> None:
        self.graph = graph
        self.instance = instance
        self.files: dict[str, Blob] = {}
        self.origins: dict[str, Origin] = {}
        self.artifacts: dict[str, Value] = {}
        """What a plan shows of the artifacts that belong to no operation, by name."""
        self._extras: list[tuple[Artifact, str]] = []
        self._keys: set[str] = set()

    def tasks(self) -> tuple[Task, ...]:
        """The way up, the changes in place, and the way back, in this order."""
        self._take_artifacts()
        forward = [
            task for name in (*SEQUENCE, *UPDATE, TARGET_CHANGED) for task in self._named(name)
        ]
        # What was connected last is taken apart first.
        back = [task for name in WAY_BACK for task in reversed(list(self._named(name)))]
        return (*forward, *back)

    def _take_artifacts(self) -> None:
        """Files of the node that are no part of an operation go with every operation."""
        operations = [
            *self.instance.operations,
            *(operation for edge in self.instance.relationships for operation in edge.operations),
        ]
        parts = {
            artifact.file
            for operation in operations
            for artifact in (operation.primary, *operation.dependencies)
        }
        for artifact in self.instance.artifacts.values():
            if artifact.file in parts:
                continue
            content = _content(artifact) if operations else None
            if content is None:
                self.artifacts[artifact.name] = artifact.file
                continue
            blob = Blob(hashlib.sha256(content).hexdigest(), content)
            key = f"artifacts/{artifact.name}"
            self.files[key] = blob
            self.artifacts[artifact.name] = f"{artifact.file} (sha256 {blob.digest[:12]})"
            self._extras.append((artifact, key))

    def _named(self, name: str) -> Iterator[Task]:
        for operation in self.instance.operations:
            if operation.name == name and of_life_cycle(operation, edge=False):
                yield from self._task(operation, None)
        for edge in self.instance.relationships:
            for operation in edge.operations:
                if operation.name == name and of_life_cycle(operation, edge=True):
                    yield from self._task(operation, edge)

    def _task(self, operation: Operation, edge: Relationship | None) -> Iterator[Task]:
        """The task of an operation; none if its files cannot be had (`check` says why)."""
        parts = (operation.primary, *operation.dependencies)
        contents = [_content(artifact) for artifact in parts]
        first = contents[0]
        interpreter = None if first is None else interpreter_of(operation.primary, first)
        if interpreter is None or any(content is None for content in contents):
            return
        key = self._key(operation.name if edge is None else f"{edge.name}.{operation.name}")
        base, paths = inside(
            [artifact.file for artifact in (*parts, *(extra for extra, _ in self._extras))]
        )
        files = dict(zip(paths[len(parts) :], (name for _, name in self._extras), strict=True))
        digest = hashlib.sha256(interpreter.encode())
        for path, content in zip(paths, contents, strict=False):
            assert content is not None
            blob = Blob(hashlib.sha256(content).hexdigest(), content, executable=path == paths[0])
            files[path] = f"{key}/{path}"
            self.files[files[path]] = blob
            digest.update(f"\n{path} {blob.digest}".encode())
        self.origins[f"operations.{key}"] = Origin(
            f"node {self.instance.name}" + ("" if edge is None else f", requirement {edge.name}"),
            operation.place,
            f"{operation.interface}.{operation.name}",
        )
        where = self._where(operation, edge)
        yield Task(
            key=key,
            name=operation.name,
            interface=operation.interface,
            script=operation.primary.file,
            path=paths[0],
            interpreter=interpreter,
            base=base,
            files=files,
            digest=digest.hexdigest(),
            root_of=_root_of(self.graph, where),
            host=_host(self.graph, where),
            inputs=dict(operation.inputs),
            outputs=dict(operation.outputs),
            timeout=operation.timeout,
            retries=operation.retries,
            backoff=operation.backoff,
            run_once=operation.run_once,
            edge=None if edge is None else self._edge(edge),
        )

    def _key(self, wanted: str) -> str:
        """A key that no other task of the unit has; the same for the same service."""
        key = next(
            key
            for number in count(1)
            if (key := wanted if number == 1 else f"{wanted}~{number}") not in self._keys
        )
        self._keys.add(key)
        return key

    def _where(self, operation: Operation, edge: Relationship | None) -> Instance:
        """The instance on whose machine an operation runs."""
        if operation.host is not None and operation.host in self.graph.instances:
            return self.graph[operation.host]
        if edge is not None and operation.name in ON_TARGET:
            return self.graph[edge.target]
        return self.instance

    def _edge(self, edge: Relationship) -> Edge:
        return Edge(
            name=edge.name,
            source=edge.source,
            target=edge.target,
            capability=edge.capability,
            source_host=_host(self.graph, self.instance),
            target_host=_host(self.graph, self.graph[edge.target]),
            properties=dict(edge.properties),
        )


def _content(artifact: Artifact) -> bytes | None:
    """The file, or None if there is none to be had."""
    try:
        return None if artifact.content is None else artifact.content()
    except CannotRead:
        return None
