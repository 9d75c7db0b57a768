"""What the container of an image is told: its command, and its environment variables."""

import shlex
from collections.abc import Iterator, Mapping, Sequence

from toscactl.backend import Instance, Place, Value, endpoints, text
from toscactl_kubernetes import images
from toscactl_kubernetes.environment import entries, escaped
from toscactl_kubernetes.naming import variable, variable_name
from toscactl_kubernetes.terms import Composer, FromSecret, Use
from toscactl_kubernetes.workloads import CONTAINER, Workload

_ENVIRONMENT_MAPS = ("env", "environment", "environment_variables")
_NO_VARIABLES = frozenset(
    {"component_version", "admin_credential", "image", "command", "args", *_ENVIRONMENT_MAPS}
)
_CONNECTS_TO = "tosca.relationships.ConnectsTo"


def command_of(workload: Workload) -> dict[str, Value]:
    """`command` and `args` as properties of a container application give them."""
    application = workload.application
    found: dict[str, Value] = {}
    for name in ("command", "args"):
        value = application.properties.get(name)
        if value is None or not application.is_a(CONTAINER):
            continue
        items = value if isinstance(value, Sequence) and not isinstance(value, str) else None
        words = [text(i) for i in items] if items is not None else shlex.split(text(value))
        found[name] = tuple(escaped(word) for word in words)
    return found


def image_variables(
    composer: Composer, workload: Workload
) -> tuple[tuple[Mapping[str, Value], ...], tuple[FromSecret, ...]]:
    """The environment of an image, and the secrets in it.

    Inputs of its operations, else its properties; and where the things are that it connects to.
    """
    wanted: dict[str, tuple[Value, Place]] = {
        name: (value, place) for name, value, place in _connections(composer, workload)
    }
    given = _operation_inputs(workload)
    for component in workload.components:
        wanted |= given or _properties(component)
    variables: list[Mapping[str, Value]] = []
    secrets: dict[tuple[str, str], FromSecret] = {}
    for name, (value, place) in wanted.items():
        terms = composer.compose(value, Use(workload, name, place))
        variables += entries(variable_name(name), terms)
        secrets |= {(t.secret, t.key): t for t in terms if isinstance(t, FromSecret)}
    return tuple(variables), tuple(secrets.values())


def _operation_inputs(workload: Workload) -> dict[str, tuple[Value, Place]]:
    return {
        name: (value, operation.place)
        for component in workload.components
        for operation in component.operations
        if images.is_container_image(operation.primary)
        for name, value in operation.inputs.items()
    }


def _properties(component: Instance) -> dict[str, tuple[Value, Place]]:
    found: dict[str, tuple[Value, Place]] = {}
    for name, value in component.properties.items():
        place = component.places.get(name, component.place)
        if name in _ENVIRONMENT_MAPS and isinstance(value, Mapping):
            found |= {key: (item, place) for key, item in value.items()}
        elif name not in _NO_VARIABLES and value is not None:
            found[variable(name)] = (value, place)
    return found


def _connections(composer: Composer, workload: Workload) -> Iterator[tuple[str, Value, Place]]:
    """Where the things are that an image connects to, under the name of the requirement."""
    directory, graph = composer.directory, composer.draft.graph
    for component in workload.components:
        for edge in component.relationships:
            if not edge.is_a(_CONNECTS_TO) or edge.target not in graph.instances:
                continue
            name = variable(edge.name)
            credential = edge.properties.get("credential")
            if isinstance(credential, Mapping):
                for key, suffix in (("user", "USER"), ("token", "PASSWORD")):
                    if credential.get(key) is not None:
                        yield f"{name}_{suffix}", credential[key], edge.place
            host = directory.name_of(edge.target, workload)
            if host is None:
                continue
            yield f"{name}_HOST", host, edge.place
            for endpoint in endpoints(graph[edge.target]):
                if endpoint.capability in (edge.capability, "") and endpoint.port is not None:
                    yield f"{name}_PORT", endpoint.port, edge.place
                    break
