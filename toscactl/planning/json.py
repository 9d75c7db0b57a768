"""A plan as JSON (`toscactl.plan/1`) that can be read back, checked and applied later.

It holds no secret: sensitive values are absent, sensitive inputs are there by digest only. What it
holds is enough to make the plan again, once those are given, and to see whether anything has moved.
The schema is published beside this module: `plan.schema.json`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources

from toscactl.desired import Origin
from toscactl.errors import CannotRead, StalePlan
from toscactl.planning.digests import canonical, sha256
from toscactl.planning.model import (
    FORMAT,
    InputDigest,
    OutputPreview,
    Plan,
    Preconditions,
    PropertyChange,
    ResourceAction,
    Unsupported,
)
from toscactl.planning.scripts import Script, scripts
from toscactl.targets import Target
from toscactl.values import Secret, Value, is_known, is_sensitive, plain, references


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """What a saved plan says of itself: how to make it again, and what must not have moved."""

    deployment: str
    destroy: bool
    source: str
    targets: tuple[Target, ...]
    """Names, backends and variants; what else belongs to a target is not saved."""
    inputs: tuple[InputDigest, ...]
    preconditions: Preconditions
    fingerprint: str
    input_values: Mapping[str, object] = field(default_factory=dict)
    """The values of inputs that are no secrets, as plain data."""
    chosen: tuple[str, ...] = ()
    """The names of the targets that were asked for; others hold what is to be removed."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """Digests of what was known of each target, by its name."""
    scripts: Mapping[str, str | None] = field(default_factory=dict)
    """The digests of the scripts that its steps run, by path."""


def to_json(plan: Plan) -> str:
    """The plan as JSON text: the same bytes for the same plan."""
    return json.dumps(_document(plan), indent=2, ensure_ascii=False) + "\n"


def schema() -> Mapping[str, object]:
    """The JSON Schema of `to_json`."""
    text = resources.files("toscactl.planning").joinpath("plan.schema.json").read_text("utf-8")
    found = json.loads(text)
    assert isinstance(found, dict)
    return found


def from_json(text: str) -> SavedPlan:
    """Read a saved plan. Raises `CannotRead` if it is none, or of another format."""
    try:
        data = json.loads(text)
    except ValueError as error:
        raise CannotRead(f"the saved plan is no JSON: {error}") from None
    found = data.get("format") if isinstance(data, dict) else None
    if found != FORMAT:
        raise CannotRead(
            f"not a plan of the format `{FORMAT}`" + (f" but of `{found}`" if found else ""),
            hint="save one with: toscactl plan ... --out FILE",
        )
    try:
        return _saved(data)
    except (KeyError, TypeError, AttributeError) as error:
        raise CannotRead(f"the saved plan is damaged: {error} is missing or wrong") from None


def verify(saved: SavedPlan, now: Plan) -> None:
    """Refuse a saved plan if anything moved that it was made from.

    `now` is the plan that was made again from the same source, targets and inputs.
    Raises `StalePlan`, which names everything that moved.
    """
    moved = tuple(_moved(saved, now))
    if moved:
        raise StalePlan(
            f"the saved plan of `{saved.deployment}` no longer fits: {'; '.join(moved)}",
            hint="make it again: toscactl plan ... --out FILE",
        )


def fingerprint(plan: Plan) -> str:
    """The SHA-256 of what the plan would do, and in which order."""
    return _digest(_doing(plan))


def _moved(saved: SavedPlan, now: Plan) -> Iterator[str]:
    was, is_ = saved.preconditions, now.preconditions
    if saved.deployment != now.deployment or saved.destroy != now.destroy:
        yield "it is for another deployment"
    if was.service_digest != is_.service_digest:
        yield f"the service `{saved.source}` has changed"
    if was.state_serial != is_.state_serial:
        yield f"the state has moved (from {was.state_serial} to {is_.state_serial})"
    else:
        yield from _moved_inputs(saved, now)
    if was.tool_version != is_.tool_version:
        yield f"toscactl is now {is_.tool_version} (it was {was.tool_version})"
    old = {one.name: (one.backend, one.variant, saved.facts[one.name]) for one in saved.targets}
    new = {one.name: (one.backend, one.variant, _facts(one)) for one in now.targets}
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            yield f"target `{name}` has changed"
    if saved.fingerprint != fingerprint(now):
        yield from _moved_scripts(saved, now)
        yield "what would be done differs"


def _moved_scripts(saved: SavedPlan, now: Plan) -> Iterator[str]:
    new = {script.path: script.digest for script in scripts(now)}
    for path in sorted({*saved.scripts} & {*new}):
        if saved.scripts[path] != new[path]:
            yield f"the script `{path}` has changed"


def _moved_inputs(saved: SavedPlan, now: Plan) -> Iterator[str]:
    old = {item.name: item for item in saved.inputs}
    new = {item.name: item for item in now.inputs}
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            yield f"input `{name}` has changed"


def _saved(data: Mapping[str, object]) -> SavedPlan:
    service, preconditions, targets, inputs = (
        data["service"], data["preconditions"], data["targets"], data["inputs"],
    )  # fmt: skip
    match service, preconditions, targets, inputs, data["deployment"], data["destroy"]:
        case (
            {"source": str(source)},
            {
                "service_digest": str(digest),
                "state_serial": int(serial),
                "tool_version": str(version),
            },
            list(),
            dict(),
            str(deployment),
            bool(destroy),
        ):
            return SavedPlan(
                deployment,
                destroy,
                source,
                tuple(Target(one["name"], one["backend"], one["variant"]) for one in targets),
                tuple(
                    InputDigest(name, item["digest"], item["sensitive"])
                    for name, item in inputs.items()
                ),
                Preconditions(digest, serial, version),
                str(data["fingerprint"]),
                {name: item["value"] for name, item in inputs.items() if "value" in item},
                tuple(str(one["name"]) for one in targets if one["chosen"]),
                {str(one["name"]): str(one["facts"]) for one in targets},
                _scripts_of(data["scripts"]),
            )
        case _:
            raise TypeError("something")


def _scripts_of(data: object) -> dict[str, str | None]:
    if not isinstance(data, list):
        raise TypeError("`scripts`")
    return {str(one["path"]): one["digest"] for one in data}


def _document(plan: Plan) -> dict[str, object]:
    pinned = plan.preconditions
    doing = _doing(plan)
    return {
        "format": FORMAT,
        "tool": {"name": "toscactl", "version": pinned.tool_version},
        "deployment": plan.deployment,
        "destroy": plan.destroy,
        "service": {
            "name": plan.service,
            "version": plan.service_version,
            "digest": pinned.service_digest,
            "source": plan.source,
        },
        "targets": [_target(target, plan.chosen) for target in plan.targets],
        "inputs": {item.name: _input(item, plan.input_values) for item in plan.inputs},
        **doing,
        "drift": [],
        "unsupported": [_unsupported(item) for item in plan.unsupported],
        "capacity": [],
        "outputs": [_output(item) for item in plan.outputs],
        "summary": {key.replace("no-op", "noop"): n for key, n in plan.summary.items()},
        "preconditions": {
            "service_digest": pinned.service_digest,
            "state_serial": pinned.state_serial,
            "tool_version": pinned.tool_version,
        },
        "fingerprint": _digest(doing),
    }


def _digest(doing: Mapping[str, object]) -> str:
    return sha256([json.dumps(doing, sort_keys=True, separators=(",", ":"))])


def _doing(plan: Plan) -> dict[str, object]:
    return {
        "actions": [_action(action) for action in plan.actions],
        "steps": [
            {
                "id": step.id,
                "verb": step.verb,
                "unit": step.unit,
                "target": step.target,
                "address": None if step.instance is None else str(step.instance),
                "needs": list(step.needs),
                "removes": step.removes,
            }
            for step in plan.steps
        ],
        "scripts": [_script(script) for script in scripts(plan)],
    }


def _input(item: InputDigest, values: Mapping[str, Value]) -> dict[str, object]:
    found: dict[str, object] = {"digest": item.digest, "sensitive": item.sensitive}
    value = values.get(item.name)
    if not item.sensitive and is_known(value) and not is_sensitive(value):
        found["value"] = plain(value)
    return found


def _target(target: Target, chosen: tuple[str, ...]) -> dict[str, object]:
    return {
        "name": target.name,
        "backend": target.backend,
        "variant": target.variant,
        "chosen": target.name in chosen,
        "facts": _facts(target),
    }


def _facts(target: Target) -> str:
    return sha256([canonical(target.facts).decode()])


def _action(action: ResourceAction) -> dict[str, object]:
    reason = action.reason
    return {
        "id": action.id,
        "wave": action.wave,
        "after": list(action.after),
        "target": action.target,
        "address": None if action.instance is None else str(action.instance),
        "kind": action.kind,
        "name": action.name,
        "unit": action.unit,
        "action": action.action.value,
        "certainty": action.certainty.value,
        "reason": {"code": reason.code, "text": reason.text, "paths": list(reason.paths)},
        "origin": _origin(action.origin),
        "changes": [_change(item) for item in action.changes],
        "risk": action.risk.value,
        "evidence": action.evidence,
    }


def _change(item: PropertyChange) -> dict[str, object]:
    found: dict[str, object] = {"path": item.path, "mark": item.mark}
    if item.mark == "sensitive":
        old, new = item.fingerprints or ("", "")
        found["fingerprints"] = {"before": old or None, "after": new or None}
    else:
        if is_known(item.before):
            found["before"] = plain(item.before)
        if is_known(item.after):
            found["after"] = plain(item.after)
    if item.waits_for:
        found["waits_for"] = list(item.waits_for)
    found["forces_replace"] = item.forces_replace
    found["origin"] = _origin(item.origin)
    return found


def _origin(origin: Origin | None) -> dict[str, object] | None:
    if origin is None:
        return None
    return {
        "element": origin.element,
        "property": origin.property,
        "file": origin.place.file,
        "line": origin.place.line,
        "column": origin.place.column,
    }


def _script(script: Script) -> dict[str, object]:
    return {
        "target": script.target,
        "path": script.path,
        "interpreter": script.interpreter,
        "size": script.size,
        "digest": script.digest,
        "users": list(script.users),
        "origin": _origin(script.origin),
    }


def _unsupported(item: Unsupported) -> dict[str, object]:
    return {
        "target": item.target,
        "rule": item.rule,
        "message": item.message,
        "file": None if item.place is None else item.place.file,
        "line": None if item.place is None else item.place.line,
    }


def _output(item: OutputPreview) -> dict[str, object]:
    found: dict[str, object] = {"name": item.name, "sensitive": item.sensitive}
    if item.sensitive or isinstance(item.value, Secret) or is_sensitive(item.value):
        return found
    if is_known(item.value):
        return {**found, "value": plain(item.value)}
    return {**found, "waits_for": _waits_for(item.value)}


def _waits_for(value: Value) -> list[str]:
    return sorted({str(reference) for reference in references(value)})
