"""What of a service does not run on Kubernetes, said instead of dropped."""

from collections.abc import Sequence

from toscactl.backend import Instance, Operation, Rule, Severity
from toscactl_kubernetes.images import is_container_image
from toscactl_kubernetes.manifests import Draft
from toscactl_kubernetes.workloads import LOAD_BALANCER, NETWORKING, STORAGE, Workload

DELETE_NOT_RUN = Rule(
    "kubernetes-delete-not-run",
    "An operation `delete` is not run: the cluster removes the pod with all that is in it.",
    Severity.NOTE,
)
OPERATIONS_NOT_RUN = Rule(
    "kubernetes-operations-not-run",
    "Operations of a node are not run, because Kubernetes does their work or an image does.",
    Severity.NOTE,
)
DEPLOY_PATH = Rule(
    "kubernetes-deploy-path",
    "The `deploy_path` of an artifact is not followed.",
    Severity.WARNING,
)
NOTHING_MADE = Rule(
    "kubernetes-nothing-made",
    "A node becomes no object, because there is nothing to run for it.",
    Severity.NOTE,
)

_OTHER_OBJECTS = (LOAD_BALANCER, *STORAGE, *NETWORKING)
_STANDARD = frozenset({"create", "configure", "start", "stop"})
_CONFIGURE = frozenset(
    {
        "pre_configure_source", "pre_configure_target", "post_configure_source",
        "post_configure_target", "add_target", "add_source",
    }
)  # fmt: skip


def report_unrun(draft: Draft, workloads: Sequence[Workload]) -> None:
    """A finding for each node that is not run, or whose operations, or some of them, are not."""
    run = {
        component.address.template
        for workload in workloads
        if workload.scripted
        for component in workload.components
    }
    carried = {member.template for workload in workloads for member in workload.members}
    for template, instances in draft.by_template.items():
        instance = instances[0]
        _report_instance(draft, instance, is_run=template in run)
        _report_deploy_paths(draft, instance)
        if template not in carried and not any(instance.is_a(name) for name in _OTHER_OBJECTS):
            draft.report(
                NOTHING_MADE,
                instance.place,
                f"`{template}` becomes no object: there is nothing to run for it",
                "give it an image or operations, if it is to run",
            )


def _report_instance(draft: Draft, instance: Instance, *, is_run: bool) -> None:
    own = [o for o in instance.operations if not is_container_image(o.primary)]
    edges = [o for edge in instance.relationships for o in edge.operations]
    template = instance.address.template
    if is_run:
        deletes = [o for o in own if o.interface == "Standard" and o.name == "delete"]
        deletes += [o for o in edges if o.name in {"remove_target", "remove_source"}]
        if deletes:
            draft.report(
                DELETE_NOT_RUN,
                deletes[0].place,
                f"{_names(deletes)} of `{template}` {_verb(deletes)} not run: the cluster removes "
                "the pod with all that is in it",
            )
        return
    lost = [o for o in own if o.interface == "Standard" and o.name in _STANDARD]
    lost += [o for o in edges if o.name in _CONFIGURE]
    if lost:
        draft.report(
            OPERATIONS_NOT_RUN,
            lost[0].place,
            f"{_names(lost)} of `{template}` {_verb(lost)} not run: an object of Kubernetes or a "
            "container image takes its place",
        )


def _names(operations: Sequence[Operation]) -> str:
    return ", ".join(f"`{operation.name}`" for operation in operations)


def _verb(operations: Sequence[Operation]) -> str:
    return "is" if len(operations) == 1 else "are"


def _report_deploy_paths(draft: Draft, instance: Instance) -> None:
    for artifact in instance.artifacts.values():
        if artifact.deploy_path and not is_container_image(artifact):
            draft.report(
                DEPLOY_PATH,
                artifact.place,
                f"`{artifact.file}` is not put to `{artifact.deploy_path}`: it lies in the folder "
                "of the operations of its node",
                "let an operation copy it to where it belongs",
            )
