"""A task process for calls: one draws masks, predicts, evaluates and exports, another one reads datasets. Started on
first use, one call at a time."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from cowmask.internal.v1 import tasks_pb2
from cowmask_worker.runs.refusal import Refusal
from cowmask_worker.runs.task_environment import Device
from cowmask_worker.runs.task_host import TaskHost
from cowmask_worker.runs.task_process import Call, Command, TaskGone, TaskProcess, check_size

ABANDON_GRACE_S = 60.0


class Compute:
    def __init__(self, host: TaskHost, name: str, *, device: Device = "cpu") -> None:
        self._host = host
        self._name = name
        self._device: Device = device
        self._process: TaskProcess | None = None
        self._turn = asyncio.Lock()
        self._settling: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def call(self, command: Command) -> AsyncGenerator[Call]:
        """Asks the compute task; leaving the block before the answer is complete cancels the call.

        Raises `TASK_CRASHED` where the process dies; the next call starts another one.
        """
        # Before the call is open: one that the process has not heard of can't be cancelled there.
        check_size(command)
        await self._turn.acquire()
        call: Call | None = None
        try:
            call = (await self._running()).open_call()
            await call.send(command)
            yield call
        except TaskGone as gone:
            raise _crashed(gone) from gone
        finally:
            if call is None or call.complete.is_set():
                self._turn.release()
            else:
                self._settle(call)

    async def ask(self, command: Command) -> tasks_pb2.Answer:
        """For commands whose answer is one message."""
        async with self.call(command) as call:
            answer: tasks_pb2.Answer | None = None
            async for message in call.answers():
                answer = message.answer
            if answer is None:
                raise RuntimeError(f"the task process gave no answer to {command.DESCRIPTOR.name}")
            return answer

    async def settled(self) -> None:
        """Returns when the calls of before have stopped, those that were left early too."""
        async with self._turn:
            pass

    async def _running(self) -> TaskProcess:
        if self._process is None or self._process.exit.done():
            self._process = await self._host.spawn(self._name, device=self._device)
        return self._process

    def _settle(self, call: Call) -> None:
        task = asyncio.create_task(self._abandon(call), name="abandon a call")
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)

    async def _abandon(self, call: Call) -> None:
        """The next call waits until this one has stopped; a process that does not stop is replaced."""
        try:
            await asyncio.wait_for(call.abandon(), ABANDON_GRACE_S)
        except TimeoutError:
            if self._process is not None:
                await self._process.stop(0)
        except TaskGone:
            pass
        finally:
            self._turn.release()

    async def stop(self, grace_s: float) -> None:
        if self._process is not None:
            await self._process.stop(grace_s)


def _crashed(gone: TaskGone) -> Refusal:
    message = f"The task process that computes {gone.exit.how}."
    return Refusal(gone.exit.failure("TASK_CRASHED", message, "Try again: the next call starts a new task process."))
