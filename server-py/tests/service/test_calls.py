"""What control does with calls before and after the task process has them."""

# pyright: reportPrivateUsage=false

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import grpc
import pytest
from running_control import METADATA, Client, detail, running_control, started

from cowmask.v1 import (
    datasets_pb2,
    masks_pb2,
    system_pb2,
    tensor_pb2,
)
from cowmask_worker import __version__
from cowmask_worker.service.limits import Limits

UINT8 = tensor_pb2.ELEMENT_TYPE_UINT8
INT32 = tensor_pb2.ELEMENT_TYPE_INT32
BITS = tensor_pb2.ELEMENT_TYPE_BITS
UNKNOWN_TYPE = tensor_pb2.ElementType.ValueType(99)


def images(
    shape: Sequence[int], data: bytes, type_: tensor_pb2.ElementType.ValueType = UINT8, name: str = "images"
) -> tensor_pb2.TensorChunk:
    return tensor_pb2.TensorChunk(header=tensor_pb2.TensorHeader(name=name, type=type_, shape=shape), data=data)


def more(data: bytes) -> tensor_pb2.TensorChunk:
    return tensor_pb2.TensorChunk(data=data)


async def mix(client: Client, chunks: Sequence[tensor_pb2.TensorChunk]) -> list[tensor_pb2.TensorChunk]:
    async def parts() -> AsyncIterator[masks_pb2.MixRequest]:
        yield masks_pb2.MixRequest(options=masks_pb2.MixOptions(cowmix=masks_pb2.CowMaskOptions()))
        for chunk in chunks:
            yield masks_pb2.MixRequest(chunk=chunk)

    return [answer.chunk async for answer in client.masks.Mix(parts(), metadata=METADATA, timeout=30)]


async def test_chunks_pass_to_the_task_and_back(socket_folder: Path, tmp_path: Path) -> None:
    async with running_control(socket_folder, tmp_path) as client:
        answer = await mix(client, [images([2, 4, 4, 1], bytes(20)), more(bytes(11)), more(b"\1")])
        assert [(chunk.header.name, chunk.data) for chunk in answer] == [("masks", b"\xf0")]


@pytest.mark.parametrize(
    ("chunks", "reason"),
    [
        ([], "a chunk that has a header"),
        ([more(b"abc")], "a chunk that has a header"),
        ([images([2, 4, 4, 1], bytes(31))], "the 32 bytes that the header promises; 31 came"),
        ([images([2, 4, 4, 1], bytes(33))], "more came"),
        ([images([2, 4, 4, 1], bytes(32)), more(b"a")], "more came"),
        ([images([2, 4, 4, 1], bytes(32)), images([2, 4, 4, 1], bytes(32))], "the only tensor"),
        ([images([2, 4, 4], bytes(32))], "the shape"),
        ([images([0, 4, 4, 1], b"")], "the shape"),
        ([images([1, 4097, 1, 1], b"")], "the shape"),
        ([images([2, 4, 4, 1], bytes(128), INT32)], "uint8 or float32"),
        ([images([2, 4, 4, 1], bytes(4), BITS)], "uint8 or float32"),
        ([images([2, 4, 4, 1], bytes(32), UNKNOWN_TYPE)], "uint8 or float32"),
        ([images([2, 4, 4, 1], bytes(32), name="pictures")], "'pictures'"),
        ([images([2**32 - 1, 4096, 4096, 4096], b"")], "at most 268,435,456"),
        ([images([2, 1024, 1024, 1], bytes(2**20 + 1))], "1,048,576 bytes at most"),
    ],
)
async def test_w2_images_that_are_not_what_they_say_are_refused(
    chunks: list[tensor_pb2.TensorChunk], reason: str, socket_folder: Path, tmp_path: Path
) -> None:
    async with running_control(socket_folder, tmp_path) as client:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await mix(client, chunks)
        assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert [each.path for each in detail(refused.value).violations] == ["images"]
        assert reason in detail(refused.value).violations[0].reason
        # The task process is free for the next call.
        assert await mix(client, [images([1, 1, 1, 1], b"a")])


async def test_w2_lowered_limits_hold(socket_folder: Path, tmp_path: Path) -> None:
    limits = Limits(tensor_elements=16, chunk_bytes=8)
    async with running_control(socket_folder, tmp_path, limits=limits) as client:
        published = (await client.system.Info(system_pb2.InfoRequest(), metadata=METADATA)).limits
        assert (published.tensor_elements, published.chunk_bytes, published.call_bytes) == (16, 8, 3 * 2**30)
        assert (published.options_bytes, published.event_streams) == (131_072, 1_000)
        assert await mix(client, [images([1, 4, 4, 1], bytes(8)), more(bytes(8))])
        for chunks in ([images([1, 4, 5, 1], b"")], [images([1, 4, 4, 1], bytes(9))]):
            with pytest.raises(grpc.aio.AioRpcError):
                await mix(client, chunks)


