"""Functions: what their arguments name must exist (TOSCA 1.3, chapter 4)."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from toscactl import document
from toscactl.definitions import Dialect, Expr, FunctionCall, Name
from toscactl.diagnostics import Diagnostic, Rule, closest
from toscactl.topology.model import NodeTemplate, Requirement, Topology
from toscactl.topology.scope import Owner, Scope, Site, did_you_mean
from toscactl.typesystem import NodeType, PropertyDefinition, RelationshipType, Schema
from toscactl.values import Call, Value

UNDECLARED_INPUT = Rule("undeclared-input", "`get_input` names an input that is not declared.")
UNKNOWN_ENTITY = Rule(
    "unknown-entity", "A function names a node or relationship template that does not exist."
)
UNKNOWN_MEMBER = Rule(
    "unknown-member",
    "A function names a property, attribute, capability or requirement that does not exist.",
)
MISPLACED_KEYWORD = Rule(
    "misplaced-keyword", "SELF, SOURCE, TARGET or HOST stands where it means nothing."
)
FUNCTION_ARGUMENTS = Rule("function-arguments", "A function has too few or unusable arguments.")
UNKNOWN_OUTPUT_OPERATION = Rule(
    "unknown-output-operation", "`get_operation_output` names an operation that does not exist."
)
UNKNOWN_ARTIFACT = Rule("unknown-artifact", "`get_artifact` names an artifact that does not exist.")

KEYWORDS = ("SELF", "SOURCE", "TARGET", "HOST")
BUILT_IN_ATTRIBUTES = ("tosca_id", "tosca_name", "state")
_PATH_STEPS = frozenset({"RELATIONSHIP", "CAPABILITY", "SOURCE", "TARGET"})
HOSTED_ON = "tosca.relationships.HostedOn"


_Entity: TypeAlias = NodeTemplate | RelationshipType | None


@dataclass(frozen=True, slots=True)
class _Context:
    scope: Scope
    topology: Topology
    owner: Owner
    call: FunctionCall


def check_functions(scope: Scope, topology: Topology, site: Site) -> Iterator[Diagnostic]:
    """Every call in a value, outermost first; what only looks like a call is not one."""
    pending: list[tuple[Expr, Value]] = [(site.expr, site.value)]
    while pending:
        expr, value = pending.pop()
        if isinstance(expr, FunctionCall):
            if isinstance(value, Call):
                check = _CHECKS.get(expr.function.text)
                if check is not None:
                    yield from check(_Context(scope, topology, site.owner, expr))
                pending.extend(zip(expr.arguments, value.arguments, strict=False))
        elif isinstance(expr, document.Mapping) and isinstance(value, Mapping):
            pending.extend((item, value.get(str(key))) for key, item in expr)
        elif isinstance(expr, document.Sequence) and _is_list(value):
            pending.extend(zip(expr.items, value, strict=False))  # type: ignore[arg-type]


def _is_list(value: Value) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _names(context: _Context, least: int) -> list[Name | None] | None:
    """The arguments that are names, None for those that are computed; None if there are too few."""
    arguments = context.call.arguments
    if len(arguments) < least:
        return None
    return [item if isinstance(item, document.Scalar) else None for item in arguments]


def _too_few(context: _Context, form: str) -> Iterator[Diagnostic]:
    name = context.call.function.text
    yield FUNCTION_ARGUMENTS.at(
        context.call.span, f"`{name}` has too few arguments", hint=f"write `{name}: {form}`"
    )


def _check_input(context: _Context) -> Iterator[Diagnostic]:
    names = _names(context, 1)
    if names is None:
        yield from _too_few(context, "<input>")
        return
    first = names[0]
    if first is None:
        return
    inputs = context.topology.inputs
    if first.text not in inputs:
        yield UNDECLARED_INPUT.at(
            first.span,
            f"there is no input `{first.text}`",
            hint=did_you_mean(closest(first.text, inputs)) or "declare it under `inputs`",
        )
        return
    yield from _check_path(inputs[first.text].definition.schema, names[1:])


def _check_path(schema: Schema | None, steps: Sequence[Name | None]) -> Iterator[Diagnostic]:
    """Whether a path leads somewhere in values of a type; types that are open end the check."""
    for step in steps:
        if schema is None or step is None or schema.type.broken:
            return
        type_ = schema.type
        if type_.properties:
            if step.text not in type_.properties:
                yield UNKNOWN_MEMBER.at(
                    step.span,
                    f"values of type `{type_.name}` have no `{step.text}`",
                    hint=did_you_mean(closest(step.text, type_.properties)),
                )
                return
            schema = type_.properties[step.text].schema
        elif type_.primitive in ("list", "map"):
            if type_.primitive == "list" and not isinstance(document.plain_value(step.text), int):
                yield UNKNOWN_MEMBER.at(step.span, f"`{step.text}` is not an index of a list")
                return
            schema = schema.entry_schema or type_.entry_schema
        elif type_.primitive in ("string", "integer", "float", "boolean"):
            yield UNKNOWN_MEMBER.at(
                step.span, f"values of type `{type_.name}` hold nothing named `{step.text}`"
            )
            return
        else:
            return


def _check_property(context: _Context) -> Iterator[Diagnostic]:
    yield from _check_reference(context, attribute=False)


def _check_attribute(context: _Context) -> Iterator[Diagnostic]:
    yield from _check_reference(context, attribute=True)


def _check_reference(context: _Context, *, attribute: bool) -> Iterator[Diagnostic]:
    names = _names(context, 2)
    if names is None:
        yield from _too_few(context, f"[ SELF, <{'attribute' if attribute else 'property'}> ]")
        return
    first, rest = names[0], names[1:]
    if first is None or rest[0] is None:
        return
    entity = yield from _entity(context, first)
    if isinstance(entity, RelationshipType):
        if not entity.broken:
            members = {**entity.properties, **(entity.attributes if attribute else {})}
            of = f"relationship type `{entity.name}`"
            yield from _member(members, rest, of, attribute=attribute)
    elif first.text == "HOST" and entity is not None:
        if not entity.type.broken and not _may_have_host(entity):
            yield MISPLACED_KEYWORD.at(
                first.span,
                f"`HOST` means nothing here: node `{entity.name}` has no requirement of a host",
                hint="name a node template",
            )
        yield from _member_of_hosts(context, entity, rest, attribute=attribute)
    elif entity is not None:
        yield from _member_of_node(context, entity, rest, attribute=attribute)


def _entity(context: _Context, name: Name) -> Generator[Diagnostic, None, _Entity]:
    """What the first argument means; None if that is not known yet, or was reported."""
    owner, topology = context.owner, context.topology
    if name.text in KEYWORDS and name.text not in topology.nodes:
        if name.text not in owner.keywords:
            yield _misplaced(name, owner)
            return None
        if name.text == "SELF" and owner.relationship is not None:
            return owner.relationship
        node = owner.target if name.text == "TARGET" else owner.node
        return None if node is None else topology.nodes.get(node)
    if name.text in topology.nodes:
        return topology.nodes[name.text]
    if name.text in topology.relationships:
        return topology.relationships[name.text].type
    if name.text not in topology.groups and name.text not in topology.policies:
        known = (*owner.keywords, *topology.nodes, *topology.relationships)
        yield UNKNOWN_ENTITY.at(
            name.span,
            f"there is no node or relationship template `{name.text}`",
            hint=did_you_mean(closest(name.text, known)),
        )
    return None


def _misplaced(name: Name, owner: Owner) -> Diagnostic:
    allowed = ", ".join(owner.keywords)
    return MISPLACED_KEYWORD.at(
        name.span,
        f"`{name.text}` means nothing in {owner.what}",
        hint=f"here it may be {allowed} or the name of a template"
        if allowed
        else "name a node template",
    )


def _member_of_hosts(
    context: _Context, node: NodeTemplate, rest: Sequence[Name | None], *, attribute: bool
) -> Iterator[Diagnostic]:
    """HOST means the nearest host that has the property (1.3, 4.1)."""
    first: list[Diagnostic] | None = None
    seen = {node.name}
    current = _host(context.topology, node)
    while current is not None and current.name not in seen:
        seen.add(current.name)
        problems = list(_member_of_node(context, current, rest, attribute=attribute))
        if not problems:
            return
        first = problems if first is None else first
        if any(
            r.target is None and r.relationship.type.is_a(HOSTED_ON) for r in current.requirements
        ):
            return
        current = _host(context.topology, current)
    yield from first or ()


def _may_have_host(node: NodeTemplate) -> bool:
    return any(
        requirement.relationship.type.is_a(HOSTED_ON) or requirement.relationship.type.broken
        for requirement in node.requirements
    )


def _host(topology: Topology, node: NodeTemplate) -> NodeTemplate | None:
    for requirement in node.requirements:
        if requirement.target is not None and requirement.relationship.type.is_a(HOSTED_ON):
            return topology.nodes.get(requirement.target)
    return None


def _member_of_node(
    context: _Context, node: NodeTemplate, rest: Sequence[Name | None], *, attribute: bool
) -> Iterator[Diagnostic]:
    """A member of the node, of a capability of it, or of what fulfils a requirement of it."""
    name = rest[0]
    if node.type.broken or name is None or _is_path(context, name):
        return
    members = members_of(node.type, attribute=attribute)
    own = context.owner.capability
    if own is not None and node.name == context.owner.node and name.text not in members:
        members = {**_of_capability(node, own, attribute=attribute), **members}
    if len(rest) > 1 and rest[1] is not None:
        requirement = next((r for r in node.requirements if r.name == name.text), None)
        if requirement is not None:
            yield from _member_of_target(context, requirement, rest[1:], attribute=attribute)
            return
        if name.text in node.capabilities:
            of = f"capability `{name.text}` of node `{node.name}`"
            known = _of_capability(node, name.text, attribute=attribute)
            if not node.capabilities[name.text].definition.type.broken:
                yield from _member(known, rest[1:], of, attribute=attribute)
            return
        if name.text in node.type.requirements:
            return
    others = (*node.capabilities, *node.type.requirements) if len(rest) > 1 else ()
    yield from _member(
        members, rest, f"node `{node.name}`", attribute=attribute, others=others, node=node
    )


def _is_path(context: _Context, name: Name) -> bool:
    """Whether a TOSCA Path goes on through the graph (2.0, 10.2.1); it is followed there."""
    return name.text in _PATH_STEPS and context.topology.dialect is Dialect.V2_0


def members_of(type_: NodeType, *, attribute: bool) -> Mapping[str, PropertyDefinition]:
    """What `get_property` or `get_attribute` can read: properties are reflected as attributes."""
    return {**type_.properties, **type_.attributes} if attribute else type_.properties


def _of_capability(
    node: NodeTemplate, name: str, *, attribute: bool
) -> Mapping[str, PropertyDefinition]:
    definition = node.capabilities[name].definition
    if attribute:
        return {**definition.properties, **definition.attributes}
    return definition.properties


def _member_of_target(
    context: _Context, requirement: Requirement, rest: Sequence[Name | None], *, attribute: bool
) -> Iterator[Diagnostic]:
    """The target's capability is looked at first, then the target itself (1.3, 4.4.2)."""
    target = None if requirement.target is None else context.topology.nodes.get(requirement.target)
    name = rest[0]
    if target is None or target.type.broken or name is None:
        return
    capability = requirement.capability
    if capability is not None and capability in target.capabilities:
        known = _of_capability(target, capability, attribute=attribute)
        if name.text in known:
            yield from _member(known, rest, f"capability `{capability}`", attribute=attribute)
            return
    yield from _member_of_node(context, target, rest, attribute=attribute)


