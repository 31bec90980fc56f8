"""What runs train on: which devices jax finds, and whether they compute."""

import asyncio

from cowmask.v1 import system_pb2
from cowmask_worker.runs.compute import Compute
from cowmask_worker.runs.task_host import TaskHost

_EXIT_GRACE_S = 0.5


class TrainingDevice:
    """Looked at by a task process that then lets go of it: some devices serve one process at a time."""

    def __init__(self, host: TaskHost) -> None:
        self._host = host
        self._looking: asyncio.Task[system_pb2.DevicesResponse] | None = None

    async def devices(self) -> system_pb2.DevicesResponse:
        """Each has computed something. What was found stays so.

        Raises `Refusal` where none can be used; the next call looks again.
        """
        if self._looking is None or (self._looking.done() and self._looking.exception() is not None):
            self._looking = asyncio.create_task(self._look(), name="look at the training device")
        return await asyncio.shield(self._looking)

    async def _look(self) -> system_pb2.DevicesResponse:
        task = Compute(self._host, "device", device="default")
        try:
            return (await task.ask(system_pb2.DevicesRequest())).devices
        finally:
            await task.stop(_EXIT_GRACE_S)

    async def let_go(self) -> None:
        """Returns when nobody looks at it, so that a trainer may have it."""
        if self._looking is not None:
            await asyncio.wait({self._looking})
            # Told to whoever asked.
            self._looking.exception()
