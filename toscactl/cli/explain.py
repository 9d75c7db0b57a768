"""`toscactl explain`."""

import click

from toscactl.cli import terminal
from toscactl.errors import CannotRead


def _rules(_ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    from toscactl import rulebook

    return [name for name in sorted(rulebook.pages()) if name.startswith(begun)]


@click.command("explain", short_help="Print the page of a rule.")
@click.argument("rule", required=False, shell_complete=_rules)
def command(rule: str | None) -> None:
    """Print the page of a rule: what it means, an example and its cure.

    Without a rule: list all of them.
    """
    from toscactl import rulebook

    pages = rulebook.pages()
    if rule is None:
        width = max(len(name) for name in pages)
        terminal.result("".join(f"{name:{width}}  {pages[name].title}\n" for name in sorted(pages)))
        return
    if rule not in pages:
        from toscactl.diagnostics import closest

        guess = closest(rule, pages)
        hint = f"did you mean `{guess}`?" if guess else "`toscactl explain` lists all rules"
        raise CannotRead(f"there is no rule `{rule}`", hint=hint)
    terminal.result(pages[rule].text)
