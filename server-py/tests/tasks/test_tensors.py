"""Tensors into chunks and back."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from cowmask.v1 import tensor_pb2
from cowmask_worker.tasks.arrays import array_chunks, bit_chunks, block_chunks, to_array
from cowmask_worker.tensors import CHUNK_BYTES, Tensor, TensorError, TensorReader, byte_count


def whole(chunks: list[tensor_pb2.TensorChunk]) -> Tensor:
    reader = TensorReader()
    tensors = [reader.push(chunk) for chunk in chunks]
    assert all(tensor is None for tensor in tensors[:-1])
    assert tensors[-1] is not None
    reader.finish()
    return tensors[-1]


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.float32, ">f4"])
@pytest.mark.parametrize("shape", [(0, 3), (), (1,), (700, 500, 1), (3, 5)])
def test_an_array_survives_the_way(dtype: str, shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).integers(0, 256, shape).astype(dtype)
    chunks = list(array_chunks("x", array))
    assert all(len(chunk.data) <= CHUNK_BYTES for chunk in chunks)
    assert [chunk.HasField("header") for chunk in chunks] == [True] + [False] * (len(chunks) - 1)
    back = to_array(whole(chunks))
    assert back.shape == shape
    np.testing.assert_array_equal(back, array)


@given(lengths=st.lists(st.integers(0, 40), max_size=6), seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_bits_are_packed_as_one_row_however_they_come(lengths: list[int], seed: int) -> None:
    blocks: list[NDArray[np.bool_]] = [np.random.default_rng(seed).random(length) < 0.5 for length in lengths]
    row = np.concatenate([np.zeros(0, bool), *blocks])
    tensor = whole(list(bit_chunks("masks", row.shape, blocks)))
    assert bytes(tensor.data) == np.packbits(row).tobytes()
    np.testing.assert_array_equal(to_array(tensor), row)


def test_the_first_bit_is_the_highest() -> None:
    assert bytes(whole(list(bit_chunks("m", (3,), [np.asarray([True, False, False], np.bool_)]))).data) == b"\x80"


def test_chunks_are_full_and_leave_as_soon_as_they_are() -> None:
    asked: list[int] = []

    def blocks() -> Iterator[NDArray[np.uint8]]:
        for number in range(8):
            asked.append(number)
            yield np.full(CHUNK_BYTES // 4 * 3, number, np.uint8)

    chunks = block_chunks("x", np.dtype(np.uint8), (6 * CHUNK_BYTES,), blocks())
    assert len(next(chunks).data) == CHUNK_BYTES
    assert asked == [0, 1]
    assert [len(chunk.data) for chunk in chunks] == [CHUNK_BYTES] * 5


def header(**fields: Any) -> tensor_pb2.TensorHeader:
    made: dict[str, Any] = {"name": "x", "type": tensor_pb2.ELEMENT_TYPE_UINT8, "shape": [4]} | fields
    return tensor_pb2.TensorHeader(**made)


def chunk(data: bytes, with_header: bool = True) -> tensor_pb2.TensorChunk:
    return tensor_pb2.TensorChunk(header=header() if with_header else None, data=data)


@pytest.mark.parametrize(
    ("chunks", "message"),
    [
        ([chunk(b"12345")], "more than the 4 bytes"),
        ([chunk(b"12", with_header=False)], "no header"),
        ([chunk(b"12"), chunk(b"34")], "begins before"),
        ([chunk(b"12")], "the input ends before .* 2 of 4 bytes"),
    ],
)
def test_what_breaks_the_contract_is_refused(chunks: list[tensor_pb2.TensorChunk], message: str) -> None:
    def read() -> None:
        reader = TensorReader()
        for each in chunks:
            reader.push(each)
        reader.finish()

    with pytest.raises(TensorError, match=message):
        read()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"type": 0}, "unknown element type 0"),
        ({"type": 9}, "unknown element type 9"),
        ({"shape": [2**16, 2**13]}, "536,870,912 elements"),
        ({"shape": [2**31, 2**31, 2**31]}, "at most 268,435,456"),
    ],
)
def test_no_header_makes_room_for_too_much(fields: dict[str, object], message: str) -> None:
    with pytest.raises(TensorError, match=message):
        byte_count(header(**fields))
    assert byte_count(header(type=tensor_pb2.ELEMENT_TYPE_BITS, shape=[3, 3])) == 2
