"""What the `ctx` command of scripts says and does, in the syntax of ARIA and that of Cloudify.

    ctx logger info "it works"                     ctx logger info [ "port %s" 80 ]
    ctx node properties port                       ctx node capabilities endpoint properties port
    ctx instance runtime_properties url            ctx node attributes url
    ctx instance runtime_properties url http://x   ctx node attributes url = http://x
    ctx source|target node|instance ...            the ends of a relationship
    ctx download-resource SOURCE [DESTINATION]     ctx download-resource [ DESTINATION SOURCE ]
    ctx download-resource-and-render ...           with `{{ ctx.node.properties.port }}` filled in

`-j` before a question asks for JSON; an argument that begins with `@` is JSON itself.
"""

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from toscactl.backend import EvaluationError, Value, is_known, plain, reveal, select, text

_PLACEHOLDER = re.compile(r"\{\{\s*(ctx\.[\w.\-\[\]]+)\s*\}\}")
_LEVELS = ("debug", "info", "warning", "warn", "error", "critical", "exception")
_SET = "runtime_properties"


@dataclass(slots=True)
class Entity:
    """A node as `ctx` shows it; what scripts set is collected in `changes`."""

    name: str
    id: str
    types: tuple[str, ...]
    properties: Mapping[str, Value] = field(default_factory=dict)
    attributes: Mapping[str, Value] = field(default_factory=dict)
    capabilities: Mapping[str, Value] = field(default_factory=dict)
    changes: dict[str, Value] = field(default_factory=dict)

    def view(self) -> dict[str, Value]:
        attributes = {**self.attributes, **self.changes}
        return {
            "name": self.name,
            "id": self.id,
            "type": self.types[0] if self.types else "",
            "type_hierarchy": tuple(reversed(self.types)),
            "properties": self.properties,
            "attributes": attributes,
            _SET: attributes,
            "capabilities": self.capabilities,
        }


@dataclass(slots=True)
class Conversation:
    """All that the scripts of one operation may ask."""

    deployment: str
    operation: str
    inputs: Mapping[str, Value]
    base: Path
    log: Callable[[str], None]
    node: Entity
    source: Entity | None = None
    target: Entity | None = None

    def answer(self, arguments: Sequence[str], folder: Path) -> str:
        """What `ctx ARGUMENTS` prints. Raises `ValueError` for a wrong question."""
        words = list(arguments)
        as_json = False
        while words and words[0] in ("-j", "--json-output"):
            as_json, words = True, words[1:]
        listed = "[" in words
        words = [word for word in words if word not in ("[", "]")]
        if not words:
            raise ValueError("what do you want to know? e.g. `ctx node properties port`")
        verb, *rest = words
        if verb == "logger":
            return self._logger(rest)
        if verb.replace("_", "-").startswith("download-resource"):
            return self._download(rest, folder, listed=listed, render=verb.endswith("render"))
        value = self._ask(words)
        if as_json:
            return json.dumps(plain(value), ensure_ascii=False)
        return text(value)

    def _logger(self, words: Sequence[str]) -> str:
        if len(words) < 2 or words[0] not in _LEVELS:  # noqa: PLR2004  (a level and a text)
            raise ValueError(f"`ctx logger LEVEL TEXT`, with a level of {', '.join(_LEVELS)}")
        level, message, *arguments = words
        if arguments:
            try:
                message = message % tuple(arguments)
            except (TypeError, ValueError):
                message = " ".join((message, *arguments))
        self.log(message if level in ("info", "debug") else f"{level}: {message}")
        return ""

    def _ask(self, words: Sequence[str]) -> Value:
        subject, *path = words
        match subject:
            case "node" | "instance":
                return _of_entity(self.node, path)
            case "source" | "target":
                entity = self.source if subject == "source" else self.target
                if entity is None:
                    raise ValueError(f"`{subject}` is known in operations of relationships only")
                if path and path[0] in ("node", "instance"):
                    path = path[1:]
                return _of_entity(entity, path)
            case "operation" | "task":
                return _at({"name": self.operation, "inputs": self.inputs}, path)
            case "inputs":
                return _at(self.inputs, path)
            case "deployment" | "service" | "blueprint":
                return _at({"id": self.deployment, "name": self.deployment}, path)
            case _:
                pass
        known = "node, instance, source, target, operation, inputs, deployment, logger"
        raise ValueError(f"`{subject}` is unknown; known are {known} and download-resource")

    def _download(self, words: Sequence[str], folder: Path, *, listed: bool, render: bool) -> str:
        if not words:
            raise ValueError("`ctx download-resource SOURCE [DESTINATION]`")
        source, destination, variables = _files(words, listed=listed)
        found = (self.base / source.lstrip("/")).resolve()
        if not found.is_file():
            raise ValueError(
                f"`{source}` is no file of this operation; files come with it as dependencies"
                " of the implementation or as artifacts of the node"
            )
        if destination:
            to = folder / destination
            if to.is_dir() or destination.endswith("/"):
                to = to / found.name
            to.parent.mkdir(parents=True, exist_ok=True)
        else:
            to = Path(tempfile.mkdtemp(prefix="ctx-", dir=self.base)) / found.name
        if render:
            to.write_text(self._render(found.read_text("utf-8"), variables), "utf-8")
        else:
            shutil.copyfile(found, to)
        return str(to)

    def _render(self, template: str, variables: Mapping[str, Value]) -> str:
        if "{%" in template:
            raise ValueError("only `{{ ctx... }}` and given variables are rendered, no `{%`")

        def put(match: re.Match[str]) -> str:
            words = match[1].split(".")[1:]
            return text(self._ask(words))

        for name, value in variables.items():
            pattern = re.compile(r"\{\{\s*" + re.escape(name) + r"\s*\}\}")
            template = text(value).join(pattern.split(template))
        return _PLACEHOLDER.sub(put, template)


