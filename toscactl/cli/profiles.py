"""`toscactl profiles`."""

import click

from toscactl.cli import options, terminal


@click.group(
    "profiles", invoke_without_command=True, short_help="List the bundled profiles, or show a type."
)
@click.pass_context
def command(ctx: click.Context) -> None:
    """List the bundled profiles, or show one of their types with everything it inherits.

    \b
    Examples:
      toscactl profiles
      toscactl profiles show tosca.nodes.Compute
      toscactl profiles show Compute --version 1.2
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@command.command("list")
def list_() -> None:
    """List the bundled profiles."""
    import toscactl

    for profile in toscactl.profiles():
        terminal.result(f"{profile.name} {profile.version}  {profile.types} types\n")


@command.command("show")
@click.argument("type_name", metavar="TYPE")
@click.option(
    "--version",
    metavar="VERSION",
    default="1.3",
    show_default=True,
    help="The version of the Simple Profile to look in.",
)
@click.option(
    "--in",
    "path",
    metavar="PATH",
    type=click.Path(path_type=str),
    help="A service to look in instead: its types and those that it imports.",
)
@options.reading
def show(
    type_name: str,
    version: str,
    path: str | None,
    offline: bool,
    profile_paths: tuple[str, ...],
) -> None:
    """Show a type, by its full or short name: members, where from, and what they must be."""
    import toscactl

    text = toscactl.describe_type(
        type_name, version=version, path=path, offline=offline, profile_paths=profile_paths
    )
    terminal.result(text)
