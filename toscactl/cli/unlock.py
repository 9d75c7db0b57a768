"""`toscactl unlock`."""

import click

from toscactl.cli import options, progress, terminal


@click.command("unlock", short_help="Break the lock of a deployment.")
@options.deployment
@options.state
@options.yes
def command(name: str, state_path: str | None, yes: bool) -> None:
    """Break the lock of the deployment NAME, after asking.

    A lock whose owner is dead is taken over without this. Breaking the lock of somebody who is
    still at work can cost the truth of the state.
    """
    import toscactl

    store = options.opened_store(state_path)
    owner = store.owner(name)
    if owner is None:
        toscactl.deployment(name, store=store)  # raises if there is none
        terminal.note(f"`{name}` is not locked")
        return
    terminal.note(
        f"locked by {owner.who} on {owner.host} (pid {owner.pid}),"
        f" {owner.operation}, since {owner.since}"
    )
    if not yes:
        progress.ask(f"Break the lock of `{name}`?")
    store.unlock(name)
    terminal.note(f"unlocked: {name}")