def _files(words: Sequence[str], *, listed: bool) -> tuple[str, str, Mapping[str, Value]]:
    """Source, destination and variables of `download-resource`, in either syntax."""
    variables: Mapping[str, Value] = {}
    names: list[str] = []
    destination = ""
    for word in words:
        value = _argument(word)
        if not isinstance(value, Mapping):
            names.append(word)
        elif "target_path" in value or "template_variables" in value:
            destination = text(value.get("target_path"))
            given = value.get("template_variables")
            variables = given if isinstance(given, Mapping) else variables
        else:
            variables = value
    if listed and len(names) > 1:
        return names[1], names[0], variables
    return names[0], destination or (names[1] if len(names) > 1 else ""), variables


def _of_entity(entity: Entity, path: Sequence[str]) -> Value:
    words = [word.replace("runtime-properties", _SET) for word in path]
    if words and words[0] in (_SET, "attributes"):
        set_to = _assigned(words)
        if set_to is not None:
            name, value = set_to
            _put(entity, name, value)
            return None
    return _at(entity.view(), words)


def _assigned(words: Sequence[str]) -> tuple[str, Value] | None:
    """What is to be set: `attributes NAME = VALUE` or `runtime_properties NAME VALUE`."""
    match words:
        case [_, name, "=", value]:
            return name, _argument(value)
        case ["runtime_properties", name, value]:
            return name, _argument(value)
        case _:
            return None


def _put(entity: Entity, name: str, value: Value) -> None:
    first, *rest = name.split(".")
    if not rest:
        entity.changes[first] = value
        return
    current = {**entity.attributes, **entity.changes}.get(first)
    for word in reversed(rest):
        value = {word: value}
    if isinstance(current, Mapping) and isinstance(value, Mapping):
        value = {**current, **value}
    entity.changes[first] = value


def _argument(word: str) -> Value:
    """An argument: JSON after `@`, a JSON object or list as it stands, else the text itself."""
    data = word.removeprefix("@")
    if data != word or data[:1] in ("{", "["):
        try:
            found: Value = json.loads(data)
        except ValueError:
            return word
        return found
    return word


def _at(value: Value, path: Sequence[str]) -> Value:
    for word in path:
        names = [word] if isinstance(value, Mapping) and word in value else word.split(".")
        for name in names:
            try:
                value = select(value, (name,))
            except EvaluationError:
                raise ValueError(f"there is no `{' '.join(path)}`") from None
    if not is_known(value):
        raise ValueError(f"`{' '.join(path)}` is not known yet")
    return reveal(value)
