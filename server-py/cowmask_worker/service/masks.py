"""`cowmask.v1.Masks`: checks the request, then passes chunks between the client and the compute task."""

# gRPC prescribes the names and the arguments of methods.
# ruff: noqa: ARG002, N802

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator

import grpc
import grpc.aio

from cowmask.v1 import masks_pb2, masks_pb2_grpc, tensor_pb2
from cowmask_worker.runs.compute import Compute
from cowmask_worker.runs.resolve import resolve_masks
from cowmask_worker.service.limits import Limits
from cowmask_worker.service.streamed_call import chunks_of, first_part, through
from cowmask_worker.service.tensor_input import TensorInput
from cowmask_worker.service.validation import Validation


class Masks(masks_pb2_grpc.MasksServicer):
    def __init__(self, compute: Compute, validation: Validation, limits: Limits) -> None:
        self._compute = compute
        self._validation = validation
        self._limits = limits

    async def Generate(
        self,
        request: masks_pb2.GenerateRequest,
        context: grpc.aio.ServicerContext[masks_pb2.GenerateRequest, masks_pb2.GenerateResponse],
    ) -> AsyncIterator[masks_pb2.GenerateResponse]:
        options = self._validation.checked(request)
        resolve_masks(options, options.height, options.width)
        async with self._compute.call(options) as call, contextlib.aclosing(call.answers()) as answers:
            async for message in answers:
                yield masks_pb2.GenerateResponse(chunk=message.chunk)

    async def Mix(
        self,
        request_iterator: AsyncIterator[masks_pb2.MixRequest],
        context: grpc.aio.ServicerContext[masks_pb2.MixRequest, masks_pb2.MixResponse],
    ) -> AsyncIterator[masks_pb2.MixResponse]:
        async with contextlib.aclosing(self._altered(request_iterator)) as chunks:
            async for chunk in chunks:
                yield masks_pb2.MixResponse(chunk=chunk)

    async def Erase(
        self,
        request_iterator: AsyncIterator[masks_pb2.EraseRequest],
        context: grpc.aio.ServicerContext[masks_pb2.EraseRequest, masks_pb2.EraseResponse],
    ) -> AsyncIterator[masks_pb2.EraseResponse]:
        async with contextlib.aclosing(self._altered(request_iterator)) as chunks:
            async for chunk in chunks:
                yield masks_pb2.EraseResponse(chunk=chunk)

    async def _altered[P: (masks_pb2.MixRequest, masks_pb2.EraseRequest)](
        self, parts: AsyncIterator[P]
    ) -> AsyncGenerator[tensor_pb2.TensorChunk]:
        """What the masks of the options make of the images that follow them."""
        options = self._validation.checked((await first_part(parts, "options")).options)
        images = TensorInput(chunks_of(parts), self._limits)
        await images.open()
        resolve_masks(options, images.header.shape[1], images.header.shape[2])
        async with contextlib.aclosing(through(self._compute, options, images)) as answers:
            async for message in answers:
                yield message.chunk
