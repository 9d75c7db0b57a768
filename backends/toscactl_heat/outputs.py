"""Outputs of the service as outputs of the stack."""

from toscactl.backend import Rule, Severity
from toscactl_heat.draft import Draft, HotOutput
from toscactl_heat.expressions import lower

SECRET_OUTPUT = Rule(
    "heat-secret-output",
    "A sensitive output can be read by everybody who may read the stack.",
    Severity.WARNING,
)


def lower_outputs(draft: Draft) -> None:
    for output in draft.portion.outputs.values():
        if output.sensitive:
            draft.report(
                SECRET_OUTPUT,
                output.place,
                f"output `{output.name}` is sensitive, and Heat shows outputs to all who may read"
                " the stack",
            )
        value = lower(draft, output.value, output.place)
        if value is not None:
            draft.outputs[output.name] = HotOutput(output.name, value, output.description.strip())
