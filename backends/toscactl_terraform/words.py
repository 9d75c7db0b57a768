"""The script of a server while it is written, and values as words of its shell."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from toscactl.backend import (
    Address,
    AttributeOf,
    Call,
    InputOf,
    Instance,
    Place,
    Rule,
    Severity,
    Value,
    is_known,
    is_sensitive,
    reveal,
    text,
)
from toscactl_terraform.draft import Draft
from toscactl_terraform.expressions import RUNTIME_ATTRIBUTE, expression, is_list

SECRET_IN_USER_DATA = Rule(
    "terraform-secret-in-user-data",
    "A secret reaches a server in its user data, which the cloud keeps.",
    Severity.WARNING,
)

WORK = "/var/lib/toscactl"
OWN_ADDRESS = '"$(hostname -I | cut -d " " -f 1)"'
_STRUCTURED = frozenset({"list", "map", "range", "complex"})


@dataclass
class Setup:
    """The script of one server while it is written."""

    server: Instance
    alone: bool = True
    """Whether the server is one of its kind, so that it has one address."""
    lines: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    """The variables of the script that Terraform sets, by the expression for their value."""
    outputs: dict[tuple[Address, tuple[str | int, ...]], str] = field(default_factory=dict)
    """Files on the server with what its operations gave, by instance and path of attribute."""
    has_engine: bool = False
    mounted: dict[Address, str] = field(default_factory=dict)
    """Where volumes are mounted, as words."""

    def variable(self, expression: str) -> str:
        """A variable of the script with the text that an expression gives, as a word."""
        name = self.variables.setdefault(expression, f"v{len(self.variables) + 1}")
        return f'"${name}"'

    def head(self) -> list[str]:
        """The lines that set the variables, as strings of Terraform's language.

        Values travel as base64. The shell takes line ends away from the end of what a command
        prints, so there is an `x` behind them.
        """
        return [
            f'"{name}=$(echo ${{base64encode({expression})}} | base64 -d; printf x);'
            f' {name}=$${{{name}%x}}"'
            for expression, name in self.variables.items()
        ]


def words(
    draft: Draft, setup: Setup, values: Mapping[str, Value], place: Place, what: str
) -> Mapping[str, str]:
    """Values as words, by name. Secrets are reported, once for `what` wants them."""
    secret = [name for name, value in values.items() if is_sensitive(value)]
    if secret:
        draft.report(
            SECRET_IN_USER_DATA,
            place,
            f"{what} needs `{'`, `'.join(secret)}`, which is secret and so stands in the user data"
            f" of `{setup.server.name}`, and in Terraform's state",
            hint="protect the state, and let the server fetch secrets from a store of them",
        )
    return {name: word(draft, setup, value, place) for name, value in values.items()}


def word(draft: Draft, setup: Setup, value: Value, place: Place | None) -> str:
    """A value as one word of the shell: quoted, or a variable that Terraform sets."""
    if is_known(value) and not is_sensitive(value):
        return shlex.quote(text(value))
    if isinstance(value, AttributeOf):
        found = _on_this_server(draft, setup, value, place)
        if found is not None:
            return found
    if isinstance(value, Call) and _is_of_this_server(draft, setup, value):
        return "".join(word(draft, setup, part, place) for part in value.arguments)
    whole = expression(draft, value, place)
    encoded = f"jsonencode({whole})" if _is_structured(value) else f"tostring({whole})"
    return setup.variable(encoded)


def _is_of_this_server(draft: Draft, setup: Setup, value: Call) -> bool:
    """Whether texts are to be put together of which only the server knows some."""
    if value.function != "concat" or any(is_list(part) for part in value.arguments):
        return False
    return any(
        _is_of_this_server(draft, setup, part)
        if isinstance(part, Call)
        else isinstance(part, AttributeOf)
        and (
            (part.address, (part.name, *part.path)) in setup.outputs
            or _is_own_address(draft, setup, part)
        )
        for part in value.arguments
    )


def _on_this_server(
    draft: Draft, setup: Setup, value: AttributeOf, place: Place | None
) -> str | None:
    """An attribute that the server itself knows: what an operation gave, its own address."""
    file = setup.outputs.get((value.address, (value.name, *value.path)))
    if file is not None:
        return f'"$(cat "$work/outputs/"{shlex.quote(file)})"'
    if not _is_own_address(draft, setup, value):
        return None
    if value.name == "public_address":
        draft.report(
            RUNTIME_ATTRIBUTE,
            place,
            f"`{setup.server.name}` is several servers, and none of them knows its public address",
        )
    return OWN_ADDRESS


def _is_own_address(draft: Draft, setup: Setup, value: AttributeOf) -> bool:
    """Whether an address is that of the server itself, which is one of several."""
    if setup.alone or value.name not in {"private_address", "ip_address", "public_address"}:
        return False
    there = draft.graph.instances.get(value.address)
    return there is not None and draft.compute(there) is setup.server


def _is_structured(value: Value) -> bool:
    value = reveal(value)
    if isinstance(value, AttributeOf | InputOf):
        return value.type in _STRUCTURED
    return isinstance(value, Mapping) or (
        isinstance(value, Sequence) and not isinstance(value, str)
    )
