"""`toscactl outputs`."""

import json

import click

from toscactl.cli import options, progress, terminal


@click.command("outputs", short_help="Print the outputs of a deployment.")
@click.argument("name")
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
            raise toscactl.CannotRead(f"`{name}` has no output `{output}`", hint=hint)
        found = {output: found[output]}
    if form == "json":
        data = {
            key: values.plain(value) if _printable(value, reveal=reveal) else None
            for key, value in found.items()
        }
        terminal.result(json.dumps(data, indent=2, ensure_ascii=False) + "\n")
    elif output is not None and _printable(found[output], reveal=reveal):
        terminal.result(values.text(found[output]) + "\n")
    else:
        terminal.result(progress.outputs_text(found, reveal=reveal))


def _printable(value: object, *, reveal: bool) -> bool:
    from toscactl import values

    return values.is_known(value) and (reveal or not values.is_sensitive(value))  # type: ignore[arg-type]  # from the store
