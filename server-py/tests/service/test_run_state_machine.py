"""Runs under random sequences of calls and deaths, against a model in plain Python (F1, F2, F3, F10).

A worker process with its registry, supervisor, event log and service is real, as are the signals; its task processes
compute nothing. Steps do not wait for what they set off but for some that do nothing else, so that calls meet runs in
every state.
"""

import contextlib
import os
import signal
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import pytest
from driven_worker import PATIENCE_S, DrivenWorker, Reader, Refused
from hypothesis import Phase, given, note, settings
from hypothesis import strategies as st
from run_model import CANCELLED, QUEUED, Kind, Model, ModelRun, folded

from cowmask.v1 import experiments_pb2
from cowmask_worker.runs.states import ACTIVE, CANCELLING, RESUMABLE, RUNNING, STARTING
from cowmask_worker.service.main import DRAIN_GRACE_S

NOT_FOUND = (grpc.StatusCode.NOT_FOUND, "RUN_NOT_FOUND")
CALLS: dict[str, Any] = {
    "Get": experiments_pb2.GetRequest,
    "Cancel": experiments_pb2.CancelRequest,
    "Resume": experiments_pb2.ResumeRequest,
    "Delete": experiments_pb2.DeleteRequest,
}
# How often which step comes.
WEIGHTS = {
    "settle": 3,
    "submit": 5,
    "cancel": 4,
    "resume": 4,
    "delete": 2,
    "kill_trainer": 3,
    "watch": 4,
    "drop": 1,
    "attach_again": 2,
    "stop_worker": 1,
    "kill_worker": 1,
}


class Step(NamedTuple):
    """What is done, to which run or reader of those that there have been lately, and with what."""

    what: str
    which: int
    kind: Kind
    key: str
    place: float


STEPS = st.builds(
    Step,
    what=st.sampled_from([what for what, weight in WEIGHTS.items() for _ in range(weight)]),
    which=st.integers(0, 4),
    kind=st.sampled_from([Kind.ENDLESS, Kind.ENDLESS, Kind.SHORT, Kind.FAILING]),
    key=st.sampled_from(["", "", "a", "b"]),
    place=st.sampled_from([0, 0.5, 1]),
)


