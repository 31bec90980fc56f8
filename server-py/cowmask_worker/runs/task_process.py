"""One task process: its start, the calls that it serves over its stream, and its end."""

import asyncio
import contextlib
import json
import secrets
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cowmask.internal.v1 import tasks_pb2
from cowmask.v1 import event_pb2, masks_pb2, system_pb2, tensor_pb2
from cowmask_worker.runs.endpoint import MESSAGE_BYTES
from cowmask_worker.runs.refusal import Refusal, Violation, invalid

STDERR_TAIL_BYTES = 65_536
HELLO_TIMEOUT_S = 60.0
_CHUNKS_UNDER_WAY = 8
_ENVELOPE_BYTES = 64
_LAST_WORDS_S = 1.0
_SHOWN_TAIL_CHARACTERS = 2_000

type Command = (
    masks_pb2.GenerateRequest
    | masks_pb2.MixOptions
    | masks_pb2.EraseOptions
    | tasks_pb2.Predict
    | tasks_pb2.PredictFiles
    | tasks_pb2.Evaluate
    | tasks_pb2.Export
    | tasks_pb2.Inspect
    | system_pb2.DevicesRequest
    | tasks_pb2.Train
    | tasks_pb2.Import
    | tasks_pb2.Step
    | tasks_pb2.ImportDataset
    | tasks_pb2.CreateSplit
    | tasks_pb2.ImportSplit
    | tensor_pb2.TensorChunk
    | tasks_pb2.Cancel
)

_FIELD_OF = {
    field.message_type.full_name: field.name
    for field in tasks_pb2.AttachResponse.DESCRIPTOR.oneofs_by_name["message"].fields
    if field.message_type is not None
}


@dataclass(frozen=True, slots=True)
class Exit:
    """How a task process ended. `signal` is "" where none ended it; `stopped` says that it was us."""

    code: int | None
    signal: str
    stderr_tail: str
    stopped: bool

    @property
    def how(self) -> str:
        if self.signal == "SIGKILL" and not self.stopped:
            return "was ended by SIGKILL, likely because the machine ran out of memory"
        return f"was ended by {self.signal}" if self.signal else f"exited with code {self.code}"

    def failure(self, code: str, message: str, hint: str) -> event_pb2.Failure:
        return event_pb2.Failure(
            code=code,
            message=message,
            hint=hint,
            traceback=self.stderr_tail[-_SHOWN_TAIL_CHARACTERS:],
            exit_code=self.code,
            signal=self.signal,
        )


class TaskGone(Exception):  # noqa: N818
    """The task process ended while something was asked of it."""

    def __init__(self, exit_: Exit) -> None:
        super().__init__(exit_.how)
        self.exit = exit_


def check_size(command: Command) -> None:
    """Raises `INVALID_OPTION` for what would end the stream to the task process, which dies of that."""
    most = MESSAGE_BYTES - _ENVELOPE_BYTES
    if command.ByteSize() > most:
        raise invalid([Violation("", f"a request must be {most:,} bytes at most; got {command.ByteSize():,}")])


class Call:
    """One thing asked of a task process."""

    def __init__(self, process: "TaskProcess", number: int) -> None:
        self._process = process
        self._number = number
        self._incoming = asyncio.Queue[tasks_pb2.AttachRequest](maxsize=_CHUNKS_UNDER_WAY)
        self._abandoned = False
        self.complete = asyncio.Event()
        self.on_beat: Callable[[float], None] = lambda _: None

    async def send(self, command: Command) -> None:
        """A command, or a piece of its input. Raises `INVALID_OPTION` for one that is too large to send."""
        check_size(command)
        message = tasks_pb2.AttachResponse(call=self._number)
        getattr(message, _FIELD_OF[command.DESCRIPTOR.full_name]).CopyFrom(command)
        await self._process.send(message)

    async def send_input_done(self) -> None:
        await self._process.send(tasks_pb2.AttachResponse(call=self._number, input_done=tasks_pb2.Done()))

    async def answers(self) -> AsyncGenerator[tasks_pb2.AttachRequest]:
        """What the task process says, to the end. Raises its failure as `Refusal`, its death as `TaskGone`."""
        while True:
            if self._incoming.empty():
                message = await self._process.unless_gone(self._incoming.get())
            else:
                message = self._incoming.get_nowait()
            match message.WhichOneof("message"):
                case "done":
                    return
                case "failure":
                    raise Refusal(message.failure.failure, message.failure.violations)
                case _:
                    yield message

    async def abandon(self) -> None:
        """Asks for the call's end and throws away what it still says; returns when the process is ready for another."""
        self._abandoned = True
        while not self._incoming.empty():
            self._incoming.get_nowait()
        await self.send(tasks_pb2.Cancel())
        await self._process.unless_gone(self.complete.wait())

    async def take(self, message: tasks_pb2.AttachRequest) -> None:
        if message.WhichOneof("message") == "beat":
            self.on_beat(message.beat.cpu_ms)
            return
        if message.WhichOneof("message") in ("done", "failure"):
            self.complete.set()
        if not self._abandoned:
            await self._incoming.put(message)


