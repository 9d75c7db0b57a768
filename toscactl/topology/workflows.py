"""Imperative workflows: their steps, targets, activities, order (TOSCA 1.3, 3.8.7, chapter 7)."""

from collections.abc import Iterator, Mapping

from toscactl import definitions
from toscactl.diagnostics import Diagnostic, Rule, Severity, closest
from toscactl.topology.groups import DECLARATIVE_WORKFLOWS
from toscactl.topology.scope import Scope, did_you_mean
from toscactl.typesystem import InterfaceDefinition, NodeType, bind_parameter, coerce

UNKNOWN_STEP = Rule("unknown-step", "A step of a workflow is followed by one that does not exist.")
CYCLIC_STEPS = Rule("cyclic-steps", "The steps of a workflow wait for each other in a circle.")
UNKNOWN_STEP_TARGET = Rule(
    "unknown-step-target", "A workflow's step or precondition has a target that does not exist."
)
UNKNOWN_STEP_REQUIREMENT = Rule(
    "unknown-step-requirement",
    "A workflow's step or precondition names a relationship that its target does not have.",
)
UNKNOWN_STEP_OPERATION = Rule(
    "unknown-step-operation", "A workflow calls an operation that its target does not have."
)
UNKNOWN_WORKFLOW = Rule("unknown-workflow", "A workflow runs another one that does not exist.")
RECURSIVE_WORKFLOW = Rule("recursive-workflow", "A workflow runs itself.")
UNKNOWN_DELEGATE = Rule(
    "unknown-delegate",
    "A workflow delegates to one that neither the service nor the standard defines.",
    Severity.WARNING,
)

_DELEGATES = (*DECLARATIVE_WORKFLOWS, "install", "uninstall", "configure", "scale", "scale_out",
              "scale_in", "heal")  # fmt: skip


def check_workflows(scope: Scope) -> Iterator[Diagnostic]:
    workflows = scope.service.workflows
    for workflow in workflows.values():
        yield from _inputs(scope, workflow)
        for precondition in workflow.preconditions:
            yield from _target(scope, precondition.target, precondition.target_relationship)
        for step in workflow.steps.values():
            yield from _target(scope, step.target, step.target_relationship)
            yield from _successors(workflow, step)
            for activity in step.activities:
                yield from _activity(scope, step, activity)
        yield from _cycle_of_steps(workflow)
    yield from _recursion(workflows)


def _inputs(scope: Scope, workflow: definitions.WorkflowDef) -> Iterator[Diagnostic]:
    """Inputs of workflows are as those of services: typed, with fitting defaults (1.3, 3.8.7)."""
    for written in workflow.inputs.values():
        checked = bind_parameter(written, scope.types, kind="input")
        yield from checked.diagnostics
        if written.default is not None:
            what = f"the default of input `{written.name.text}`"
            schema = checked.value.schema
            yield from coerce(written.default, schema, scope.types, what=what).diagnostics


def _target(
    scope: Scope, target: definitions.Name | None, relationship: definitions.Name | None
) -> Iterator[Diagnostic]:
    if target is None:
        return
    if target.text in scope.service.groups:
        return
    if target.text not in scope.nodes:
        yield UNKNOWN_STEP_TARGET.at(
            target.span,
            f"there is no node template or group `{target.text}`",
            hint=did_you_mean(closest(target.text, (*scope.nodes, *scope.service.groups))),
        )
        return
    type_ = scope.node_types[target.text]
    if (
        relationship is not None
        and not type_.broken
        and relationship.text not in type_.requirements
    ):
        yield UNKNOWN_STEP_REQUIREMENT.at(
            relationship.span,
            f"node `{target.text}` has no requirement `{relationship.text}`",
            hint=did_you_mean(closest(relationship.text, type_.requirements)),
        )


def _successors(
    workflow: definitions.WorkflowDef, step: definitions.StepDef
) -> Iterator[Diagnostic]:
    for name in (*step.on_success, *step.on_failure):
        if name.text not in workflow.steps:
            yield UNKNOWN_STEP.at(
                name.span,
                f"workflow `{workflow.name.text}` has no step `{name.text}`",
                hint=did_you_mean(closest(name.text, workflow.steps)),
            )


