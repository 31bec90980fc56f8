"""Calls whose request is a stream: first what is wanted, then the chunks of tensors."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator

from cowmask.internal.v1 import tasks_pb2
from cowmask.v1 import datasets_pb2, experiments_pb2, masks_pb2, models_pb2, splits_pb2, tensor_pb2
from cowmask_worker.runs.compute import Compute
from cowmask_worker.runs.refusal import Violation, invalid
from cowmask_worker.runs.task_process import Command
from cowmask_worker.service.tensor_input import TensorInput
from cowmask_worker.service.tensors_input import TensorsInput

type _Part = (
    masks_pb2.MixRequest
    | masks_pb2.EraseRequest
    | models_pb2.PredictRequest
    | experiments_pb2.ImportRequest
    | experiments_pb2.StepRequest
    | datasets_pb2.DatasetsImportRequest
    | splits_pb2.SplitsImportRequest
    | splits_pb2.SplitsInspectRequest
)


async def first_part[P: _Part](parts: AsyncIterator[P], wanted: str) -> P:
    """The first part of a request, which must be the one that says what is wanted."""
    first = await anext(parts, None)
    if first is None or first.WhichOneof("part") != wanted:
        raise invalid([Violation(wanted, "must be the first part of the request")])
    return first


async def chunks_of(parts: AsyncIterator[_Part]) -> AsyncGenerator[tensor_pb2.TensorChunk]:
    async for part in parts:
        if part.WhichOneof("part") != "chunk":
            raise invalid([Violation("chunk", "must be every part after the first")])
        yield part.chunk


async def through(
    compute: Compute, command: Command, tensors: TensorInput | TensorsInput
) -> AsyncGenerator[tasks_pb2.AttachRequest]:
    """Has the compute task do the command on the tensors; what it answers comes as it makes it."""
    async with compute.call(command) as call:
        async with contextlib.aclosing(tensors.chunks()) as chunks:
            async for chunk in chunks:
                await call.send(chunk)
        await call.send_input_done()
        async with contextlib.aclosing(call.answers()) as answers:
            async for message in answers:
                yield message