def _member(
    known: Mapping[str, PropertyDefinition],
    rest: Sequence[Name | None],
    of: str,
    *,
    attribute: bool,
    others: Sequence[str] = (),
    node: NodeTemplate | None = None,
) -> Iterator[Diagnostic]:
    name = rest[0]
    if name is None:
        return
    if name.text in known:
        yield from _check_path(known[name.text].schema, rest[1:])
        return
    if attribute and name.text in BUILT_IN_ATTRIBUTES:
        return
    noun = "attribute or property" if attribute else "property"
    hint = did_you_mean(closest(name.text, (*known, *others)))
    if not attribute and node is not None and name.text in node.type.attributes:
        hint = f"`{name.text}` is an attribute: use `get_attribute`"
    yield UNKNOWN_MEMBER.at(name.span, f"{of} has no {noun} `{name.text}`", hint=hint)


def _check_operation_output(context: _Context) -> Iterator[Diagnostic]:
    names = _names(context, 4)
    if names is None:
        yield from _too_few(context, "[ SELF, <interface>, <operation>, <output> ]")
        return
    entity, interface, operation = names[0], names[1], names[2]
    if entity is None or interface is None or operation is None:
        return
    found = yield from _entity(context, entity)
    if found is None or entity.text == "HOST":
        return
    type_ = found.type if isinstance(found, NodeTemplate) else found
    if type_.broken:
        return
    declared = type_.interfaces
    if interface.text not in declared:
        if not any(own.type.is_a(interface.text) for own in declared.values()):
            yield UNKNOWN_OUTPUT_OPERATION.at(
                interface.span,
                f"there is no interface `{interface.text}` in type `{type_.name}`",
                hint=did_you_mean(closest(interface.text, declared)),
            )
        return
    operations = declared[interface.text].operations
    if operation.text not in operations:
        yield UNKNOWN_OUTPUT_OPERATION.at(
            operation.span,
            f"interface `{interface.text}` has no operation `{operation.text}`",
            hint=did_you_mean(closest(operation.text, operations)),
        )


