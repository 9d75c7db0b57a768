"""Servers of Nova: flavor and image, ports, server group, and what sets them up."""

from collections.abc import Mapping, Sequence

from toscactl.backend import Address, Instance, Origin, Rule, Value
from toscactl_terraform.draft import NO_DEFAULT, Draft, Tf, Variable
from toscactl_terraform.expressions import literal, lower, reference
from toscactl_terraform.facts import Flavor, Image
from toscactl_terraform.machine import (
    FLAVOR,
    IMAGE,
    KEY,
    machine_image,
    own,
    report_open_size,
    size_of,
    size_text,
    variable_of,
    wanted_os,
)
from toscactl_terraform.networks import connected, ports_here
from toscactl_terraform.openstack.network import main_port, numbered, port_ref, several
from toscactl_terraform.placing import Placing
from toscactl_terraform.software import setup_of
from toscactl_terraform.survey import Survey

USER_DATA_SIZE = Rule(
    "terraform-openstack-user-data",
    "The scripts of a server are more than Nova takes as user data.",
)

MOST_USER_DATA = 65535 * 3 // 4
"""Bytes of user data that Nova takes: 65,535 once they are written as base64."""
_SAME = ("availability_zone", "config_drive", "admin_pass", "tags", "metadata")


def lower_placings(draft: Draft, wanted: Sequence[Placing]) -> Mapping[Address, str]:
    """Server groups; gives the expression for the id of that of each server."""
    found = {}
    for placing in wanted:
        policy = placing.policy
        address = draft.resource(
            "openstack_compute_servergroup_v2",
            draft.fresh(policy.name),
            {"name": literal(draft.title(policy.name)), "policies": [placing.rule]},
            None,
            policies=Origin(f"policy {policy.name}", policy.place),
        )
        for server in placing.servers:
            found[server] = f"{address}.id"
    return found


def lower_server(survey: Survey, server: Instance, groups: Mapping[Address, str]) -> None:
    """A server, or as many as its bounds say at first."""
    draft = survey.draft
    many = several(survey, server)
    own_name = server.properties.get("name")
    body: dict[str, Tf] = {
        "name": numbered(draft.title(server.name), many)
        if own_name is None
        else lower(draft, own_name, server.places.get("name")),
        "flavor_name": _flavor(draft, server),
        **_image(draft, server),
    }
    key = own(server, KEY)
    if key is not None:
        body["key_pair"] = lower(draft, *key)
    elif draft.facts.key_name is not None:
        body["key_pair"] = literal(draft.facts.key_name)
    for name in _SAME:
        if server.properties.get(name) is not None:
            body[name] = lower(draft, server.properties[name], server.places.get(name))
    ports = [port_ref(draft, port) for port in ports_here(draft, server.address)]
    body["network"] = [
        {"port": reference(f"{port}{many.index}.id")}
        for port in ports or [main_port(draft, server)]
    ]
    if server.address in groups:
        body["scheduler_hints"] = {"group": reference(groups[server.address])}
    user_data = _user_data(survey, server)
    if user_data is not None:
        body["user_data"] = user_data
    ready = _ready(draft, server)
    if ready:
        body["depends_on"] = ready
    draft.resource(
        "openstack_compute_instance_v2",
        draft.name(server.address),
        many.of(body),
        server,
        **{
            there: draft.origin(server, here)
            for there, here in (
                ("flavor_name", "flavor"), ("image_name", "image"), ("key_pair", "key_name"),
            )
            if here in server.properties
        },
    )  # fmt: skip


def _ready(draft: Draft, server: Instance) -> list[str]:
    """What gives a server a way out before it sets itself up: routers into its networks."""
    kind = "openstack_networking_router_interface_v2"
    names = [f"{kind}.{draft.name(it.address, 'interface')}" for it in connected(draft, server)]
    return [name for name in dict.fromkeys(names) if name in draft.blocks]


def _user_data(survey: Survey, server: Instance) -> Tf:
    draft = survey.draft
    setup = setup_of(draft, server, alone=server.address not in survey.scaled)
    if setup is None:
        return None
    size = len(draft.files[f"setup/{draft.name(server.address)}.sh"].data)
    if size > MOST_USER_DATA:
        draft.report(
            USER_DATA_SIZE,
            server.place,
            f"what sets up `{server.name}` is {size} bytes, and Nova takes {MOST_USER_DATA}",
            hint="let the scripts fetch what is large, or put it into the machine image",
        )
    return reference(setup)


def _flavor(draft: Draft, server: Instance) -> Tf:
    """The flavor: named by a property, else the smallest known one that fits, else a variable."""
    named = own(server, FLAVOR)
    if named is not None:
        return lower(draft, *named)
    size = size_of(draft, server)
    asked = size.cpus is not None or size.memory is not None or size.disk is not None
    fit = _smallest(draft.facts.flavors, size.cpus, size.memory, size.disk) if asked else None
    if not report_open_size(draft, server) and fit is not None:
        return literal(fit.name)
    about = size_text(size)
    return reference(
        draft.variable(
            Variable(
                variable_of(draft, server, "flavor"),
                "string",
                f"Name of the flavor of server {server.name}" + (f": {about}" if about else ""),
                NO_DEFAULT if fit is None else fit.name,
            )
        )
    )


def _smallest(flavors: Sequence[Flavor], cpus: Value, memory: Value, disk: Value) -> Flavor | None:
    """The smallest flavor with at least so many CPUs and bytes; None if there is none."""
    return next(
        (
            flavor
            for flavor in flavors
            if _at_least(flavor.vcpus, cpus)
            and _at_least(flavor.ram * 1024**2, memory)
            and _at_least(flavor.disk * 1024**3, disk)
        ),
        None,
    )


def _at_least(there: int, wanted: Value) -> bool:
    return not isinstance(wanted, int | float) or there >= wanted


def _image(draft: Draft, server: Instance) -> Mapping[str, Tf]:
    """The image: named by a property or an artifact, else a known one that fits, or a variable."""
    named = own(server, IMAGE)
    if named is not None:
        by_id = server.properties.get("image_id") == named[0] and "image" not in server.properties
        return {"image_id" if by_id else "image_name": lower(draft, *named)}
    artifact = machine_image(draft, server)
    if artifact is not None:
        return {"image_name": literal(artifact)}
    wanted = wanted_os(draft, server)
    fit = _fitting(draft.facts.images, wanted)
    if fit is not None:
        return {"image_name": literal(fit.name)}
    about = " ".join(
        wanted[key] for key in ("distribution", "version", "type", "architecture") if key in wanted
    )
    variable = draft.variable(
        Variable(
            variable_of(draft, server, "image"),
            "string",
            f"Name of the image of server {server.name}" + (f": {about}" if about else ""),
        )
    )
    return {"image_name": reference(variable)}


def _fitting(images: Sequence[Image], wanted: Mapping[str, str]) -> Image | None:
    """The first listed image of which nothing that is wanted is different or unknown."""
    if not wanted:
        return None
    return next(
        (
            image
            for image in images
            if all(image.about.get(key) == value for key, value in wanted.items())
        ),
        None,
    )