async def test_options_come_first(socket_folder: Path, tmp_path: Path) -> None:
    async def parts() -> AsyncIterator[masks_pb2.EraseRequest]:
        yield masks_pb2.EraseRequest(chunk=images([1, 1, 1, 1], b"a"))

    async with running_control(socket_folder, tmp_path) as client:
        with pytest.raises(grpc.aio.AioRpcError, match="first part") as refused:
            async for _ in client.masks.Erase(parts(), metadata=METADATA):
                pass
        assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT


async def test_w2_a_thousand_million_pixels_are_refused_without_a_task_process(
    socket_folder: Path, tmp_path: Path
) -> None:
    async with running_control(socket_folder, tmp_path) as client:
        request = masks_pb2.GenerateRequest(count=1_000_000, height=32, width=32, cow=masks_pb2.CowMaskOptions())
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            async for _ in client.masks.Generate(request, metadata=METADATA):
                pass
        assert [each.path for each in detail(refused.value).violations] == ["count"]
        assert client.control._compute._process is None


async def drawing_process(client: Client) -> int:
    """Answered when the calls of before have stopped."""
    async with asyncio.timeout(10):
        return (await client.control._compute.ask(system_pb2.DevicesRequest())).devices.devices[0].id


async def test_w4_a_deadline_stops_the_work(socket_folder: Path, tmp_path: Path) -> None:
    async with running_control(socket_folder, tmp_path, "endless answer") as client:
        before = await drawing_process(client)
        request = masks_pb2.GenerateRequest(count=1, height=8, width=8, cow=masks_pb2.CowMaskOptions())
        with pytest.raises(grpc.aio.AioRpcError) as passed:
            async for _ in client.masks.Generate(request, metadata=METADATA, timeout=0.3):
                pass
        assert passed.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        # The fake says no more until it hears the cancel; without it this call would wait for ever.
        assert await drawing_process(client) == before


async def test_w4_a_client_that_cancels_stops_the_work(socket_folder: Path, tmp_path: Path) -> None:
    async with running_control(socket_folder, tmp_path, "endless answer") as client:
        request = masks_pb2.GenerateRequest(count=1, height=8, width=8, cow=masks_pb2.CowMaskOptions())
        call = client.masks.Generate(request, metadata=METADATA)
        assert (await call.read()).chunk.header.name == "masks"
        call.cancel()
        await drawing_process(client)


async def test_info_comes_without_a_task_process(socket_folder: Path, tmp_path: Path) -> None:
    async with running_control(socket_folder, tmp_path) as client:
        info = await client.system.Info(system_pb2.InfoRequest(), metadata=METADATA)
        assert (info.worker_version, info.protocol) == (__version__, 1)
        assert {"jax", "flax", "grpcio", "numpy"} <= set(info.packages)
        assert (info.limits.message_bytes, info.limits.chunk_bytes) == (16 * 2**20, 2**20)
        assert info.uptime_ms > 0
        assert client.control._compute._process is None


async def test_datasets_are_listed_and_misspellings_mended(socket_folder: Path, tmp_path: Path) -> None:
    async with running_control(socket_folder, tmp_path) as client:
        listed = await client.datasets.List(datasets_pb2.DatasetsListRequest(), metadata=METADATA)
        assert [(each.name, each.train, each.test, each.ready) for each in listed.datasets] == [
            ("digits", 1437, 360, True),
            ("fashion_mnist", 60_000, 10_000, False),
            ("cifar10", 50_000, 10_000, False),
            ("cifar100", 50_000, 10_000, False),
            ("svhn", 73_257, 26_032, False),
            ("imagenet", 1_281_167, 50_000, False),
        ]
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await client.datasets.Inspect(datasets_pb2.InspectRequest(name="digtis"), metadata=METADATA)
        assert detail(refused.value).violations[0].nearest == "digits"


async def test_masks_need_no_state_folder(socket_folder: Path, tmp_path: Path) -> None:
    async with running_control(socket_folder, tmp_path / "state") as client:
        assert await mix(client, [images([1, 1, 1, 1], b"a")])
        assert not (tmp_path / "state").exists()


async def test_f2_a_second_worker_on_the_folder_is_told_whose_it_is(socket_folder: Path, tmp_path: Path) -> None:
    other = socket_folder / "other"
    other.mkdir(mode=0o700)
    async with running_control(socket_folder, tmp_path) as first, running_control(other, tmp_path) as second:
        await started(first, steps=5)
        assert await mix(second, [images([1, 1, 1, 1], b"a")]), "drawing masks needs no state"
        with pytest.raises(grpc.aio.AioRpcError, match="pid") as refused:
            await started(second, steps=5)
        assert refused.value.code() == grpc.StatusCode.FAILED_PRECONDITION
        assert detail(refused.value).failure.code == "STATE_IN_USE"
