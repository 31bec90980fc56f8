"""The state folder while this worker holds it: lock, registry, event log, and a folder for every run.

`<state>/{lock, registry.sqlite, runs/<run id>/checkpoints/}`
"""

import asyncio
from pathlib import Path
from typing import Any

from cowmask.v1 import event_pb2, experiments_pb2
from cowmask_worker.runs.events import EventLog
from cowmask_worker.runs.refusal import refusal
from cowmask_worker.runs.registry import Registry
from cowmask_worker.runs.registry_thread import RegistryThread
from cowmask_worker.runs.state_lock import StateLock
from cowmask_worker.runs.states import state_name

RESUME = "Resume the run: it goes on from its last checkpoint, or from the beginning where it has none."


class State:
    def __init__(self, folder: Path, lock: StateLock, registry: RegistryThread) -> None:
        self._folder = folder
        self._lock = lock
        self.registry = registry
        self.log = EventLog(registry)

    @classmethod
    async def open(cls, folder: Path) -> "State":
        """Takes the folder. Runs that a dead worker left behind become interrupted.

        Raises `STATE_IN_USE` where another worker holds the folder, `STATE_UNUSABLE` where it can't be used,
        `STORAGE_FULL` where its disk has no room to record what became of those runs.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = StateLock(folder)
        except OSError as error:
            raise refusal(
                "STATE_UNUSABLE",
                f"The state folder {folder} can not be used: {error}.",
                "Name a folder that this user may write to.",
            ) from error
        registry = RegistryThread()
        try:
            await registry.open(folder)
        except BaseException:
            await registry.close()
            lock.release()
            raise
        state = cls(folder, lock, registry)
        recovering = asyncio.create_task(state._recover(lock.previous_owner), name="recover runs")
        try:
            await state.log.unless_held_up(recovering)
        except BaseException:
            recovering.cancel()
            await state.close()
            raise
        return state

    async def _recover(self, owner: dict[str, Any]) -> None:
        for run in await self.registry.do(Registry.active):
            self.log.opened(run)
            died = f"The worker that held it (pid {owner['pid']})" if "pid" in owner else "The worker that held it"
            cause = event_pb2.Failure(
                code="TRAINER_KILLED",
                message=f"{died} died while this run was {state_name(run.state)}.",
                hint=RESUME,
            )
            await self.end(run, event_pb2.Finished(state=event_pb2.RUN_STATE_INTERRUPTED, cause=cause))
        await self.log.flush()

    async def end(self, run: experiments_pb2.Run, finished: event_pb2.Finished) -> None:
        """Appends an attempt's last event, filled up with what only the log knows where no trainer could say it."""
        await self.log.flush()
        if not finished.HasField("evaluation"):
            event = await self.registry.do(Registry.newest_event, run.id, "evaluation")
            if event is not None:
                finished.evaluation.CopyFrom(event.evaluation)
        if not finished.HasField("checkpoint"):
            event = await self.registry.do(Registry.newest_event, run.id, "checkpoint")
            if event is not None:
                finished.checkpoint.CopyFrom(event.checkpoint)
        if not finished.step:
            finished.step = (await self.registry.do(Registry.run, run.id)).step
        self.log.append(run.id, event_pb2.Event(finished=finished))
        await self.log.flush()

    def run_folder(self, run_id: str) -> Path:
        return self._folder / "runs" / run_id

    def checkpoints_folder(self, run_id: str) -> Path:
        return self.run_folder(run_id) / "checkpoints"

    async def close(self) -> None:
        await self.log.close()
        await self.registry.close()
        self._lock.release()
