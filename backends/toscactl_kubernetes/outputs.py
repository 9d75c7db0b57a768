"""Outputs of a service, as far as manifests know them, and how to ask the cluster for the rest."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from toscactl.backend import (
    AttributeOf,
    InputOf,
    Output,
    Rule,
    Severity,
    Unit,
    Value,
    evaluate,
    is_known,
    is_sensitive,
    references,
    text,
)
from toscactl_kubernetes.directory import Directory
from toscactl_kubernetes.manifests import Draft
from toscactl_kubernetes.ports import Port
from toscactl_kubernetes.shell import WORK_PATH
from toscactl_kubernetes.workloads import Workload

OUTPUT_NOT_KNOWN = Rule(
    "kubernetes-output-not-known",
    "An output asks for an attribute that nothing in the cluster knows.",
    Severity.WARNING,
)
NO_PUBLIC_ADDRESS = Rule(
    "kubernetes-no-public-address",
    "The public address of something is asked for that has none.",
    Severity.WARNING,
)

_ADDRESS = "{.status.loadBalancer.ingress[0]['ip','hostname']}"


@dataclass(frozen=True, slots=True)
class OutputLine:
    """An output as a reader sees it: its text with placeholders, and a command for each of them."""

    name: str
    description: str
    value: str
    commands: Mapping[str, str]


def want_services(draft: Draft, directory: Directory, ports: Mapping[str, Sequence[Port]]) -> None:
    """Note whose names outputs ask for, so that there is a Service; say what nobody will know."""
    for output in _outputs(draft):
        for reference in references(output.value):
            if isinstance(reference, AttributeOf):
                _want(draft, directory, ports, output, reference)


def _want(
    draft: Draft,
    directory: Directory,
    ports: Mapping[str, Sequence[Port]],
    output: Output,
    reference: AttributeOf,
) -> None:
    host = directory.host_name(reference, None)
    if host is None:
        elsewhere = reference.address in draft.portion.elsewhere
        if not elsewhere and not _brought(directory, reference):
            draft.report(
                OUTPUT_NOT_KNOWN,
                output.place,
                f"output `{output.name}` asks for `{reference}`, which the cluster does not know",
                "ask for an address, or for an attribute that an operation brings",
            )
    elif reference.name == "public_address" and not (
        directory.balancer(reference.address) or any(port.public for port in ports.get(host, ()))
    ):
        draft.report(
            NO_PUBLIC_ADDRESS,
            output.place,
            f"output `{output.name}` asks for the public address of `{reference.address}`, which "
            "has none: no endpoint in it is public",
            "derive the capability from `tosca.capabilities.Endpoint.Public`, or set its "
            "`network_name` to PUBLIC",
        )


def _outputs(draft: Draft) -> list[Output]:
    """The outputs of the portion, with inputs put in."""
    return [draft.graph.outputs.get(name, out) for name, out in draft.portion.outputs.items()]


def output_lines(draft: Draft, directory: Directory, units: Sequence[Unit]) -> Iterator[OutputLine]:
    """The outputs of the portion."""
    for output in _outputs(draft):
        yield _line(draft, directory, units, output)


def _line(draft: Draft, directory: Directory, units: Sequence[Unit], output: Output) -> OutputLine:
    commands: dict[str, str] = {}

    def resolve(reference: AttributeOf | InputOf) -> Value:
        if isinstance(reference, InputOf):
            return reference
        found = _reachable(draft, directory, units, reference)
        if found is None:
            return "(not known)"
        name, command = found
        if not command:
            return name
        label = "ADDRESS" if name != "VALUE" else "VALUE"
        number = sum(1 for known in commands if known.startswith(label))
        label = next((k for k, c in commands.items() if c == command), "") or (
            label if not number else f"{label}_{number + 1}"
        )
        commands[label] = command
        return label

    value = evaluate(output.value, resolve)
    if output.sensitive or is_sensitive(value):
        shown = "(sensitive)"
    else:
        shown = text(value) if is_known(value) else str(value)
    return OutputLine(output.name, output.description, shown, commands)


def _reachable(
    draft: Draft, directory: Directory, units: Sequence[Unit], reference: AttributeOf
) -> tuple[str, str] | None:
    """A DNS name, or a placeholder with the command that gives what it stands for."""
    namespace = draft.site.namespace
    host = directory.host_name(reference, None)
    if host is None:
        return _from_operation(directory, units, namespace, reference)
    for name in (host, f"{host}-public"):
        for unit in units:
            spec = unit.payload.get("spec")
            if unit.name != f"{namespace}/{name}" or not isinstance(spec, Mapping):
                continue
            if unit.kind == "Ingress" or (
                unit.kind == "Service" and spec.get("type") == "LoadBalancer"
            ):
                kind = unit.kind.lower()
                return name, f'kubectl -n {namespace} get {kind} {name} -o jsonpath="{_ADDRESS}"'
    return f"{host}.{namespace}.svc", ""


def _brought(directory: Directory, reference: AttributeOf) -> tuple[Workload, ...]:
    """The workloads in which an operation brings an attribute."""
    return tuple(
        workload
        for workload in directory.workloads_of(reference.address)
        if workload.scripted
        and any(
            address == reference.address and path[:1] == (reference.name,)
            for operation in workload.operations
            for address, path in operation.outputs.values()
        )
    )


def _from_operation(
    directory: Directory, units: Sequence[Unit], namespace: str, reference: AttributeOf
) -> tuple[str, str] | None:
    """An attribute that an operation brings lies in a file of its pod."""
    for workload in _brought(directory, reference):
        for unit in units:
            if unit.kind in {"Deployment", "StatefulSet"} and unit.name.endswith(
                f"/{workload.name}"
            ):
                path = shlex.quote(f"{WORK_PATH}/attributes/{reference.address}/{reference.name}")
                target = f"{unit.kind.lower()}/{workload.name}"
                return "VALUE", f"kubectl -n {namespace} exec {target} -- cat {path}"
    return None
