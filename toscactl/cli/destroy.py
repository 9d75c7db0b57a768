"""`toscactl destroy`."""

import click

from toscactl.cli import options
from toscactl.cli.apply import carry_out


@click.command("destroy", short_help="Remove a deployment and all that belongs to it.")
@options.deployment
@options.state
@options.yes
@options.parallelism
def command(name: str, state_path: str | None, yes: bool, parallelism: int) -> int:
    """Show what will be removed, ask, and remove it.

    NAME is the name of a deployment (`toscactl status` lists them). Its source is not needed, and
    what an interrupted apply left half-created is removed too.
    """
    import toscactl

    store = options.opened_store(state_path)
    wanted = toscactl.plan_destroy(name, store=store)
    return carry_out(
        wanted, store, yes=yes, parallelism=parallelism, question=f"Really destroy `{name}`?"
    )
