"""One attempt of a run: a task process of its own, its events, and the verdict on how it ended."""

import asyncio
import contextlib
import enum
import logging
from traceback import format_exception

from cowmask.internal.v1 import tasks_pb2
from cowmask.v1 import event_pb2, experiments_pb2
from cowmask_worker.runs.heartbeat import END_AFTER, Heartbeat, Silence
from cowmask_worker.runs.refusal import Refusal
from cowmask_worker.runs.state import RESUME, State
from cowmask_worker.runs.states import state_name
from cowmask_worker.runs.task_host import TaskHost
from cowmask_worker.runs.task_process import Call, TaskGone, TaskProcess

COMPILE_ALLOWANCE_S = 270.0
LISTEN_S = 1.0
_EXIT_GRACE_S = 10.0

_log = logging.getLogger(__name__)

# The state is control's to tell, but for one thing; all else a trainer may report.
_REPORTED = frozenset({"progress", "metrics", "evaluation", "checkpoint", "warning", "finished"})


class Why(enum.Enum):
    """Who wants a run to stop."""

    USER = "it was cancelled"
    WORKER_STOPPING = "the worker is stopping"


class Trainer:
    def __init__(self, run: experiments_pb2.Run, host: TaskHost, state: State) -> None:
        self._run = run
        self._host = host
        self._state = state
        self._run_state = event_pb2.RUN_STATE_QUEUED
        self._process: TaskProcess | None = None
        self._call: Call | None = None
        self._stop_wanted: Why | None = None
        self._grace_s = 0.0
        self._phase = ""
        self._killer: asyncio.Task[None] | None = None
        self._heartbeat = Heartbeat()
        self._listener: asyncio.Task[None] | None = None
        self._hung: Silence | None = None
        self._step = 0
        self._waiting_for_room = False
        self._decided = False
        self.ended = asyncio.Event()

    async def train(self) -> None:
        """Returns when the attempt has ended and its verdict is committed, its process gone."""
        finished: event_pb2.Finished | None = None
        _log.info("%s: attempt %d begins", self._run.id, self._run.attempt)
        try:
            self._enter(event_pb2.RUN_STATE_STARTING)
            finished = await self._follow()
        except TaskGone as gone:
            finished = self._killed(gone)
        except Refusal as failed:
            finished = event_pb2.Finished(state=event_pb2.RUN_STATE_FAILED, cause=failed.failure)
        except Exception as error:
            finished = event_pb2.Finished(state=event_pb2.RUN_STATE_FAILED, cause=_unexpected(error))
        finally:
            self._decided = True
            for watching in (self._killer, self._listener):
                if watching is not None:
                    watching.cancel()
            if finished is not None:
                await self._finish(finished)
            if self._process is not None:
                await self._process.stop(_EXIT_GRACE_S)
            self.ended.set()

    async def _follow(self) -> event_pb2.Finished:
        self._process = await self._host.spawn(f"train:{self._run.id}", device="default")
        self._call = self._process.open_call()
        self._heartbeat = Heartbeat()
        self._call.on_beat = self._heartbeat.beat
        self._listener = asyncio.create_task(self._end_if_hung(self._process), name=f"heartbeat of {self._run.id}")
        await self._call.send(
            tasks_pb2.Train(
                run_id=self._run.id,
                config=self._run.config,
                checkpoint_folder=str(self._state.checkpoints_folder(self._run.id)),
                resume=self._run.attempt > 1,
                dataset=self._run.dataset,
                split_fingerprint=self._run.split_fingerprint if self._run.HasField("split_fingerprint") else None,
            )
        )
        if self._stop_wanted is not None:
            await self._call.send(tasks_pb2.Cancel())
        async for message in self._call.answers():
            kind = message.event.WhichOneof("type")
            if kind == "state":
                self._wait_or_go_on(message.event.state.state)
                continue
            if kind not in _REPORTED:
                continue
            self._heartbeat.reported(steps=kind == "metrics")
            if self._run_state == event_pb2.RUN_STATE_STARTING:
                self._enter(event_pb2.RUN_STATE_RUNNING)
            if kind == "finished":
                self._decided = True
                return message.event.finished
            if kind == "progress":
                begun = not message.event.progress.HasField("duration_ms")
                self._phase = message.event.progress.phase if begun else ""
            if kind == "metrics":
                self._step = message.event.metrics.first_step + len(message.event.metrics.loss)
            await self._room()
            self._state.log.append(self._run.id, message.event)
        raise TaskGone(await self._process.stop(_EXIT_GRACE_S))

    async def _room(self) -> None:
        """Returns when the log takes events; a run that waits until they can be recorded says so in them."""
        self._waiting_for_room = True
        log = self._state.log
        if log.held_up and self._run_state == event_pb2.RUN_STATE_RUNNING:
            self._enter(event_pb2.RUN_STATE_STORAGE_FULL)
            await log.room()
            self._wait_or_go_on(event_pb2.RUN_STATE_RUNNING)
        await log.room()
        self._waiting_for_room = False
        self._heartbeat.excused()

    def _wait_or_go_on(self, state: event_pb2.RunState.ValueType) -> None:
        """The one thing that a trainer may say of its state: whether it waits for room for a checkpoint."""
        if {self._run_state, state} == {event_pb2.RUN_STATE_RUNNING, event_pb2.RUN_STATE_STORAGE_FULL}:
            self._enter(state)
        self._heartbeat.waiting = self._run_state == event_pb2.RUN_STATE_STORAGE_FULL

    def _enter(self, state: event_pb2.RunState.ValueType) -> None:
        if self._run_state != event_pb2.RUN_STATE_CANCELLING:
            self._run_state = state
            self._state.log.append(self._run.id, event_pb2.Event(state=event_pb2.StateChanged(state=state)))

    async def cancel(self, why: Why, grace_s: float) -> None:
        """Asks for a checkpoint and the end; the process is killed when the grace is over."""
        if self._decided:
            return
        if self._stop_wanted is None:
            self._stop_wanted = why
            self._enter(event_pb2.RUN_STATE_CANCELLING)
            if self._call is not None:
                with contextlib.suppress(TaskGone):
                    await self._call.send(tasks_pb2.Cancel())
        elif why is Why.USER:
            return
        if self._killer is not None:
            self._killer.cancel()
        self._grace_s = grace_s
        self._killer = asyncio.create_task(self._kill_after(grace_s, why), name="kill after the grace")

    async def _kill_after(self, grace_s: float, why: Why) -> None:
        await asyncio.sleep(grace_s)
        if why is Why.USER and self._phase == "compile":
            # XLA can not be interrupted, and gives up after minutes where it does not end.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(COMPILE_ALLOWANCE_S):
                    while self._phase == "compile":
                        await asyncio.sleep(1)
            await asyncio.sleep(grace_s)
        if self._process is not None:
            self._process.kill()

    async def _end_if_hung(self, process: TaskProcess) -> None:
        """Warns of a trainer that does nothing any more, and ends it when it has not come back."""
        warned = False
        while True:
            await asyncio.sleep(LISTEN_S)
            if self._waiting_for_room:
                continue
            silence = self._heartbeat.silence()
            if silence.hung:
                self._hung = silence
                _log.error("%s: %s", self._run.id, _told(silence))
                return process.kill()
            if silence.stalled and not warned:
                message = (
                    f"{_told(silence)} Unless it comes back, it is ended after {END_AFTER * silence.allowed_s:,g} s."
                )
                warning = event_pb2.Warning(code="stalled", message=message, step=self._step)
                self._state.log.append(self._run.id, event_pb2.Event(warning=warning))
            warned = silence.stalled

    def _killed(self, gone: TaskGone) -> event_pb2.Finished:
        hint = RESUME
        if self._hung is not None:
            message = f"{_told(self._hung)} It hung, and was ended."
            return event_pb2.Finished(
                state=event_pb2.RUN_STATE_INTERRUPTED, cause=gone.exit.failure("TRAINER_STALLED", message, hint)
            )
        if self._stop_wanted is not None and gone.exit.stopped:
            message = (
                f"The trainer was told to stop because {self._stop_wanted.value}, did not within "
                f"{self._grace_s:g} s, and was killed."
            )
        else:
            message = f"The trainer {gone.exit.how}."
            if gone.exit.signal == "SIGKILL":
                hint += " If memory was short, start another run with a smaller batch size."
        return event_pb2.Finished(
            state=event_pb2.RUN_STATE_INTERRUPTED, cause=gone.exit.failure("TRAINER_KILLED", message, hint)
        )

    async def _finish(self, finished: event_pb2.Finished) -> None:
        if self._stop_wanted is Why.WORKER_STOPPING and finished.state == event_pb2.RUN_STATE_CANCELLED:
            finished.cause.CopyFrom(worker_stopping())
        await self._state.end(self._run, finished)
        _log.info(
            "%s: %s; %s", self._run.id, state_name(finished.state), finished.cause.message or "all steps are done"
        )


def _told(silence: Silence) -> str:
    missing = "reported nothing" if silence.computing else "reported nothing and used no processor time"
    return f"The trainer has {missing} for {silence.seconds:,.0f} s, {silence.allowed_s:,g} s are allowed."


def worker_stopping() -> event_pb2.Failure:
    return event_pb2.Failure(
        code="WORKER_STOPPING",
        message="The worker was stopped, and this run with it.",
        hint=RESUME,
    )


def _unexpected(error: Exception) -> event_pb2.Failure:
    """Such as no room for another process."""
    _log.error("a trainer could not be followed", exc_info=error)
    return event_pb2.Failure(
        code="INTERNAL",
        message=f"The worker could not follow this run's trainer: {error}.",
        hint="Resume the run; if it fails again, the worker's log says where.",
        python_type=type(error).__name__,
        traceback="".join(format_exception(error)),
    )
