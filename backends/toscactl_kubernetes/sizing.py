"""What a compute node asks for, as requests of the pods that take its place."""

from collections.abc import Mapping

from toscactl.backend import (
    COMPUTE,
    ComputeSize,
    Instance,
    Rule,
    Severity,
    Value,
    compute_size,
    host_chain,
)
from toscactl_kubernetes.images import System
from toscactl_kubernetes.manifests import Draft
from toscactl_kubernetes.quantities import cpu, memory
from toscactl_kubernetes.terms import OPEN_INPUT
from toscactl_kubernetes.workloads import Workload

COMPUTE_DIVIDED = Rule(
    "kubernetes-compute-divided",
    "Several pods stand for one compute node and divide its size.",
    Severity.NOTE,
)
NOT_FOR_PODS = Rule(
    "kubernetes-not-for-pods",
    "Something that a node says of its server means nothing to a pod.",
    Severity.NOTE,
)
SMALL_NODES = Rule(
    "kubernetes-small-nodes",
    "A pod asks for more memory than a small edge node can give.",
    Severity.NOTE,
)

_DEFAULT_CPU = 100
_DEFAULT_MEMORY = 256 * 10**6
_SMALL_NODE = 200 * (1 << 20)
"""What an edge node of 512 MiB has left beside the K3s agent."""
_ARCHITECTURES = {
    "x86_64": "amd64",
    "amd64": "amd64",
    "aarch64": "arm64",
    "arm64": "arm64",
    "arm": "arm",
    "armv7": "arm",
    "armv7l": "arm",
    "ppc64le": "ppc64le",
    "s390x": "s390x",
}


def resources(draft: Draft, workload: Workload) -> Mapping[str, Value]:
    """Requests for CPU and memory, and a limit for memory alone: CPU can be shared, memory not."""
    size = _size(draft, workload)
    millis, amount = _DEFAULT_CPU, _DEFAULT_MEMORY
    cpus = _known(draft, workload, size.cpus, "num_cpus")
    if cpus is not None:
        millis = max(1, cpus * 1000 // workload.sharers)
    wanted = _known(draft, workload, size.memory, "mem_size")
    if wanted is not None:
        amount = _even(wanted, workload.sharers)
    if workload.sharers > 1 and workload.compute is not None:
        draft.report(
            COMPUTE_DIVIDED,
            workload.compute.place,
            f"{workload.sharers} pods take the place of `{workload.compute.address}`; each asks "
            f"for {cpu(millis)} CPU and {memory(amount)} memory",
        )
    if draft.site.k3s and amount > _SMALL_NODE:
        draft.report(
            SMALL_NODES,
            workload.root.place,
            f"`{workload.name}` asks for {memory(amount)} memory; a node with 512 MiB has about "
            "200 MiB left for pods",
        )
    return {
        "requests": {"cpu": cpu(millis), "memory": memory(amount)},
        "limits": {"memory": memory(amount)},
    }


def _even(amount: int, parts: int) -> int:
    """A part of an amount, rounded down to whole megabytes or mebibytes, whichever it was in."""
    unit = (1 << 20) if amount % (1 << 20) == 0 else 10**6
    return amount if parts == 1 else max(unit, amount // parts // unit * unit)


def _size(draft: Draft, workload: Workload) -> ComputeSize:
    """The size of the nearest thing that has one: the application, its runtime, its server."""
    application = workload.application
    for node in (application, *host_chain(draft.graph, application)):
        size = compute_size(node)
        if size != ComputeSize():
            return size
    return ComputeSize()


def _known(draft: Draft, workload: Workload, value: Value, name: str) -> int | None:
    if value is None or isinstance(value, int):
        return value
    compute = workload.compute or workload.root
    draft.report(
        OPEN_INPUT,
        compute.place,
        f"`{name}` of `{compute.address}` must be known, and is `{value}`",
        "give the inputs that it is made of: -i NAME=VALUE",
    )
    return None


def node_selector(system: System) -> dict[str, Value]:
    """Which cluster nodes can run it: by operating system and architecture, where said."""
    found: dict[str, Value] = {}
    if system.type in {"linux", "windows"}:
        found["kubernetes.io/os"] = system.type
    if system.architecture in _ARCHITECTURES:
        found["kubernetes.io/arch"] = _ARCHITECTURES[system.architecture]
    return found


def report_not_for_pods(draft: Draft, hosts: tuple[Instance, ...]) -> None:
    """Say what of compute nodes has no place in a pod: disks, clock rates, flavors, key pairs."""
    for host in hosts:
        said: list[str] = []
        if host.is_a(COMPUTE):
            size = compute_size(host)
            said += ["disk_size"] if size.disk is not None else []
            said += ["cpu_frequency"] if size.frequency is not None else []
            said += [name for name, value in host.properties.items() if value is not None]
        if said:
            draft.report(
                NOT_FOR_PODS,
                host.place,
                f"{', '.join(f'`{name}`' for name in said)} of `{host.address.template}` "
                f"{'means' if len(said) == 1 else 'mean'} nothing to a pod and "
                f"{'is' if len(said) == 1 else 'are'} left out",
            )
