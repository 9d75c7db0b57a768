"""Which scripts the steps of a plan run, and what is known of them before anyone is asked."""

from collections.abc import Iterator
from dataclasses import dataclass

from toscactl.desired import Blob, Origin, Step, Unit
from toscactl.planning.model import Plan
from toscactl.values import is_known, text


@dataclass(frozen=True, slots=True)
class Script:
    """A script that a step says it runs (`script` in its payload).

    `size` (bytes) and `digest` (SHA-256) are of its content, None where that is not with the unit.
    `users` reads like `web.create`.
    """

    target: str
    path: str
    interpreter: str
    size: int | None
    digest: str | None
    users: tuple[str, ...]
    origin: Origin | None


def scripts(plan: Plan) -> tuple[Script, ...]:
    """The scripts of a plan, each content once, in the order in which they first run."""
    units = _units(plan)
    found: dict[tuple[str, str, str, str | None], tuple[Step, Blob | None, list[str]]] = {}
    for step in plan.steps:
        path = _payload(step, "script")
        if not path:
            continue
        blob = _content(step, path, units)
        key = (
            step.target,
            path,
            _payload(step, "interpreter"),
            None if blob is None else blob.digest,
        )
        _, _, users = found.setdefault(key, (step, blob, []))
        users.append(f"{step.instance or step.unit}.{step.verb}")
    return tuple(
        Script(
            target,
            path,
            interpreter,
            None if blob is None else len(blob.data),
            digest,
            tuple(users),
            step.origin,
        )
        for (target, path, interpreter, digest), (step, blob, users) in found.items()
    )


def _payload(step: Step, key: str) -> str:
    value = step.payload.get(key)
    return text(value) if value is not None and is_known(value) else ""


def _units(plan: Plan) -> dict[tuple[str, bool], Unit]:
    """The units as their steps see them: the old one where it is removed."""
    found: dict[tuple[str, bool], Unit] = {}
    for change in plan.units:
        old, new = change.before or change.after, change.after or change.before
        if old is not None and new is not None:
            found[old.id, True] = old
            found[new.id, False] = new
    return found


def _content(step: Step, path: str, units: dict[tuple[str, bool], Unit]) -> Blob | None:
    """The file of a script: under its own path, or under that which the step has for it."""
    files = units[step.unit, step.removes].files
    return next((files[key] for key in _candidates(step, path) if key in files), None)


def _candidates(step: Step, path: str) -> Iterator[str]:
    yield path
    placed = _payload(step, "path")
    yield placed
    names = step.payload.get("files")
    if isinstance(names, dict):
        yield from (text(names[key]) for key in (placed, path) if key in names)
