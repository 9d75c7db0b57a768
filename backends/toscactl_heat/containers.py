"""Containers: run by the engine of their server, or by Zun where they are on no server."""

from collections.abc import Iterator, Mapping

from toscactl.backend import (
    Artifact,
    CannotRead,
    Instance,
    Operation,
    Origin,
    Rule,
    compute_of,
    endpoints,
    volumes_of,
)
from toscactl_heat.compute import lower_default_port
from toscactl_heat.draft import Draft, HotResource
from toscactl_heat.expressions import lower, lower_text
from toscactl_heat.hot import Function, Hot, join
from toscactl_heat.network import origin
from toscactl_heat.operations import IMAGE, is_image
from toscactl_heat.script import WORK
from toscactl_heat.software import ALWAYS, ON_CREATE, Deployment, own_script
from toscactl_heat.storage import volume_ref

NO_IMAGE = Rule("heat-no-image", "A container has no image that can be pulled.")

APPLICATION = (
    "tosca.nodes.Container.Application",
    "tosca.nodes.Container.Application.Docker",
)
RUNTIME = "tosca.nodes.Container.Runtime"
_PORTED = ("tcp", "udp", "sctp")


def is_container(instance: Instance) -> bool:
    """Whether an instance is a container: by its type, or because its image is all it has."""
    return any(instance.is_a(name) for name in APPLICATION) or any(
        is_image(operation) for operation in instance.operations
    )


def _creating(instance: Instance) -> Operation | None:
    return next((operation for operation in instance.operations if is_image(operation)), None)


def image_of(draft: Draft, instance: Instance) -> str | None:
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
    """The image with the registry that its repository names; Docker Hub is what engines assume."""
    url = (artifact.repository_url or "").partition("://")
    registry = (url[2] or url[0]).strip("/")
    host = registry.partition("/")[0]
    hub = host.endswith((".docker.com", "docker.io")) or host == "docker.com"
    if not registry or hub or artifact.file.startswith(f"{registry}/"):
        return artifact.file
    return f"{registry}/{artifact.file}"


def environment(draft: Draft, instance: Instance) -> Mapping[str, Hot]:
    """The inputs of the operation whose implementation is the image, as variables."""
    operation = _creating(instance)
    if operation is None:
        return {}
    return {
        name: lower_text(draft, value, operation.place) for name, value in operation.inputs.items()
    }


def on_server(draft: Draft, instance: Instance) -> Iterator[Deployment]:
    """What an agent does for a container, or for the runtime that carries some."""
    compute = compute_of(draft.graph, instance)
    if compute is None or compute.address not in draft.here:
        return
    if (
        instance.is_a(RUNTIME)
        and not is_container(instance)
        and instance.operation("create") is None
    ):
        yield Deployment(
            draft.names.of(instance.address, "install"),
            compute.address,
            "script",
            own_script(draft, "install-container-engine.sh"),
            {},
            {},
            (),
            ON_CREATE,
            instance.address,
            origin(instance),
        )
    elif is_container(instance):
        image = image_of(draft, instance)
        if image is not None:
            yield _run(draft, instance, image, compute)


def _run(draft: Draft, instance: Instance, image: str, compute: Instance) -> Deployment:
    variables = environment(draft, instance)
    about: dict[str, Hot] = {
        "container_name": draft.names.of(instance.address),
        "container_image": image,
    }
    ports = tuple(_ports(draft, instance))
    if ports:
        about["container_ports"] = _words(ports)
    mounts = tuple(
        join(f"{folder_of(draft, attachment.volume)}/data:", inside)
        for attachment in volumes_of(draft.graph, instance)
        if (inside := lower(draft, attachment.location, attachment.relationship.place)) is not None
    )
    if mounts:
        about["container_mounts"] = _words(mounts)
    if variables:
        about["container_variables"] = " ".join(variables)
    operation = _creating(instance)
    return Deployment(
        draft.names.of(instance.address, "run"),
        compute.address,
        "script",
        own_script(draft, "run-container.py"),
        {**about, **variables},
        {},
        (),
        ALWAYS,
        instance.address,
        origin(instance)
        if operation is None
        else Origin(f"operation {instance.name}.{operation.name}", operation.place),
    )


def _ports(draft: Draft, instance: Instance) -> Iterator[Hot]:
    for endpoint in endpoints(instance):
        if endpoint.port is not None and endpoint.transport in _PORTED:
            first = lower_text(draft, endpoint.port, endpoint.place)
            if endpoint.last is not None:
                last = lower_text(draft, endpoint.last, endpoint.place)
                yield _filled("%a%-%b%:%a%-%b%/" + endpoint.transport, {"%a%": first, "%b%": last})
            else:
                yield _filled("%a%:%a%/" + endpoint.transport, {"%a%": first})


def _filled(template: str, values: Mapping[str, Hot]) -> Hot:
    if all(isinstance(value, str) for value in values.values()):
        for name, value in values.items():
            template = template.replace(name, str(value))
        return template
    return Function("str_replace", {"template": template, "params": values})


def _words(items: tuple[Hot, ...]) -> Hot:
    if all(isinstance(item, str) for item in items):
        return " ".join(str(item) for item in dict.fromkeys(map(str, items)))
    return Function("list_join", (" ", items))


def folder_of(draft: Draft, volume: Instance) -> str:
    """Where the volume of a container is mounted on the server."""
    return f"{WORK}/volumes/{draft.names.of(volume.address)}"


def lower_alone(draft: Draft, instance: Instance) -> None:
    """A container on no server: Zun runs it, with a port of its own."""
    image = image_of(draft, instance)
    if image is None:
        return
    properties: dict[str, Hot] = {"image": image, "image_driver": "docker"}
    variables = environment(draft, instance)
    if variables:
        properties["environment"] = variables
    mounts = tuple(
        {
            "volume_id": volume_ref(draft, attachment.volume),
            "mount_path": lower(draft, attachment.location, attachment.relationship.place),
        }
        for attachment in volumes_of(draft.graph, instance)
        if attachment.location is not None
    )
    if mounts:
        properties["mounts"] = mounts
    properties["networks"] = ({"port": lower_default_port(draft, instance, None)},)
    draft.add(
        HotResource(
            draft.names.of(instance.address),
            "OS::Zun::Container",
            properties,
            after_of(draft, instance),
            instance=instance.address,
            origin=origin(instance),
        )
    )


def after_of(draft: Draft, instance: Instance) -> tuple[str, ...]:
    """What must be done before an instance is begun."""
    return tuple(
        dict.fromkeys(
            name
            for edge in instance.relationships
            for name in draft.done_at(edge.target, edge.after)
        )
    )
