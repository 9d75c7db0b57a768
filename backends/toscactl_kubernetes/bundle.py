"""Units -> files that work without toscactl: a stream of manifests, a Kustomization, a README."""

from collections.abc import Iterator, Mapping, Sequence

from toscactl.backend import (
    BackendError,
    EvaluationError,
    Portion,
    Unit,
    Value,
    emit_yaml,
    plain,
    walk,
)
from toscactl_kubernetes.lowering import read
from toscactl_kubernetes.manifests import Site, site_of
from toscactl_kubernetes.naming import dns_label
from toscactl_kubernetes.outputs import OutputLine, output_lines

KUSTOMIZATION = "Kustomization"
"""Without an ending, so that tools which take every `.yaml` for a manifest leave it alone."""


def files(portion: Portion, units: Sequence[Unit]) -> Mapping[str, bytes]:
    """The files of a service, by name. Raises `BackendError` for values that are not known yet."""
    site = site_of(portion)
    name = f"{dns_label(portion.deployment, 63)}.yaml"
    if site.k3s:
        # The name of a file in K3s's manifests folder becomes an object's: no underscores.
        name = f"toscactl-{name}"
    stream = _heading(site, units) + "".join(f"---\n{_document(unit)}" for unit in units)
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [name],
    }
    service = read(portion)
    lines = tuple(output_lines(service.draft, service.directory, units))
    return {
        name: stream.encode(),
        KUSTOMIZATION: emit_yaml(kustomization).encode(),
        "README.txt": _readme(site, name, units, lines).encode(),
    }


def _heading(site: Site, units: Sequence[Unit]) -> str:
    """A comment on top of the manifests: what they are, and what they do not hold."""
    version = f" {site.version}" if site.version else ""
    lines = [f"{site.deployment}{version}, see README.txt", *_secrets_to_make(site, units)]
    return "".join(f"# {line}\n" if line else "#\n" for line in lines)


def _secrets_to_make(site: Site, units: Sequence[Unit]) -> list[str]:
    secrets = open_secrets(units)
    if not secrets:
        return []
    text = ["Pods wait until these Secrets are there. Make them once, when the namespace is there:"]
    for secret, keys in secrets.items():
        literals = " ".join(f"--from-literal={key}=VALUE" for key in keys)
        text.append(f"  kubectl -n {site.namespace} create secret generic {secret} {literals}")
    return text


def _document(unit: Unit) -> str:
    try:
        return emit_yaml(plain(unit.payload))
    except EvaluationError as error:
        raise BackendError(
            f"the manifest of `{unit.id}` cannot be written: {error}",
            hint="apply the service, or give the value as an input",
        ) from error


def open_secrets(units: Sequence[Unit]) -> Mapping[str, tuple[str, ...]]:
    """The Secrets that pods mount and that are not among the units, with the keys they need."""
    made = {unit.name.rpartition("/")[2] for unit in units if unit.kind == "Secret"}
    found: dict[str, dict[str, None]] = {}
    for unit in units:
        for part in walk(unit.payload):
            source = part.get("secret") if isinstance(part, Mapping) else None
            if isinstance(source, Mapping) and source.get("name") not in made:
                keys = found.setdefault(str(source["name"]), {})
                keys |= dict.fromkeys(_keys(source.get("items")))
    return {name: tuple(sorted(keys)) for name, keys in sorted(found.items())}


def _keys(items: Value) -> Iterator[str]:
    if isinstance(items, Sequence) and not isinstance(items, str):
        for item in items:
            if isinstance(item, Mapping):
                yield str(item["key"])


def _readme(site: Site, name: str, units: Sequence[Unit], lines: Sequence[OutputLine]) -> str:
    text = [f"{site.deployment} on {'K3s' if site.k3s else 'Kubernetes'}", ""]
    text += ["Start:   kubectl apply -k .", "Remove:  kubectl delete -k .", ""]
    if not site.owns_namespace:
        text += [f"The namespace {site.namespace} must be there; it is not touched.", ""]
    secrets = _secrets_to_make(site, units)
    text += [*secrets, ""] if secrets else []
    if site.k3s:
        text += _k3s_advice(name)
    images = sorted(set(_images(units)))
    if images:
        text += ["Images:", *(f"  {image}" for image in images), ""]
    if lines:
        text += ["Outputs:"]
        for line in lines:
            note = f"  ({line.description.rstrip('.')})" if line.description else ""
            text += [f"  {line.name} = {line.value}{note}"]
            text += [f"    {label}: {command}" for label, command in line.commands.items()]
        text += [""]
    if any(unit.kind == "StatefulSet" for unit in units):
        text += [
            f"Claims of StatefulSets outlive them: `kubectl -n {site.namespace} get pvc`.",
            "",
        ]
    return "\n".join(text).rstrip() + "\n"


def _k3s_advice(name: str) -> list[str]:
    return [
        f"K3s also starts what lies in its manifests folder, on a server node: put {name} into",
        "/var/lib/rancher/k3s/server/manifests. Removing the file there removes nothing.",
        "On nodes with 512 MB run agents only; a server that is short of memory is helped by",
        "`--disable traefik,servicelb,metrics-server`, where no Ingress, load balancer or",
        "autoscaler is used. On arm nodes every image must be there for arm.",
        "",
    ]


def _images(units: Sequence[Unit]) -> Iterator[str]:
    for unit in units:
        for part in walk(unit.payload):
            image = part.get("image") if isinstance(part, Mapping) else None
            if isinstance(image, str):
                yield image
