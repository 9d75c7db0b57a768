"""Containers, which the engine of their server runs."""

import shlex
from collections.abc import Iterator

from toscactl.backend import (
    Artifact,
    CannotRead,
    Instance,
    Operation,
    Rule,
    endpoints,
    volumes_of,
)
from toscactl_terraform.draft import Draft
from toscactl_terraform.script import comment
from toscactl_terraform.words import Setup, word, words

NO_IMAGE = Rule("terraform-no-image", "A container has no image that can be pulled.")

IMAGE = "tosca.artifacts.Deployment.Image"
APPLICATION = "tosca.nodes.Container.Application"
RUNTIME = "tosca.nodes.Container.Runtime"
_PORTED = ("tcp", "udp", "sctp")
_ENGINE = """\
# A container engine.
if ! command -v docker >/dev/null; then
    if command -v apt-get >/dev/null; then
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -q
        apt-get install -q -y docker.io
    elif command -v dnf >/dev/null; then
        dnf install -q -y docker || dnf install -q -y podman-docker
        systemctl enable --now docker || true
    else
        echo "there is no container engine, and no known way to install one" >&2
        exit 1
    fi
fi
"""


def is_image(operation: Operation) -> bool:
    """Whether an operation is the running of an image."""
    return any(kind.startswith(IMAGE) for kind in operation.primary.types)


def is_container(instance: Instance) -> bool:
    """Whether an instance is a container: by its type, or because its image is all it has."""
    return instance.is_a(APPLICATION) or any(is_image(it) for it in instance.operations)


def add_container(draft: Draft, setup: Setup, instance: Instance) -> None:
    """Write into the script of a server that a container runs there."""
    image = _image(draft, instance)
    if image is None:
        return
    add_engine(setup)
    operation = _creating(instance)
    inputs = {} if operation is None else operation.inputs
    place = instance.place if operation is None else operation.place
    variables = words(draft, setup, inputs, place, f"container `{instance.name}`")
    name = shlex.quote(draft.name(instance.address))
    command = ["docker run", "--detach", f"--name {name}", "--restart unless-stopped"]
    command += (f"--publish {port}" for port in dict.fromkeys(_ports(draft, setup, instance)))
    lines = [comment(f"The container of {instance.name}.")]
    for attachment in volumes_of(draft.graph, instance):
        there = setup.mounted.get(attachment.volume.address)
        if attachment.location is not None and there is not None:
            inside = word(draft, setup, attachment.location, attachment.relationship.place)
            lines.append(f"mkdir -p {there}/data; chmod 777 {there}/data")
            command.append(f"--volume {there}/data:{inside}")
    command += (f"--env {shlex.quote(key)}" for key in variables)
    command.append(shlex.quote(image))
    lines.append(f"docker rm --force {name} >/dev/null 2>&1 || true")
    before = [f"{shlex.quote(key)}={value}" for key, value in variables.items()]
    lines.append(" \\\n    ".join([*(["env"] if before else []), *before, *command]))
    setup.lines.append("\n".join(lines) + "\n")


def add_engine(setup: Setup) -> None:
    """Write once into the script of a server that it has a container engine."""
    if not setup.has_engine:
        setup.lines.append(_ENGINE)
        setup.has_engine = True


def _creating(instance: Instance) -> Operation | None:
    return next((operation for operation in instance.operations if is_image(operation)), None)


def _image(draft: Draft, instance: Instance) -> str | None:
    """The name under which an engine pulls the image; None if there is none, which is reported."""
    operation = _creating(instance)
    candidates: list[Artifact] = [] if operation is None else [operation.primary]
    candidates += instance.artifacts.values()
    for artifact in candidates:
        if any(kind.startswith(IMAGE) for kind in artifact.types):
            if not _is_file(artifact):
                return _full_name(artifact)
            draft.report(
                NO_IMAGE,
                artifact.place,
                f"`{artifact.file}` is a file of the service; push the image to a registry",
            )
            return None
    draft.report(
        NO_IMAGE,
        instance.place,
        f"container `{instance.name}` has no image",
        hint="give it an artifact of type tosca.artifacts.Deployment.Image.Container.Docker",
    )
    return None


def _is_file(artifact: Artifact) -> bool:
    """Whether an image is a file of the service, and not the name of one in a registry."""
    try:
        return artifact.content is not None and artifact.content() is not None
    except CannotRead:
        return False


def _full_name(artifact: Artifact) -> str:
    """The image with the registry that its repository names; engines assume Docker Hub."""
    registry = (artifact.repository_url or "").split("://")[-1].strip("/")
    host = registry.partition("/")[0]
    is_hub = host == "docker.com" or host.endswith((".docker.com", "docker.io"))
    if not registry or is_hub or artifact.file.startswith(f"{registry}/"):
        return artifact.file
    return f"{registry}/{artifact.file}"


def _ports(draft: Draft, setup: Setup, instance: Instance) -> Iterator[str]:
    """The ports of a container, each published under its own number."""
    for endpoint in endpoints(instance):
        if endpoint.port is None or endpoint.transport not in _PORTED:
            continue
        port = word(draft, setup, endpoint.port, endpoint.place)
        if endpoint.last is not None:
            port = f"{port}-{word(draft, setup, endpoint.last, endpoint.place)}"
        yield f"{port}:{port}/{endpoint.transport}"