class Runs:
    def __init__(self, worker: DrivenWorker) -> None:
        self.worker = worker
        self.model = Model()
        self.ids: list[str] = []
        self.readers: list[Reader] = []

    def take(self, step: Step) -> None:
        lately = self.ids[-5:]
        match step.what:
            case "submit":
                self.submit(step.kind, step.key)
            case "cancel" | "resume" | "delete" if lately:
                self.change(step.what, lately[step.which % len(lately)])
            case "watch" if lately:
                self.watch(lately[step.which % len(lately)], step.place)
            case "drop" if self.readers:
                self.readers[step.which % len(self.readers)].drop()
            case "attach_again" if self.readers:
                self.readers[step.which % len(self.readers)].attach(self.worker)
            case "kill_trainer" | "stop_worker" | "kill_worker" | "settle":
                getattr(self, step.what)()
            case _:
                # There is no run yet, or no reader.
                return
        self.observe()

    def submit(self, kind: Kind, key: str) -> None:
        request = experiments_pb2.StartRequest(config=kind.config, idempotency_key=key)
        there = self.model.of_key(key)
        if there is not None and there.kind != kind:
            conflict = (grpc.StatusCode.ALREADY_EXISTS, "IDEMPOTENCY_CONFLICT")
            assert self.refused("Start", request) == conflict
            return
        run = self.worker.call("Start", request).run
        if there is not None:
            assert run.id == there.id
            self.compare(there, run)
        else:
            self.model.submitted(run.id, kind, key)
            self.ids.append(run.id)
            assert (run.state, run.attempt, run.last_seq) == (QUEUED, 1, 1)

    def change(self, what: str, run_id: str) -> None:
        run = self.there(run_id)
        if run is not None:
            before = self.worker.run(run_id)
            self.compare(run, before)
            getattr(self, what)(run, before)

    def cancel(self, run: ModelRun, before: experiments_pb2.Run) -> None:
        self.model.cancelled(run, before.state)
        answer = self.worker.call("Cancel", experiments_pb2.CancelRequest(run_id=run.id)).run
        self.compare(run, answer)
        if before.state not in ACTIVE:
            assert answer == before
        elif run.kind is Kind.ENDLESS and len(run.fates) == 1:
            # Others may be about to end.
            assert answer.state in (CANCELLING, CANCELLED)

    def resume(self, run: ModelRun, before: experiments_pb2.Run) -> None:
        resumed = self.done_or_refused("Resume", experiments_pb2.ResumeRequest(run_id=run.id), "RUN_NOT_RESUMABLE")
        if resumed is None:
            assert before.state not in RESUMABLE
            return
        answer = resumed.run
        self.told(run, answer.last_seq - 1)
        assert run.ended
        self.model.resumed(run)
        assert (answer.state, answer.attempt) == (QUEUED, run.attempt)
        self.compare(run, answer)

    def delete(self, run: ModelRun, before: experiments_pb2.Run) -> None:
        if self.done_or_refused("Delete", experiments_pb2.DeleteRequest(run_id=run.id), "RUN_NOT_ENDED") is None:
            assert before.state in ACTIVE
            return
        self.model.removed(run)
        assert not (self.worker.state / "runs" / run.id).exists()
        for reader in [each for each in self.readers if each.run_id == run.id]:
            reader.drop()
            reader.check(run.events)
            self.readers.remove(reader)

    def kill_trainer(self) -> None:
        """Of a run that trains until it is told: of any other it is not known whose task process it is."""
        run = self.model.queue[0] if self.model.queue else None
        if run is None or run.kind is not Kind.ENDLESS:
            return
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            first = self.worker.run(run.id)
            trainers = self.worker.trainers()
            second = self.worker.run(run.id)
            if second.state not in ACTIVE:
                return
            if trainers and first.state in (STARTING, RUNNING, CANCELLING):
                # One that was killed just before may still have been among them.
                with contextlib.suppress(ProcessLookupError):
                    os.kill(trainers[0], signal.SIGKILL)
                    self.model.killed(run)
                    return
            time.sleep(0.005)
        raise AssertionError(f"run {run.id} has no trainer")

    def watch(self, run_id: str, place: float) -> None:
        """From the start, from the middle, or from the newest event that is known."""
        run = self.there(run_id)
        if run is not None:
            reader = Reader(run_id, max(1, round(place * len(run.events))))
            reader.attach(self.worker)
            self.readers.append(reader)

    def stop_worker(self) -> None:
        took = self.worker.stop()
        self.model.stopped(in_time=took < DRAIN_GRACE_S)
        self.start_worker()

    def kill_worker(self) -> None:
        self.worker.kill()
        self.model.died()
        self.start_worker()

    def start_worker(self) -> None:
        self.worker.start()
        for run in self.model.runs.values():
            known = list(run.events)
            assert self.worker.events(run.id, 1, len(known)) == known, "what was told is kept"
        self.observe()
        assert self.model.queue == [], "no run outlives its worker"

    def settle(self) -> None:
        """Waits until nothing more happens by itself; every reader then catches up."""
        end = time.monotonic() + PATIENCE_S
        while not self.model.quiet():
            assert time.monotonic() < end, [(run.kind, run.state, run.fates) for run in self.model.queue]
            time.sleep(0.01)
            self.observe()
        for reader in self.readers:
            run = self.model.runs[reader.run_id]
            if not reader.reaches(len(run.events)):
                # Its stream was dropped, or ended with an attempt, or with the worker.
                reader.attach(self.worker)
                assert reader.reaches(len(run.events))
            reader.check(run.events)

    def observe(self) -> None:
        """All that the worker tells of its runs is as their events and the model say."""
        rows = self.worker.runs()
        assert [row.id for row in rows] == list(self.model.runs)[::-1]
        self.model.check_turns({row.id: row.state for row in rows})
        for row in rows:
            self.compare(self.model.runs[row.id], row)
        for run in self.model.runs.values():
            self.compare(run, self.worker.run(run.id))
        for run_id in self.model.deleted:
            assert self.refused("Get", experiments_pb2.GetRequest(run_id=run_id)) == NOT_FOUND

    def there(self, run_id: str) -> ModelRun | None:
        """None where the run is deleted, which every call must then say."""
        if run_id in self.model.runs:
            return self.model.runs[run_id]
        for method, request in CALLS.items():
            assert self.refused(method, request(run_id=run_id)) == NOT_FOUND
        with pytest.raises(Refused, match="RUN_NOT_FOUND"):
            self.worker.events(run_id, 1, 1)
        return None

    def refused(self, method: str, request: Any) -> tuple[grpc.StatusCode, str]:
        with pytest.raises(Refused) as refused:
            self.worker.call(method, request)
        return refused.value.status, refused.value.code

    def done_or_refused(self, method: str, request: Any, code: str) -> Any:
        """The answer, or None where the call was refused in the one way that is right."""
        try:
            return self.worker.call(method, request)
        except Refused as refused:
            found = (refused.status, refused.code)
        assert found == (grpc.StatusCode.FAILED_PRECONDITION, code)
        return None

    def told(self, run: ModelRun, last: int) -> None:
        self.model.told(run, self.worker.events(run.id, len(run.events) + 1, last))

    def compare(self, run: ModelRun, answer: experiments_pb2.Run) -> None:
        self.told(run, answer.last_seq)
        folded(run.events).check(answer)
        assert answer.config.steps == run.kind.config.steps


@settings(
    max_examples=16,
    deadline=None,
    derandomize=True,
    database=None,
    # To look for a shorter sequence would take long.
    phases=[Phase.generate],
)
@given(st.lists(STEPS, min_size=40, max_size=40))
def runs_do_what_the_model_says(steps: list[Step]) -> None:
    with tempfile.TemporaryDirectory(prefix="cm") as folder, DrivenWorker(Path(folder)) as worker:
        runs = Runs(worker)
        for number, step in enumerate(steps):
            note(f"step {number}: {step.what}")
            runs.take(step)
        runs.settle()
        worker.stop()


def test_f1_f2_f3_f10_runs_do_what_the_model_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_TASK", "as configured")
    runs_do_what_the_model_says()
