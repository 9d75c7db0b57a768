"""The command line. Only this prints, reads the environment and ends the process."""

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code (see `toscactl --help`)."""
    from toscactl.cli.run import run

    return run(sys.argv[1:] if arguments is None else list(arguments))
