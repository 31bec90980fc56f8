"""Tensors as they travel: a header, then the bytes in chunks. Imports no numpy, so control may read it too."""

from collections.abc import Iterator, Sequence
from math import prod
from typing import NamedTuple

from cowmask.v1 import tensor_pb2

CHUNK_BYTES = 1_048_576
MOST_ELEMENTS = 268_435_456
# A whole state of the largest network, three times 236 million numbers, fits.
MOST_CALL_BYTES = 3_221_225_472

_BITS_PER_ELEMENT = {
    tensor_pb2.ELEMENT_TYPE_UINT8: 8,
    tensor_pb2.ELEMENT_TYPE_INT32: 32,
    tensor_pb2.ELEMENT_TYPE_FLOAT32: 32,
    tensor_pb2.ELEMENT_TYPE_BITS: 1,
}


class TensorError(ValueError):
    """A tensor that does not keep to the contract; the message says where and what is allowed."""


class Tensor(NamedTuple):
    """A whole tensor: `data` holds exactly `byte_count(header)` bytes."""

    header: tensor_pb2.TensorHeader
    data: bytes | bytearray


def byte_count(header: tensor_pb2.TensorHeader) -> int:
    """Bytes that a tensor takes. Raises `TensorError` for an unknown type or more than `MOST_ELEMENTS` elements."""
    bits = _BITS_PER_ELEMENT.get(header.type)
    if bits is None:
        raise TensorError(f'tensor "{header.name}" has the unknown element type {header.type}')
    elements = prod(header.shape)
    if elements > MOST_ELEMENTS:
        raise TensorError(f'tensor "{header.name}" has {elements:,} elements, at most {MOST_ELEMENTS:,} are allowed')
    return (elements * bits + 7) // 8


def tensor_chunks(
    name: str,
    element_type: "tensor_pb2.ElementType.ValueType",
    shape: Sequence[int],
    blocks: Iterator[bytes | memoryview],
) -> Iterator[tensor_pb2.TensorChunk]:
    """Chunks of one tensor whose bytes come in blocks of any length; each chunk but the last is full, and goes out as
    soon as it is."""
    header: tensor_pb2.TensorHeader | None = tensor_pb2.TensorHeader(name=name, type=element_type, shape=shape)
    waiting = bytearray()
    for block in blocks:
        view = memoryview(block)
        for start in range(0, len(view), CHUNK_BYTES):
            waiting += view[start : start + CHUNK_BYTES]
            if len(waiting) >= CHUNK_BYTES:
                yield tensor_pb2.TensorChunk(header=header, data=bytes(waiting[:CHUNK_BYTES]))
                header = None
                del waiting[:CHUNK_BYTES]
    if waiting or header is not None:
        yield tensor_pb2.TensorChunk(header=header, data=bytes(waiting))


class TensorReader:
    """Puts chunks together again. `push` answers the tensor that a chunk completes."""

    def __init__(self) -> None:
        self._header: tensor_pb2.TensorHeader | None = None
        self._data = bytearray()
        self._expected = 0

    def push(self, chunk: tensor_pb2.TensorChunk) -> Tensor | None:
        """Raises `TensorError` where chunks miss a header, repeat one too early or hold too many bytes."""
        if chunk.HasField("header"):
            if self._header is not None:
                raise TensorError(self._incomplete(f'tensor "{chunk.header.name}" begins'))
            self._expected = byte_count(chunk.header)
            self._header = chunk.header
            self._data = bytearray()
        elif self._header is None:
            raise TensorError("a tensor's first chunk has no header")
        self._data += chunk.data
        if len(self._data) > self._expected:
            name = self._header.name
            raise TensorError(f'tensor "{name}" has more than the {self._expected:,} bytes that its header announces')
        if len(self._data) < self._expected:
            return None
        tensor = Tensor(self._header, self._data)
        self._header = None
        return tensor

    def finish(self) -> None:
        """Raises `TensorError` if the input ends inside a tensor."""
        if self._header is not None:
            raise TensorError(self._incomplete("the input ends"))

    def _incomplete(self, what: str) -> str:
        name = self._header.name if self._header else ""
        return f'{what} before tensor "{name}" is complete: {len(self._data):,} of {self._expected:,} bytes came'
