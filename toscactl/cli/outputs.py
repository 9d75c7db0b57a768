"""`toscactl outputs`."""

import json

import click

from toscactl.cli import options, progress, terminal
from toscactl.errors import CannotRead


@click.command("outputs", short_help="Print the outputs of a deployment.")
@options.deployment
@click.argument("output", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Lines of `name = value`, or one JSON object.",
)
@click.option("--reveal", is_flag=True, help="Print sensitive outputs, too.")
@options.state
def command(
    name: str,
    output: str | None,
    form: str,
    reveal: bool,
    state_path: str | None,
) -> None:
    """Print the outputs of the deployment NAME; with OUTPUT, only the value of that one."""
    import toscactl
    from toscactl import values
    from toscactl.diagnostics import closest

    found = dict(toscactl.outputs(name, store=options.opened_store(state_path)))
    if output is not None:
        if output not in found:
            guess = closest(output, found)
            hint = f"did you mean `{guess}`?" if guess else f"there are: {', '.join(found)}"
            raise CannotRead(f"`{name}` has no output `{output}`", hint=hint)
        found = {output: found[output]}
        _check_printable(name, output, found[output], reveal=reveal)
    if form == "json":
        data = {
            key: values.plain(value) if _printable(value, reveal=reveal) else None
            for key, value in found.items()
        }
        terminal.result(json.dumps(data, indent=2, ensure_ascii=False) + "\n")
    elif output is not None:
        terminal.result(values.text(found[output]) + "\n")
    else:
        terminal.result(progress.outputs_text(found, reveal=reveal))


def _check_printable(name: str, output: str, value: object, *, reveal: bool) -> None:
    """One value goes into scripts: a word that stands for it must not pass for it."""
    from toscactl import values

    if not values.is_known(value):  # type: ignore[arg-type]  # from the store
        raise CannotRead(
            f"the output `{output}` of `{name}` is not known yet",
            hint="an operation that has not run brings it; `toscactl status` tells how it stands",
        )
    if not _printable(value, reveal=reveal):
        raise CannotRead(
            f"the output `{output}` of `{name}` is sensitive", hint="--reveal prints it"
        )


def _printable(value: object, *, reveal: bool) -> bool:
    from toscactl import values

    return values.is_known(value) and (reveal or not values.is_sensitive(value))  # type: ignore[arg-type]  # from the store
