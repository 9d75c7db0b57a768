"""What a target says about its cloud, as typed facts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from toscactl.backend import Checked, Diagnostic, Rule, Target, Value, closest, plain
from toscactl_heat.hot import DEFAULT_VERSION, VERSIONS

BAD_FACT = Rule("heat-bad-fact", "A fact of an OpenStack target is not one that Heat can use.")

AGENT = "agent"
CLOUD_INIT = "cloud-init"
_SIGNALS = ("CFN_SIGNAL", "TEMP_URL_SIGNAL", "HEAT_SIGNAL", "NO_SIGNAL", "ZAQAR_SIGNAL")
_TRANSPORTS = ("POLL_SERVER_CFN", "POLL_SERVER_HEAT", "POLL_TEMP_URL", "ZAQAR_MESSAGE")


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
    """What lowering may rely on. Names that are not known become parameters of the template."""

    version: str = DEFAULT_VERSION
    flavors: tuple[Flavor, ...] = ()
    images: tuple[Image, ...] = ()
    network: str | None = None
    subnet: str | None = None
    external_network: str | None = None
    key_name: str | None = None
    floating: bool = True
    """Whether a public address is a floating one; else the network's own addresses are public."""
    software: str = AGENT
    """How software gets onto servers: the Heat agents of the image, or cloud-init."""
    signal_transport: str | None = None
    config_transport: str | None = None
    admin: bool = False
    """Whether resource types may be used that Heat keeps for administrators by default."""
    cpu_metric: str = "cpu"
    """`cpu` (nanoseconds, as Ceilometer has measured since Stein) or `cpu_util` (percent)."""


def read(target: Target) -> Checked[Facts]:
    """The facts of a target; one finding for each that cannot be used."""
    report = partial(_finding, target)
    found: list[Diagnostic] = []
    known: dict[str, object] = {}
    for name, value in target.facts.items():
        reader = _READERS.get(name)
        if reader is None:
            near = closest(name, _READERS)
            hint = f"did you mean `{near}`?" if near else f"known facts: {', '.join(_READERS)}"
            found.append(report(name, "is not a fact of this backend", hint))
            continue
        try:
            known[reader[0]] = reader[1](plain(value))
        except ValueError as problem:
            found.append(report(name, str(problem)))
    return Checked(Facts(**known), tuple(found))  # type: ignore[arg-type]


def _finding(target: Target, name: str, problem: str, hint: str | None = None) -> Diagnostic:
    return BAD_FACT.at(target.span, f"fact `{name}` of target `{target.name}` {problem}", hint=hint)


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("is not a text")  # noqa: TRY004  (one exception for all readers)
    return str(value)


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise ValueError("is neither true nor false")


def _one_of(choices: Sequence[str], value: object) -> str:
    text = _text(value)
    if text not in choices:
        raise ValueError(f"is `{text}`, not one of {', '.join(choices)}")
    return text


def _flavors(value: object) -> tuple[Flavor, ...]:
    """`flavors: {m1.small: {vcpus: 1, ram: 2048, disk: 20}}`, smallest first."""
    found = []
    for name, about in _entries(value):
        unknown = set(about) - {"vcpus", "ram", "disk"}
        if unknown or not {"vcpus", "ram"} <= set(about):
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


def _entries(value: object) -> Iterator[tuple[str, Mapping[str, object]]]:
    if not isinstance(value, Mapping):
        raise ValueError("is not a map of names to maps")  # noqa: TRY004
    for name, about in value.items():
        if not isinstance(about, Mapping):
            raise ValueError(f"has no map for `{name}`")  # noqa: TRY004
        yield str(name), {str(key): item for key, item in about.items()}


_READERS: Mapping[str, tuple[str, Callable[[object], object]]] = {
    "heat_template_version": ("version", partial(_one_of, VERSIONS)),
    "flavors": ("flavors", _flavors),
    "images": ("images", _images),
    "network": ("network", _text),
    "subnet": ("subnet", _text),
    "external_network": ("external_network", _text),
    "key_name": ("key_name", _text),
    "floating_addresses": ("floating", _flag),
    "software": ("software", partial(_one_of, (AGENT, CLOUD_INIT))),
    "signal_transport": ("signal_transport", partial(_one_of, _SIGNALS)),
    "software_config_transport": ("config_transport", partial(_one_of, _TRANSPORTS)),
    "admin": ("admin", _flag),
    "cpu_metric": ("cpu_metric", partial(_one_of, ("cpu", "cpu_util"))),
}


def smallest_flavor(facts: Facts, cpus: Value, memory: Value, disk: Value) -> Flavor | None:
    """The smallest flavor with at least so many CPUs and bytes; None if there is none."""
    return next(
        (
            flavor
            for flavor in facts.flavors
            if _at_least(flavor.vcpus, cpus)
            and _at_least(flavor.ram * 1024**2, memory)
            and _at_least(flavor.disk * 1024**3, disk)
        ),
        None,
    )


def _at_least(there: int, wanted: Value) -> bool:
    return not isinstance(wanted, int | float) or there >= wanted


def image_for(facts: Facts, wanted: Mapping[str, str]) -> Image | None:
    """The first listed image of which nothing that is wanted is different or unknown."""
    if not wanted:
        return None
    return next(
        (
            image
            for image in facts.images
            if all(image.about.get(key) == value.lower() for key, value in wanted.items())
        ),
        None,
    )
