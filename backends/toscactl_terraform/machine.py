"""What a server asks for, whatever the cloud: size, operating system, names of flavor and image."""

from collections.abc import Mapping

from toscactl.backend import (
    ComputeSize,
    InputOf,
    Instance,
    Place,
    Rule,
    ScalarUnit,
    Severity,
    Value,
    compute_size,
    is_known,
    reveal,
    text,
)
from toscactl_terraform.draft import Draft

OPEN_SIZE = Rule(
    "terraform-open-size",
    "The size of a server depends on an input, and Terraform cannot choose a flavor by it.",
    Severity.WARNING,
)
UPLOAD_IMAGE = Rule(
    "terraform-image-upload",
    "The image of a server is a file, which Terraform does not upload.",
    Severity.WARNING,
)

MACHINE_IMAGE = "tosca.artifacts.Deployment.Image.VM"
FLAVOR = ("flavor", "flavor_name", "flavour", "instance_type")
IMAGE = ("image", "image_name", "image_id", "ami")
KEY = ("key_name", "key_pair", "keypair", "key_pair_name", "ssh_key_name")
_OS = ("architecture", "type", "distribution", "version")


def own(compute: Instance, names: tuple[str, ...]) -> tuple[Value, Place] | None:
    """A property that a derived type has under one of the names that the cloud's users know."""
    for name in names:
        value = compute.properties.get(name)
        if value is not None:
            return value, compute.places.get(name, compute.place)
    return None


def size_of(draft: Draft, compute: Instance) -> ComputeSize:
    """What a server needs, with inputs as they are now; what is not known is None."""
    size = compute_size(compute)

    def number(value: Value) -> Value:
        settled = reveal(draft.given(value))
        amount = settled.amount if isinstance(settled, ScalarUnit) else settled
        return amount if isinstance(amount, int | float) else None

    return ComputeSize(number(size.cpus), number(size.memory), number(size.disk))


def report_open_size(draft: Draft, compute: Instance) -> bool:
    """Whether the size depends on inputs; that is reported."""
    size = compute_size(compute)
    names = sorted({value.name for value in (size.cpus, size.memory) if isinstance(value, InputOf)})
    if names:
        draft.report(
            OPEN_SIZE,
            compute.place,
            f"the size of `{compute.name}` depends on input `{'`, `'.join(names)}`, and Terraform"
            " cannot choose a flavor by it",
            hint=f"give variable `{variable_of(draft, compute, 'flavor')}` together with the input",
        )
    return bool(names)


def size_text(size: ComputeSize) -> str:
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


def variable_of(draft: Draft, compute: Instance, what: str) -> str:
    """The variable for something of a server: `flavor` where it is the only one."""
    wanted = what if draft.only_server else f"{draft.name(compute.address)}_{what}"
    return draft.own_variable(wanted)


def wanted_os(draft: Draft, compute: Instance) -> Mapping[str, str]:
    """What the `os` capability says (1.3, 5.5.11), as far as it is known, in lower case."""
    capability = compute.capabilities.get("os")
    if capability is None:
        return {}
    values = {name: draft.given(capability.properties.get(name)) for name in _OS}
    return {
        name: text(value).lower()
        for name, value in values.items()
        if value is not None and is_known(value)
    }


def machine_image(draft: Draft, compute: Instance) -> str | None:
    """The name of the machine image that is an artifact of a server; a file is reported."""
    for artifact in compute.artifacts.values():
        if not any(kind.startswith(MACHINE_IMAGE) for kind in artifact.types):
            continue
        if artifact.content is None:
            return artifact.file
        draft.report(
            UPLOAD_IMAGE,
            artifact.place,
            f"`{artifact.file}` must be uploaded before server `{compute.name}` is made",
            hint="upload it with the cloud's own tools, and give the image's name as a variable",
        )
    return None
