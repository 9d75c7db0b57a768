"""`toscactl version`."""

import click

from toscactl.cli import terminal


@click.command("version", short_help="Print the version.")
def command() -> None:
    """Print the version."""
    from toscactl import __version__

    terminal.result(f"toscactl {__version__}\n")
