"""The group of commands, and what an exception means to whoever called."""

import importlib
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from types import FrameType
from typing import Any

import click

from toscactl import errors
from toscactl.cli import terminal


class Exit(IntEnum):
    """The exit codes, the same for every command and target."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    CHANGES = 2
    UNTOUCHED = 3
    USAGE_DETAILED = 64
    INTERRUPTED = 130


COMMANDS = {
    "apply": "Carry out a plan: create and change what is needed.",
    "completion": "Print the script that completes commands in your shell.",
    "destroy": "Remove a deployment and all that belongs to it.",
    "explain": "Print the page of a rule.",
    "graph": "Print the resolved graph of a service.",
    "history": "List what was done to a deployment.",
    "outputs": "Print the outputs of a deployment.",
    "plan": "Show what would change, and why.",
    "profiles": "List the bundled profiles, or show a type.",
    "status": "Show what is deployed.",
    "translate": "Write native files for a target.",
    "unlock": "Break the lock of a deployment.",
    "validate": "Say everything that is wrong with a service.",
    "version": "Print the version.",
}

_EPILOG = """\b
Exit codes:
  0    done: valid, planned (changes or not), converged
  1    invalid, or failed (the command to go on with is printed)
  2    wrong usage; with `plan --detailed-exitcode`: there are changes
  3    not done and nothing touched: cannot be read, stale plan, lock held,
       a gate, the question declined or no terminal to ask at
  64   wrong usage of `plan --detailed-exitcode`
  130  interrupted; can be resumed

\b
Start here:
  toscactl validate samples/hello
  toscactl plan samples/hello --target local
  toscactl apply samples/hello --target local
"""


ARGUMENTS = "toscactl.arguments"
"""Where a click context keeps the arguments as they were given."""

ENDING = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""The signals that ask us to end: an interrupt, a supervisor, a terminal that was closed."""


class _Commands(click.Group):
    """Imports a command's module when the command is used, so that others cost nothing."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[ARGUMENTS] = tuple(args)
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"toscactl.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in COMMANDS:
            from toscactl.diagnostics import closest

            guess = closest(name, COMMANDS)
            hint = f" Did you mean `{guess}`?" if guess else ""
            ctx.fail(f"No such command `{name}`.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


def _version(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from toscactl import __version__

        click.echo(f"toscactl {__version__}")
        ctx.exit()


@click.group(
    cls=_Commands, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_version,
    help="Print the version and exit.",
)
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    help="Colors: on a terminal only (auto, heeds NO_COLOR), always or never.",
)
@click.pass_context
def toscactl(ctx: click.Context, color: str) -> None:
    """Describe a service once, in TOSCA, and deploy it anywhere.

    toscactl reads a service template or a CSAR package, says exactly what is wrong with it,
    plans, shows what would change, and deploys the same service to OpenStack Heat,
    Kubernetes/K3s, Terraform and the local machine.
    """
    ctx.obj = color


def run(arguments: list[str]) -> int:
    """Run the command line and say how it ended."""
    with _interrupted_by_signals():
        return _run(arguments)


@contextmanager
def _interrupted_by_signals() -> Iterator[None]:
    """Being told to end is an interrupt, whoever tells; signals that are ignored stay so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in ENDING}
    for number, handler in before.items():
        if handler is signal.SIG_DFL:
            signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _run(arguments: list[str]) -> int:
    try:
        result: Any = toscactl.main(args=arguments, prog_name="toscactl", standalone_mode=False)
    except click.exceptions.Abort:
        terminal.error("interrupted")
        return Exit.INTERRUPTED
    except KeyboardInterrupt:
        terminal.error("interrupted")
        return Exit.INTERRUPTED
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as wrong:
        wrong.show(sys.stderr)
        detailed = "--detailed-exitcode" in arguments
        return Exit.USAGE_DETAILED if detailed else Exit.USAGE
    except errors.ToscactlError as wrong:
        terminal.exception(wrong)
        return _exit_code(wrong, detailed="--detailed-exitcode" in arguments)
    return int(result) if isinstance(result, int) else Exit.DONE


def _exit_code(wrong: errors.ToscactlError, *, detailed: bool) -> int:
    if isinstance(wrong, errors.InvalidService | errors.BackendError | terminal.Unwritable):
        return Exit.FAILED
    if isinstance(wrong, errors.UnknownTarget):
        return Exit.USAGE_DETAILED if detailed else Exit.USAGE
    return Exit.UNTOUCHED
