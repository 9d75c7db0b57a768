"""What runs on the servers, in order: mounting, containers, operations; each after its needs."""

from collections.abc import Iterator, Sequence

from toscactl.backend import COMPUTE, Instance, Origin
from toscactl_heat.access import LOAD_BALANCER
from toscactl_heat.containers import after_of, folder_of, is_container, on_server
from toscactl_heat.draft import Draft
from toscactl_heat.expressions import lower
from toscactl_heat.hot import Hot
from toscactl_heat.operations import check, tasks
from toscactl_heat.software import ALWAYS, ON_DELETE, Deployment, of_task, own_script
from toscactl_heat.storage import attachment_name, attachments_on, volume_ref

Planned = tuple[Deployment, tuple[str, ...]]
"""What an agent does, and the resources that must be there before."""


def sequence(draft: Draft, instance: Instance) -> Iterator[Planned]:
    """What runs for an instance; those that it needs have been asked before."""
    if instance.is_a(COMPUTE):
        yield from _of_server(draft, instance)
    elif instance.address in draft.alone:
        check(draft, instance)
        draft.finish(instance.address, (draft.names.of(instance.address),))
    elif draft.seat(instance) is not None:
        yield from _of_software(draft, instance)
    else:
        check(draft, instance)
        if instance.is_a(LOAD_BALANCER):
            draft.finish(instance.address, (draft.names.of(instance.address, "monitor"),))


def _of_server(draft: Draft, compute: Instance) -> Iterator[Planned]:
    check(draft, compute)
    draft.finish(compute.address, (draft.names.of(compute.address),))
    yield from mounts(draft, compute)
    there = (draft.names.of(compute.address), *draft.mounted.get(compute.address, ()))
    yield from _chain(draft, compute, there, of_tasks(draft, compute))


def _of_software(draft: Draft, instance: Instance) -> Iterator[Planned]:
    check(draft, instance)
    before = (*after_of(draft, instance), *draft.mounted.get(instance.address, ()))
    links = [(deployment, "create") for deployment in on_server(draft, instance)]
    yield from _chain(draft, instance, before, [*links, *of_tasks(draft, instance)])


def of_tasks(draft: Draft, instance: Instance) -> list[tuple[Deployment, str]]:
    """The deployments of the operations of an instance, with the name of each operation."""
    return [
        (deployment, task.operation.name)
        for task in tasks(draft, instance)
        if (deployment := of_task(draft, task)) is not None
    ]


def _chain(
    draft: Draft,
    instance: Instance,
    before: tuple[str, ...],
    links: Sequence[tuple[Deployment, str]],
) -> Iterator[Planned]:
    """One after the other. What cleans up comes first and backwards: Heat removes in reverse,

    and so `stop` runs before `delete`, both after all that needs the node is gone, and also when
    `create` has failed.
    """
    cleaning = [link for link in links if link[0].actions == ON_DELETE]
    making = [link for link in links if link[0].actions != ON_DELETE]
    for deployment, _ in reversed(cleaning):
        yield deployment, before
        before = (deployment.name,)
    draft.finish(instance.address, before, "")
    for deployment, stage in making:
        yield deployment, before
        before = (deployment.name,)
        draft.finish(instance.address, before, stage)


def mounts(draft: Draft, compute: Instance) -> Iterator[tuple[Deployment, tuple[str, ...]]]:
    """The mounting of each volume of a server, after its attachment."""
    for user, attachment in attachments_on(draft, compute):
        attached = attachment_name(draft, user, attachment)
        edge = attachment.relationship
        if is_container(user):
            folder: Hot = folder_of(draft, attachment.volume)
        else:
            folder = lower(draft, attachment.location, edge.place)
        if folder is None or folder == "":
            draft.mounted[user.address] = (*draft.mounted.get(user.address, ()), attached)
            continue
        name = draft.names.of(user.address, f"{draft.names.of(attachment.volume.address)}_mount")
        draft.mounted[user.address] = (*draft.mounted.get(user.address, ()), name)
        yield (
            Deployment(
                name,
                compute.address,
                "script",
                own_script(draft, "mount-volume.sh"),
                {"volume": volume_ref(draft, attachment.volume), "location": folder},
                {},
                (),
                ALWAYS,
                user.address,
                Origin(f"relationship {user.name}.{edge.name}", edge.place),
            ),
            (attached,),
        )
