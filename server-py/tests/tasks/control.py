"""The other end of the internal protocol: a real gRPC server that drives a real task process."""

import json
import os
import queue
import subprocess
import sys
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
from numpy.typing import NDArray

from cowmask.internal.v1 import tasks_pb2, tasks_pb2_grpc
from cowmask_worker.runs.process_identity import start_time
from cowmask_worker.tasks.arrays import array_chunks, to_array
from cowmask_worker.tensors import TensorReader

type Array = NDArray[Any]

RUN = Path(__file__).parents[2] / "run.py"
PATIENCE_S = 240.0


class Control(tasks_pb2_grpc.TasksServicer):
    """Spawns one task process. Ends it on leaving the `with`."""

    def __init__(self, folder: Path, task: str = "compute") -> None:
        self.heard: queue.Queue[tasks_pb2.AttachRequest] = queue.Queue()
        self.metadata: dict[str, str | bytes] = {}
        self._commands: queue.Queue[tasks_pb2.AttachResponse | None] = queue.Queue()
        self._calls = 0
        self._server = grpc.server(futures.ThreadPoolExecutor(4))
        tasks_pb2_grpc.add_TasksServicer_to_server(self, self._server)
        port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()
        cache = os.environ.get("JAX_COMPILATION_CACHE_DIR", str(folder / "cache"))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("JAX_")}
        self.process = subprocess.Popen(
            [sys.executable, "-I", str(RUN), "task"], stdin=subprocess.PIPE, env=environment
        )
        start = {
            "address": f"127.0.0.1:{port}",
            "token": "secret",
            "task": task,
            "cache_dir": cache,
            "data_dir": cache,
            "parent": {"pid": os.getpid(), "start_time": start_time(os.getpid())},
            "device": "cpu",
        }
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(start).encode() + b"\n")
        self.process.stdin.flush()

    def Attach(  # noqa: N802
        self, request_iterator: Iterator[tasks_pb2.AttachRequest], context: grpc.ServicerContext
    ) -> Iterator[tasks_pb2.AttachResponse]:
        self.metadata = dict(context.invocation_metadata())
        reading = futures.ThreadPoolExecutor(1)
        reading.submit(lambda: [self.heard.put(request) for request in request_iterator])
        while (command := self._commands.get()) is not None:
            yield command

    def say(self, call: int, **message: Any) -> None:
        self._commands.put(tasks_pb2.AttachResponse(call=call, **message))

    def call(self, images: Array | None = None, **command: Any) -> int:
        """Starts a call, with its input if there is any."""
        self._calls += 1
        self.say(self._calls, **command)
        if images is not None:
            for chunk in array_chunks("images", images):
                self.say(self._calls, chunk=chunk)
            self.say(self._calls, input_done=tasks_pb2.Done())
        return self._calls

    def answers(self, call: int) -> Iterator[tasks_pb2.AttachRequest]:
        """Messages of a call up to and with its `done` or `failure`."""
        while True:
            request = self.heard.get(timeout=PATIENCE_S)
            if request.call != call:
                continue
            yield request
            if request.WhichOneof("message") in ("done", "failure"):
                return

    def tensors(self, images: Array | None = None, **command: Any) -> dict[str, Array]:
        """A whole call whose answer is made of tensors, in their order."""
        reader = TensorReader()
        found: dict[str, Array] = {}
        for request in self.answers(self.call(images, **command)):
            assert not request.HasField("failure"), request.failure
            if request.HasField("chunk"):
                tensor = reader.push(request.chunk)
                if tensor is not None:
                    found[tensor.header.name] = to_array(tensor)
        reader.finish()
        return found

    def last(self, images: Array | None = None, **command: Any) -> tasks_pb2.AttachRequest:
        """The last message of a call: its `done` or `failure`."""
        return list(self.answers(self.call(images, **command)))[-1]

    def end_stream(self) -> None:
        self._commands.put(None)

    def __enter__(self) -> "Control":
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()
        self.end_stream()
        self._server.stop(0)
