"""Which image a container runs, and what is known of well-known images.

An image says nowhere what its process writes to and which user it expects, but a restricted pod
must say it. `KNOWN` holds it for images that services commonly use, by the last part of their
repository; for others, metadata of the node template does (`kubernetes.run_as_user`,
`kubernetes.writable_paths`, `kubernetes.read_only_root`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from toscactl.backend import Artifact, Instance, Value, text

CONTAINER_IMAGE = "tosca.artifacts.Deployment.Image.Container"
IMAGE = "tosca.artifacts.Deployment.Image"
VM_IMAGE = "tosca.artifacts.Deployment.Image.VM"
BASE_IMAGE = "docker.io/library/python:3.12-slim-bookworm"
"""For lifecycle scripts: Debian with bash and Python, as on a cloud's server image."""
UNPRIVILEGED_USER = 10001
_PHP = ("/var/www/html",)


@dataclass(frozen=True, slots=True)
class Needs:
    """What the process of an image needs: its user, folders that it writes, folders of data."""

    user: int = UNPRIVILEGED_USER
    writable: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    read_only_root: bool = True
    known: bool = True


def _apache_php() -> Needs:
    return Needs(33, ("/run/apache2", "/run/lock/apache2"), _PHP)


KNOWN: Mapping[str, Needs] = {
    "alpine": Needs(),
    "busybox": Needs(),
    "debian": Needs(),
    "drupal": _apache_php(),
    "elasticsearch": Needs(1000, (), ("/usr/share/elasticsearch/data",), read_only_root=False),
    "grafana": Needs(472, (), ("/var/lib/grafana",)),
    "haproxy": Needs(99, ("/run/haproxy",)),
    "httpd": Needs(33, ("/usr/local/apache2/logs",)),
    "joomla": _apache_php(),
    "kibana": Needs(1000, (), ("/usr/share/kibana/data",), read_only_root=False),
    "logstash": Needs(1000, (), ("/usr/share/logstash/data",), read_only_root=False),
    "mariadb": Needs(999, ("/run/mysqld",), ("/var/lib/mysql",)),
    "memcached": Needs(11211),
    "mongo": Needs(999, ("/data/configdb",), ("/data/db",)),
    "mysql": Needs(999, ("/var/run/mysqld",), ("/var/lib/mysql",)),
    "nextcloud": _apache_php(),
    "nginx": Needs(101, ("/var/cache/nginx", "/run")),
    "node": Needs(1000),
    "phpmyadmin": _apache_php(),
    "postgres": Needs(999, ("/var/run/postgresql",), ("/var/lib/postgresql/data",)),
    "prometheus": Needs(65534, (), ("/prometheus",)),
    "python": Needs(),
    "rabbitmq": Needs(999, (), ("/var/lib/rabbitmq",)),
    "redis": Needs(999, (), ("/data",)),
    "almalinux": Needs(),
    "amazonlinux": Needs(),
    "centos": Needs(),
    "fedora": Needs(),
    "leap": Needs(),
    "rockylinux": Needs(),
    "ubi": Needs(),
    "ubuntu": Needs(),
    "wordpress": _apache_php(),
}

SYSTEMS: Mapping[str, str] = {
    "almalinux": "docker.io/library/almalinux",
    "alpine": "docker.io/library/alpine",
    "amazonlinux": "docker.io/library/amazonlinux",
    "centos": "quay.io/centos/centos",
    "debian": "docker.io/library/debian",
    "fedora": "docker.io/library/fedora",
    "opensuse": "docker.io/opensuse/leap",
    "rhel": "registry.access.redhat.com/ubi9/ubi",
    "rocky": "docker.io/library/rockylinux",
    "ubuntu": "docker.io/library/ubuntu",
}
LATEST: Mapping[str, str] = {
    "almalinux": "9", "alpine": "3.20", "amazonlinux": "2023", "centos": "stream9",
    "debian": "12", "fedora": "41", "opensuse": "15.6", "rhel": "9.4", "rocky": "9",
    "ubuntu": "24.04",
}  # fmt: skip
_FIRST_UBI = 8
"""The first release of RHEL that there is a public image of."""
_SCRIPT_SYSTEMS = frozenset({"", "debian", "ubuntu", "linux"})


