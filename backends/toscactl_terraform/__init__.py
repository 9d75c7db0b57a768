"""The terraform backend: instances as one Terraform configuration."""

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
from toscactl_terraform.configuration import files
from toscactl_terraform.connection import connect
from toscactl_terraform.lowering import claims, lower


@dataclass(frozen=True, slots=True)
class TerraformBackend:
    """Everything that a target is to carry becomes one workspace (kind `workspace`)."""

    @property
    def name(self) -> str:
        return "terraform"

    def claims(self, instance: Instance, target: Target) -> bool:  # noqa: ARG002  (both clouds do)
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


__all__ = ["TerraformBackend"]
