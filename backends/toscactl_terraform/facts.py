"""What a target says about its cloud, as typed facts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from toscactl.backend import Checked, Diagnostic, Rule, Target, closest, plain

BAD_FACT = Rule("terraform-bad-fact", "A fact of a target is not one that Terraform can use.")


@dataclass(frozen=True, slots=True)
class Flavor:
    """A size of servers, as Nova counts: `ram` in MiB, `disk` in GiB."""

    name: str
    vcpus: int
    ram: int
    disk: int


@dataclass(frozen=True, slots=True)
class Image:
    """A machine image and what is known of it: type, distribution, version, architecture."""

    name: str
    about: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Facts:
    """What lowering may rely on. What is not known becomes a variable of the configuration."""

    images: tuple[Image, ...] = ()
    """Images of OpenStack, with what is known of them."""
    image_ids: Mapping[str, str] = field(default_factory=dict)
    """AMIs by the names that services use for them."""
    flavors: tuple[Flavor, ...] = ()
    key_name: str | None = None
    network: str | None = None
    external_network: str | None = None
    floating: bool = True
    """Whether a public address is a floating one; else the network's own addresses are public."""
    region: str | None = None
    vpc_id: str | None = None
    subnet_ids: tuple[str, ...] = ()
    admin_cidr: str | None = None
    """From where administrators reach servers; None is from inside the network alone."""


def read(target: Target) -> Checked[Facts]:
    """The facts of a target; one finding for each that cannot be used."""
    readers = _AWS if target.variant == "aws" else _OPENSTACK
    report = partial(_finding, target)
    found: list[Diagnostic] = []
    known: dict[str, object] = {}
    for name, value in target.facts.items():
        reader = readers.get(name)
        if reader is None:
            near = closest(name, readers)
            hint = f"did you mean `{near}`?" if near else f"known facts: {', '.join(readers)}"
            found.append(report(name, "is not a fact of this target", hint))
            continue
        try:
            known[reader[0]] = reader[1](plain(value))
        except ValueError as problem:
            found.append(report(name, str(problem)))
    facts = Facts(**known)  # type: ignore[arg-type]  # every reader gives the type of its field
    if facts.vpc_id is not None and not facts.subnet_ids:
        found.append(report("vpc_id", "needs fact `subnet_ids` beside it"))
    return Checked(facts, tuple(found))


def _finding(target: Target, name: str, problem: str, hint: str | None = None) -> Diagnostic:
    return BAD_FACT.at(target.span, f"fact `{name}` of target `{target.name}` {problem}", hint=hint)


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("is not a text")  # noqa: TRY004  (one exception for all readers)
    return str(value)


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise ValueError("is not a list of texts")  # noqa: TRY004
    return tuple(_text(item) for item in value)


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise ValueError("is neither true nor false")


def _flavors(value: object) -> tuple[Flavor, ...]:
    """`flavors: {m1.small: {vcpus: 1, ram: 2048, disk: 20}}`, smallest first."""
    found = []
    for name, about in _entries(value):
        if not {"vcpus", "ram"} <= set(about) <= {"vcpus", "ram", "disk"}:
            raise ValueError(f"wants `vcpus`, `ram` (MiB) and `disk` (GiB) of flavor `{name}`")
        try:
            sizes = {key: int(str(number)) for key, number in about.items()}
        except ValueError:
            raise ValueError(f"wants integers of flavor `{name}`") from None
        found.append(Flavor(name, sizes["vcpus"], sizes["ram"], sizes.get("disk", 0)))
    return tuple(sorted(found, key=lambda f: (f.vcpus, f.ram, f.disk, f.name)))


def _images(value: object) -> tuple[Image, ...]:
    """`images: {ubuntu-24.04: {distribution: ubuntu, version: "24.04"}}`, as listed."""
    return tuple(
        Image(name, {key: str(item).lower() for key, item in about.items()})
        for name, about in _entries(value)
    )


def _image_ids(value: object) -> Mapping[str, str]:
    """`images: {ubuntu-24.04: ami-0123456789abcdef0}`."""
    if not isinstance(value, Mapping):
        raise ValueError("is not a map of names to AMI ids")  # noqa: TRY004
    return {str(name): _text(item) for name, item in value.items()}


def _entries(value: object) -> Iterator[tuple[str, Mapping[str, object]]]:
    if not isinstance(value, Mapping):
        raise ValueError("is not a map of names to maps")  # noqa: TRY004
    for name, about in value.items():
        if not isinstance(about, Mapping):
            raise ValueError(f"has no map for `{name}`")  # noqa: TRY004
        yield str(name), {str(key): item for key, item in about.items()}


_Readers = Mapping[str, tuple[str, Callable[[object], object]]]
_AWS: _Readers = {
    "images": ("image_ids", _image_ids),
    "key_name": ("key_name", _text),
    "region": ("region", _text),
    "vpc_id": ("vpc_id", _text),
    "subnet_ids": ("subnet_ids", _texts),
    "admin_cidr": ("admin_cidr", _text),
}
_OPENSTACK: _Readers = {
    "flavors": ("flavors", _flavors),
    "images": ("images", _images),
    "key_name": ("key_name", _text),
    "network": ("network", _text),
    "external_network": ("external_network", _text),
    "floating_addresses": ("floating", _flag),
    "region": ("region", _text),
    "admin_cidr": ("admin_cidr", _text),
}
