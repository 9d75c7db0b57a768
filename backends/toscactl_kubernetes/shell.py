"""Operations as shell scripts: `start.sh`, which a container runs, and `stop.sh`."""

import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from toscactl.backend import (
    Address,
    Artifact,
    Instance,
    Place,
    Rule,
    Severity,
    Value,
    endpoints,
)
from toscactl_kubernetes.environment import entries
from toscactl_kubernetes.manifests import Draft
from toscactl_kubernetes.naming import dns_label
from toscactl_kubernetes.operations import Call
from toscactl_kubernetes.terms import Composer, FromOperation, FromSecret, Later, Term, Use
from toscactl_kubernetes.workloads import Workload

ARTIFACT_NOT_RUNNABLE = Rule(
    "kubernetes-artifact-not-runnable", "An operation's artifact cannot be run in a container."
)
NEEDS_ROOT = Rule(
    "kubernetes-needs-root",
    "A script seems to need the rights of root, which its container does not have.",
    Severity.WARNING,
)

FILES_PATH = "/opt/toscactl"
WORK_PATH = "/work"
ROOT_PATH = f"{WORK_PATH}/root"
STARTED = f"{WORK_PATH}/started"
_SOURCE = f'. "${{FILES:-{FILES_PATH}}}/lifecycle.sh"'
_BASH = "tosca.artifacts.Implementation.Bash"
_PYTHON = "tosca.artifacts.Implementation.Python"
_ROOT_WORDS = re.compile(
    rb"^\s*(?:sudo\s.*|(?:apt|apt-get|yum|dnf|apk|zypper|systemctl|service|useradd|adduser|groupadd"
    rb"|mount|mkfs\S*|sysctl|modprobe)\s.*)$",
    re.MULTILINE,
)


@dataclass(slots=True)
class Script:
    """A shell script in the making, and what it needs from outside."""

    lines: list[str] = field(default_factory=list)
    secrets: dict[tuple[str, str], FromSecret] = field(default_factory=dict)
    variables: list[Mapping[str, Value]] = field(default_factory=list)
    identity: str = ""
    """The node whose operations are being written."""


def start_script(
    composer: Composer,
    workload: Workload,
    script: Script,
    calls: Sequence[Call],
    frame: tuple[Sequence[str], Sequence[str]],
) -> bytes:
    script.lines = ["#!/bin/sh", "set -eu", _SOURCE, *frame[0]]
    waited: set[tuple[str, str]] = set()
    for call in calls:
        for host, port in _awaited(composer, workload, call.component):
            if (host, port) not in waited:
                waited.add((host, port))
                script.lines.append(f"await {shlex.quote(host)} {port}")
        _write(composer, workload, script, call)
    return _bytes([*script.lines, *frame[1]])


def stop_script(
    composer: Composer, workload: Workload, script: Script, calls: Sequence[Call]
) -> bytes:
    script.lines, script.identity = ["#!/bin/sh", "set -u", _SOURCE], ""
    script.lines.append('touch "$WORK/stopping"')
    for call in calls:
        _write(composer, workload, script, call)
    return _bytes(script.lines)