def _check_nodes_of_type(context: _Context) -> Iterator[Diagnostic]:
    names = _names(context, 1)
    if names is None:
        yield from _too_few(context, "<node type>")
        return
    name = names[0]
    if name is not None:
        yield from context.scope.types.node_type(name).diagnostics


def _check_artifact(context: _Context) -> Iterator[Diagnostic]:
    names = _names(context, 2)
    if names is None:
        yield from _too_few(context, "[ SELF, <artifact> ]")
        return
    first, name = names[0], names[1]
    if first is None or name is None:
        return
    entity = yield from _entity(context, first)
    if not isinstance(entity, NodeTemplate) or first.text == "HOST" or entity.type.broken:
        return
    if name.text not in entity.artifacts:
        yield UNKNOWN_ARTIFACT.at(
            name.span,
            f"node `{entity.name}` has no artifact `{name.text}`",
            hint=did_you_mean(closest(name.text, entity.artifacts)),
        )


def _check_join(context: _Context) -> Iterator[Diagnostic]:
    """A list of texts, and what stands between them (1.3, 4.3.2)."""
    arguments = context.call.arguments
    if not arguments or len(arguments) > 2 or isinstance(arguments[0], document.Scalar):  # noqa: PLR2004
        yield _malformed(context, "a list of texts and a delimiter", '[ [ a, b ], "," ]')


