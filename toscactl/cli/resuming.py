"""The command that goes on where a run was cut off, to be pasted into a shell."""

import json
import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from toscactl.cli.run import ARGUMENTS

if TYPE_CHECKING:
    from toscactl.planning import Plan

_INPUTS = ("-i", "--input")


def command(wanted: "Plan") -> str:
    """What was typed, without its secrets; for a saved plan, which is stale now, what it says."""
    context = click.get_current_context()
    path = str(context.params.get("path"))
    words = list(_without_secrets(context.meta[ARGUMENTS], _secrets(wanted)))
    if context.info_name == "apply" and path != wanted.source:
        at = words.index(path)
        if wanted.destroy:
            words[words.index("apply")] = "destroy"
            words[at] = wanted.deployment
        else:
            words[at : at + 1] = _as_made(wanted)
    return shlex.join(["toscactl", *words])


def _secrets(wanted: "Plan") -> frozenset[str]:
    return frozenset(item.name for item in wanted.inputs if item.sensitive)


def _without_secrets(words: Sequence[str], secrets: frozenset[str]) -> Iterator[str]:
    """The words of a command line, `NAME=...` for a sensitive input."""
    before = ""
    for word in words:
        option, given = next(
            ((name, word.removeprefix(name)) for name in _INPUTS if word.startswith(name)),
            ("", word),
        )
        if option or before in _INPUTS:
            given = given.removeprefix("=") if option else given
            name = given.partition("=")[0]
            if name in secrets:
                word = word.removesuffix(given) + f"{name}=..."  # noqa: PLW2901
        before = word
        yield word


def _as_made(wanted: "Plan") -> Iterator[str]:
    """What a saved plan was made from, as arguments."""
    from toscactl import values

    yield wanted.source
    for target in wanted.chosen:
        yield from ("--target", target)
    yield from ("--name", wanted.deployment)
    secrets = _secrets(wanted)
    for name, value in sorted(wanted.input_values.items()):
        if name in secrets:
            yield from ("-i", f"{name}=...")
        elif value is not None and values.is_known(value):
            data = values.plain(value)
            text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
            yield from ("-i", f"{name}={text}")
