"""Values of TOSCA in Terraform's language: literals, template strings and expressions."""

import json
import math
from collections.abc import Mapping, Sequence

from toscactl.backend import (
    AttributeOf,
    Call,
    InputOf,
    Place,
    Rule,
    ScalarUnit,
    Secret,
    Value,
    Version,
    is_known,
    reveal,
    text,
)
from toscactl_terraform.draft import Draft, Tf, Variable, safe, unused, variable_name

UNSUPPORTED_FUNCTION = Rule(
    "terraform-unsupported-function", "A value needs a function that Terraform does not have."
)
RUNTIME_ATTRIBUTE = Rule(
    "terraform-runtime-attribute",
    "A value is made by an operation on a server, and Terraform does not see it.",
)

GIB = 1024**3


def literal(value: str) -> str:
    """A text as Terraform takes it literally: `${` and `%{` begin no template."""
    return value.replace("${", "$${").replace("%{", "%%{")


def quoted(value: str) -> str:
    """A text as a string of the expression language."""
    return literal(json.dumps(value, ensure_ascii=False))


def reference(expression: str) -> str:
    """An expression as a value in JSON syntax."""
    return f"${{{expression}}}"


def lower(draft: Draft, value: Value, place: Place | None) -> Tf:
    """A value in JSON syntax. What Terraform cannot say is reported at the place."""
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return literal(value)
        case ScalarUnit() | Version():
            return literal(value.text)
        case Secret() | AttributeOf() | InputOf():
            return reference(expression(draft, value, place))
        case Call(function="concat", arguments=parts) if not any(is_list(p) for p in parts):
            return "".join(_piece(draft, part, place) for part in parts)
        case Call():
            return reference(expression(draft, value, place))
        case Mapping():
            return {literal(key): lower(draft, item, place) for key, item in value.items()}
        case Sequence():
            return [lower(draft, item, place) for item in value]


def is_list(value: Value) -> bool:
    """Whether a value is, or will be, a list."""
    if isinstance(value, AttributeOf | InputOf):
        return value.type == "list"
    return isinstance(value, Sequence) and not isinstance(value, str)


def _piece(draft: Draft, value: Value, place: Place | None) -> str:
    if is_known(value) and not isinstance(value, Secret):
        return literal(text(value))
    return reference(expression(draft, value, place))


def expression(draft: Draft, value: Value, place: Place | None) -> str:
    """A value in the expression language, without `${}`."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            return quoted(value)
        case ScalarUnit() | Version():
            return quoted(value.text)
        case Secret(value=inner):
            return _secret(draft, inner, place)
        case InputOf():
            return _steps(f"var.{variable_name(value.name)}", value.path)
        case AttributeOf():
            return _attribute(draft, value, place)
        case Call(function=function, arguments=arguments):
            return _call(draft, function, arguments, place)
        case Mapping():
            pairs = (f"{quoted(k)} = {expression(draft, v, place)}" for k, v in value.items())
            return "{" + ", ".join(pairs) + "}"
        case Sequence():
            return "[" + ", ".join(expression(draft, item, place) for item in value) + "]"


def _steps(base: str, path: tuple[str | int, ...]) -> str:
    return base + "".join(f"[{json.dumps(step, ensure_ascii=False)}]" for step in path)


def _secret(draft: Draft, value: Value, place: Place | None) -> str:
    """A secret stands in no file: it becomes a sensitive variable, and applying gives its value."""
    if not is_known(value):
        return expression(draft, value, place)
    for name, known in draft.inputs.items():
        if known == Secret(value):
            return f"var.{name}"
    name = unused("secret", draft.variables)
    draft.inputs[name] = Secret(value)
    return draft.variable(Variable(name, "string", "A secret of the service.", sensitive=True))


def _attribute(draft: Draft, value: AttributeOf, place: Place | None) -> str:
    if value.address in draft.portion.elsewhere:
        name = safe(str(value).replace(".", "_"))
        draft.inputs[name] = value
        return draft.variable(
            Variable(
                name, "string", f"{value}, which another target gives.", sensitive=value.sensitive
            )
        )
    found = draft.locate(value)
    if found is not None:
        return found
    draft.report(
        RUNTIME_ATTRIBUTE,
        place,
        f"Terraform does not know `{value}`: it is made on a server, while operations run there",
        hint="use an address, or a property; or deploy to `local` or `openstack`",
    )
    return "null"


def _call(draft: Draft, function: str, arguments: tuple[Value, ...], place: Place | None) -> str:
    if function == "token":
        return _token(draft, arguments, place)
    parts = [expression(draft, argument, place) for argument in arguments]
    if function == "concat":
        if any(is_list(argument) for argument in arguments):
            return f"concat({', '.join(parts)})"
        return f'join("", [{", ".join(parts)}])'
    if function == "join":
        delimiter = parts[1] if len(parts) > 1 else '""'
        return f"join({delimiter}, {parts[0]})"
    draft.report(UNSUPPORTED_FUNCTION, place, f"Terraform has no counterpart of `{function}`")
    return "null"


def _token(draft: Draft, arguments: tuple[Value, ...], place: Place | None) -> str:
    whole, separators, index = arguments
    source = expression(draft, whole, place)
    characters = text(reveal(separators)) if is_known(separators) else ""
    if not characters:
        draft.report(UNSUPPORTED_FUNCTION, place, "the separators of `token` must be known")
        return "null"
    first = characters[0]
    for other in characters[1:]:
        source = f"replace({source}, {quoted(other)}, {quoted(first)})"
    return f"split({quoted(first)}, {source})[{expression(draft, index, place)}]"


def gib(draft: Draft, value: Value, place: Place | None) -> Tf:
    """A size in whole GiB that holds so much, at least 1; an input that is one stays a variable."""
    revealed = reveal(value)
    if isinstance(revealed, InputOf) and revealed.name in draft.in_gib:
        return reference(expression(draft, revealed, place))
    known = draft.given(revealed)
    return gib_number(known) or 1


def gib_number(value: Value) -> int | None:
    """Whole GiB that hold a scalar-unit or so many bytes; None if it is neither."""
    amount = value.amount if isinstance(value, ScalarUnit) else value
    if isinstance(amount, bool) or not isinstance(amount, int | float):
        return None
    return max(1, math.ceil(amount / GIB))
