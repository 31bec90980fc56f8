"""What is true of runs, in plain Python: what their events say of them, and what may become of them."""

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from cowmask.v1 import event_pb2, experiment_config_pb2, experiments_pb2
from cowmask_worker.runs.states import ACTIVE, FOLLOWING, State, state_name

QUEUED, RUNNING = event_pb2.RUN_STATE_QUEUED, event_pb2.RUN_STATE_RUNNING
CANCELLED, INTERRUPTED = event_pb2.RUN_STATE_CANCELLED, event_pb2.RUN_STATE_INTERRUPTED
FAILED, SUCCEEDED = event_pb2.RUN_STATE_FAILED, event_pb2.RUN_STATE_SUCCEEDED


class Fate(NamedTuple):
    """How an attempt ends: its state, and the code of its cause, which is empty where a task process saw the cancel."""

    state: State
    code: str = ""

    def __repr__(self) -> str:
        return f"{state_name(self.state)} {self.code}".strip()


CANCELLED_WHILE_QUEUED = Fate(CANCELLED, "CANCELLED_BY_USER")
CANCELLED_IN_TRAINING = Fate(CANCELLED)
STOPPED = Fate(CANCELLED, "WORKER_STOPPING")
KILLED = Fate(INTERRUPTED, "TRAINER_KILLED")


class Kind(enum.Enum):
    """What a run does by itself: steps, seed, and how it ends, if it does."""

    SHORT = (5, 0, Fate(SUCCEEDED))
    FAILING = (5, 13, Fate(FAILED, "NON_FINITE_LOSS"))
    ENDLESS = (10_000_000, 0, None)

    @property
    def config(self) -> experiment_config_pb2.ExperimentConfig:
        steps, seed, _ = self.value
        dataset = experiment_config_pb2.DatasetConfig(name="digits")
        return experiment_config_pb2.ExperimentConfig(dataset=dataset, steps=steps, seed=seed)

    @property
    def fates(self) -> set[Fate]:
        return {self.value[2]} if self.value[2] else set()


@dataclass
class ModelRun:
    """`events` are those that are known, `fates` how the attempt may end; without any it goes on until it is told."""

    id: str
    kind: Kind
    key: str
    fates: set[Fate]
    events: list[event_pb2.Event] = field(default_factory=list)
    attempt: int = 1

    @property
    def state(self) -> State:
        return folded(self.events).state

    @property
    def ended(self) -> bool:
        return self.state not in ACTIVE


class Folded(NamedTuple):
    """A run as its events tell of it."""

    state: State
    attempt: int
    step: int
    last_seq: int
    finished: event_pb2.Finished | None
    checkpoint: event_pb2.Checkpoint | None

    def check(self, run: experiments_pb2.Run) -> None:
        """Such a run must be what a call answers."""
        found = run.finished if run.HasField("finished") else None
        assert (run.state, run.attempt, run.step, run.last_seq) == (self.state, self.attempt, self.step, self.last_seq)
        assert found == self.finished


def folded(events: Iterable[event_pb2.Event]) -> Folded:
    """Fails for a change of state that is not in the table, for a hole, and for an attempt that is not one more."""
    run = Folded(event_pb2.RUN_STATE_UNSPECIFIED, 0, 0, 0, None, None)
    for event in events:
        assert event.seq == run.last_seq + 1
        run = run._replace(last_seq=event.seq)
        match event.WhichOneof("type"):
            case "state" if event.state.state == QUEUED:
                assert run.attempt == 0 or QUEUED in FOLLOWING[run.state]
                run = run._replace(state=QUEUED, attempt=run.attempt + 1, finished=None)
            case "state":
                assert event.state.state in FOLLOWING[run.state]
                run = run._replace(state=event.state.state)
            case "metrics":
                assert run.state in ACTIVE
                run = run._replace(step=event.metrics.first_step + len(event.metrics.loss))
            case "checkpoint":
                assert run.state in ACTIVE
                run = run._replace(step=event.checkpoint.step, checkpoint=event.checkpoint)
            case "finished":
                assert event.finished.state in FOLLOWING[run.state]
                assert event.finished.step == run.step
                assert event.finished.checkpoint == (run.checkpoint or event_pb2.Checkpoint())
                run = run._replace(state=event.finished.state, finished=event.finished)
            case kind:
                raise AssertionError(f"a fake task process tells no {kind}")
        assert event.attempt == run.attempt
    return run


class Model:
    """`runs` are in the order in which they came; `queue` holds those whose attempt has not ended, as far as is known,
    in the order in which they train."""

    def __init__(self) -> None:
        self.runs: dict[str, ModelRun] = {}
        self.queue: list[ModelRun] = []
        self.deleted: list[str] = []

    def submitted(self, run_id: str, kind: Kind, key: str) -> ModelRun:
        assert run_id not in self.runs
        assert run_id not in self.deleted
        run = self.runs[run_id] = ModelRun(run_id, kind, key, kind.fates)
        self.queue.append(run)
        return run

    def of_key(self, key: str) -> ModelRun | None:
        return next((run for run in self.runs.values() if key and run.key == key), None)

    def waits(self, run: ModelRun) -> bool:
        """Whether it is certain that another one trains before it."""
        before = self.queue[: self.queue.index(run)]
        return any(not each.fates for each in before)

    def cancelled(self, run: ModelRun, before: State) -> None:
        """`before` is its state before the call."""
        if run not in self.queue:
            return
        if self.waits(run):
            run.fates = {CANCELLED_WHILE_QUEUED}
            return
        run.fates = run.fates | {CANCELLED_IN_TRAINING} | ({CANCELLED_WHILE_QUEUED} if before == QUEUED else set())

    def killed(self, run: ModelRun) -> None:
        """Its task process."""
        run.fates = run.fates | {KILLED}

    def stopped(self, *, in_time: bool) -> None:
        """The worker, in order; what trains may not have ended within the grace."""
        for run in self.queue:
            run.fates = run.fates | {STOPPED} | (set() if in_time else {KILLED})

    def died(self) -> None:
        """The worker."""
        for run in self.queue:
            run.fates = run.fates | {KILLED}

    def resumed(self, run: ModelRun) -> None:
        if run in self.queue:
            self.queue.remove(run)
        run.attempt += 1
        run.fates = run.kind.fates
        self.queue.append(run)

    def removed(self, run: ModelRun) -> None:
        assert run not in self.queue or run.fates, "it goes on until it is told"
        if run in self.queue:
            self.queue.remove(run)
        del self.runs[run.id]
        self.deleted.append(run.id)

    def quiet(self) -> bool:
        """Whether nothing more happens by itself: all have ended, or what trains does so until it is told."""
        return not self.queue or (not self.queue[0].fates and self.queue[0].state == RUNNING)

    def told(self, run: ModelRun, events: Iterable[event_pb2.Event]) -> None:
        """More of its events; an attempt whose end is among them must end as it may."""
        for event in events:
            run.events.append(event)
            if event.HasField("finished") and event.attempt == run.attempt:
                fate = Fate(event.finished.state, event.finished.cause.code)
                assert fate in run.fates, (fate, run.fates)
                if run in self.queue:
                    self.queue.remove(run)

    def check_turns(self, states: dict[str, State]) -> None:
        """States of all runs at one moment: one trains at most, and it is the first of those that have not ended."""
        waiting = [states[run.id] for run in self.queue if states[run.id] in ACTIVE]
        assert set(waiting[1:]) <= {QUEUED}
