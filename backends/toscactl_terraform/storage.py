"""Volumes, whatever the cloud: which server uses which, and under what name it is there already."""

from collections.abc import Mapping, Sequence

from toscactl.backend import Address, Attachment, Instance, Rule, volumes_of
from toscactl_terraform.draft import VOLUMES
from toscactl_terraform.survey import Survey

SHARED_VOLUME = Rule("terraform-shared-volume", "One volume would be attached to several servers.")


def is_volume(instance: Instance) -> bool:
    return any(instance.is_a(name) for name in VOLUMES)


def attachments(survey: Survey) -> Mapping[Address, Sequence[tuple[Instance, Attachment]]]:
    """The volumes of each server, each once, with who asks for them.

    A volume at several servers is reported, and left with the first.
    """
    draft = survey.draft
    users: dict[Address, Address] = {}
    found: dict[Address, list[tuple[Instance, Attachment]]] = {}
    for server in survey.servers():
        for user in (server, *draft.hosted(server.address)):
            for attachment in volumes_of(draft.graph, user):
                volume = attachment.volume
                if volume.address not in draft.here:
                    continue
                first = users.setdefault(volume.address, server.address)
                there = found.setdefault(server.address, [])
                if first != server.address:
                    draft.report(
                        SHARED_VOLUME,
                        attachment.relationship.place,
                        f"volume `{volume.name}` is attached to `{first}`, and to `{server.name}`",
                    )
                elif all(volume is not known.volume for _, known in there):
                    there.append((user, attachment))
    return found
