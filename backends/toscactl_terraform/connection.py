"""The live side: what this version has of it."""

from contextlib import AbstractContextManager

from toscactl.backend import BackendError, Driver, Target


def connect(target: Target) -> AbstractContextManager[Driver]:
    """Always raises `BackendError`: configurations are planned and translated, not applied yet."""
    raise BackendError(
        f"applying through Terraform (target `{target.name}`) is not part of this version",
        hint="`toscactl translate` writes a configuration for `terraform init && terraform apply`",
    )
