"""`toscactl history`."""

import json

import click

from toscactl.cli import options, terminal
from toscactl.errors import UnknownDeployment


@click.command("history", short_help="List what was done to a deployment.")
@options.deployment
@click.option("--log", is_flag=True, help="With what the operations said.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people, or data.",
)
@options.state
def command(name: str, log: bool, form: str, state_path: str | None) -> None:
    """List what was done to the deployment NAME, oldest first; also after it was destroyed."""
    entries = list(options.opened_store(state_path).history(name))
    if not entries:
        raise UnknownDeployment(
            f"nothing was ever done to a deployment `{name}`",
            hint="`toscactl status` lists the deployments that there are",
        )
    if form == "json":
        keys = ("number", "run", "at", "step", "verb", "event", "detail")
        rows = [
            {key: getattr(entry, key) for key in keys} | {"log": list(entry.log)}
            for entry in entries
        ]
        terminal.result(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
        return
    for entry in entries:
        detail = f": {entry.detail}" if entry.detail else ""
        subject = entry.step or entry.verb
        terminal.result(f"{entry.at}  run {entry.run}  {subject}  {entry.event}{detail}\n")
        if log:
            terminal.result("".join(f"  | {line}\n" for line in entry.log))
