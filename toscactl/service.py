"""A service read and checked, and resolved: the pure half of the pipeline.

Nothing here prints, exits or reads the environment; the stages after the front end are imported
when a service is resolved, so that validating one does not pay for them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from toscactl import document, loading, topology, typesystem
from toscactl.diagnostics import Checked, Diagnostic, Severity, render
from toscactl.errors import InvalidInputs, InvalidService
from toscactl.source import Source
from toscactl.topology import Topology

if TYPE_CHECKING:
    from toscactl.graph import InstanceGraph

Inputs = Mapping[str, object]
"""Values of inputs by name: plain JSON-like data, or `Text` as somebody typed it."""


@dataclass(frozen=True, slots=True)
class Text:
    """An input as it was typed: what it means is decided by the declared type of the input.

    `source` is what messages call it, e.g. `-i port` or `$TOSCACTL_INPUT_port`.
    """

    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Service:
    """A service that was read and checked. `topology` is complete only if there is no error.

    `name` is `metadata: template_name`, else the stem of the file, folder or archive;
    `digest` the SHA-256 of all its files.
    """

    path: str
    name: str
    topology: Topology
    diagnostics: tuple[Diagnostic, ...]
    digest: str
    files: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether it may be planned: nothing that was found is an error."""
        return all(d.severity is not Severity.ERROR for d in self.diagnostics)


def load(path: str, *, offline: bool = False, profile_paths: Sequence[str] = ()) -> Service:
    """Read a service file, folder or CSAR and check it by every rule.

    Raises `CannotRead` if there is nothing to read. What is wrong with the text is in
    `Service.diagnostics`, all of it; nothing is raised for it.
    """
    opened = loading.open_path(path, offline=offline, profile_paths=profile_paths)
    with document.collector_paused():
        bundle = loading.load(opened.location, opened.fetch)
        checked = bundle.then(typesystem.bind).then(topology.build)
    return Service(
        path,
        _one_line(checked.value.name or "") or _one_line(opened.stem),
        checked.value,
        opened.diagnostics + checked.diagnostics,
        loading.digest(bundle.value),
        tuple(item.file.source.name for item in bundle.value.files.values()),
    )


def _one_line(name: str) -> str:
    """A name without what cannot be shown or stored: breaks, and bytes of a file's name."""
    return " ".join(name.encode(errors="replace").decode().split())


def validate(
    service: Service, inputs: Inputs | None = None, *, strict: bool = False
) -> tuple[Diagnostic, ...]:
    """Everything that was found, by file and place; with `inputs`, what is wrong with those too.

    `strict` is the letter of the standard: what is tolerated by default becomes an error.
    """
    found = service.diagnostics
    if inputs is not None and service.ok:
        found += check_inputs(service, inputs)
    if strict:
        found = tuple(diagnostic.strictly() for diagnostic in found)
    return tuple(render.in_order(found))


def resolve(
    service: Service, inputs: Inputs | None = None, *, open_inputs: bool = False
) -> "InstanceGraph":
    """The graph of instances, every value as far as it can be known before deployment.

    With `open_inputs` no input is missing: those without a value stay open, as `InputOf`.
    Raises `InvalidService` for errors in the text, `InvalidInputs` for those in the inputs.
    """
    return resolved(service, inputs or {}, parameters=open_inputs).value


def check_inputs(service: Service, inputs: Inputs) -> tuple[Diagnostic, ...]:
    """What is wrong with a service for these inputs; empty for nothing. It must be `ok` itself."""
    return _instantiate(service, inputs, parameters=False).diagnostics


def resolved(service: Service, inputs: Inputs, *, parameters: bool) -> "Checked[InstanceGraph]":
    """As `resolve`, with what was found that is no error."""
    if not service.ok:
        raise InvalidService(f"`{service.path}` is not valid", service.diagnostics)
    checked = _instantiate(service, inputs, parameters=parameters)
    if not checked.ok:
        raise InvalidInputs(f"`{service.path}` cannot be resolved", checked.diagnostics)
    return checked


def _instantiate(service: Service, inputs: Inputs, *, parameters: bool) -> "Checked[InstanceGraph]":
    nodes: dict[str, document.Node] = {}
    found: list[Diagnostic] = []
    for name, value in inputs.items():
        parsed = _input_node(service.topology, name, value)
        found.extend(parsed.diagnostics)
        if parsed.value is not None:
            nodes[name] = parsed.value
    from toscactl import graph

    checked = graph.instantiate(
        service.topology, nodes, service=service.name, parameters=parameters
    )
    return Checked(checked.value, tuple(found) + checked.diagnostics)


def _input_node(service: Topology, name: str, value: object) -> Checked[document.Node | None]:
    if isinstance(value, document.Node):
        return Checked(value)
    if isinstance(value, Text):
        source = Source(value.source, value.text)
        declared = service.inputs.get(name)
        if declared is None or declared.definition.schema.type.primitive == "string":
            at = document.pack(0, len(value.text))
            return Checked(document.Scalar(source, at, value.text, plain=False))
    else:
        import json

        source = Source(f"input {name}", json.dumps(value, ensure_ascii=False))
    parsed = document.parse(source)
    return Checked(parsed.value.root, parsed.diagnostics)
