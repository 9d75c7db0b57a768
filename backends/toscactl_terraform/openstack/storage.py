"""Volumes of Cinder and their attachment, and containers of Swift."""

from collections.abc import Sequence

from toscactl.backend import Attachment, Instance, Origin, ScalarUnit, reveal
from toscactl_terraform.draft import Draft, Tf
from toscactl_terraform.expressions import expression, gib, literal, lower, reference
from toscactl_terraform.openstack.network import Several, numbered, several
from toscactl_terraform.survey import Survey


def user_of(survey: Survey, volume: Instance) -> Instance | None:
    """The server that uses a volume."""
    draft = survey.draft
    for edge in draft.incoming(volume.address):
        server = draft.compute(draft.graph[edge.source])
        if server is not None and server.address in draft.here:
            return server
    return None


def volume_ref(survey: Survey, volume: Instance) -> str:
    """The expression for the id of a volume: made here, or there already (`volume_id`).

    One of several is that of the server with the same number.
    """
    draft = survey.draft
    existing = volume.properties.get("volume_id")
    if existing is not None:
        return expression(draft, existing, volume.places.get("volume_id", volume.place))
    server = user_of(survey, volume)
    index = "" if server is None else several(survey, server).index
    return f"openstack_blockstorage_volume_v3.{draft.name(volume.address)}{index}.id"


def lower_volume(survey: Survey, volume: Instance) -> None:
    """A volume, one for each of several servers, unless it is there already."""
    if volume.properties.get("volume_id") is not None:
        return
    draft = survey.draft
    server = user_of(survey, volume)
    many = Several() if server is None else several(survey, server)
    title = volume.properties.get("name")
    body: dict[str, Tf] = {
        "name": numbered(draft.title(volume.name), many)
        if title is None
        else lower(draft, title, volume.places.get("name")),
        "size": gib(draft, volume.properties.get("size"), volume.places.get("size", volume.place)),
    }
    snapshot = volume.properties.get("snapshot_id")
    if snapshot is not None:
        body["snapshot_id"] = lower(draft, snapshot, volume.places.get("snapshot_id"))
    draft.resource(
        "openstack_blockstorage_volume_v3",
        draft.name(volume.address),
        many.of(body),
        volume,
        size=draft.origin(volume, "size"),
        name=draft.origin(volume, "name"),
    )


def lower_attachments(
    survey: Survey, server: Instance, wanted: Sequence[tuple[Instance, Attachment]]
) -> None:
    """The volumes of a server. Where one is mounted is the affair of what sets the server up."""
    draft = survey.draft
    many = several(survey, server)
    for user, attachment in wanted:
        edge = attachment.relationship
        instance = f"openstack_compute_instance_v2.{draft.name(server.address)}{many.index}.id"
        body: dict[str, Tf] = {
            "instance_id": reference(instance),
            "volume_id": reference(volume_ref(survey, attachment.volume)),
        }
        if attachment.device is not None:
            body["device"] = lower(draft, attachment.device, edge.place)
        draft.resource(
            "openstack_compute_volume_attach_v2",
            draft.name(user.address, f"{draft.name(attachment.volume.address)}_attachment"),
            many.of(body),
            user,
            volume_id=Origin(f"relationship {user.name}.{edge.name}", edge.place),
        )


def lower_container(draft: Draft, store: Instance) -> None:
    """A container of objects that only its project can read."""
    title = store.properties.get("name")
    body: dict[str, Tf] = {
        "name": literal(draft.title(store.name))
        if title is None
        else lower(draft, title, store.places.get("name"))
    }
    most = reveal(draft.given(store.properties.get("maxsize")))
    if isinstance(most, ScalarUnit):
        body["metadata"] = {"Quota-Bytes": str(int(most.amount))}
    draft.resource(
        "openstack_objectstorage_container_v1",
        draft.name(store.address),
        body,
        store,
        name=draft.origin(store, "name"),
    )
