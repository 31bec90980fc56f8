"""Where task processes dial in: a second gRPC server on a private address, which matches each by its own token."""

import asyncio
import hmac
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import grpc

from cowmask.internal.v1 import tasks_pb2, tasks_pb2_grpc
from cowmask_worker.runs.endpoint import Endpoint
from cowmask_worker.runs.process_identity import process_identity
from cowmask_worker.runs.task_environment import Device, task_environment
from cowmask_worker.runs.task_process import TaskGone, TaskProcess

_KILLED_S = 2.0
TOKEN_KEY = "cowmask-task-token"
PROGRAM = (sys.executable, "-I", str(Path(__file__).resolve().parents[2] / "run.py"), "task")


class TaskHost(tasks_pb2_grpc.TasksServicer):
    def __init__(self, folder: Path, cache_folder: Path, data_folder: Path, program: Sequence[str] = PROGRAM) -> None:
        self._endpoint = Endpoint(folder / "tasks.sock")
        self._cache_folder = cache_folder
        self._data_folder = data_folder
        self._program = program
        self._processes: set[TaskProcess] = set()
        self._stopped = False

    async def start(self) -> None:
        tasks_pb2_grpc.add_TasksServicer_to_server(self, self._endpoint.server)
        await self._endpoint.start()

    async def spawn(self, name: str, *, device: Device) -> TaskProcess:
        """Starts a task process and waits until it has dialed. Raises `TaskGone` where it ends before that."""
        process = await TaskProcess.start(name, self._program, task_environment(device))
        self._processes.add(process)
        if self._stopped:
            process.kill()
        process.exit.add_done_callback(lambda _: self._processes.discard(process))
        owner = process_identity()
        try:
            await process.introduce(
                {
                    "address": self._endpoint.address,
                    "cache_dir": str(self._cache_folder),
                    "data_dir": str(self._data_folder),
                    "parent": {"pid": owner.pid, "start_time": owner.start_time},
                    "device": device,
                }
            )
        except BaseException as error:
            if not isinstance(error, TaskGone):
                process.kill()
            raise
        return process

    async def Attach(  # noqa: N802
        self,
        request_iterator: AsyncIterator[tasks_pb2.AttachRequest],
        context: grpc.aio.ServicerContext[tasks_pb2.AttachRequest, tasks_pb2.AttachResponse],
    ) -> AsyncIterator[tasks_pb2.AttachResponse]:
        process = self._owner_of(context)
        if process is None:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "no task process has this token")
        async for command in process.attached(request_iterator):
            yield command

    def _owner_of(
        self, context: grpc.aio.ServicerContext[tasks_pb2.AttachRequest, tasks_pb2.AttachResponse]
    ) -> TaskProcess | None:
        """A token serves once: the process that it belongs to has one stream."""
        given = str(dict(context.invocation_metadata() or ()).get(TOKEN_KEY, "")).encode()
        matching = [each for each in self._processes if hmac.compare_digest(each.token.encode(), given)]
        return next((each for each in matching if not each.said_hello.is_set()), None)

    async def stop(self) -> None:
        """Kills what is left, and whatever was just about to start."""
        self._stopped = True
        exits = [process.exit for process in self._processes]
        for process in list(self._processes):
            process.kill()
        await self._endpoint.stop(0)
        if exits:
            await asyncio.wait(exits, timeout=_KILLED_S)