def _cycle_of_steps(workflow: definitions.WorkflowDef) -> Iterator[Diagnostic]:
    """Steps must not follow each other in a circle (1.3, 7.2)."""
    following = {
        name: [n.text for n in (*step.on_success, *step.on_failure) if n.text in workflow.steps]
        for name, step in workflow.steps.items()
    }
    cycle = find_cycle(following)
    if cycle:
        yield CYCLIC_STEPS.at(
            workflow.steps[cycle[0]].name.span,
            f"the steps of workflow `{workflow.name.text}` go in a circle: " + " -> ".join(cycle),
        )


def find_cycle(following: Mapping[str, list[str]]) -> list[str]:
    """The first circle that is met, its first name repeated at its end; empty if there is none."""
    done: set[str] = set()
    for start in following:
        path: dict[str, Iterator[str]] = {}
        stack = [start]
        while stack:
            name = stack[-1]
            if name in done:
                stack.pop()
                continue
            if name not in path:
                path[name] = iter(following[name])
            onward = next(path[name], None)
            if onward is None:
                del path[name]
                done.add(name)
                stack.pop()
            elif onward in path:
                names = list(path)
                return [*names[names.index(onward) :], onward]
            else:
                stack.append(onward)
    return []


def _activity(
    scope: Scope, step: definitions.StepDef, activity: definitions.ActivityDef
) -> Iterator[Diagnostic]:
    subject = activity.subject
    workflows = scope.service.workflows
    match activity.kind.text:
        case "call_operation":
            yield from _operation(scope, step, activity)
        case "inline" if subject.text not in workflows:
            yield UNKNOWN_WORKFLOW.at(
                subject.span,
                f"there is no workflow `{subject.text}`",
                hint=did_you_mean(closest(subject.text, workflows)),
            )
        case "delegate" if subject.text not in (*workflows, *_DELEGATES):
            yield UNKNOWN_DELEGATE.at(
                subject.span,
                f"nobody defines a workflow `{subject.text}`",
                hint=did_you_mean(closest(subject.text, (*workflows, *_DELEGATES))),
            )


def _operation(
    scope: Scope, step: definitions.StepDef, activity: definitions.ActivityDef
) -> Iterator[Diagnostic]:
    """`call_operation: Standard.configure`, on the target or on a relationship of it."""
    if step.target is None or step.target.text not in scope.nodes:
        return
    type_ = scope.node_types[step.target.text]
    if type_.broken:
        return
    interfaces = _interfaces(type_, step)
    if interfaces is None:
        return
    interface, _, operation = activity.subject.text.rpartition(".")
    known = {
        f"{name}.{each}"
        for name, definition in interfaces.items()
        for each in (*definition.operations, *definition.notifications)
    }
    if activity.operation is not None:
        interface, operation = activity.subject.text, activity.operation.text
    full = _full_name(interfaces, interface)
    if f"{full}.{operation}" not in known:
        yield UNKNOWN_STEP_OPERATION.at(
            activity.subject.span,
            f"node `{step.target.text}` has no operation `{interface}.{operation}`"
            if interface
            else f"`{operation}` does not say of which interface it is an operation",
            hint=did_you_mean(closest(f"{interface}.{operation}", sorted(known))),
        )


def _interfaces(
    type_: NodeType, step: definitions.StepDef
) -> Mapping[str, InterfaceDefinition] | None:
    if step.target_relationship is None:
        return type_.interfaces
    requirement = type_.requirements.get(step.target_relationship.text)
    if requirement is None or requirement.relationship is None or requirement.relationship.broken:
        return None
    return requirement.relationship.interfaces


def _full_name(interfaces: Mapping[str, InterfaceDefinition], name: str) -> str:
    """An interface may be called by its name or by the name of its type."""
    if name in interfaces:
        return name
    return next((own for own, each in interfaces.items() if each.type.is_a(name)), name)


def _recursion(workflows: Mapping[str, definitions.WorkflowDef]) -> Iterator[Diagnostic]:
    """A workflow must not inline itself, directly or through others (1.3, 3.6.23.4)."""
    running = {
        name: [
            activity.subject.text
            for step in workflow.steps.values()
            for activity in step.activities
            if activity.kind.text == "inline" and activity.subject.text in workflows
        ]
        for name, workflow in workflows.items()
    }
    cycle = find_cycle(running)
    if cycle:
        yield RECURSIVE_WORKFLOW.at(
            workflows[cycle[0]].name.span, "workflows run each other: " + " -> ".join(cycle)
        )
