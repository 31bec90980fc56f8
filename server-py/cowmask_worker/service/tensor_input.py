"""Checks images on their way to the task process, chunk by chunk, without decoding them."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

from cowmask.v1 import tensor_pb2
from cowmask_worker.data.catalog import DatasetFacts
from cowmask_worker.runs.refusal import Refusal, Violation, invalid, refusal, shown
from cowmask_worker.service.limits import Limits
from cowmask_worker.service.rules import tensor_elements
from cowmask_worker.tensors import TensorError, byte_count

NAME = "images"
LONGEST_EDGE = 4096
IDLE_S = 60.0
_TYPES = (tensor_pb2.ELEMENT_TYPE_UINT8, tensor_pb2.ELEMENT_TYPE_FLOAT32)


class TensorInput:
    """The one tensor "images" of a call. `open` takes the first chunk, after which `header` says what comes."""

    def __init__(self, chunks: AsyncIterator[tensor_pb2.TensorChunk], limits: Limits) -> None:
        self._chunks = chunks
        self._limits = limits
        self._first = tensor_pb2.TensorChunk()
        self._expected = 0
        self._received = 0

    @property
    def header(self) -> tensor_pb2.TensorHeader:
        return self._first.header

    async def open(self, facts: DatasetFacts | None = None) -> None:
        """Raises `INVALID_OPTION` unless the header promises images, of the dataset's size where one is given."""
        first = await self._next()
        if first is None or not first.HasField("header"):
            raise _wrong("must begin with a chunk that has a header")
        self._first = first
        self._expected = self._check_header(facts)

    def _check_header(self, facts: DatasetFacts | None) -> int:
        # A fifth dimension is wrong, whatever follows.
        header, shape = self.header, list(self.header.shape[:5])
        if header.name != NAME:
            raise _wrong(f"must be the name of the tensor; got {shown(header.name)}")
        if header.type not in _TYPES:
            raise _wrong("must be of type uint8 or float32")
        if len(shape) != 4 or min(shape) < 1 or max(shape[1:]) > LONGEST_EDGE:
            raise _wrong(
                "must have the shape [count, height, width, channels], each from 1, "
                f"the last three to {LONGEST_EDGE:,}; got {shown(shape)}"
            )
        if facts is not None and shape[1:] != [facts.height, facts.width, facts.channels]:
            wanted = f"[count, {facts.height}, {facts.width}, {facts.channels}]"
            raise _wrong(f"must have the shape {wanted}, that of {facts.name}; got {shape}")
        if violations := tensor_elements(NAME, shape, self._limits.tensor_elements):
            raise invalid(violations)
        try:
            return byte_count(header)
        except TensorError as error:
            raise _wrong(str(error)) from error

    async def chunks(self) -> AsyncGenerator[tensor_pb2.TensorChunk]:
        """All chunks, the first one too. Raises `INVALID_OPTION` where bytes are missing or too many."""
        chunk: tensor_pb2.TensorChunk | None = self._first
        while chunk is not None:
            self._received += len(chunk.data)
            if len(chunk.data) > self._limits.chunk_bytes:
                most = self._limits.chunk_bytes
                raise _wrong(f"must come in chunks of {most:,} bytes at most; got {len(chunk.data):,}")
            if self._received > self._expected:
                raise _wrong(f"must have the {self._expected:,} bytes that the header promises; more came")
            yield chunk
            chunk = await self._next()
            if chunk is not None and chunk.HasField("header"):
                raise _wrong(f"must be the only tensor of the call; {shown(chunk.header.name)} followed")
        if self._received < self._expected:
            raise _wrong(f"must have the {self._expected:,} bytes that the header promises; {self._received:,} came")

    async def _next(self) -> tensor_pb2.TensorChunk | None:
        return await next_chunk(self._chunks)


async def next_chunk(chunks: AsyncIterator[tensor_pb2.TensorChunk]) -> tensor_pb2.TensorChunk | None:
    """None at the end. A sender that falls silent must not keep the task process from other calls."""
    try:
        return await asyncio.wait_for(anext(chunks, None), IDLE_S)
    except TimeoutError:
        raise refusal("INPUT_TIMEOUT", f"No data came for {IDLE_S:g} s.", "Send the data without a pause.") from None


def _wrong(reason: str) -> Refusal:
    return invalid([Violation(NAME, reason)])
