"""Does one step: intent, inputs, driver, retries, result; written before it counts."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from types import MappingProxyType

from toscactl.address import Address
from toscactl.backend import Result
from toscactl.desired import Action, Step, UnitChange
from toscactl.desired.serialize import frozen_value
from toscactl.errors import OperationFailed, StateError, ToscactlError
from toscactl.execution.context import StepContext
from toscactl.execution.drivers import Drivers
from toscactl.execution.inputs import finished, settled_at, used
from toscactl.execution.model import Done, Event, Failed, Progress, Skipped, Started
from toscactl.execution.secrecy import Secrets
from toscactl.execution.unit import UnitRun
from toscactl.planning import Certainty, Plan
from toscactl.state import State, StepResult, StepStatus, Store
from toscactl.values import Value

UNCHANGED = "unchanged"
Emit = Callable[[Event], None]


class Work:
    """The steps of one run and what they share: attributes known by now, units, drivers."""

    def __init__(
        self,
        plan: Plan,
        state: State,
        store: Store,
        drivers: Drivers,
        run: int,
        cancel: threading.Event,
    ) -> None:
        self._plan = plan
        self._store = store
        self._drivers = drivers
        self._run = run
        self._cancel = cancel
        self._units = _units(plan, state)
        known: dict[Address, Mapping[str, Value]] = {
            address: {} for change in plan.units for address in _instances(change)
        }
        self._attributes: dict[Address, Mapping[str, Value]] = {**known, **state.attributes}
        self._journal = threading.Lock()

    @property
    def attributes(self) -> Mapping[Address, Mapping[str, Value]]:
        """All attributes known by now: a view that goes with the time and is safe to iterate.

        (Instances are never added to it or taken away; their attributes are exchanged whole.)
        """
        return MappingProxyType(self._attributes)

    def end_changes_without_steps(self, state: State) -> None:
        """Bring changes to their end that have no step, or none left."""
        for change in self._plan.units:
            unit = change.after or change.before
            assert unit is not None
            record = state.units.get(unit.id)
            if unit.id in self._units:
                continue
            if change.action is not Action.NOOP:
                self._store.begin_change(self._plan.deployment, self._run, unit.id, change)
            elif record is None or record.change is None or not record.ledger:
                continue
            known = used(change.after, self._attributes)
            self._store.end_change(self._plan.deployment, unit.id, known)

    def do(self, step: Step, emit: Emit) -> Done | Failed | Skipped:
        """Do a step to its end. Raises `StateError` if that cannot be written."""
        unit = self._units[step.unit]
        with unit.lock:
            if not self._needed(unit):
                return Skipped(step, UNCHANGED)
            if not unit.begun:
                self._store.begin_change(self._plan.deployment, self._run, step.unit, unit.change)
                unit.begun = True
        return self._attempted(step, unit, emit)

    def _needed(self, unit: UnitRun) -> bool:
        """Whether a unit is to change: what the plan left open is known by now."""
        if unit.needed is None:
            unit.needed = not unit.conditional or self._differs(unit)
        return unit.needed

    def _differs(self, unit: UnitRun) -> bool:
        before, after = unit.change.before, unit.change.after
        if before is None or after is None:
            return True
        known = self.attributes
        if settled_at(before, known) != settled_at(after, known):
            return True
        hosts = {need.unit for need in after.needs if need.hosted}
        return any(self._made_anew(host) for host in hosts)

    def _made_anew(self, id_: str) -> bool:
        host = self._units.get(id_)
        if host is None or host.change.action is not Action.REPLACE:
            return False
        return not host.conditional or bool(host.needed) or self._differs(host)

    def _attempted(self, step: Step, unit: UnitRun, emit: Emit) -> Done | Failed:
        deployment = self._plan.deployment
        begun = time.monotonic()
        context = self._context(step, unit, emit)
        self._store.begin_step(deployment, self._run, step.unit, step.key, step.verb)
        for attempt in count(1):
            emit(Started(step, attempt))
            try:
                result = self._driven(step, context)
            except StateError:
                raise
            except ToscactlError as error:
                if attempt <= step.retries and not self._cancel.is_set():
                    pause = step.backoff * 2 ** (attempt - 1)
                    context.log(f"{error}; trying again in {pause:g} s")
                    if not self._cancel.wait(pause):
                        continue
                return self._failed(step, context, error, time.monotonic() - begun)
            self._journaled(step, unit, context, result)
            warnings = tuple(context.secrets.hidden(line) for line in result.warnings)
            return Done(step, time.monotonic() - begun, warnings)
        raise AssertionError

    def _driven(self, step: Step, context: StepContext) -> Result:
        inputs, missing = finished(step, self.attributes, self._plan.input_values)
        context.secrets = Secrets((*self._plan.input_values.values(), *inputs.values()))
        for problem in missing:
            context.log(f"left out: {problem}")
        return self._drivers.of(step.target).run(step, inputs, context)

    def _context(self, step: Step, unit: UnitRun, emit: Emit) -> StepContext:
        def record(values: Mapping[str, Value]) -> None:
            self._store.running(self._plan.deployment, step.unit, step.key, values)

        def remembered() -> Mapping[str, Value]:
            with self._journal:
                return dict(unit.observed)

        return StepContext(
            self._plan.deployment,
            unit.of(step),
            step,
            unit.interrupted(step),
            Secrets(self._plan.input_values.values()),
            self._cancel,
            work_folder=lambda: self._store.folder(self._plan.deployment),
            known=lambda: self.attributes,
            remembered=remembered,
            record=record,
            said=lambda line: emit(Progress(step, line)),
        )

    def _journaled(self, step: Step, unit: UnitRun, context: StepContext, result: Result) -> None:
        """Write a result and all that it brought; then, and only then, it counts."""
        secrets = context.secrets
        brought = {
            at: {name: frozen_value(secrets.marked(item)) for name, item in values.items()}
            for at, values in result.attributes.items()
        }
        observed = {
            key: frozen_value(item) for key, item in secrets.marked_map(result.observed).items()
        }
        with self._journal:
            gone, complete = unit.completes(step)
            if gone:
                unit.observed.clear()
                self._exchange({address: {} for address in unit.of(step).instances})
            unit.observed.update(observed)
            self._exchange(
                {at: {**self._attributes.get(at, {}), **values} for at, values in brought.items()}
            )
            self._store.end_step(
                self._plan.deployment,
                self._run,
                step.unit,
                step.key,
                StepResult(
                    StepStatus.OK,
                    brought,
                    observed,
                    log=tuple(context.lines),
                    gone=gone,
                    used=used(unit.change.after, self._attributes) if complete else None,
                ),
            )

    def _exchange(self, attributes: Mapping[Address, Mapping[str, Value]]) -> None:
        if all(address in self._attributes for address in attributes):
            self._attributes.update(attributes)
        else:
            self._attributes = {**self._attributes, **attributes}

    def _failed(
        self, step: Step, context: StepContext, error: ToscactlError, seconds: float
    ) -> Failed:
        hidden = context.secrets.hidden
        said = error.tail if isinstance(error, OperationFailed) else context.tail
        failure = Failed(
            step,
            seconds,
            hidden(str(error)),
            tuple(hidden(line) for line in said[-20:]),
            None if error.hint is None else hidden(error.hint),
        )
        self._store.end_step(
            self._plan.deployment,
            self._run,
            step.unit,
            step.key,
            StepResult(StepStatus.FAILED, detail=failure.message, log=tuple(context.lines)),
        )
        return failure


def _units(plan: Plan, state: State) -> Mapping[str, UnitRun]:
    """The units that have steps."""
    steps: dict[str, list[Step]] = {}
    for step in plan.steps:
        steps.setdefault(step.unit, []).append(step)
    maybe = {action.unit for action in plan.actions if action.certainty is Certainty.MAY}
    return {
        id_: UnitRun(change, state.units.get(id_), steps[id_], id_ in maybe)
        for change in plan.units
        if (id_ := _id(change)) in steps
    }


def _instances(change: UnitChange) -> Iterator[Address]:
    for unit in (change.before, change.after):
        if unit is not None:
            yield from unit.instances


def _id(change: UnitChange) -> str:
    unit = change.after or change.before
    assert unit is not None
    return unit.id
