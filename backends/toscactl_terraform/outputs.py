"""Outputs of the service as outputs of the configuration."""

from collections.abc import Mapping

from toscactl.backend import AttributeOf, Output, Rule, Severity, is_sensitive, walk
from toscactl_terraform.draft import Draft, Tf, safe, unused
from toscactl_terraform.expressions import lower

OUTPUT_LEFT_OUT = Rule(
    "terraform-output-left-out",
    "An output is made by an operation on a server, where Terraform does not see it.",
    Severity.WARNING,
)


def lower_outputs(draft: Draft) -> None:
    for output in draft.portion.outputs.values():
        unknown = _unknown(draft, output)
        if unknown is not None:
            draft.report(
                OUTPUT_LEFT_OUT,
                output.place,
                f"output `{output.name}` is left out: Terraform does not know `{unknown}`, which"
                " is made on a server while operations run there",
                hint="make it of an address and properties, or deploy to `local` or `openstack`",
            )
            continue
        body: dict[str, Tf] = {"value": lower(draft, output.value, output.place)}
        if output.description.strip():
            body["description"] = output.description.strip()
        if output.sensitive or is_sensitive(output.value) or _reads_secrets(draft, body):
            body["sensitive"] = True
        draft.outputs[unused(safe(output.name), draft.outputs)] = body


def _unknown(draft: Draft, output: Output) -> AttributeOf | None:
    """The first attribute that neither the cloud nor another target gives."""
    for part in walk(output.value):
        if not isinstance(part, AttributeOf) or part.address in draft.portion.elsewhere:
            continue
        if draft.locate(part) is None:
            return part
    return None


def _reads_secrets(draft: Draft, body: Mapping[str, Tf]) -> bool:
    """Whether an output refers to a sensitive variable, which Terraform insists on marking."""
    text = str(body)
    return any(v.sensitive and f"var.{v.name}" in text for v in draft.variables.values())