def _bytes(lines: Sequence[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def _awaited(
    composer: Composer, workload: Workload, component: Instance
) -> Iterator[tuple[str, str]]:
    """The TCP ports in other pods that a component connects to."""
    directory = composer.directory
    graph = composer.draft.graph
    for edge in component.relationships:
        target = graph.instances.get(edge.target)
        found = directory.workloads_of(edge.target) if target is not None else ()
        if target is None or not found or workload.name in {other.name for other in found}:
            continue
        for endpoint in endpoints(target):
            if isinstance(endpoint.port, int) and endpoint.capability in (edge.capability, ""):
                directory.wanted.add(found[0].name)
                directory.links.add((workload.name, found[0].name))
                yield found[0].name, str(endpoint.port)


def _write(composer: Composer, workload: Workload, script: Script, call: Call) -> None:
    """The lines that run one operation: whose it is, its inputs, what becomes of its outputs."""
    operation = call.operation
    runner = _runner(composer.draft, call)
    if runner is None:
        return
    identity = _identity(workload, call)
    if identity != script.identity:
        script.lines.append(identity)
        script.identity = identity
    file = path_in_folder(operation.primary)
    words = [
        f"operation {shlex.quote(call.label)} {shlex.quote(operation.interface)}",
        f"{folder_name(call)} {shlex.quote(runner)} {shlex.quote(file)}",
        f"{operation.timeout or 0:g} {operation.retries} {max(1, round(operation.backoff))}",
    ]
    lines = [f"# {call.label} of {call.node}, {_short(operation.place)}"]
    variables = []
    for name, value in {**_relationship(composer, call), **operation.inputs}.items():
        use = Use(workload, f"{call.component.address.template}.{name}", operation.place)
        terms = composer.compose(value, use)
        lines += [f"need {_attribute(t)}" for t in terms if isinstance(t, FromOperation)]
        variables.append(f"{shlex.quote(name)}={_word(script, terms)}")
    script.lines += [*dict.fromkeys(lines), " \\\n    ".join([" ".join(words), *variables])]
    for output, (address, path) in operation.outputs.items():
        attribute = shlex.quote(f"{address}/{'.'.join(map(str, path))}")
        script.lines.append(f"bring {shlex.quote(call.label)} {shlex.quote(output)} {attribute}")


def _short(place: Place) -> str:
    return f"{place.file.rpartition('/')[2]}:{place.line}"


def instance_name(address: Address) -> str:
    """The name of an instance as scripts get it: template and index, fit for a variable."""
    return f"{re.sub('[^A-Za-z0-9_]', '_', address.template)}_{address.index or 0}"


def _identity(workload: Workload, call: Call) -> str:
    component = call.component
    host = workload.compute.address.template if workload.compute else "localhost"
    words = (component.address.template, instance_name(component.address), component.type, host)
    return " ".join(["on", *(shlex.quote(word) for word in words)])


def _relationship(composer: Composer, call: Call) -> dict[str, Value]:
    """What a script of a relationship is told of its two ends."""
    edge = call.edge
    if edge is None:
        return {}
    found: dict[str, Value] = {}
    for side, address in (("SOURCE", edge.source), ("TARGET", edge.target)):
        others = composer.directory.workloads_of(address)
        inside = call.component.address in {c.address for o in others for c in o.components}
        host = "localhost" if inside or not others else others[0].name
        name = instance_name(address)
        for prefix in (f"TOSCA_{side}", side):
            found |= {
                f"{prefix}_NODE": address.template,
                f"{prefix}_INSTANCE": name,
                f"{prefix}_INSTANCES": name,
                f"{prefix}_HOST": host,
            }
    found |= {"TOSCA_REQUIREMENT": edge.name, "TOSCA_CAPABILITY": edge.capability}
    for name, value in edge.properties.items():
        if value is not None:
            found[f"TOSCA_RELATIONSHIP_{re.sub('[^A-Za-z0-9_]', '_', name)}"] = value
    return found


def _attribute(term: FromOperation) -> str:
    return shlex.quote(f"{term.address}/{term.name}")


def _word(script: Script, terms: Sequence[Term]) -> str:
    """One word of a shell command whose parts are the terms."""
    parts: list[str] = []
    for term in terms:
        if isinstance(term, FromSecret):
            script.secrets[term.secret, term.key] = term
            parts.append(f'"$(secret {shlex.quote(f"{term.secret}/{term.key}")})"')
        elif isinstance(term, FromOperation):
            parts.append(f'"$(attribute {_attribute(term)})"')
        elif isinstance(term, Later):
            name = f"TOSCACTL_VALUE_{len(script.variables)}"
            script.variables += entries(name, (term,))
            parts.append(f'"${name}"')
        elif term:
            parts.append(shlex.quote(term))
    return "".join(parts) or "''"


def _runner(draft: Draft, call: Call) -> str | None:
    """What runs an artifact: bash, python3, or nothing for what can be executed itself."""
    artifact = call.operation.primary
    if artifact.content is not None:
        if artifact.is_a(_BASH) or artifact.file.endswith((".sh", ".bash")):
            return "bash"
        if artifact.is_a(_PYTHON) or artifact.file.endswith(".py"):
            return "python3"
        if artifact.content()[:2] in (b"#!", b"\x7fE"):
            return ""
    draft.report(
        ARTIFACT_NOT_RUNNABLE,
        call.operation.place,
        f"`{artifact.file}` ({artifact.types[0]}) of `{call.label}` of `{call.node}` is no script "
        "or program that a container can run",
        "use a Bash or Python script, or give the node a container image",
    )
    return None


def report_root(draft: Draft, workload: Workload) -> None:
    """Say which scripts seem to need root: package managers, services, users, mounts."""
    for component in workload.components:
        for operation in component.operations:
            content = operation.primary.content
            found = _ROOT_WORDS.search(content()) if content is not None else None
            if found is not None and operation.name != "delete":
                word = found[0].decode(errors="replace").split()[0]
                draft.report(
                    NEEDS_ROOT,
                    operation.place,
                    f"`{operation.primary.file}` of `{component.address.template}` calls `{word}`, "
                    "and its container has neither the rights of root nor a file system to "
                    "install into",
                    "use an image that has it all, in the facts `images` of the target, or "
                    'declare `kubernetes.run_as_user: "0"` in the metadata of the node',
                )


def folder_name(call: Call) -> str:
    template = dns_label(call.component.address.template, 30)
    return f"files/{template}/{dns_label(call.label, 40)}"


def path_in_folder(artifact: Artifact) -> str:
    """The path of a file in the folder of its operation: as written, never above the folder."""
    normal = posixpath.normpath("/" + artifact.file).lstrip("/")
    return normal or artifact.name
