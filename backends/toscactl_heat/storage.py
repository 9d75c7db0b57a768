"""Volumes, their attachment and mounting, and object storage."""

from collections.abc import Iterable

from toscactl.backend import (
    Attachment,
    Instance,
    Origin,
    Rule,
    ScalarUnit,
    compute_of,
    reveal,
    volumes_of,
)
from toscactl_heat.draft import Draft, HotResource
from toscactl_heat.expressions import lower, lower_gib
from toscactl_heat.hot import GetParam, GetResource, Hot
from toscactl_heat.network import origin, origins

SHARED_VOLUME = Rule("heat-shared-volume", "One volume would be attached to several servers.")


def volume_ref(draft: Draft, volume: Instance) -> Hot:
    """How other resources name a volume: made here, or there already (`volume_id`)."""
    existing = volume.properties.get("volume_id")
    if existing is None:
        return GetResource(draft.names.of(volume.address))
    found = lower(draft, existing, volume.places.get("volume_id", volume.place))
    if isinstance(found, GetParam) and not found.path:
        draft.constrain(found.name, "cinder.volume")
    return found


def lower_volume(draft: Draft, volume: Instance, users: Iterable[Instance]) -> None:
    """A volume, unless it is there already. Its group is that of the only server that uses it."""
    if volume.properties.get("volume_id") is not None:
        return
    place = volume.places.get("size", volume.place)
    properties: dict[str, Hot] = {}
    if volume.properties.get("size") is not None:
        properties["size"] = lower_gib(draft, volume.properties["size"], place)
    for there, here in (("snapshot_id", "snapshot_id"), ("name", "name")):
        if volume.properties.get(here) is not None:
            properties[there] = lower(draft, volume.properties[here], volume.places.get(here))
    snapshot = properties.get("snapshot_id")
    if snapshot is not None:
        if volume.places.get("size") is None:
            properties.pop("size", None)
        if isinstance(snapshot, GetParam) and not snapshot.path:
            draft.constrain(snapshot.name, "cinder.snapshot")
    draft.add(
        HotResource(
            draft.names.of(volume.address),
            "OS::Cinder::Volume",
            properties,
            member_of=_group_of(draft, volume, users),
            instance=volume.address,
            origin=origin(volume),
            origins=origins(volume, {"size": "size", "name": "name", "snapshot_id": "snapshot_id"}),
        )
    )


def _group_of(draft: Draft, volume: Instance, users: Iterable[Instance]) -> str | None:
    computes = {
        compute.address for user in users if (compute := compute_of(draft.graph, user)) is not None
    }
    groups = {draft.scaled.get(compute) for compute in computes}
    if len(computes) == 1:
        return groups.pop()
    if computes:
        names = ", ".join(f"`{compute}`" for compute in sorted(computes))
        draft.report(
            SHARED_VOLUME,
            volume.place,
            f"volume `{volume.name}` would be attached to {names}, and Cinder attaches a volume"
            " to one server only",
            hint="give each server a volume of its own; a volume that may be shared, make before,"
            " and name it by `volume_id`",
        )
    return None


def attachments_on(draft: Draft, compute: Instance) -> tuple[tuple[Instance, Attachment], ...]:
    """The volumes of a server and of what it hosts, with who asks for each."""
    return tuple(
        (user, attachment)
        for user in (compute, *draft.hosted(compute.address))
        for attachment in volumes_of(draft.graph, user)
        if attachment.volume.address in draft.here
    )


def attachment_name(draft: Draft, user: Instance, attachment: Attachment) -> str:
    return draft.names.of(user.address, f"{draft.names.of(attachment.volume.address)}_attachment")


def lower_attachment(
    draft: Draft, compute: Instance, user: Instance, attachment: Attachment
) -> None:
    """A volume at a server. `location` is where it is mounted, which is not Cinder's affair."""
    edge = attachment.relationship
    properties: dict[str, Hot] = {
        "instance_uuid": GetResource(draft.names.of(compute.address)),
        "volume_id": volume_ref(draft, attachment.volume),
    }
    if attachment.device is not None:
        properties["mountpoint"] = lower(draft, attachment.device, edge.place)
    draft.add(
        HotResource(
            attachment_name(draft, user, attachment),
            "OS::Cinder::VolumeAttachment",
            properties,
            member_of=draft.scaled.get(compute.address),
            instance=user.address,
            origin=Origin(f"relationship {user.name}.{edge.name}", edge.place),
        )
    )


def lower_object_storage(draft: Draft, store: Instance) -> None:
    """A Swift container that only its project can read."""
    properties: dict[str, Hot] = {}
    if store.properties.get("name") is not None:
        properties["name"] = lower(draft, store.properties["name"], store.places.get("name"))
    most = reveal(draft.given(store.properties.get("maxsize")))
    if isinstance(most, ScalarUnit):
        properties["X-Container-Meta"] = {"Quota-Bytes": str(int(most.amount))}
    draft.add(
        HotResource(
            draft.names.of(store.address),
            "OS::Swift::Container",
            properties,
            instance=store.address,
            origin=origin(store),
            origins=origins(store, {"name": "name"}),
        )
    )
