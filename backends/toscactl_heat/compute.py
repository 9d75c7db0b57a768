"""Servers: flavor and image, ports, placement, metadata."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from toscactl.backend import (
    Artifact,
    ComputeSize,
    InputOf,
    Instance,
    Rule,
    ScalarUnit,
    Severity,
    Value,
    compute_size,
    is_known,
    ports_of,
    reveal,
    text,
)
from toscactl_heat.access import groups_of
from toscactl_heat.draft import NO_DEFAULT, Draft, HotResource, Parameter
from toscactl_heat.expressions import lower
from toscactl_heat.facts import image_for, smallest_flavor
from toscactl_heat.hot import GetParam, GetResource, Hot
from toscactl_heat.network import default_network, origin, origins

OPEN_SIZE = Rule(
    "heat-open-size",
    "The size of a server depends on an input, and Heat cannot choose a flavor by it.",
    Severity.WARNING,
)
UPLOAD_IMAGE = Rule(
    "heat-image-upload",
    "The image of a server is a file, which Heat cannot upload.",
    Severity.WARNING,
)

MACHINE_IMAGE = "tosca.artifacts.Deployment.Image.VM"
_OS = ("architecture", "type", "distribution", "version")
_FLAVOR = ("flavor", "flavor_name", "flavour", "instance_type")
_IMAGE = ("image", "image_name", "image_id")
_KEY = ("key_name", "key_pair", "keypair", "key_pair_name", "ssh_key_name")
_SAME = ("name", "availability_zone", "config_drive", "admin_pass", "tags", "user_data", "metadata")


@dataclass(frozen=True, slots=True)
class Boot:
    """How a server comes to life: `user_data_format`, what cloud-init gets, where it may run."""

    format: str = "RAW"
    user_data: Hot = None
    metadata: Mapping[str, Hot] = field(default_factory=dict)
    group: GetResource | None = None
    """The server group that says where it may run."""


def lower_server(draft: Draft, compute: Instance, boot: Boot) -> None:
    """A server with its flavor, image and ports."""
    name = draft.names.of(compute.address)
    member_of = draft.scaled.get(compute.address)
    properties: dict[str, Hot] = {
        "flavor": _flavor(draft, compute),
        "image": _image(draft, compute),
    }
    key = _own(draft, compute, _KEY, "nova.keypair")
    if key is None and draft.facts.key_name is not None:
        key = draft.facts.key_name
    if key is not None:
        properties["key_name"] = key
    for wanted in _SAME:
        if wanted == "user_data" and boot.user_data is not None:
            continue
        if compute.properties.get(wanted) is not None:
            properties[wanted] = lower(
                draft, compute.properties[wanted], compute.places.get(wanted, compute.place)
            )
    properties["networks"] = _networks(draft, compute, member_of)
    properties["user_data_format"] = boot.format
    if boot.user_data is not None:
        properties["user_data"] = boot.user_data
    if boot.format == "SOFTWARE_CONFIG" and draft.facts.config_transport is not None:
        properties["software_config_transport"] = draft.facts.config_transport
    if boot.group is not None:
        properties["scheduler_hints"] = {"group": boot.group}
    if boot.metadata:
        own = properties.get("metadata")
        properties["metadata"] = {**(own if isinstance(own, Mapping) else {}), **boot.metadata}
    draft.add(
        HotResource(
            name,
            "OS::Nova::Server",
            properties,
            member_of=member_of,
            instance=compute.address,
            origin=origin(compute),
            origins=origins(compute, {n: n for n in (*_SAME, "flavor", "image", "key_name")}),
        )
    )


def _own(draft: Draft, compute: Instance, names: tuple[str, ...], constraint: str) -> Hot:
    """A property that a derived type has under one of the names that Nova's users know."""
    for name in names:
        value = compute.properties.get(name)
        if value is not None:
            found = lower(draft, value, compute.places.get(name, compute.place))
            if isinstance(found, GetParam) and not found.path:
                draft.constrain(found.name, constraint)
            return found
    return None


def size_of(draft: Draft, compute: Instance) -> ComputeSize:
    """What a server needs, with inputs as they are now; not known is None. Bytes and numbers."""
    size = compute_size(compute)

    def number(value: Value) -> Value:
        settled = reveal(draft.given(value))
        amount = settled.amount if isinstance(settled, ScalarUnit) else settled
        return amount if isinstance(amount, int | float) else None

    return ComputeSize(number(size.cpus), number(size.memory), number(size.disk))


