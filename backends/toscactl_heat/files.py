"""desired -> files: template, environment and what they refer to, for use without toscactl."""

from collections.abc import Mapping, Sequence

from toscactl.backend import Portion, Unit, Value, emit_yaml, is_known, plain
from toscactl_heat.draft import safe
from toscactl_heat.parameters import as_parameter, sized_in_gib

ENVIRONMENT = "environment.yaml"


def files(portion: Portion, units: Sequence[Unit]) -> Mapping[str, bytes]:
    """`<service>.yaml` for `openstack stack create -t`, and `environment.yaml` for its `-e`."""
    found: dict[str, bytes] = {}
    for unit in units:
        found.update({path: blob.data for path, blob in unit.files.items()})
        found[main_name(portion, unit)] = emit_yaml(unit.payload["template"]).encode()
        environment = _environment(portion, unit)
        if environment:
            name = ENVIRONMENT if ENVIRONMENT not in found else f"toscactl-{ENVIRONMENT}"
            found[name] = environment.encode()
    return dict(sorted(found.items()))


def main_name(portion: Portion, unit: Unit) -> str:
    """The name of the main template, which nothing that it refers to has."""
    name = f"{safe(portion.graph.service)}.yaml"
    return name if name not in unit.files else f"{safe(portion.graph.service)}.hot.yaml"


def _environment(portion: Portion, unit: Unit) -> str:
    """Values that were given, secrets left out: they are named in a comment instead."""
    given: dict[str, object] = {}
    secret: list[str] = [
        name for name, value in unit.inputs.items() if not is_known(value) or _is_hidden(unit, name)
    ]
    if portion.parameters:
        in_gib = sized_in_gib(portion.instances)
        for source in portion.graph.inputs.values():
            if source.sensitive:
                secret.append(source.name)
            elif source.given and source.value is not None:
                given[source.name] = as_parameter(source.value, in_gib=source.name in in_gib)
    given |= {name: plain(value) for name, value in unit.inputs.items() if name not in secret}
    text = emit_yaml({"parameters": given}) if given else ""
    if not secret:
        return text
    head = "# Secrets are not written here. Give them as --parameter NAME=VALUE:\n"
    names = "".join(f"#   {name}\n" for name in sorted(set(secret)))
    return head + names + (text or "parameters: {}\n")


def _is_hidden(unit: Unit, name: str) -> bool:
    template = unit.payload["template"]
    assert isinstance(template, Mapping)
    parameters = template.get("parameters")
    assert isinstance(parameters, Mapping)
    about: Value = parameters.get(name)
    return isinstance(about, Mapping) and about.get("hidden") is True
