"""Volumes of EBS and their attachment, and buckets of S3."""

import re
from collections.abc import Sequence

from toscactl.backend import Attachment, Instance, Origin, Rule, Severity
from toscactl_terraform.aws.names import limited, tags
from toscactl_terraform.draft import Draft, Tf
from toscactl_terraform.expressions import expression, gib, lower, reference
from toscactl_terraform.storage import SHARED_VOLUME

QUOTA = Rule(
    "terraform-aws-bucket-size", "A bucket of S3 cannot be limited in size.", Severity.WARNING
)

_LETTERS = "fghijklmnop"
"""The last letters of the device names that EC2 recommends for volumes."""
_MOST_PREFIX = 36


def volume_ref(draft: Draft, volume: Instance) -> str:
    """The expression for the id of a volume: made here, or there already (`volume_id`)."""
    existing = volume.properties.get("volume_id")
    if existing is not None:
        return expression(draft, existing, volume.places.get("volume_id", volume.place))
    return f"aws_ebs_volume.{draft.name(volume.address)}.id"


def lower_volume(draft: Draft, volume: Instance, zone: str) -> None:
    """An encrypted volume in the availability zone of its server, unless it is there already."""
    if volume.properties.get("volume_id") is not None:
        return
    body: dict[str, Tf] = {"availability_zone": reference(zone), "encrypted": True, "type": "gp3"}
    snapshot = volume.properties.get("snapshot_id")
    if snapshot is not None:
        body["snapshot_id"] = lower(draft, snapshot, volume.places.get("snapshot_id"))
    if snapshot is None or "size" in volume.places:
        place = volume.places.get("size", volume.place)
        body["size"] = gib(draft, volume.properties.get("size"), place)
    title = volume.properties.get("name")
    body["tags"] = (
        tags(draft, volume.name)
        if title is None
        else {"Name": lower(draft, title, volume.places.get("name"))}
    )
    draft.resource(
        "aws_ebs_volume",
        draft.name(volume.address),
        body,
        volume,
        size=draft.origin(volume, "size"),
    )


def lower_attachments(
    draft: Draft, server: Instance, wanted: Sequence[tuple[Instance, Attachment]]
) -> None:
    """The volumes of a server of which there is one."""
    letters = iter(_LETTERS)
    for user, attachment in wanted:
        volume, edge = attachment.volume, attachment.relationship
        letter = next(letters, None)
        if attachment.device is not None:
            device = lower(draft, attachment.device, edge.place)
        elif letter is not None:
            device = f"/dev/sd{letter}"
        else:
            draft.report(
                SHARED_VOLUME,
                edge.place,
                f"`{server.name}` has more volumes than EC2 has device names for",
            )
            continue
        draft.resource(
            "aws_volume_attachment",
            draft.name(user.address, f"{draft.name(volume.address)}_attachment"),
            {
                "device_name": device,
                "instance_id": reference(f"aws_instance.{draft.name(server.address)}.id"),
                "volume_id": reference(volume_ref(draft, volume)),
                "stop_instance_before_detaching": True,
            },
            user,
            volume_id=Origin(f"relationship {user.name}.{edge.name}", edge.place),
        )


def lower_bucket(draft: Draft, store: Instance) -> None:
    """A bucket that nobody but its owner can read."""
    name = draft.name(store.address)
    title = store.properties.get("name")
    if title is not None:
        body: dict[str, Tf] = {"bucket": lower(draft, title, store.places.get("name"))}
    else:
        prefix = limited(draft.title(store.name), _MOST_PREFIX).lower()
        body = {"bucket_prefix": re.sub(r"[^a-z0-9]+", "-", prefix) + "-"}
    bucket = draft.resource("aws_s3_bucket", name, body, store, bucket=draft.origin(store, "name"))
    draft.resource(
        "aws_s3_bucket_public_access_block",
        draft.name(store.address, "private"),
        {
            "bucket": reference(f"{bucket}.id"),
            "block_public_acls": True,
            "block_public_policy": True,
            "ignore_public_acls": True,
            "restrict_public_buckets": True,
        },
        store,
    )
    if store.properties.get("maxsize") is not None:
        draft.report(
            QUOTA,
            store.places.get("maxsize", store.place),
            f"the size of bucket `{store.name}` is not limited: S3 has no quotas",
        )
