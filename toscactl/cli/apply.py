"""`toscactl apply`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from toscactl.cli import options, progress, terminal
from toscactl.errors import CannotRead

if TYPE_CHECKING:
    from toscactl.planning import Plan, SavedPlan
    from toscactl.state import Store

_REMOVE = "Remove all of it?"
_AGAIN = "make it again: toscactl plan ... --out FILE"
_PLAN_MARK = '"toscactl.plan/'


@click.command("apply", short_help="Carry out a plan: create and change what is needed.")
@click.argument("path", metavar="PATH|PLANFILE", type=click.Path(path_type=str))
@options.targets
@options.name
@options.inputs
@options.reading
@options.state
@options.yes
@options.parallelism
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
    yes: bool,
    parallelism: int,
) -> int:
    """Show the plan, ask, and carry it out.

    PATH is a service file, a folder or a CSAR; PLANFILE is what `plan --out` saved: it brings its
    targets, name and inputs, except for sensitive ones, and is refused if anything that it was
    made from has moved. An apply that failed or was killed is resumed by applying again: nothing
    that ended well is repeated.

    \b
    Examples:
      toscactl apply samples/hello --target local
      toscactl apply service.csar --target core --target edge -i port=80
      toscactl apply plan.json --yes
    """
    import toscactl

    store = options.opened_store(state_path)
    saved = _saved(path, target_names, name) if _is_plan(path) else None
    if saved is not None and saved.destroy:
        wanted = toscactl.plan_destroy(saved.deployment, store=store)
        toscactl.verify_plan(saved, wanted)
        return carry_out(wanted, store, yes=yes, parallelism=parallelism, question=_REMOVE)
    if saved is not None:
        path, name, target_names = _still_there(saved.source), saved.deployment, saved.chosen
    chosen = options.chosen_targets(target_names, targets_file, path)
    service = toscactl.load(path, offline=offline, profile_paths=profile_paths)
    values = options.collected_inputs(service, given, inputs_file)
    if saved is not None:
        values = {**saved.input_values, **values}
        values |= progress.asked_inputs(service, saved.inputs, values)
    wanted = toscactl.plan(service, chosen, values, store=store, name=name)
    if saved is not None:
        toscactl.verify_plan(saved, wanted)
    terminal.findings(service.diagnostics + wanted.diagnostics)
    return carry_out(wanted, store, yes=yes, parallelism=parallelism, question="Apply this plan?")


def _is_plan(path: str) -> bool:
    file = Path(path)
    if not file.is_file():
        return False
    with file.open("rb") as stream:
        return _PLAN_MARK.encode() in stream.read(200)


def _saved(path: str, target_names: tuple[str, ...], name: str | None) -> "SavedPlan":
    """A saved plan; nothing on the command line may contradict it."""
    import toscactl

    try:
        saved = toscactl.read_plan(options.read_source(path).text)
    except CannotRead as wrong:
        raise CannotRead(f"`{path}`: {wrong}", hint=wrong.hint or _AGAIN) from wrong
    if target_names and set(target_names) != set(saved.chosen):
        was = ", ".join(saved.chosen)
        raise click.UsageError(f"`{path}` is a plan for the target {was}; leave --target out")
    if name not in {None, saved.deployment}:
        raise click.UsageError(
            f"`{path}` is a plan for the deployment `{saved.deployment}`; leave --name out"
        )
    return saved


def _still_there(source: str) -> str:
    if not Path(source).exists():
        raise CannotRead(
            f"the plan was made from `{source}`, which is not here",
            hint="apply a plan in the folder where it was made",
        )
    return source


def carry_out(wanted: "Plan", store: "Store", *, yes: bool, parallelism: int, question: str) -> int:
    """Show a plan, ask, carry it out, and say how it ended. Used by `apply` and `destroy`."""
    import sys

    from toscactl import planning

    terminal.note(
        planning.to_text(
            wanted, color=terminal.colored(sys.stderr), verbose=False, width=terminal.width()
        )
    )
    if wanted.has_changes and not yes:
        progress.ask(question)
    return progress.follow(wanted, store, parallelism=parallelism)
