"""Instance types of EC2: which is the smallest that has what a server asks for."""

from collections.abc import Iterator
from dataclasses import dataclass

from toscactl.backend import ComputeSize, Value

GIB = 1024**3
ARM = frozenset({"arm64", "aarch64", "arm"})
_STEPS = ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge")
_VCPUS = (2, 4, 8, 16, 32, 48, 64, 96)
_BURSTABLE = (
    ("nano", 2, 0.5), ("micro", 2, 1.0), ("small", 2, 2.0), ("medium", 2, 4.0), ("large", 2, 8.0),
    ("xlarge", 4, 16.0), ("2xlarge", 8, 32.0),
)  # fmt: skip
_MEMORY_PER_CPU = {"c": 2.0, "m": 4.0, "r": 8.0}
"""GiB per virtual CPU of the families for computing, for any purpose, and for memory."""


@dataclass(frozen=True, slots=True)
class InstanceType:
    """A size of servers; `memory` in GiB."""

    name: str
    vcpus: int
    memory: float


def smallest(size: ComputeSize, architecture: str, *, together: bool) -> InstanceType | None:
    """The smallest type with so much; None if there is none.

    `together`: it must be one that a cluster placement group takes, which excludes burstable ones.
    """
    fitting = [
        it
        for it in _types(architecture in ARM, burstable=not together)
        if _at_least(it.vcpus, size.cpus) and _at_least(it.memory * GIB, size.memory)
    ]
    return min(fitting, key=lambda it: (it.vcpus, it.memory), default=None)


def _types(arm: bool, *, burstable: bool) -> Iterator[InstanceType]:  # noqa: FBT001
    if burstable:
        family = "t4g" if arm else "t3"
        for name, vcpus, memory in _BURSTABLE:
            yield InstanceType(f"{family}.{name}", vcpus, memory)
    generation = "6g" if arm else "6i"
    # Graviton machines end at 64 virtual CPUs.
    most = 64 if arm else 96
    for letter, per_cpu in _MEMORY_PER_CPU.items():
        for step, vcpus in zip(_STEPS, _VCPUS, strict=True):
            if vcpus <= most:
                yield InstanceType(f"{letter}{generation}.{step}", vcpus, vcpus * per_cpu)


def _at_least(there: float, wanted: Value) -> bool:
    return not isinstance(wanted, int | float) or there >= wanted