def _flavor(draft: Draft, compute: Instance) -> Hot:
    own = _own(draft, compute, _FLAVOR, "nova.flavor")
    is_open = _report_open_size(draft, compute)
    if own is not None:
        return own
    size = size_of(draft, compute)
    asked = size.cpus is not None or size.memory is not None or size.disk is not None
    fit = smallest_flavor(draft.facts, size.cpus, size.memory, size.disk) if asked else None
    if fit is not None and not is_open:
        return fit.name
    wanted = _size_text(size)
    return draft.own_parameter(
        _parameter_name(draft, compute, "flavor"),
        Parameter(
            "flavor",
            description=f"Flavor of server {compute.name}" + (f": {wanted}" if wanted else ""),
            default=NO_DEFAULT if fit is None else fit.name,
            constraints=({"custom_constraint": "nova.flavor"},),
        ),
    )


def _report_open_size(draft: Draft, compute: Instance) -> bool:
    size = compute_size(compute)
    names = sorted(
        {value.name for value in (size.cpus, size.memory, size.disk) if isinstance(value, InputOf)}
    )
    if names:
        draft.report(
            OPEN_SIZE,
            compute.place,
            f"the size of `{compute.name}` depends on input `{'`, `'.join(names)}`, and Heat"
            " cannot choose a flavor by it",
            hint="name the flavor instead of its size",
        )
    return bool(names)


def _size_text(size: ComputeSize) -> str:
    """What a flavor must have, for its description."""
    parts = []
    if isinstance(size.cpus, int | float):
        parts.append(f"at least {size.cpus} CPU" + ("s" if size.cpus != 1 else ""))
    for amount, what in ((size.memory, "memory"), (size.disk, "disk")):
        if isinstance(amount, int | float):
            parts.append(f"{_bytes(amount)} of {what}")
    return ", ".join(parts)


def _bytes(amount: float) -> str:
    for factor, unit in ((10**9, "GB"), (10**6, "MB")):
        if amount >= factor and amount % factor == 0:
            return f"{int(amount) // factor} {unit}"
    for factor, unit in ((1024**3, "GiB"), (1024**2, "MiB")):
        if amount >= factor:
            return f"{amount / factor:.6g} {unit}"
    return f"{int(amount)} B"


def _parameter_name(draft: Draft, compute: Instance, what: str) -> str:
    """`flavor` where there is one server, else `<server>_flavor`."""
    return what if draft.only_server else draft.names.of(compute.address) + f"_{what}"


def _image(draft: Draft, compute: Instance) -> Hot:
    own = _own(draft, compute, _IMAGE, "glance.image")
    if own is not None:
        return own
    artifact = next(
        (
            a
            for a in compute.artifacts.values()
            if any(t.startswith(MACHINE_IMAGE) for t in a.types)
        ),
        None,
    )
    if artifact is not None and artifact.content is None:
        return artifact.file
    wanted = _wanted_os(draft, compute)
    fit = image_for(draft.facts, wanted)
    if artifact is None and fit is not None:
        return fit.name
    if artifact is not None:
        _report_upload(draft, compute, artifact)
    about = " ".join(
        wanted[key] for key in ("distribution", "version", "type", "architecture") if key in wanted
    )
    return draft.own_parameter(
        _parameter_name(draft, compute, "image"),
        Parameter(
            "image",
            description=f"Image of server {compute.name}" + (f": {about}" if about else ""),
            constraints=({"custom_constraint": "glance.image"},),
        ),
    )


def _report_upload(draft: Draft, compute: Instance, artifact: Artifact) -> None:
    draft.report(
        UPLOAD_IMAGE,
        artifact.place,
        f"`{artifact.file}` must be uploaded before server `{compute.name}` is made",
        hint=f"openstack image create --file {artifact.file} NAME, and give NAME as parameter",
    )


def _wanted_os(draft: Draft, compute: Instance) -> Mapping[str, str]:
    capability = compute.capabilities.get("os")
    if capability is None:
        return {}
    values = {name: draft.given(capability.properties.get(name)) for name in _OS}
    return {
        name: text(value) for name, value in values.items() if value is not None and is_known(value)
    }


def _networks(draft: Draft, compute: Instance, member_of: str | None) -> Hot:
    """The ports of the service, by order; else one port on the network that is a parameter."""
    ports = ports_of(draft.graph, compute)
    if ports:
        return tuple({"port": GetResource(draft.names.of(port.address))} for port in ports)
    return ({"port": lower_default_port(draft, compute, member_of)},)


def lower_default_port(draft: Draft, instance: Instance, member_of: str | None) -> GetResource:
    """A port on the network that is a parameter, so that addresses and security groups work."""
    properties: dict[str, Hot] = {"network": default_network(draft)}
    groups = groups_of(draft, instance.address)
    if groups:
        properties["security_groups"] = groups
    return draft.add(
        HotResource(
            draft.names.of(instance.address, "port"),
            "OS::Neutron::Port",
            properties,
            member_of=member_of,
            instance=instance.address,
            origin=origin(instance),
        )
    )