class TaskProcess:
    """A process that we started and hold the handle of; nothing else is ever signaled."""

    def __init__(self, name: str, process: Process) -> None:
        self.name = name
        self.token = secrets.token_hex(32)
        self.exit: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self.said_hello = asyncio.Event()
        self._process = process
        self._outgoing = asyncio.Queue[tasks_pb2.AttachResponse](maxsize=_CHUNKS_UNDER_WAY)
        self._calls: dict[int, Call] = {}
        self._last_call = 0
        self._reader: asyncio.Task[None] | None = None
        self._stopped = False
        self._tail = bytearray()
        self._pump = asyncio.create_task(self._forward_output(), name=f"output of {name}")
        self._watcher = asyncio.create_task(self._watch(), name=f"exit of {name}")

    @classmethod
    async def start(cls, name: str, program: Sequence[str], environment: Mapping[str, str]) -> "TaskProcess":
        """In our process group, so that whoever ends the group ends it too. Both its outputs are taken as one."""
        process = await asyncio.create_subprocess_exec(
            *program, stdin=PIPE, stdout=PIPE, stderr=STDOUT, env=dict(environment), limit=STDERR_TAIL_BYTES
        )
        return cls(name, process)

    async def introduce(self, facts: Mapping[str, Any]) -> None:
        """Tells the process over its stdin, which then stays open, who it is; returns when it has dialed."""
        stdin = self._process.stdin
        assert stdin is not None
        with contextlib.suppress(ConnectionError):
            stdin.write(json.dumps({**facts, "token": self.token, "task": self.name}).encode() + b"\n")
            await stdin.drain()
        try:
            await asyncio.wait_for(self.unless_gone(self.said_hello.wait()), HELLO_TIMEOUT_S)
        except TimeoutError:
            self.kill()
            raise TaskGone(await self.exit) from None

    def open_call(self) -> Call:
        self._last_call += 1
        call = self._calls[self._last_call] = Call(self, self._last_call)
        return call

    async def send(self, message: tasks_pb2.AttachResponse) -> None:
        await self.unless_gone(self._outgoing.put(message))

    async def unless_gone[T](self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Raises `TaskGone` once the process has ended and all that it said is delivered."""
        task = asyncio.ensure_future(coroutine)
        try:
            await asyncio.wait({task, self.exit}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise TaskGone(self.exit.result())
            return task.result()
        finally:
            task.cancel()

    async def attached(
        self, messages: AsyncIterator[tasks_pb2.AttachRequest]
    ) -> AsyncGenerator[tasks_pb2.AttachResponse]:
        """Serves the stream that the process has opened: takes its messages, yields our commands."""
        self._reader = reader = asyncio.create_task(self._read(messages), name=f"messages of {self.name}")
        command = asyncio.ensure_future(self._outgoing.get())
        try:
            while True:
                await asyncio.wait({command, reader}, return_when=asyncio.FIRST_COMPLETED)
                if not command.done():
                    return
                yield command.result()
                command = asyncio.ensure_future(self._outgoing.get())
        finally:
            command.cancel()
            reader.cancel()

    async def _read(self, messages: AsyncIterator[tasks_pb2.AttachRequest]) -> None:
        async for message in messages:
            if message.WhichOneof("message") == "hello" and message.hello.task == self.name:
                self.said_hello.set()
                continue
            call = self._calls.get(message.call)
            if call is not None:
                await call.take(message)
                if call.complete.is_set():
                    del self._calls[message.call]

    async def _forward_output(self) -> None:
        """To our stderr, for ever: a child whose pipe is full would hang. From a thread: ours may be full too."""
        stdout = self._process.stdout
        assert stdout is not None
        while data := await stdout.read(STDERR_TAIL_BYTES):
            self._tail += data
            del self._tail[:-STDERR_TAIL_BYTES]
            await asyncio.to_thread(_write_stderr, data)

    async def _watch(self) -> None:
        code = await self._process.wait()
        # What it said last is still on its way.
        await asyncio.wait({self._pump, *([self._reader] if self._reader else [])}, timeout=_LAST_WORDS_S)
        self.exit.set_result(
            Exit(
                code=code if code >= 0 else None,
                signal=_signal_name(-code) if code < 0 else "",
                stderr_tail=self._tail.decode("utf-8", errors="replace"),
                stopped=self._stopped,
            )
        )

    async def stop(self, grace_s: float) -> Exit:
        """Ends its input, which tells it to go; kills it when it has not after the grace."""
        self._stopped = True
        if self._process.stdin is not None:
            self._process.stdin.close()
        await asyncio.wait({self.exit}, timeout=grace_s)
        self.kill()
        return await asyncio.shield(self.exit)

    def kill(self) -> None:
        if self._process.returncode is None:
            self._stopped = True
            self._process.kill()


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _write_stderr(data: bytes) -> None:
    with contextlib.suppress(OSError):
        sys.stderr.buffer.write(data)
        sys.stderr.buffer.flush()
