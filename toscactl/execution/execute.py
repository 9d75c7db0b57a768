"""plan -> events: carries out a plan. The only effects are those of drivers and of the store."""

import queue
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from toscactl.backend import Backend
from toscactl.desired import Action, Step
from toscactl.errors import StalePlan
from toscactl.execution.drivers import Drivers
from toscactl.execution.inputs import known_outputs
from toscactl.execution.model import Done, Event, Failed, Finished, Skipped, Waiting
from toscactl.execution.schedule import Schedule
from toscactl.execution.work import UNCHANGED, Work
from toscactl.planning import Plan
from toscactl.state import State, Store

CANCELLED = "cancelled"


def execute(
    plan: Plan,
    store: Store,
    backends: Mapping[str, Backend],
    *,
    parallelism: int = 10,
    cancel: threading.Event | None = None,
) -> Generator[Event, None, None]:
    """Carry out a plan; yields what happens as it happens, `Finished` last.

    When the event of a step's end is seen, its result is in the state. To cancel, set `cancel`,
    close the iterator or interrupt the process: running steps are told to end, what is left is
    `Skipped`, and a plan made again goes on from there.
    Raises `Locked` if somebody else is at it, `StalePlan` if the state has moved since the plan
    was made, `BackendError` or `MissingExtra` if a target cannot be reached or deployed to;
    nothing is touched then. Raises `StateError` if results cannot be written;
    steps whose result was not written count as not known.
    """
    operation = "destroy" if plan.destroy else "apply"
    with store.lock(plan.deployment, operation):
        state = store.read(plan.deployment)
        if state.serial != plan.preconditions.state_serial:
            raise StalePlan(
                f"the state of `{plan.deployment}` has moved since the plan was made"
                f" (from {plan.preconditions.state_serial} to {state.serial})",
                hint="make the plan again",
            )
        drivers = Drivers(plan.targets, backends)
        drivers.connect(step.target for step in plan.steps)
        try:
            number = store.begin_run(_starting(plan, state), operation)
        except BaseException:
            drivers.close()
            raise
        run = _Run(plan, state, store, drivers, number, cancel or threading.Event())
        try:
            yield from run.events(max(1, min(parallelism, len(plan.steps))))
        finally:
            run.close()
            store.end_run(plan.deployment, number, run.outcome)
        if plan.destroy and run.outcome == "done":
            store.forget(plan.deployment)
    yield run.finished()


def _starting(plan: Plan, state: State) -> State:
    """What the run starts from, as the state keeps it."""
    if plan.destroy:
        return state
    return replace(
        state,
        service=plan.service,
        service_version=plan.service_version,
        service_digest=plan.preconditions.service_digest,
        source=plan.source,
        targets={**state.targets, **{target.name: target for target in plan.targets}},
        inputs=plan.input_values,
        outputs=plan.output_values,
    )


class _Run:
    """One run: workers do the steps and settle what follows; the generator hands out events."""

    def __init__(
        self,
        plan: Plan,
        state: State,
        store: Store,
        drivers: Drivers,
        number: int,
        cancel: threading.Event,
    ) -> None:
        self._plan = plan
        self._state = state
        self._store = store
        self._number = number
        self._cancel = cancel
        self._drivers = drivers
        self._work = Work(plan, state, store, self._drivers, number, cancel)
        obsolete = [c.before.id for c in plan.units if c.before and c.action is Action.DELETE]
        self._schedule = Schedule(plan.steps, frozenset(obsolete))
        self._counts = {Done: 0, Failed: 0, Skipped: 0}
        self._cut_short = False
        self._error: BaseException | None = None
        self._lock = threading.RLock()
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._pool: ThreadPoolExecutor | None = None

    def events(self, workers: int) -> Iterator[Event]:
        """Begin, and hand out events until every step has one that ends it."""
        self._work.end_changes_without_steps(self._state)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="step")
        with self._lock:
            self._submit(self._schedule.initial())
            self._note_end()
        while (event := self._next()) is not None:
            yield event
        if self._error is not None:
            raise self._error

    def _next(self) -> Event | None:
        while True:
            try:
                return self._events.get()
            except KeyboardInterrupt:
                if self._cancel.is_set():
                    raise
                self._stop()

    def close(self) -> None:
        """Begin nothing more, and wait for what runs."""
        if self._schedule.left:
            self._stop()
        if self._pool is not None:
            self._pool.shutdown(wait=True)
        self._drivers.close()

    def _stop(self) -> None:
        with self._lock:
            self._cancel.set()
            self._abandon()

    @property
    def outcome(self) -> str:
        if self._cut_short or self._error is not None:
            return "interrupted"
        return "failed" if self._counts[Failed] else "done"

    def finished(self) -> Finished:
        known = (
            {}
            if self._plan.destroy
            else known_outputs(
                self._plan.output_values, self._work.attributes, self._plan.input_values
            )
        )
        counts = self._counts
        return Finished(self.outcome, counts[Done], counts[Failed], counts[Skipped], known)

    # From here on, what workers do.

    def _submit(self, steps: Sequence[Step]) -> None:
        assert self._pool is not None
        for step in steps:
            self._pool.submit(self._do, step).add_done_callback(self._crashed)

    def _do(self, step: Step) -> None:
        if self._cancel.is_set():
            with self._lock:
                self._cut_short = True
                self._settle(step, Skipped(step, CANCELLED))
            return
        self._settle(step, self._work.do(step, self._events.put))

    def _settle(self, step: Step, event: Done | Failed | Skipped) -> None:
        """A step has its end: tell, and begin what can begin because of it."""
        with self._lock:
            self._tell(event)
            waiting: Sequence[tuple[Step, tuple[str, ...]]] = ()
            lost: Sequence[Step] = ()
            if isinstance(event, Done) or (isinstance(event, Skipped) and event.cause == UNCHANGED):
                ready, waiting = self._schedule.done(step)
            else:
                ready, lost = self._schedule.failed(step)
            for one, on in waiting:
                self._events.put(Waiting(one, on))
            self._skip(lost, event.cause if isinstance(event, Skipped) else step.id)
            if self._cancel.is_set():
                self._cut_short |= isinstance(event, Failed)
                self._abandon(ready)
            else:
                self._submit(ready)
            self._note_end()

    def _abandon(self, ready: Sequence[Step] = ()) -> None:
        """Skip everything that no worker has."""
        for step in ready:
            self._schedule.left.pop(step.id, None)
        lost = (*ready, *self._schedule.abandon())
        self._cut_short |= bool(lost)
        self._skip(lost, CANCELLED)

    def _skip(self, lost: Sequence[Step], cause: str) -> None:
        if not lost:
            return
        for step in lost:
            self._tell(Skipped(step, cause))
        self._store.skip_steps(
            self._plan.deployment, self._number, [(step.id, step.verb) for step in lost], cause
        )

    def _tell(self, event: Done | Failed | Skipped) -> None:
        if not (isinstance(event, Skipped) and event.cause == UNCHANGED):
            self._counts[type(event)] += 1
        self._events.put(event)

    def _note_end(self) -> None:
        if not self._schedule.left:
            self._events.put(None)

    def _crashed(self, future: "Future[None]") -> None:
        """The state could not be written, or a driver has a bug: end the run, and say it there."""
        error = future.exception()
        if error is None:
            return
        with self._lock:
            self._error = self._error or error
            self._cancel.set()
            self._schedule.left.clear()
            self._events.put(None)
