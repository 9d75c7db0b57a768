"""`toscactl graph`."""

import click

from toscactl.cli import options, terminal


@click.command("graph", short_help="Print the resolved graph of a service.")
@options.path
@click.option(
    "--format",
    "form",
    type=click.Choice(["dot", "mermaid", "json"]),
    default="dot",
    show_default=True,
    help="Graphviz, Mermaid (drawn by code forges) or data.",
)
@options.reading
@options.inputs
def command(
    path: str,
    form: str,
    offline: bool,
    profile_paths: tuple[str, ...],
    given: tuple[str, ...],
    inputs_file: str | None,
) -> None:
    """Print the instances of a service and what needs what.

    Inputs without a value stay open: a graph can be drawn before they are decided.

    \b
    Examples:
      toscactl graph samples/three-tier | dot -Tsvg > three-tier.svg
      toscactl graph service.csar --format json
    """
    import toscactl
    from toscactl.graph import render

    service = toscactl.load(path, offline=offline, profile_paths=profile_paths)
    values = options.collected_inputs(service, given, inputs_file)
    resolved = toscactl.resolve(service, values, open_inputs=True)
    terminal.findings(service.diagnostics)
    renderers = {"dot": render.to_dot, "mermaid": render.to_mermaid, "json": render.to_json}
    terminal.result(renderers[form](resolved))
