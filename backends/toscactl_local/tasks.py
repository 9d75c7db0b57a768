"""operations of an instance -> tasks: in the order of the life cycle, with their files."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from toscactl.backend import (
    Address,
    Artifact,
    AttributeOf,
    Blob,
    CannotRead,
    Instance,
    InstanceGraph,
    Operation,
    Origin,
    Relationship,
    Value,
    compute_of,
    host_chain,
    references,
    walk,
)
from toscactl_local.check import of_life_cycle
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
)


@dataclass(frozen=True, slots=True)
class Survey:
    """What is looked up in a whole graph, gone through once.

    `siblings` are the names of all instances of a template; `artifacts` are those with a file, by
    its name as written; `asked` are the outputs that `get_operation_output` asks for, as names of
    attributes (`Standard.create.port`) by instance.
    """

    graph: InstanceGraph
    siblings: Mapping[str, Sequence[str]]
    artifacts: Mapping[str, Artifact]
    asked: Mapping[Address, frozenset[str]]

    @staticmethod
    def of(graph: InstanceGraph) -> "Survey":
        siblings: dict[str, list[str]] = {}
        artifacts: dict[str, Artifact] = {}
        asked: dict[Address, set[str]] = {}
        for instance in graph:
            siblings.setdefault(instance.address.template, []).append(instance.name)
            for artifact in instance.artifacts.values():
                if artifact.content is not None:
                    artifacts.setdefault(artifact.file, artifact)
        for value in _values(graph):
            for reference in references(value):
                if isinstance(reference, AttributeOf) and reference.name.count(".") > 1:
                    asked.setdefault(reference.address, set()).add(reference.name)
        frozen = {address: frozenset(names) for address, names in asked.items()}
        return Survey(graph, siblings, artifacts, frozen)

    def asked_of(self, address: Address, operation: Operation) -> tuple[str, ...]:
        """The outputs of an operation that something asks for without an attribute of its own."""
        prefix = f"{operation.interface}.{operation.name}."
        names = self.asked.get(address, ())
        return tuple(sorted(n.removeprefix(prefix) for n in names if n.startswith(prefix)))


def _values(graph: InstanceGraph) -> Iterator[Value]:
    """Every value of a graph that an operation or a user will be given."""
    for instance in graph:
        yield from instance.properties.values()
        yield from instance.attributes.values()
        for capability in instance.capabilities.values():
            yield from capability.properties.values()
            yield from capability.attributes.values()
        operations = list(instance.operations)
        for edge in instance.relationships:
            yield from edge.properties.values()
            operations += edge.operations
        for operation in operations:
            yield from operation.inputs.values()
    for output in graph.outputs.values():
        yield output.value


def host_name(graph: InstanceGraph, instance: Instance) -> str:
    """The node on whose machine an instance is: a Compute where there is one; empty for none."""
    compute = compute_of(graph, instance)
    return "" if compute is None else compute.name


def root_name(graph: InstanceGraph, instance: Instance) -> str:
    """The node whose file tree an instance lives in: the last of its hosts, or itself."""
    compute = compute_of(graph, instance)
    if compute is not None:
        return compute.name
    *_, last = (instance, *host_chain(graph, instance))
    return last.name


class Tasks:
    """The operations of one instance on their way to tasks; collects files and origins."""

    def __init__(self, survey: Survey, instance: Instance) -> None:
        self.survey = survey
        self.graph = survey.graph
        self.instance = instance
        self.files: dict[str, Blob] = {}
        self.origins: dict[str, Origin] = {}
        self.artifacts: dict[str, Value] = {}
        """What a plan shows of the artifacts that belong to no operation, by name."""
        self._extras: list[tuple[Artifact, str]] = []
        self._keys: set[str] = set()

    def all(self) -> tuple[Task, ...]:
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
        named = tuple(self._named_by_inputs(operation))
        files, base, paths = self._lay_out(key, parts, contents, named)
        digest = hashlib.sha256(interpreter.encode())
        for path in paths:
            digest.update(f"\n{path} {self.files[files[path]].digest}".encode())
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
            root_of=root_name(self.graph, where),
            host=host_name(self.graph, where),
            inputs=dict(operation.inputs),
            outputs=dict(operation.outputs),
            asked=self.survey.asked_of(self.instance.address, operation),
            timeout=operation.timeout,
            retries=operation.retries,
            backoff=operation.backoff,
            run_once=operation.run_once,
            edge=None if edge is None else self._edge(edge),
        )

    def _named_by_inputs(self, operation: Operation) -> Iterator[Artifact]:
        """Artifacts, of any node, whose files the inputs name: what `get_artifact` gave."""
        for value in operation.inputs.values():
            for part in walk(value):
                artifact = self.survey.artifacts.get(part) if isinstance(part, str) else None
                if artifact is not None:
                    yield artifact

    def _lay_out(
        self,
        key: str,
        parts: Sequence[Artifact],
        contents: Sequence[bytes | None],
        named: Sequence[Artifact],
    ) -> tuple[dict[str, str], str, tuple[str, ...]]:
        """Where the files of an operation lie; its base; and the paths of what it runs or reads.

        The node's other files lie there too, but do not make it another operation.
        """
        own = [*zip(parts, contents, strict=True), *((item, _content(item)) for item in named)]
        every = [artifact for artifact, _ in own] + [artifact for artifact, _ in self._extras]
        base, paths = inside([artifact.file for artifact in every])
        files = dict(zip(paths[len(own) :], (name for _, name in self._extras), strict=True))
        found = []
        for path, (_, content) in zip(paths, own, strict=False):
            if content is not None:
                digest = hashlib.sha256(content).hexdigest()
                files[path] = f"{key}/{path}"
                self.files[files[path]] = Blob(digest, content, executable=path == paths[0])
                found.append(path)
        return files, base, tuple(dict.fromkeys(found))

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
            source_host=host_name(self.graph, self.instance),
            target_host=host_name(self.graph, self.graph[edge.target]),
            properties=dict(edge.properties),
        )


def _content(artifact: Artifact) -> bytes | None:
    """The file, or None if there is none to be had."""
    try:
        return None if artifact.content is None else artifact.content()
    except CannotRead:
        return None
