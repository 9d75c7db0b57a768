"""`toscactl completion`."""

import click

from toscactl.cli import terminal


@click.command("completion", short_help="Print the script that completes commands in your shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the script that completes toscactl's commands and options in your shell.

    \b
    bash: toscactl completion bash > ~/.local/share/bash-completion/completions/toscactl
    zsh:  toscactl completion zsh > "${fpath[1]}/_toscactl"
    fish: toscactl completion fish > ~/.config/fish/completions/toscactl.fish
    """
    from click.shell_completion import get_completion_class

    from toscactl.cli.run import toscactl

    completion = get_completion_class(shell)
    assert completion is not None
    script = completion(toscactl, {}, "toscactl", "_TOSCACTL_COMPLETE").source()
    terminal.result(script + "\n")
