"""One call of the task process without the process: what goes in, and what it says."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cowmask.internal.v1 import tasks_pb2
from cowmask_worker.tasks.arrays import array_chunks, to_array
from cowmask_worker.tasks.call import Call
from cowmask_worker.tensors import TensorReader

type Arrays = Mapping[str, NDArray[Any]]


def said(work: Callable[[Call], None], data_folder: Path = Path(), **command: Any) -> list[tasks_pb2.Answer]:
    """Has `work` do the command, which takes no arrays; all answers that it gives."""
    messages: list[tasks_pb2.AttachRequest] = []
    work(Call(tasks_pb2.AttachResponse(call=1, **command), messages.append, data_folder))
    return [each.answer for each in messages]


def answered(work: Callable[[Call], None], arrays: Arrays, **command: Any) -> tuple[tasks_pb2.Answer, Arrays]:
    """Has `work` do the command on the arrays; the one answer and the tensors that it gives."""
    said: list[tasks_pb2.AttachRequest] = []
    call = Call(tasks_pb2.AttachResponse(call=1, **command), said.append, Path())
    for name, array in arrays.items():
        for chunk in array_chunks(name, np.asarray(array)):
            call.push(chunk)
    call.push(None)
    work(call)
    reader = TensorReader()
    tensors = [reader.push(each.chunk) for each in said if each.HasField("chunk")]
    reader.finish()
    (answer,) = (each.answer for each in said if each.HasField("answer"))
    return answer, {tensor.header.name: to_array(tensor) for tensor in tensors if tensor is not None}
