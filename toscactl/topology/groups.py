"""Groups and policies: their members, targets and triggers (TOSCA 1.3, 3.8.5, 3.8.6)."""

from collections.abc import Iterator, Mapping

from toscactl import definitions
from toscactl.diagnostics import Diagnostic, Rule, Severity, closest
from toscactl.topology.assignments import OPEN_PROPERTY, PROPERTY, assign
from toscactl.topology.model import Group, Policy
from toscactl.topology.scope import Owner, Scope, did_you_mean
from toscactl.typesystem import GroupType, NodeType, PolicyType, metadata_of, untyped

UNKNOWN_MEMBER_NODE = Rule("unknown-group-member", "A group has a member that does not exist.")
WRONG_MEMBER = Rule("wrong-group-member", "A group has a member of a type that it does not allow.")
UNKNOWN_TARGET = Rule("unknown-policy-target", "A policy has a target that does not exist.")
WRONG_TARGET = Rule(
    "wrong-policy-target", "A policy has a target of a type that it does not allow."
)
UNKNOWN_TRIGGER_NODE = Rule(
    "unknown-trigger-node", "A trigger's filter names a node that does not exist."
)
UNKNOWN_TRIGGER_MEMBER = Rule(
    "unknown-trigger-member",
    "A trigger's filter names a requirement or capability that its node does not have.",
)
UNKNOWN_TRIGGER_WORKFLOW = Rule(
    "unknown-trigger-workflow",
    "A trigger's action runs a workflow that this service does not define.",
    Severity.WARNING,
)

DECLARATIVE_WORKFLOWS = ("deploy", "undeploy")
"""Workflows that every orchestrator has without their being written (1.3, 7.3)."""


def group(scope: Scope, definition: definitions.GroupDef) -> Group:
    name = definition.name.text
    type_ = GroupType(name, None, None, broken=True)
    if definition.type is not None:
        checked = scope.types.group_type(definition.type)
        scope.report(checked.diagnostics)
        type_ = checked.value
    owner = Owner(f"group `{name}`", named=True)
    scope.report(_members(scope, definition, type_))
    given = {} if type_.broken else definition.properties
    kind = PROPERTY if scope.types.bundle.dialect is definitions.Dialect.V2_0 else OPEN_PROPERTY
    return Group(
        name,
        type_,
        definition.name.span,
        tuple(member.text for member in definition.members),
        assign(scope, kind, type_.properties, given, owner, definition.name.span),
        metadata_of(definition.metadata),
    )


def _members(
    scope: Scope, definition: definitions.GroupDef, type_: GroupType
) -> Iterator[Diagnostic]:
    groups = scope.service.groups
    for member in definition.members:
        if member.text in groups and member.text not in scope.nodes:
            continue
        if member.text not in scope.nodes:
            yield UNKNOWN_MEMBER_NODE.at(
                member.span,
                f"there is no node template or group `{member.text}`",
                hint=did_you_mean(closest(member.text, (*scope.nodes, *groups))),
            )
            continue
        node_type = scope.node_types[member.text]
        if type_.members and not any(node_type.is_a(name) for name in type_.members):
            yield WRONG_MEMBER.at(
                member.span,
                f"`{member.text}` of type `{node_type.name}` cannot be in "
                f"group `{definition.name.text}`",
                hint="its members are of type " + _alternatives(type_.members),
            )


def _alternatives(names: tuple[str, ...]) -> str:
    return " or ".join(f"`{name}`" for name in names)


def policy(scope: Scope, definition: definitions.PolicyDef) -> Policy:
    name = definition.name.text
    type_ = PolicyType(name, None, None, broken=True)
    if definition.type is not None:
        checked = scope.types.policy_type(definition.type)
        scope.report(checked.diagnostics)
        type_ = checked.value
    owner = Owner(f"policy `{name}`", named=True)
    scope.report(_targets(scope, definition, type_))
    triggers = {**type_.triggers, **definition.triggers}
    for trigger in definition.triggers.values():
        scope.report(_trigger(scope, trigger))
        for action in trigger.actions:
            for assignment in action.inputs.values():
                scope.visit(assignment.value, untyped(assignment.value), owner)
    given = {} if type_.broken else definition.properties
    return Policy(
        name,
        type_,
        definition.name.span,
        tuple(target.text for target in definition.targets),
        assign(scope, PROPERTY, type_.properties, given, owner, definition.name.span),
        triggers,
        metadata_of(definition.metadata),
    )


def _targets(
    scope: Scope, definition: definitions.PolicyDef, type_: PolicyType
) -> Iterator[Diagnostic]:
    groups = scope.service.groups
    for target in definition.targets:
        if target.text in scope.nodes:
            known_type: NodeType | GroupType | None = scope.node_types[target.text]
        elif target.text in groups:
            known_type = _group_type(scope, groups[target.text])
        else:
            yield UNKNOWN_TARGET.at(
                target.span,
                f"there is no node template or group `{target.text}`",
                hint=did_you_mean(closest(target.text, (*scope.nodes, *groups))),
            )
            continue
        if known_type is None or not type_.targets:
            continue
        if not any(known_type.is_a(name) for name in type_.targets):
            yield WRONG_TARGET.at(
                target.span,
                f"policy `{definition.name.text}` of type `{type_.name}` cannot be applied to "
                f"`{target.text}` of type `{known_type.name}`",
                hint="its targets are of type " + _alternatives(type_.targets),
            )


def _group_type(scope: Scope, definition: definitions.GroupDef) -> GroupType | None:
    return None if definition.type is None else scope.types.group_type(definition.type).value


def _trigger(scope: Scope, trigger: definitions.TriggerDef) -> Iterator[Diagnostic]:
    """The filter of a trigger (1.3, 3.6.21), and the workflows that its actions run."""
    node = trigger.target_node
    if node is not None and node.text not in scope.nodes:
        checked = scope.types.node_type(node)
        if not checked.ok and node.text not in scope.service.groups:
            yield UNKNOWN_TRIGGER_NODE.at(
                node.span,
                f"there is no node template or node type `{node.text}`",
                hint=did_you_mean(closest(node.text, scope.nodes)),
            )
    elif node is not None:
        type_ = scope.node_types[node.text]
        yield from _trigger_member(trigger.target_requirement, type_.requirements, type_)
        yield from _trigger_member(trigger.target_capability, type_.capabilities, type_)
    workflows = (*scope.service.workflows, *DECLARATIVE_WORKFLOWS)
    for action in trigger.actions:
        if action.kind.text == "inline" and action.subject.text not in workflows:
            yield UNKNOWN_TRIGGER_WORKFLOW.at(
                action.subject.span,
                f"there is no workflow `{action.subject.text}`",
                hint=did_you_mean(closest(action.subject.text, workflows)),
            )


def _trigger_member(
    name: definitions.Name | None, known: Mapping[str, object], type_: NodeType
) -> Iterator[Diagnostic]:
    if name is not None and not type_.broken and name.text not in known:
        yield UNKNOWN_TRIGGER_MEMBER.at(
            name.span,
            f"node type `{type_.name}` has no `{name.text}`",
            hint=did_you_mean(closest(name.text, known)),
        )
