"""numpy arrays to and from the tensors of the wire."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cowmask.v1 import tensor_pb2
from cowmask_worker.tensors import Tensor, TensorError, tensor_chunks

_TYPES: "dict[tensor_pb2.ElementType.ValueType, str]" = {
    tensor_pb2.ELEMENT_TYPE_UINT8: "|u1",
    tensor_pb2.ELEMENT_TYPE_INT32: "<i4",
    tensor_pb2.ELEMENT_TYPE_FLOAT32: "<f4",
}
_TYPE_OF = {np.dtype(code): element_type for element_type, code in _TYPES.items()}


def array_chunks(name: str, array: NDArray[np.generic]) -> Iterator[tensor_pb2.TensorChunk]:
    """A uint8, int32 or float32 array of any shape."""
    return block_chunks(name, array.dtype, array.shape, [array])


def block_chunks(
    name: str, dtype: np.dtype[Any], shape: Sequence[int], blocks: Iterable[NDArray[np.generic]]
) -> Iterator[tensor_pb2.TensorChunk]:
    """The same for an array of this type and shape whose elements come in blocks, in row-major order."""
    little = dtype.newbyteorder("<")
    data = (np.ascontiguousarray(block, little).reshape(-1).view(np.uint8).data for block in blocks)
    return tensor_chunks(name, _TYPE_OF[little], shape, data)


def bit_chunks(
    name: str, shape: Sequence[int], blocks: Iterable[NDArray[np.bool_]]
) -> Iterator[tensor_pb2.TensorChunk]:
    """A tensor of zeros and ones whose elements come in blocks, in row-major order, of any length each."""
    return tensor_chunks(name, tensor_pb2.ELEMENT_TYPE_BITS, shape, _packed(blocks))


def _packed(blocks: Iterable[NDArray[np.bool_]]) -> Iterator[memoryview]:
    rest = np.empty(0, np.bool_)
    for block in blocks:
        row = np.concatenate([rest, block.reshape(-1)])
        whole = row.size - row.size % 8
        yield np.packbits(row[:whole]).data
        rest = row[whole:]
    yield np.packbits(rest).data


def to_array(tensor: Tensor) -> NDArray[Any]:
    """The tensor as an array, bits as bool. The array shares the tensor's memory where it can."""
    header = tensor.header
    shape = tuple(header.shape)
    if header.type == tensor_pb2.ELEMENT_TYPE_BITS:
        count = int(np.prod(shape))
        return np.unpackbits(np.frombuffer(tensor.data, np.uint8), count=count).astype(np.bool_).reshape(shape)
    code = _TYPES.get(header.type)
    if code is None:
        raise TensorError(f'tensor "{header.name}" has the unknown element type {header.type}')
    return np.frombuffer(tensor.data, np.dtype(code)).reshape(shape)
