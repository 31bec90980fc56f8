"""Runs from their start to their end: a queue in order of arrival, and one trainer at a time."""

import asyncio
import contextlib
import shutil
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

from cowmask.v1 import event_pb2, experiments_pb2
from cowmask_worker.runs.refusal import Refusal, refusal, run_not_found
from cowmask_worker.runs.registry import Page, Registry
from cowmask_worker.runs.requested import Requested
from cowmask_worker.runs.run_id import is_run_id, new_run_id
from cowmask_worker.runs.state import State
from cowmask_worker.runs.states import ACTIVE, STORAGE_FULL
from cowmask_worker.runs.task_host import TaskHost
from cowmask_worker.runs.trainer import Trainer, Why, worker_stopping
from cowmask_worker.runs.training_device import TrainingDevice

CANCEL_GRACE_S = 30.0
_KILL_GRACE_S = 2.0


class Supervisor:
    """The state folder is taken at the first call, so that workers that only draw masks never meet there."""

    def __init__(self, folder: Path, host: TaskHost, device: TrainingDevice) -> None:
        self._folder = folder
        self._host = host
        self._device = device
        self._state: State | None = None
        self._queue: deque[experiments_pb2.Run] = deque()
        self._queued = asyncio.Event()
        self._training: tuple[str, Trainer] | None = None
        self._worker: asyncio.Task[None] | None = None
        self._stopping = False
        # Between what the registry says of a run and what is done about it nothing else may happen.
        self._change = asyncio.Lock()
        self._under_way: set[asyncio.Task[Any]] = set()

    async def start(self, requested: Requested) -> experiments_pb2.Run:
        """Queues a run of the resolved config. The key belongs to the fields that were set."""
        return await self._to_its_end(self._start(requested))

    async def _start(self, requested: Requested) -> experiments_pb2.Run:
        state = await self._opened()
        async with self._change:
            self._refuse_while_stopping()
            started = await state.registry.do(Registry.start, new_run_id(), requested, requested.digest())
            if started.event is not None:
                self._enqueue(state, started.run, started.event)
            return started.run

    async def import_run(
        self,
        requested: Requested,
        write: Callable[[str, Path], Awaitable[event_pb2.Checkpoint]],
    ) -> experiments_pb2.Run:
        """A run whose first checkpoint `write` puts into the folder that it is given; nothing is left if it fails."""
        state = await self._opened()
        digest = requested.digest(imported=True)
        there = await state.registry.do(Registry.started, requested.idempotency_key, digest)
        if there is not None:
            return there
        run_id = new_run_id()

        async def record(checkpoint: event_pb2.Checkpoint) -> experiments_pb2.Run:
            self._refuse_while_stopping()
            return await state.registry.do(Registry.imported, run_id, requested, digest, checkpoint)

        try:
            checkpoint = await write(run_id, state.checkpoints_folder(run_id))
        except BaseException:
            await _remove(state.run_folder(run_id))
            raise
        return await self._to_its_end(_kept_if_recorded(record(checkpoint), run_id, state.run_folder(run_id)))

    async def resume(self, run_id: str) -> experiments_pb2.Run:
        return await self._to_its_end(self._resume(run_id))

    async def _resume(self, run_id: str) -> experiments_pb2.Run:
        state = await self._opened(run_id)
        async with self._change:
            self._refuse_while_stopping()
            resumed = await state.registry.do(Registry.resume, run_id)
            self._enqueue(state, resumed.run, resumed.event)
            return resumed.run

    def _enqueue(self, state: State, run: experiments_pb2.Run, event: event_pb2.Event) -> None:
        state.log.opened(run, event)
        self._queue.append(run)
        self._queued.set()

    async def get(self, run_id: str) -> experiments_pb2.Run:
        state = await self._opened(run_id)
        return self._as_it_is(state, await state.registry.do(Registry.run, run_id))

    def _as_it_is(self, state: State, run: experiments_pb2.Run) -> experiments_pb2.Run:
        """While events can not be recorded the registry lags behind, and the run that trains waits."""
        if state.log.held_up and self._training is not None and self._training[0] == run.id and run.state in ACTIVE:
            run.state = STORAGE_FULL
        return run

    async def list(self, size: int, before: int | None) -> Page:
        state = await self._opened()
        page = await state.registry.do(Registry.runs, size, before)
        return page._replace(runs=[self._as_it_is(state, run) for run in page.runs])

    async def watch(self, run_id: str, from_seq: int) -> AsyncGenerator[event_pb2.Event]:
        state = await self._opened(run_id)
        async with contextlib.aclosing(state.log.watch(run_id, from_seq)) as events:
            async for event in events:
                yield event

    async def checkpoints_folder(self, run_id: str) -> Path:
        """Where the checkpoints of a run are. Raises `RUN_NOT_FOUND`."""
        state = await self._opened(run_id)
        await state.registry.do(Registry.run, run_id)
        return state.checkpoints_folder(run_id)

    async def cancel(self, run_id: str) -> experiments_pb2.Run:
        return await self._to_its_end(self._cancel(run_id))

    async def _cancel(self, run_id: str) -> experiments_pb2.Run:
        state = await self._opened(run_id)
        async with self._change:
            queued = next((run for run in self._queue if run.id == run_id), None)
            if queued is not None:
                self._queue.remove(queued)
                finished = event_pb2.Finished(state=event_pb2.RUN_STATE_CANCELLED, cause=_by_user())
                await self._recorded(state, state.end(queued, finished))
            elif self._training is not None and self._training[0] == run_id:
                await self._training[1].cancel(Why.USER, CANCEL_GRACE_S)
                await self._recorded(state, state.log.flush())
            return self._as_it_is(state, await state.registry.do(Registry.run, run_id))

    async def _recorded(self, state: State, work: Coroutine[Any, Any, None]) -> None:
        """Returns when events are recorded, or when they can not be at present: the work then goes on."""
        with contextlib.suppress(Refusal):
            await state.log.unless_held_up(self._spawned(work))

    async def delete(self, run_id: str) -> None:
        await self._to_its_end(self._delete(run_id))

    async def _delete(self, run_id: str) -> None:
        state = await self._opened(run_id)
        async with self._change:
            await state.registry.do(Registry.check_ended, run_id)
            if self._training is not None and self._training[0] == run_id:
                # Its verdict stands, its process is on its way out.
                await self._training[1].ended.wait()
            with contextlib.suppress(FileNotFoundError):
                await asyncio.to_thread(shutil.rmtree, state.run_folder(run_id))
            await state.registry.do(Registry.delete, run_id)

    async def _opened(self, run_id: str | None = None) -> State:
        if run_id is not None and not is_run_id(run_id):
            raise run_not_found(run_id)
        if self._state is not None:
            return self._state
        async with self._change:
            if self._state is None:
                self._refuse_while_stopping()
                self._state = await State.open(self._folder)
                self._worker = asyncio.create_task(self._work(self._state), name="train queued runs")
            return self._state

    async def _work(self, state: State) -> None:
        while True:
            self._queued.clear()
            while self._queue:
                await self._device.let_go()
                # One that was cancelled meanwhile is not there any more.
                if not self._queue:
                    break
                run = self._queue.popleft()
                trainer = Trainer(run, self._host, state)
                self._training = (run.id, trainer)
                await trainer.train()
                self._training = None
            await self._queued.wait()

    def _refuse_while_stopping(self) -> None:
        if self._stopping:
            raise refusal("WORKER_STOPPING", "The worker is stopping.", "Start or connect to another worker.")

    async def _to_its_end[T](self, change: Coroutine[Any, Any, T]) -> T:
        """A caller that goes away must not leave a run in the registry that is in no queue."""
        return await asyncio.shield(self._spawned(change))

    def _spawned[T](self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def stop(self, grace_s: float) -> None:
        """Ends every run, the one that trains with a checkpoint if the grace suffices, then gives the folder back."""
        self._stopping = True
        async with self._change:
            state = self._state
            if state is None:
                return
            while self._queue:
                finished = event_pb2.Finished(state=event_pb2.RUN_STATE_CANCELLED, cause=worker_stopping())
                await state.end(self._queue.popleft(), finished)
            if self._training is not None:
                trainer = self._training[1]
                await trainer.cancel(Why.WORKER_STOPPING, grace_s)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(trainer.ended.wait(), grace_s + _KILL_GRACE_S)
            if self._worker is not None:
                self._worker.cancel()
            self._state = None
            await state.close()


async def _kept_if_recorded(
    recording: Awaitable[experiments_pb2.Run], run_id: str, folder: Path
) -> experiments_pb2.Run:
    """Removes the folder of a run that could not be recorded, or that another call with its key was quicker to make."""
    try:
        run = await recording
    except BaseException:
        await _remove(folder)
        raise
    if run.id != run_id:
        await _remove(folder)
    return run


async def _remove(folder: Path) -> None:
    await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))


def _by_user() -> event_pb2.Failure:
    return event_pb2.Failure(
        code="CANCELLED_BY_USER", message="The run was cancelled before it began.", hint="Resume the run to begin it."
    )
