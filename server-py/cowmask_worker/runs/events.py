"""The event log: events get their number here, are committed in groups, and reach readers only after that.

A reader holds nothing but the number of the event it wants next. What is newest it takes from a short tail in memory,
anything older from the registry; so a slow reader costs no memory, and there is no seam between past and present at
which an event could be missed or told twice.
"""

import asyncio
import contextlib
import logging
import sqlite3
from collections import deque
from collections.abc import AsyncGenerator

from cowmask.v1 import event_pb2, experiments_pb2
from cowmask_worker.runs.refusal import Refusal, run_not_found, storage_full
from cowmask_worker.runs.registry import Registry, timestamp
from cowmask_worker.runs.registry_thread import RegistryThread
from cowmask_worker.runs.states import ACTIVE, check_transition, state_after

GROUP_COMMIT_S = 0.05
TAIL_EVENTS = 64
PAGE_EVENTS = 64
MOST_PENDING = 1024
_RETRY_S = 1.0

_log = logging.getLogger(__name__)


class _Tail:
    """The newest committed events of a run, and what is true of it in memory."""

    def __init__(self, run: experiments_pb2.Run) -> None:
        self.attempt = run.attempt
        self.appended = run.last_seq
        self.committed = run.last_seq
        self.state = run.state
        self.ended = run.state not in ACTIVE
        self.newest: deque[event_pb2.Event] = deque(maxlen=TAIL_EVENTS)
        self.changed = asyncio.Event()
        self.readers = 0

    def publish(self, event: event_pb2.Event) -> None:
        self.newest.append(event)
        self.committed = event.seq
        self.ended = event.WhichOneof("type") == "finished"
        self.wake()

    def wake(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()

    def since(self, seq: int) -> list[event_pb2.Event]:
        """Events from `seq` on; empty where the tail does not reach back so far."""
        if not self.newest or self.newest[0].seq > seq:
            return []
        return [event for event in self.newest if event.seq >= seq]


class EventLog:
    def __init__(self, registry: RegistryThread) -> None:
        self._registry = registry
        self._tails: dict[str, _Tail] = {}
        self._pending: list[tuple[str, event_pb2.Event]] = []
        self._hurry = asyncio.Event()
        self._work = asyncio.Event()
        self._obstacle = ""
        self._blocked = asyncio.Event()
        self._committer = asyncio.create_task(self._commit_for_ever(), name="commit events")

    def opened(self, run: experiments_pb2.Run, event: event_pb2.Event | None = None) -> None:
        """A run became active; `event` is the one that the registry has recorded with it."""
        tail = self._tails.get(run.id)
        if tail is None:
            tail = self._tails[run.id] = _Tail(run)
        else:
            tail.attempt, tail.appended, tail.state = run.attempt, run.last_seq, run.state
        if event is not None:
            tail.publish(event)

    def append(self, run_id: str, event: event_pb2.Event) -> None:
        """Numbers the event and puts it in line to be committed. The run must be active.

        Raises `IllegalTransition` for a change of state that can not be.
        """
        tail = self._tails[run_id]
        state = state_after(event)
        if state is not None:
            check_transition(tail.state, state)
            tail.state = state
        tail.appended += 1
        event.seq, event.attempt, event.time = tail.appended, tail.attempt, timestamp()
        self._pending.append((run_id, event))
        self._work.set()

    async def flush(self) -> None:
        """Returns when all that was appended by now is committed and published."""
        for tail, seq in [(tail, tail.appended) for tail in self._tails.values()]:
            while tail.committed < seq:
                self._hurry.set()
                await tail.changed.wait()

    async def room(self) -> None:
        """Returns when so few events wait that a trainer may add to them, and none waits for room on the disk."""
        if self.held_up or len(self._pending) >= MOST_PENDING:
            await self.flush()

    @property
    def held_up(self) -> bool:
        """Whether events can not be recorded at present."""
        return self._blocked.is_set()

    async def unless_held_up[T](self, work: asyncio.Task[T]) -> T:
        """The result of something that waits for events to be recorded. Raises `STORAGE_FULL` where they can not be;
        the work goes on."""
        obstacle = asyncio.ensure_future(self._blocked.wait())
        try:
            await asyncio.wait({work, obstacle}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            obstacle.cancel()
        if work.done():
            return work.result()
        raise storage_full(f"Events of runs can not be recorded: {self._obstacle}.")

    async def watch(self, run_id: str, from_seq: int) -> AsyncGenerator[event_pb2.Event]:
        """Every event from `from_seq` on, in order, once; ends after the last one of a run that has ended."""
        tail = self._tails.get(run_id)
        if tail is None:
            tail = self._tails.setdefault(run_id, _Tail(await self._registry.do(Registry.run, run_id)))
        tail.readers += 1
        try:
            seq = max(1, from_seq)
            while True:
                if seq <= tail.committed:
                    events = tail.since(seq)
                    if not events:
                        events = await self._registry.do(Registry.events, run_id, seq, PAGE_EVENTS)
                    if not events:
                        raise run_not_found(run_id)
                    for event in events:
                        yield event
                        seq = event.seq + 1
                elif tail.ended:
                    return
                else:
                    await tail.changed.wait()
        finally:
            tail.readers -= 1
            self._forget(run_id)

    def _forget(self, run_id: str) -> None:
        tail = self._tails.get(run_id)
        if tail is not None and tail.ended and tail.readers == 0 and tail.appended == tail.committed:
            del self._tails[run_id]

    async def close(self, timeout_s: float = 2.0) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.flush(), timeout_s)
        self._committer.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._committer

    async def _commit_for_ever(self) -> None:
        while True:
            await self._work.wait()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), GROUP_COMMIT_S)
            batch, self._pending = self._pending, []
            self._work.clear()
            self._hurry.clear()
            await self._commit(batch)
            for run_id, event in batch:
                tail = self._tails[run_id]
                tail.publish(event)
                self._forget(run_id)

    async def _commit(self, batch: list[tuple[str, event_pb2.Event]]) -> None:
        """Tries until it succeeds: a full disk holds the runs up, since trainers wait for room, but loses nothing."""
        while True:
            try:
                await self._registry.do(Registry.append, batch)
            except (sqlite3.Error, Refusal) as error:
                if not self.held_up:
                    _log.error("events can not be recorded, trying again every %g s: %s", _RETRY_S, error)
                self._obstacle = str(error)
                self._blocked.set()
                await asyncio.sleep(_RETRY_S)
            else:
                if self.held_up:
                    _log.info("events are recorded again")
                self._blocked.clear()
                return
