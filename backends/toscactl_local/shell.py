"""value -> a word of POSIX sh that expands to it: text, parameters, attributes, functions."""

import json
import re
import shlex
from collections.abc import Mapping, Sequence

from toscactl.backend import (
    AttributeOf,
    Call,
    InputOf,
    Secret,
    Value,
    is_known,
    plain,
    reveal,
    text,
)
from toscactl_local.machine import folder_name, path_of

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_]")
_SCALARS_IN_JSON = ("integer", "float", "boolean", "list", "map", "json")


def shell_name(name: str) -> str:
    """A name as one of a variable."""
    found = _NOT_IN_NAMES.sub("_", name)
    return f"_{found}" if found[:1].isdigit() else found


def variable(name: str) -> str:
    """The shell variable of an input of the service."""
    return f"TOSCA_INPUT_{shell_name(name)}"


class Words:
    """Values as words of sh.

    Secrets are never written down: `secrets` collects the variables that must hold them when the
    scripts are run, with what they are for.
    """

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}

    def word(self, value: Value, what: str) -> str:
        """A word that expands to a value as text; `what` says what the value is for."""
        match value:
            case InputOf():
                return self._input(value)
            case AttributeOf():
                return f'"$(attribute {_quoted(folder_name(str(value.address)), path_of(value))})"'
            case Call(function="concat", arguments=arguments):
                return "".join(self.word(argument, what) for argument in arguments) or "''"
            case Call(function="join", arguments=(items, *rest)) if _is_list(items):
                return self._join(items, rest, what)
            case Call(function="token", arguments=arguments):
                return f'"$(token {" ".join(self.word(item, what) for item in arguments)})"'
            case Call():
                raise ValueError(f"`{value}` cannot be computed by a shell")
            case Secret(value=inner):
                return self._secret(inner, what)
            case _:
                pass
        if is_known(value):
            return shlex.quote(text(value)) if not _has_secret(value) else self._secret(value, what)
        return self._json(value, what)

    def _input(self, value: InputOf) -> str:
        held = f'"${variable(value.name)}"'
        return f'"$(at {held} {_quoted(*value.path)})"' if value.path else held

    def _secret(self, inner: Value, what: str) -> str:
        if not is_known(inner):
            return self.word(reveal(inner), what)
        name = f"TOSCA_SECRET_{shell_name(what)}"
        self.secrets[name] = what
        return f'"${name}"'

    def _join(self, items: Value, rest: Sequence[Value], what: str) -> str:
        separator = self.word(rest[0], what) if rest else "''"
        words = [self.word(item, what) for item in items] if isinstance(items, Sequence) else []
        return separator.join(words) if words else "''"

    def _json(self, value: Value, what: str) -> str:
        """JSON with what is open filled in when the script runs."""
        if isinstance(value, Mapping):
            parts = [
                f"{shlex.quote(json.dumps(key) + ':')}{self._json(item, what)}"
                for key, item in value.items()
            ]
            return "'{'" + "','".join(parts) + "'}'"
        if _is_list(value) and isinstance(value, Sequence):
            return "'['" + "','".join(self._json(item, what) for item in value) + "']'"
        if is_known(value) and not _has_secret(value):
            return shlex.quote(json.dumps(plain(value), ensure_ascii=False))
        word = self.word(value, what)
        if isinstance(value, AttributeOf | InputOf) and value.type in _SCALARS_IN_JSON:
            return word
        return f'"$(json {word})"'


def _quoted(*words: object) -> str:
    return " ".join(shlex.quote(str(word)) for word in words)


def _is_list(value: Value) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _has_secret(value: Value) -> bool:
    return isinstance(value, Secret) or (
        any(_has_secret(item) for item in value.values())
        if isinstance(value, Mapping)
        else _is_list(value) and any(_has_secret(item) for item in value)  # type: ignore[union-attr]
    )
