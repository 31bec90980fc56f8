"""The task process: dials control, then runs its commands one after another.

Three threads matter. The main thread runs the commands, since jax is at home there. A reader takes control's messages
as they come, so that a cancel is seen while a command runs. gRPC's own thread sends what the main thread puts into a
bounded queue; when control is slow, the main thread waits.
"""

import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import grpc

from cowmask.internal.v1 import tasks_pb2, tasks_pb2_grpc
from cowmask_worker.tasks.call import Call
from cowmask_worker.tasks.guards import guard_against_orphanhood, leave

_MESSAGE_BYTES = 16 * 1024 * 1024
# At most as many messages wait to be sent; a chunk has up to 1 MiB.
_WAITING_MESSAGES = 16


def main() -> None:
    """Reads its one line of JSON from standard input (address, token, task, folders, parent, device) and serves."""
    # Unbuffered, so that nothing after the line is taken from the guard.
    start: dict[str, Any] = json.loads(_line(sys.stdin.fileno()))
    # A terminal's Ctrl-C reaches the whole group; control decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    guard_against_orphanhood(start["parent"]["pid"], start["parent"].get("start_time"))
    if start["device"] == "cpu":
        os.environ["JAX_PLATFORMS"] = "cpu"
    link = _Link(start["address"], start["token"], Path(start["data_dir"]))
    link.send(tasks_pb2.AttachRequest(hello=tasks_pb2.Hello(task=start["task"], pid=os.getpid())))
    _prepare_jax(start["cache_dir"])
    # Loads jax, which takes seconds: control has heard the hello by now.
    answer = import_module("cowmask_worker.tasks.compute").answer
    while True:
        answer(link.next_call())


def _line(descriptor: int) -> bytes:
    line = bytearray()
    while not line.endswith(b"\n"):
        byte = os.read(descriptor, 1)
        if not byte:
            leave()
        line += byte
    return bytes(line)


def _prepare_jax(cache: str) -> None:
    """Compiled programs are kept, small ones too. They are code, so nobody else may write there."""
    os.makedirs(cache, mode=0o700, exist_ok=True)
    os.chmod(cache, 0o700)
    import jax

    jax.config.update("jax_compilation_cache_dir", cache)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)


class _Link:
    """The stream to control."""

    def __init__(self, address: str, token: str, data_folder: Path) -> None:
        self._data_folder = data_folder
        self._outbox: queue.Queue[tasks_pb2.AttachRequest] = queue.Queue(_WAITING_MESSAGES)
        self._commands: queue.SimpleQueue[Call] = queue.SimpleQueue()
        limits = [("grpc.max_send_message_length", _MESSAGE_BYTES), ("grpc.max_receive_message_length", _MESSAGE_BYTES)]
        channel = grpc.insecure_channel(address, [*limits, ("grpc.enable_http_proxy", 0)])
        responses = tasks_pb2_grpc.TasksStub(channel).Attach(
            self._requests(), metadata=(("cowmask-task-token", token),)
        )
        threading.Thread(target=self._read, args=(responses,), name="reader", daemon=True).start()

    def send(self, request: tasks_pb2.AttachRequest) -> None:
        self._outbox.put(request)

    def next_call(self) -> Call:
        return self._commands.get()

    def _requests(self) -> Iterator[tasks_pb2.AttachRequest]:
        while True:
            yield self._outbox.get()

    def _read(self, responses: Iterator[tasks_pb2.AttachResponse]) -> None:
        # Calls come one at a time, so what belongs to an earlier one than the last comes too late.
        call: Call | None = None
        try:
            for response in responses:
                kind = response.WhichOneof("message")
                current = call if call is not None and call.command.call == response.call else None
                match kind:
                    case "chunk":
                        if current:
                            current.push(response.chunk)
                    case "input_done":
                        if current:
                            current.push(None)
                    case "cancel":
                        if current:
                            current.cancel()
                    case _:
                        call = Call(response, self.send, self._data_folder)
                        self._commands.put(call)
        except grpc.RpcError as error:
            print(f"the stream to the control process broke: {error}", file=sys.stderr, flush=True)
        # Without control nobody wants the work, and nobody would hear of its end.
        leave()
