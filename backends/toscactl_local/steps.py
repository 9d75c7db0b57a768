"""change -> steps: one per operation, in the order of the life cycle (TOSCA 1.3, 7.2)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from toscactl.backend import Action, Step, Unit, UnitChange, Value
from toscactl_local.change import judge, refreshed
from toscactl_local.task import SEQUENCE, STARTING, WAY_BACK, Task, mapping, tasks_of, to_payload

ENDS = "ends"
"""Key of `Step.payload`: after the step, what the unit's operations left running is ended."""
CLEARS = "clears"
"""Key of `Step.payload`: after the step, nothing of the unit is left on this machine."""
STATE = "state"
"""Key of `Step.payload`: the state of the node once the step is done."""

_STATES: Mapping[str, str] = {
    "create": "created",
    "configure": "configured",
    "start": "started",
    "stop": "configured",
    "delete": "deleted",
}


@dataclass(frozen=True, slots=True)
class _Doing:
    """One thing to do: a task, or without one a note in the journal under a key."""

    key: str
    task: Task | None
    ends: bool = False


def steps(change: UnitChange) -> Sequence[Step]:
    """The steps of a change that are still to be done."""
    before, after = change.before, change.after
    found: list[Step] = []
    if change.action in (Action.DELETE, Action.REPLACE) and before is not None:
        found += _chain(before, _way_back(before), removes=True)
    if change.action in (Action.CREATE, Action.REPLACE) and after is not None:
        found += _early(after, list(_chain(after, _way_up(after))))
    if change.action is Action.UPDATE and after is not None:
        found += _chain(after, _again(before, after))
    return _linked([step for step in found if step.key not in change.done])


def _way_up(unit: Unit) -> Iterator[_Doing]:
    tasks = [task for task in tasks_of(unit) if task.name in SEQUENCE]
    yield from (_Doing(task.key, task) for task in tasks)
    if not tasks:
        yield _Doing("create", None)


def _way_back(unit: Unit) -> Iterator[_Doing]:
    tasks = [task for task in tasks_of(unit) if task.name in WAY_BACK]
    yield from (_Doing(task.key, task) for task in tasks)
    if not tasks:
        yield _Doing("delete", None)


def _again(before: Unit | None, after: Unit) -> Iterator[_Doing]:
    """What a change in place runs; if nothing of the unit differs, others that it uses do."""
    tasks = judge(before, after).tasks if before is not None else ()
    if before is None or judge(before, after).action is Action.NOOP:
        tasks = refreshed(after)
    # What runs now was started with the old inputs, and is stopped with them.
    old = {} if before is None else {task.key: task.inputs for task in tasks_of(before)}
    starts = any(task.name in STARTING for task in tasks)
    stops = any(task.name == "stop" for task in tasks)
    if starts and not stops:
        yield _Doing("stop", None, ends=True)
    for task in tasks:
        if task.name == "stop" and task.key in old:
            yield _Doing(task.key, replace(task, inputs=old[task.key]))
        else:
            yield _Doing(task.key, task)
    if not tasks:
        yield _Doing("update", None)


def _early(unit: Unit, steps: Sequence[Step]) -> Sequence[Step]:
    """The way up, which need not wait for all of the units that it says so of."""
    early = tuple(str(step) for step in mapping(unit.payload, "after").values())
    return [replace(step, needs=early) for step in steps]


def _chain(unit: Unit, doings: Iterable[_Doing], *, removes: bool = False) -> Iterator[Step]:
    everything = list(doings)
    for number, doing in enumerate(everything, 1):
        yield _step(unit, doing, removes=removes, last=number == len(everything))


def _step(unit: Unit, doing: _Doing, *, removes: bool, last: bool) -> Step:
    task, resource = doing.task, unit.resources[0]
    origins = resource.origins
    payload: dict[str, Value] = {} if task is None else dict(to_payload(task))
    payload[ENDS] = doing.ends or (removes and last)
    payload[CLEARS] = removes and last
    name = doing.key if task is None else task.name
    state = _STATES.get(name, "") if task is None or task.edge is None else ""
    if last:
        state = "deleted" if removes else "started"
    payload[STATE] = state
    return Step(
        id=f"{unit.id}#{doing.key}",
        key=doing.key,
        verb=doing.key if task is None or task.edge is not None else task.name,
        unit=unit.id,
        target=unit.target,
        backend=unit.backend,
        resource=resource.key,
        instance=unit.instances[0],
        inputs={} if task is None else dict(task.inputs),
        payload=payload,
        removes=removes,
        last=last,
        timeout=None if task is None else task.timeout,
        retries=0 if task is None else task.retries,
        backoff=1.0 if task is None else task.backoff,
        # The driver itself asks about an interrupted operation that must not run twice: it knows
        # whether it ended after all, and takes the answer.
        run_once=False,
        origin=origins.get(f"operations.{doing.key}", origins.get("")),
    )


def _linked(found: Sequence[Step]) -> tuple[Step, ...]:
    """Every step needs the one before it."""
    return tuple(
        step if number == 0 else replace(step, needs=(found[number - 1].id, *step.needs))
        for number, step in enumerate(found)
    )
