"""The heat backend: instances as one stack of OpenStack Heat."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from toscactl.backend import (
    Checked,
    Driver,
    Instance,
    Portion,
    Step,
    Target,
    Unit,
    UnitChange,
    whole_change,
    whole_steps,
)
from toscactl_heat.connection import connect
from toscactl_heat.files import files
from toscactl_heat.lowering import claims, lower


@dataclass(frozen=True, slots=True)
class HeatBackend:
    """Everything that a target is to carry becomes one stack (kind `stack`)."""

    @property
    def name(self) -> str:
        return "heat"

    def claims(self, instance: Instance, target: Target) -> bool:  # noqa: ARG002
        return claims(instance)

    def lower(self, portion: Portion) -> Checked[tuple[Unit, ...]]:
        return lower(portion)

    def files(self, portion: Portion, units: Sequence[Unit]) -> Mapping[str, bytes]:
        return files(portion, units)

    def change(self, before: Unit, after: Unit) -> UnitChange:
        return whole_change(before, after)

    def steps(self, change: UnitChange) -> Sequence[Step]:
        return whole_steps(change)

    def connect(self, target: Target) -> AbstractContextManager[Driver]:
        return connect(target)


__all__ = ["HeatBackend"]