@dataclass(frozen=True, slots=True)
class System:
    """The operating system that a compute node asks for."""

    type: str = ""
    distribution: str = ""
    version: str = ""
    architecture: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """An image, and why it was taken: `artifact`, `fact`, `system`, `base`."""

    image: str
    why: str
    artifact: Artifact | None = field(default=None)


def system_of(instance: Instance | None) -> System:
    """The `os` capability of a compute node (1.3, 5.5.12), lower case."""
    if instance is None:
        return System()
    for capability in instance.capabilities.values():
        if capability.is_a("tosca.capabilities.OperatingSystem"):
            read = capability.properties
            return System(*(_word(read.get(name)) for name in System.__slots__))
    return System()


def _word(value: Value) -> str:
    return "" if value is None else text(value).strip().lower()


def container_artifact(instance: Instance) -> Artifact | None:
    """The container image of an instance: an artifact of it, or what an operation is made of."""
    operations = [operation.primary for operation in instance.operations]
    for artifact in (*instance.artifacts.values(), *operations):
        if is_container_image(artifact):
            return artifact
    return None


def is_container_image(artifact: Artifact) -> bool:
    return artifact.is_a(IMAGE) and not artifact.is_a(VM_IMAGE)


def reference(artifact: Artifact) -> str:
    """The image of an artifact, in the registry that its repository names."""
    name = artifact.file
    registry = (artifact.repository_url or "").partition("://")[2] or (
        artifact.repository_url or ""
    )
    registry = registry.strip("/").removesuffix("/v2").removesuffix("/v1")
    first, slash, _ = name.partition("/")
    if not registry or (slash and ("." in first or ":" in first or first == "localhost")):
        return name
    host = registry.partition("/")[0]
    if host in {"hub.docker.com", "registry.hub.docker.com", "index.docker.io", "docker.io"}:
        return f"docker.io/{name if '/' in name else f'library/{name}'}"
    return f"{registry}/{name}"


def by_fact(images: Value, names: Iterable[str]) -> str | None:
    """An image that the target's facts name: `images: {NAME: IMAGE}`."""
    if isinstance(images, Mapping):
        for name in names:
            found = images.get(name)
            if isinstance(found, str):
                return found
    return None


def for_scripts(system: System) -> Choice:
    """An image in which lifecycle scripts run: the usual base image, or that of the system."""
    if system.distribution in _SCRIPT_SYSTEMS or system.distribution not in SYSTEMS:
        return Choice(BASE_IMAGE, "base")
    return for_system(system)


def for_system(system: System) -> Choice:
    """The container image of an operating system."""
    repository = SYSTEMS.get(system.distribution)
    if repository is None:
        return Choice(BASE_IMAGE, "base")
    version = system.version or LATEST[system.distribution]
    if system.distribution == "rhel":
        major = version.partition(".")[0]
        if not major.isdigit() or int(major) < _FIRST_UBI:
            major, version = "9", LATEST["rhel"]
        repository = f"registry.access.redhat.com/ubi{major}/ubi"
    return Choice(f"{repository}:{version}", "system")


def is_pinned(image: str) -> bool:
    """Whether an image names a digest or a tag other than `latest`."""
    last = image.rpartition("/")[2]
    return "@sha256:" in image or (":" in last and not last.endswith(":latest"))


def needs_of(image: str) -> Needs:
    """What is known of an image, by the last part of its repository."""
    repository = image.partition("@")[0].rpartition("/")[2].partition(":")[0]
    return KNOWN.get(repository, Needs(known=False))
