"""`toscactl validate`."""

import click

from toscactl.cli import options, terminal
from toscactl.cli.run import Exit
from toscactl.errors import CannotRead, InvalidService


@click.command("validate", short_help="Say everything that is wrong with a service.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=str))
@click.option("--strict", is_flag=True, help="The letter of the standard: no tolerance.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif", "junit"]),
    default="text",
    show_default=True,
    help="How to print what was found.",
)
@options.reading
@options.inputs
def command(
    paths: tuple[str, ...],
    strict: bool,
    form: str,
    offline: bool,
    profile_paths: tuple[str, ...],
    given: tuple[str, ...],
    inputs_file: str | None,
) -> int:
    """Say everything that is wrong with a service file, a folder or a CSAR.

    Every finding has the name of its rule (`toscactl explain RULE` prints its page), its place,
    and a cure where one is known. Inputs need no values; those that are given are checked.

    \b
    Examples:
      toscactl validate service.yaml
      toscactl validate package.csar --strict --format sarif > findings.sarif
      toscactl validate service.yaml -i port=8080
    """
    import toscactl
    from toscactl.diagnostics import Diagnostic, Severity, render

    found: list[Diagnostic] = []
    files: list[str] = []
    unread: list[CannotRead] = []
    for path in paths:
        try:
            service = toscactl.load(path, offline=offline, profile_paths=profile_paths)
        except CannotRead as wrong:
            unread.append(wrong)
            continue
        except InvalidService as wrong:  # a package that cannot be opened for what is wrong in it
            found += (one.strictly() if strict else one for one in wrong.diagnostics)
            files += [path]
            continue
        values = None
        if given or inputs_file:
            values = options.collected_inputs(service, given, inputs_file)
        found += toscactl.validate(service, values, strict=strict)
        files += [path]
    for problem in unread:
        terminal.exception(problem)
    if unread and not files:
        return Exit.UNTOUCHED
    found = render.in_order(found)
    ok = all(diagnostic.severity is not Severity.ERROR for diagnostic in found)
    if form == "json":
        terminal.result(render.to_json(found, files))
    elif form == "sarif":
        terminal.result(render.to_sarif(found, toscactl.__version__))
    elif form == "junit":
        terminal.result(render.to_junit(found, files))
    else:
        import sys

        text = render.to_text(found, color=terminal.colored(sys.stdout))
        verdict = "valid" if ok else "invalid"
        tail = f": {render.summary(found)}" if found else ""
        terminal.result(
            f"{text}{chr(10) if text else ''}{', '.join(files)} {_is(files)} {verdict}{tail}\n"
        )
    if unread:
        return Exit.UNTOUCHED
    return Exit.DONE if ok else Exit.FAILED


def _is(files: list[str]) -> str:
    return "is" if len(files) == 1 else "are"
