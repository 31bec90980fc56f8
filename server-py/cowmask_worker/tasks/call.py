"""One call of the control process, as the code that answers it sees it."""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from cowmask.internal.v1 import tasks_pb2
from cowmask.v1 import tensor_pb2
from cowmask_worker.tensors import Tensor, TensorError, TensorReader


class CallCancelled(Exception):  # noqa: N818
    """Control wants no more of this call."""


class Call:
    """The command, its input as it arrives, and the way back. `data_folder` holds the prepared datasets."""

    def __init__(
        self,
        command: tasks_pb2.AttachResponse,
        send: Callable[[tasks_pb2.AttachRequest], None],
        data_folder: Path,
    ) -> None:
        self.command = command
        self.data_folder = data_folder
        self._send = send
        self._input: queue.SimpleQueue[tensor_pb2.TensorChunk | None] = queue.SimpleQueue()
        self._cancelled = threading.Event()

    def push(self, chunk: tensor_pb2.TensorChunk | None) -> None:
        """A piece of the input, or None at its end. Called by the thread that reads the stream, as is `cancel`."""
        self._input.put(chunk)

    def cancel(self) -> None:
        self._cancelled.set()
        self._input.put(None)

    def cancelled(self) -> bool:
        return self._cancelled.is_set()

    def check(self) -> None:
        """Raises `CallCancelled` once the call is cancelled; to be called wherever work can be left."""
        if self._cancelled.is_set():
            raise CallCancelled

    def send(self, **message: Any) -> None:
        """Sends one message of this call, such as `chunk=...`; waits while control is slow to take the earlier ones."""
        self._send(tasks_pb2.AttachRequest(call=self.command.call, **message))

    def send_chunks(self, chunks: Iterable[tensor_pb2.TensorChunk]) -> None:
        for chunk in chunks:
            self.check()
            self.send(chunk=chunk)

    def tensor(self, name: str) -> Tensor:
        """The call's only input tensor. Raises `TensorError` where something else comes."""
        tensor: Tensor | None = None
        for each in self.tensors():
            if tensor is not None:
                raise TensorError(f'more follows after tensor "{name}", which is the whole input')
            tensor = each
        if tensor is None or tensor.header.name != name:
            found = f'"{tensor.header.name}"' if tensor else "nothing"
            raise TensorError(f'the input must be the tensor "{name}", {found} came')
        return tensor

    def tensors(self) -> Iterator[Tensor]:
        """The call's input tensors as they arrive. Raises `TensorError` where one is incomplete."""
        reader = TensorReader()
        while (chunk := self._input.get()) is not None:
            if (tensor := reader.push(chunk)) is not None:
                yield tensor
        self.check()
        reader.finish()