def _check_concat(context: _Context) -> Iterator[Diagnostic]:
    """One or more values (1.3, 4.3.1)."""
    if not context.call.arguments:
        yield _malformed(context, "one or more texts", "[ a, b ]")


def _check_token(context: _Context) -> Iterator[Diagnostic]:
    """A text, the characters that divide it, and which part is meant (1.3, 4.3.3)."""
    arguments = context.call.arguments
    if len(arguments) != 3:  # noqa: PLR2004
        yield _malformed(
            context, "a text, its dividing characters and an index", '[ text, ":", 0 ]'
        )
        return
    index = arguments[2]
    if isinstance(index, document.Scalar) and not index.text.isdecimal():
        yield _malformed(context, "an index, counted from 0, at its end", '[ text, ":", 0 ]')


def _malformed(context: _Context, takes: str, form: str) -> Diagnostic:
    name = context.call.function.text
    return FUNCTION_ARGUMENTS.at(
        context.call.span, f"`{name}` takes {takes}", hint=f"write `{name}: {form}`"
    )


_CHECKS: Mapping[str, Callable[[_Context], Iterator[Diagnostic]]] = {
    "concat": _check_concat,
    "join": _check_join,
    "token": _check_token,
    "get_input": _check_input,
    "get_property": _check_property,
    "get_attribute": _check_attribute,
    "get_operation_output": _check_operation_output,
    "get_nodes_of_type": _check_nodes_of_type,
    "get_artifact": _check_artifact,
}
