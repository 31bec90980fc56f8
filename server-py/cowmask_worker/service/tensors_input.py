"""Checks the many tensors of a state on their way to the task process, chunk by chunk, without decoding them."""

import math
from collections.abc import AsyncGenerator, AsyncIterator, Callable

from cowmask.v1 import tensor_pb2
from cowmask_worker.runs.refusal import Refusal, Violation, invalid, shown
from cowmask_worker.service.limits import Limits
from cowmask_worker.service.tensor_input import next_chunk
from cowmask_worker.tensors import byte_count

MOST_TENSORS = 20_000
MOST_DIMENSIONS = 8
LONGEST_NAME = 300
WEIGHTS = (tensor_pb2.ELEMENT_TYPE_FLOAT32, tensor_pb2.ELEMENT_TYPE_INT32)
IMAGES_AND_LABELS = (tensor_pb2.ELEMENT_TYPE_UINT8, tensor_pb2.ELEMENT_TYPE_INT32)


class TensorsInput:
    """Tensors under different names; the task process knows which ones belong there.

    `option` is what a script gives them in; `path_of` tells the path of one tensor in a script from its name; `types`
    are those that they may have.
    """

    def __init__(
        self,
        chunks: AsyncIterator[tensor_pb2.TensorChunk],
        limits: Limits,
        option: str,
        path_of: Callable[[str], str] | None = None,
        types: "tuple[tensor_pb2.ElementType.ValueType, ...]" = WEIGHTS,
    ) -> None:
        self._chunks = chunks
        self._limits = limits
        self._option = option
        self._types = types
        self._path_of = path_of or (lambda name: f"{option}.{name}")
        self._names: set[str] = set()
        self._promised = 0
        self._missing = 0
        self._total = 0

    async def chunks(self) -> AsyncGenerator[tensor_pb2.TensorChunk]:
        """All chunks. Raises `INVALID_OPTION` for the first tensor that is wrong."""
        name = ""
        while (chunk := await next_chunk(self._chunks)) is not None:
            if chunk.HasField("header"):
                self._complete(name)
                name = self._begin(chunk.header)
            elif not self._names:
                raise _wrong(self._option, "must begin with a chunk that has a header")
            if len(chunk.data) > self._limits.chunk_bytes:
                most = self._limits.chunk_bytes
                reason = f"must come in chunks of {most:,} bytes at most; got one of {len(chunk.data):,}"
                raise _wrong(self._path_of(name), reason)
            self._missing -= len(chunk.data)
            if self._missing < 0:
                reason = f"must have the {self._promised:,} bytes that its header promises; more came"
                raise _wrong(self._path_of(name), reason)
            yield chunk
        self._complete(name)

    def _begin(self, header: tensor_pb2.TensorHeader) -> str:
        name, shape = header.name, header.shape
        if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
            reason = f"must have names of 1 to {LONGEST_NAME} printable characters; got {shown(name)}"
            raise _wrong(self._option, reason)
        path = self._path_of(name)
        if name in self._names:
            raise _wrong(path, "must come once; a second tensor has this name")
        if header.type not in self._types:
            wanted = " or ".join(map(_type_name, self._types))
            raise _wrong(path, f"must be of type {wanted}; got {_type_name(header.type)}")
        if len(shape) > MOST_DIMENSIONS:
            raise _wrong(path, f"must have {MOST_DIMENSIONS} dimensions at most; got {len(shape):,}")
        elements = math.prod(shape)
        if elements > self._limits.tensor_elements:
            most = self._limits.tensor_elements
            raise _wrong(path, f"must have {most:,} elements at most; the shape {list(shape)} has {elements:,}")
        self._promised = self._missing = byte_count(header)
        self._names.add(name)
        self._total += self._promised
        if self._total > self._limits.call_bytes:
            most = self._limits.call_bytes
            raise _wrong(self._option, f"must have {most:,} bytes in all at most; {shown(name)} exceeds that")
        if len(self._names) > MOST_TENSORS:
            raise _wrong(self._option, f"must be {MOST_TENSORS:,} tensors at most; {shown(name)} is one more")
        return name

    def _complete(self, name: str) -> None:
        if self._missing:
            came = self._promised - self._missing
            reason = f"must have the {self._promised:,} bytes that its header promises; {came:,} came"
            raise _wrong(self._path_of(name), reason)


def _type_name(type_: "tensor_pb2.ElementType.ValueType") -> str:
    known = tensor_pb2.ElementType.DESCRIPTOR.values_by_number.get(type_)
    return known.name.removeprefix("ELEMENT_TYPE_").lower() if known else f"the unknown type {type_}"


def _wrong(path: str, reason: str) -> Refusal:
    return invalid([Violation(path, reason)])
