"""Options that several commands share, and what they mean."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from toscactl.diagnostics import Rule
from toscactl.errors import CannotRead, InvalidInputs, ToscactlError

if TYPE_CHECKING:
    from toscactl.service import Service
    from toscactl.source import Source
    from toscactl.state import Store
    from toscactl.targets import Target

F = TypeVar("F", bound=Callable[..., Any])

BAD_INPUTS = Rule("bad-inputs-file", "A file of inputs does not map names to values.")
INPUT_VARIABLE = "TOSCACTL_INPUT_"


def _all(*decorators: Callable[[F], F]) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


Completer = Callable[[click.Context, click.Parameter, str], list[str]]


def _quietly(completer: Completer) -> Completer:
    """What cannot be read completes nothing, and says nothing in the middle of a line."""

    def complete(ctx: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
        try:
            return completer(ctx, parameter, begun)
        except ToscactlError:
            return []

    return complete


def _name(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """A name that can be shown in one line and typed again."""
    if value is None:
        return None
    text = as_typed(value)
    if not text.strip() or not text.isprintable():
        raise click.BadParameter(f"{text!a} is no name of a deployment: it cannot be shown")
    return text


def as_typed(word: str) -> str:
    """A word of the command line; UTF-8 also where the locale says nothing of it."""
    try:
        return os.fsencode(word).decode()
    except UnicodeError:
        return word


def _deployments(ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """The names that complete what was begun."""
    known = opened_store(ctx.params.get("state_path")).deployments()
    return [one for one in known if one.startswith(begun)]


def _targets(ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    from toscactl import inventory, targets

    file = ctx.params.get("targets_file") or _found_targets(ctx.params.get("path"))
    known = inventory.read(read_source(file)).value if file else targets.BUILT_IN
    return [one for one in known if one.startswith(begun)]


deployment = click.argument(
    "name", metavar="NAME", callback=_name, shell_complete=_quietly(_deployments)
)
maybe_deployment = click.argument(
    "name", metavar="[NAME]", required=False, callback=_name, shell_complete=_quietly(_deployments)
)
path = click.argument("path", type=click.Path(path_type=str))
reading = _all(
    click.option("--offline", is_flag=True, help="Fetch nothing from the web."),
    click.option(
        "--profile-path",
        "profile_paths",
        multiple=True,
        metavar="DIR",
        type=click.Path(exists=True, file_okay=False, path_type=str),
        envvar="TOSCACTL_PROFILE_PATH",
        help="A folder with profiles of your own; may be repeated.",
    ),
)
inputs = _all(
    click.option(
        "-i",
        "--input",
        "given",
        multiple=True,
        metavar="NAME=VALUE",
        help="The value of an input, in YAML; may be repeated. Also taken from the"
        f" environment, which keeps secrets off the command line: {INPUT_VARIABLE}NAME=VALUE.",
    ),
    click.option(
        "--inputs",
        "inputs_file",
        metavar="FILE",
        type=click.Path(path_type=str),
        help="A YAML or JSON file with values of inputs by name.",
    ),
)
targets = _all(
    click.option(
        "--target",
        "-t",
        "target_names",
        multiple=True,
        metavar="TARGET",
        shell_complete=_quietly(_targets),
        help="Where to: a name in targets.yaml, or local, openstack, kubernetes, k3s, aws,"
        " terraform-openstack. May be repeated: the service is split over them.",
    ),
    click.option(
        "--targets",
        "targets_file",
        metavar="FILE",
        type=click.Path(path_type=str),
        envvar="TOSCACTL_TARGETS",
        help="The file that names targets (default: targets.yaml here or beside the service).",
    ),
)
name = click.option(
    "--name",
    metavar="NAME",
    callback=_name,
    help="The name of the deployment (default: the"
    " service's template_name, else its folder, archive or file).",
)
state = click.option(
    "--state",
    "state_path",
    metavar="DIR",
    type=click.Path(path_type=str),
    envvar="TOSCACTL_STATE",
    help="Where state is kept (default: $TOSCACTL_STATE,"
    " else $XDG_STATE_HOME/toscactl, else ~/.local/state/toscactl).",
)
yes = click.option("--yes", "-y", is_flag=True, help="Do not ask.")
parallelism = click.option(
    "--parallelism",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    metavar="N",
    help="How many operations run at a time.",
)


def collected_inputs(
    service: "Service", given: Sequence[str], inputs_file: str | None
) -> Mapping[str, object]:
    """Values of inputs, from the environment, the file and the command line, in rising order."""
    from toscactl.service import Text

    values: dict[str, object] = {}
    for declared in service.topology.inputs:
        variable = INPUT_VARIABLE + declared
        if variable in os.environ:
            values[declared] = Text(os.environ[variable], f"${variable}")
    if inputs_file is not None:
        values.update(_read_inputs(inputs_file))
    for item in given:
        key, equals, text = item.partition("=")
        if not equals or not key:
            raise click.BadParameter(f"`{item}` is not NAME=VALUE", param_hint="-i")
        values[key] = Text(as_typed(text), f"-i {key}")
    return values


def _read_inputs(file: str) -> Mapping[str, object]:
    from toscactl import document

    parsed = document.parse(read_source(file))
    root = parsed.value.root
    if not parsed.ok:
        raise InvalidInputs(f"`{file}` is not a file of inputs", parsed.diagnostics)
    if root is None:
        return {}
    if not isinstance(root, document.Mapping):
        found = BAD_INPUTS.at(root.span, "a file of inputs maps names to values")
        raise InvalidInputs(f"`{file}` is not a file of inputs", (found,))
    return {str(key): value for key, value in root}


def read_source(file: str) -> "Source":
    """A text file as a source. Raises `CannotRead`."""
    from toscactl.source import Source

    try:
        return Source(file, Path(file).read_text(encoding="utf-8-sig"))
    except OSError as wrong:
        raise CannotRead(
            f"`{file}` cannot be read: {(wrong.strerror or str(wrong)).lower()}"
        ) from wrong
    except UnicodeDecodeError as wrong:
        raise CannotRead(f"`{file}` is not UTF-8 text") from wrong


def chosen_targets(
    names: Sequence[str], targets_file: str | None, service_path: str | None
) -> "tuple[Target, ...]":
    """The targets that were asked for; `local` if there was no word about it."""
    import toscactl

    if not names:
        raise click.UsageError(
            "say where to: --target TARGET (local, openstack, kubernetes, k3s,"
            " aws, terraform-openstack, or a name in targets.yaml)"
        )
    file = targets_file or _found_targets(service_path)
    return toscactl.find_targets(names, read_source(file) if file else None)


def _found_targets(service_path: str | None) -> str | None:
    places = [Path()]
    if service_path is not None:
        at = Path(service_path)
        places.append(at if at.is_dir() else at.parent)
    config = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    places.append(Path(config) / "toscactl")
    for place in places:
        file = place / "targets.yaml"
        if file.is_file():
            return str(file)
    return None


def opened_store(state_path: str | None) -> "Store":
    """The store of states, where `--state` and the environment say."""
    import toscactl

    if state_path is None:
        base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
        state_path = str(Path(base) / "toscactl")
    return toscactl.open_store(state_path)
