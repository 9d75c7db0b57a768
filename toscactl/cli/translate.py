"""`toscactl translate`."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toscactl.cli import options, terminal
from toscactl.errors import CannotRead

if TYPE_CHECKING:
    from toscactl.service import Service


@click.command("translate", short_help="Write native files for a target.")
@options.path
@options.targets
@click.option(
    "-o",
    "--output",
    "folder",
    required=True,
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=str),
    help="The folder to write to; made if it is not there.",
)
@click.option(
    "--via",
    type=click.Choice(["heat-translator"]),
    help="Ask another translator, to compare (openstack only).",
)
@options.name
@options.reading
@options.inputs
def command(
    path: str,
    target_names: tuple[str, ...],
    targets_file: str | None,
    folder: str,
    via: str | None,
    name: str | None,
    offline: bool,
    profile_paths: tuple[str, ...],
    given: tuple[str, ...],
    inputs_file: str | None,
) -> None:
    """Write native files for a target, ready to use without toscactl.

    Heat templates for `openstack stack create`, manifests for `kubectl apply`, a folder for
    `terraform apply`, scripts for this machine. Inputs become parameters where the target has them.

    \b
    Examples:
      toscactl translate samples/single-server --target openstack -o heat/
      toscactl translate samples/wordpress --target k3s -o manifests/ -i db_password=...
    """
    import toscactl

    chosen = options.chosen_targets(target_names, targets_file, path)
    if len(chosen) != 1:
        raise click.UsageError("`translate` writes for one --target at a time")
    service = toscactl.load(path, offline=offline, profile_paths=profile_paths)
    values = options.collected_inputs(service, given, inputs_file)
    files: Mapping[str, bytes]
    if via is not None:
        files = _via_heat_translator(path, chosen[0].backend)
    else:
        translation = toscactl.translate(service, chosen[0], values, name=name)
        terminal.findings(service.diagnostics + translation.diagnostics)
        files = translation.files
    _write(Path(folder), files, _secrets(service, values))


def _secrets(service: "Service", values: Mapping[str, object]) -> tuple[bytes, ...]:
    """The sensitive values that somebody gave, as they would stand in a file."""
    from toscactl import Text

    declared = service.topology.inputs
    return tuple(
        (value.text if isinstance(value, Text) else str(value)).encode()
        for name, value in values.items()
        if name in declared and declared[name].sensitive and str(value)
    )


def _via_heat_translator(path: str, backend: str) -> dict[str, bytes]:
    from toscactl import second_opinion

    if backend != "heat":
        raise click.UsageError("--via heat-translator writes for --target openstack alone")
    return second_opinion.translate(path)


def _write(folder: Path, files: Mapping[str, bytes], secrets: tuple[bytes, ...]) -> None:
    try:
        for name, data in sorted(files.items()):
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
            if data.startswith(b"#!"):
                file.chmod(0o755)
            if any(secret in data for secret in secrets):
                file.chmod(file.stat().st_mode & 0o700)
                terminal.note(f"{file} holds a secret in clear; only you may read it")
            terminal.result(f"{file}\n")
    except OSError as wrong:
        reason = (wrong.strerror or str(wrong)).lower()
        raise CannotRead(f"`{wrong.filename or folder}` cannot be written: {reason}") from wrong
