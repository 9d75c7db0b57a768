"""Machine images of EC2: by id, by the target's facts, or the newest of a distribution."""

from collections.abc import Mapping
from dataclasses import dataclass

from toscactl.backend import Instance, Rule, Severity, is_known, text
from toscactl_terraform.aws.sizes import ARM
from toscactl_terraform.draft import Draft, Tf, Variable
from toscactl_terraform.expressions import expression, literal, quoted, reference
from toscactl_terraform.machine import IMAGE, machine_image, own, variable_of, wanted_os

IMAGE_BY_SYSTEM = Rule(
    "terraform-aws-image",
    "The image of a server is no AMI, so one is looked up by its operating system.",
    Severity.WARNING,
)

DEFAULT = {"distribution": "ubuntu", "version": "24.04"}


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who publishes the images of a distribution, and how they are called.

    `{version}` and `{architecture}` are put into the pattern; `x86` and `arm` are how the
    publisher writes the architectures.
    """

    owner: str
    pattern: str
    x86: str = "x86_64"
    arm: str = "arm64"
    major: bool = False
    """Whether names hold the first number of the version alone."""


_UBUNTU = Publisher(
    "099720109477", "ubuntu/images/hvm-ssd*/ubuntu-*-{version}-{architecture}-server-*", "amd64"
)
_AMAZON_2 = Publisher("amazon", "amzn2-ami-hvm-2.*-{architecture}-gp2")
_AMAZON = Publisher("amazon", "al2023-ami-2023.*-{architecture}")
_PUBLISHERS: Mapping[str, Publisher] = {
    "ubuntu": _UBUNTU,
    "debian": Publisher("136693071363", "debian-{version}-{architecture}-*", "amd64", major=True),
    "amazon": _AMAZON,
    "amazon linux": _AMAZON,
    "al2023": _AMAZON,
    "amzn": _AMAZON,
    "rhel": Publisher("309956199498", "RHEL-{version}*_HVM-*-{architecture}-*"),
    "redhat": Publisher("309956199498", "RHEL-{version}*_HVM-*-{architecture}-*"),
    "centos": Publisher(
        "125523088429", "CentOS Stream {version} {architecture} *", arm="aarch64", major=True
    ),
    "fedora": Publisher(
        "125523088429", "Fedora-Cloud-Base*{architecture}-{version}-*", arm="aarch64", major=True
    ),
    "rocky": Publisher(
        "792107900819", "Rocky-{version}*-EC2-Base-*.{architecture}*", arm="aarch64"
    ),
    "almalinux": Publisher("764336703387", "AlmaLinux OS {version}*{architecture}*", arm="aarch64"),
    "suse": Publisher("013907871322", "suse-sles-{version}*-hvm-ssd-{architecture}"),
    "sles": Publisher("013907871322", "suse-sles-{version}*-hvm-ssd-{architecture}"),
    "windows": Publisher("amazon", "Windows_Server-{version}-English-Full-Base-*"),
}


@dataclass(frozen=True, slots=True)
class Image:
    """The expressions for an AMI's id and the device that it boots from."""

    id: str
    root: str


def image_of(draft: Draft, compute: Instance) -> Image:
    """The image of a server, which is never empty: a variable, if nothing else is known."""
    named = own(compute, IMAGE)
    artifact = machine_image(draft, compute)
    if named is None and artifact is not None:
        named = artifact, compute.place
    if named is None:
        return _of_system(draft, compute)
    value, place = named
    if is_known(value):
        name = text(value)
        found = draft.facts.image_ids.get(name, name)
        if found.startswith("ami-"):
            return _of_id(draft, compute, quoted(found))
        draft.report(
            IMAGE_BY_SYSTEM,
            place,
            f"`{name}` is no id of an AMI; the newest one of the operating system of"
            f" `{compute.name}` is taken",
            hint=f"say `ami-...`, or give the target a fact `images: {{{name}: ami-...}}`",
        )
        return _of_system(draft, compute)
    chosen = expression(draft, value, place)
    system = _of_system(draft, compute)
    table = ", ".join(f"{quoted(k)} = {quoted(v)}" for k, v in draft.facts.image_ids.items())
    found = f"lookup({{{table}}}, {chosen}, {system.id})" if table else system.id
    whole = f'startswith({chosen}, "ami-") ? {chosen} : {found}'
    return _of_id(draft, compute, f"({whole})")


def _of_id(draft: Draft, compute: Instance, ami: str) -> Image:
    """An image by its id, which is looked at for the device that it boots from."""
    filters: Tf = [{"name": "image-id", "values": [reference(ami)]}]
    name = draft.name(compute.address, "image")
    data = draft.data("aws_ami", name, {"most_recent": True, "filter": filters}, compute)
    return Image(ami, f"{data}.root_device_name")


def _of_system(draft: Draft, compute: Instance) -> Image:
    """The newest image of a distribution that is known; else a variable."""
    wanted = dict(wanted_os(draft, compute))
    if wanted.get("type") == "windows":
        wanted.setdefault("distribution", "windows")
    distribution = wanted.get("distribution", "")
    if not distribution and wanted.get("type", "linux") == "linux":
        draft.report(
            IMAGE_BY_SYSTEM,
            compute.place,
            f"`{compute.name}` does not say its distribution; Ubuntu 24.04 is taken",
            hint="say `distribution` and `version` in its capability `os`",
        )
        distribution = DEFAULT["distribution"]
        wanted["version"] = DEFAULT["version"]
    publisher = _publisher(distribution, wanted.get("version", ""))
    if publisher is None:
        return _asked_for(draft, compute, wanted)
    arm = wanted.get("architecture", "") in ARM
    version = wanted.get("version", "*")
    pattern = publisher.pattern.format(
        version=version.partition(".")[0] if publisher.major else version,
        architecture=publisher.arm if arm else publisher.x86,
    )
    body: dict[str, Tf] = {
        "most_recent": True,
        "owners": [publisher.owner],
        "filter": [
            {"name": "name", "values": [literal(pattern)]},
            {"name": "architecture", "values": ["arm64" if arm else "x86_64"]},
            {"name": "state", "values": ["available"]},
        ],
    }
    data = draft.data("aws_ami", draft.name(compute.address, "system"), body, compute)
    return Image(f"{data}.id", f"{data}.root_device_name")


def _publisher(distribution: str, version: str) -> Publisher | None:
    if version == "2" and distribution in ("amazon", "amzn", "amazon linux"):
        return _AMAZON_2
    return _PUBLISHERS.get(distribution)


def _asked_for(draft: Draft, compute: Instance, wanted: Mapping[str, str]) -> Image:
    about = " ".join(
        wanted[key] for key in ("distribution", "version", "type", "architecture") if key in wanted
    )
    variable = draft.variable(
        Variable(
            variable_of(draft, compute, "image"),
            "string",
            f"Id of the AMI of server {compute.name}" + (f": {about}" if about else ""),
            validation=(),
        )
    )
    return _of_id(draft, compute, variable)
