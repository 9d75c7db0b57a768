"""The stage: a service template checked against its types."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from toscactl import definitions, document
from toscactl.diagnostics import Checked, Diagnostic
from toscactl.topology.functions import check_functions
from toscactl.topology.groups import group, policy
from toscactl.topology.model import Assigned, Parameter, Topology
from toscactl.topology.nodes import copied_nodes, node_template
from toscactl.topology.relationships import copied_relationships, relationship_template
from toscactl.topology.scope import Owner, Scope
from toscactl.topology.substitution import check_substitution
from toscactl.topology.workflows import check_workflows
from toscactl.typesystem import NodeType, TypeSystem, bind_parameter, coerce, metadata_of


def build(types: TypeSystem) -> Checked[Topology]:
    """The root file's service template, everything in it bound, coerced and checked.

    There is always a topology; only one that is `ok` may be instantiated.
    """
    file = types.bundle.root.file
    service = file.service_template
    topology = _empty(types, file)
    if service is None:
        return Checked(topology)
    with document.collector_paused():
        return _build(types, service, topology)


def _build(
    types: TypeSystem, service: definitions.ServiceTemplateDef, topology: Topology
) -> Checked[Topology]:
    found: list[Diagnostic] = []
    nodes = copied_nodes(service, found)
    node_types = {name: _type_of(types, node, found) for name, node in nodes.items()}
    scope = Scope(
        types,
        service,
        _locations(types),
        node_types,
        nodes,
        _offers(node_types),
        found=found,
    )
    topology = replace(
        topology,
        description=service.description or topology.description,
        metadata={**topology.metadata, **metadata_of(service.metadata)},
        workflows=service.workflows,
        substitution=service.substitution,
    )
    topology = _fill(scope, topology)
    scope.report(_of_functions(scope, topology))
    scope.report(check_workflows(scope))
    if service.substitution is not None:
        scope.report(check_substitution(scope, topology, service.substitution))
    return Checked(topology, tuple(_distinct(scope.found)))


def _empty(types: TypeSystem, file: definitions.ServiceFile) -> Topology:
    metadata = metadata_of(file.metadata)
    name, version = metadata.get("template_name"), metadata.get("template_version")
    return Topology(
        file.source,
        file.dialect,
        None if name is None else str(name),
        types,
        None if version is None else str(version),
        file.description,
        metadata,
    )


def _locations(types: TypeSystem) -> dict[int, str]:
    root = types.bundle.root
    files = {id(loaded.file.source): loaded.location for loaded in types.bundle.files.values()}
    return {id(root.file.source): root.location, **files}


def _type_of(
    types: TypeSystem, node: definitions.NodeTemplateDef, found: list[Diagnostic]
) -> NodeType:
    if node.type is None:
        # The reader said so, or what it copies does not exist.
        return NodeType("", None, None, broken=True)
    checked = types.node_type(node.type)
    found.extend(checked.diagnostics)
    return checked.value


def _offers(node_types: Mapping[str, NodeType]) -> dict[str, tuple[str, ...]]:
    offers: dict[str, dict[str, None]] = {}
    for name, type_ in node_types.items():
        for capability in type_.capabilities.values():
            for ancestor in capability.type.ancestors:
                offers.setdefault(ancestor, {})[name] = None
    return {type_name: tuple(names) for type_name, names in offers.items()}


def _fill(scope: Scope, topology: Topology) -> Topology:
    service = scope.service
    scope.inputs.update({name: _input(scope, item) for name, item in service.inputs.items()})
    for name, template in copied_relationships(service, scope.found).items():
        scope.relationships[name] = relationship_template(scope, template)
    return replace(
        topology,
        inputs=scope.inputs,
        nodes={name: node_template(scope, node) for name, node in scope.nodes.items()},
        relationships=scope.relationships,
        groups={name: group(scope, item) for name, item in service.groups.items()},
        policies={name: policy(scope, item) for name, item in service.policies.items()},
        outputs={name: _output(scope, item) for name, item in service.outputs.items()},
    )


def _input(scope: Scope, written: definitions.ParameterDef) -> Parameter:
    """An input; its default must be of its own type (1.3, 3.6.14)."""
    checked = bind_parameter(written, scope.types, kind="input")
    scope.report(checked.diagnostics)
    definition = checked.value
    name = written.name.text
    owner = Owner(f"input `{name}`")
    given = written.value if written.value is not None else written.default
    default = None
    if given is not None and not (isinstance(given, document.Scalar) and document.is_null(given)):
        what = f"the default of input `{name}`"
        value = coerce(given, definition.schema, scope.types, what=what)
        scope.report(value.diagnostics)
        scope.visit(given, value.value, owner)
        default = Assigned(value.value, given.span, definition, is_default=True)
    return Parameter(name, written.name.span, definition, default)


def _output(scope: Scope, written: definitions.ParameterDef) -> Parameter:
    checked = bind_parameter(written, scope.types, kind="output")
    scope.report(checked.diagnostics)
    definition = checked.value
    name = written.name.text
    given = written.value if written.value is not None else written.default
    value = None
    if given is not None:
        coerced = coerce(given, definition.schema, scope.types, what=f"output `{name}`")
        scope.report(coerced.diagnostics)
        scope.visit(given, coerced.value, Owner(f"output `{name}`"))
        value = Assigned(coerced.value, given.span, definition)
    return Parameter(name, written.name.span, definition, value=value)


def _of_functions(scope: Scope, topology: Topology) -> Iterator[Diagnostic]:
    """What is wrong with functions; in a type, it is said of the first template that has it."""
    seen: set[tuple[str, str, int]] = set()
    for site in scope.sites:
        for diagnostic in check_functions(scope, topology, site):
            span = diagnostic.span
            at = ("", 0) if span is None else (span.source.name, span.start)
            if (diagnostic.rule.name, *at) not in seen:
                seen.add((diagnostic.rule.name, *at))
                yield diagnostic


def _distinct(found: Iterable[Diagnostic]) -> Iterable[Diagnostic]:
    """Each finding once: what is wrong in a type would be said again for each of its templates."""
    seen: set[tuple[str, str, int, str]] = set()
    for diagnostic in found:
        span = diagnostic.span
        at = ("", 0) if span is None else (span.source.name, span.start)
        key = (diagnostic.rule.name, *at, diagnostic.message)
        if key not in seen:
            seen.add(key)
            yield diagnostic
