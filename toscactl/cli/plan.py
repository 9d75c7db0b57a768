"""`toscactl plan`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toscactl.cli import options, terminal
from toscactl.cli.run import Exit
from toscactl.errors import CannotRead

if TYPE_CHECKING:
    from toscactl.planning import Plan

KINDS = ("create", "update", "replace", "delete", "run", "may", "downtime", "data-loss", "any")


@click.command("plan", short_help="Show what would change, and why.")
@options.path
@options.targets
@options.name
@options.inputs
@options.reading
@options.state
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=str),
    help="Save the plan for `toscactl apply FILE`; it holds no secret.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="For people, for programs, for pull requests.",
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 if there are changes.")
@click.option(
    "--fail-on",
    metavar="KINDS",
    help="Exit with 3 if the plan has changes of these kinds"
    f" (comma-separated: {', '.join(KINDS)}).",
)
@click.option("--destroy", is_flag=True, help="Plan the removal; PATH may be a deployment's name.")
@click.option("--verbose", "-v", is_flag=True, help="Show what does not change, too.")
def command(
    path: str,
    target_names: tuple[str, ...],
    targets_file: str | None,
    name: str | None,
    given: tuple[str, ...],
    inputs_file: str | None,
    offline: bool,
    profile_paths: tuple[str, ...],
    state_path: str | None,
    out: str | None,
    form: str,
    detailed_exitcode: bool,
    fail_on: str | None,
    destroy: bool,
    verbose: bool,
) -> int:
    """Show what would change, and why. Nothing is touched.

    \b
    Examples:
      toscactl plan samples/hello --target local
      toscactl plan service.csar --target openstack --format markdown
      toscactl plan service.yaml --target k3s --out plan.json --fail-on replace,delete
    """
    import toscactl
    from toscactl import planning

    kinds = _kinds(fail_on)
    store = options.opened_store(state_path)
    if destroy:
        wanted = toscactl.plan_destroy(_deployment(path, name), store=store)
    else:
        chosen = options.chosen_targets(target_names, targets_file, path)
        service = toscactl.load(path, offline=offline, profile_paths=profile_paths)
        values = options.collected_inputs(service, given, inputs_file)
        wanted = toscactl.plan(service, chosen, values, store=store, name=name)
        terminal.findings(service.diagnostics + wanted.diagnostics)
    terminal.result(rendered(wanted, form, verbose=verbose))
    if out is not None:
        _save(out, planning.to_json(wanted))
    gated = planning.matching(wanted, kinds)
    if gated:
        names = ", ".join(f"{item.action.value} {item.kind}/{item.name}" for item in gated)
        terminal.error(f"the plan has what --fail-on {fail_on} forbids: {names}")
        return Exit.UNTOUCHED
    return Exit.CHANGES if detailed_exitcode and wanted.has_changes else Exit.DONE


def rendered(wanted: "Plan", form: str, *, verbose: bool = False) -> str:
    """A plan in a format of `--format`."""
    from toscactl import planning

    if form == "json":
        return planning.to_json(wanted)
    if form == "markdown":
        return planning.to_markdown(wanted)
    return planning.to_text(
        wanted, color=terminal.colored(sys.stdout), verbose=verbose, width=terminal.width()
    )


def _kinds(fail_on: str | None) -> tuple[str, ...]:
    kinds = tuple(kind.strip() for kind in fail_on.split(",")) if fail_on else ()
    for kind in kinds:
        if kind not in KINDS:
            raise click.BadParameter(
                f"`{kind}` is not one of {', '.join(KINDS)}", param_hint="--fail-on"
            )
    return kinds


def _deployment(path: str, name: str | None) -> str:
    if name is not None:
        return name
    if not Path(path).exists():
        return path
    import toscactl

    return toscactl.load(path).name


def _save(out: str, text: str) -> None:
    try:
        Path(out).write_text(text, encoding="utf-8")
    except OSError as wrong:
        reason = (wrong.strerror or str(wrong)).lower()
        raise CannotRead(f"`{out}` cannot be written: {reason}") from wrong
    terminal.note(f"saved: {out}")
