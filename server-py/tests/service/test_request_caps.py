"""Caps on what requests hold beside their options, at the cap and one past it (W2, W3)."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import pytest
from running_control import METADATA, Client, config, detail, running_control

from cowmask.v1 import datasets_pb2, experiments_pb2, splits_pb2, tensor_pb2
from cowmask_worker.runs.refusal import Refusal
from cowmask_worker.service.datasets import LONGEST_CLASS_NAME, MOST_CLASSES
from cowmask_worker.service.experiments import LARGEST_PAGE, LONGEST_KEY
from cowmask_worker.service.limits import Limits
from cowmask_worker.service.splits import LONGEST_FILE_NAME
from cowmask_worker.service.tensor_input import LONGEST_EDGE, TensorInput
from cowmask_worker.service.tensors_input import LONGEST_NAME, MOST_DIMENSIONS, TensorsInput

UINT8 = tensor_pb2.ELEMENT_TYPE_UINT8
INT32 = tensor_pb2.ELEMENT_TYPE_INT32


async def streamed(method: Any, first: Any) -> None:
    async def parts() -> AsyncIterator[Any]:
        yield first

    call = method(parts(), metadata=METADATA, timeout=30)
    if isinstance(call, grpc.aio.StreamStreamCall):
        async for _ in call:
            pass
    else:
        await call


async def start(client: Client, count: int) -> None:
    request = experiments_pb2.StartRequest(idempotency_key="k" * count, config=config(steps=5))
    await client.experiments.Start(request, metadata=METADATA)


async def import_run(client: Client, count: int) -> None:
    options = experiments_pb2.ImportOptions(idempotency_key="k" * count, config=config(steps=5))
    await streamed(client.experiments.Import, experiments_pb2.ImportRequest(options=options))


async def list_runs(client: Client, count: int) -> None:
    await client.experiments.List(experiments_pb2.ListRequest(page_size=count), metadata=METADATA)


async def list_from(client: Client, count: int) -> None:
    token = "p" + "9" * (count - 1)
    await client.experiments.List(experiments_pb2.ListRequest(page_token=token), metadata=METADATA)


async def import_dataset(client: Client, name: str = "mine", classes: Iterable[str] = ()) -> None:
    wanted = datasets_pb2.DatasetImport(name=name, classes=classes)
    await streamed(client.datasets.Import, datasets_pb2.DatasetsImportRequest(dataset=wanted))


async def inspect_source(client: Client, count: int) -> None:
    # Leads nowhere but to the root itself, however long it is.
    source = datasets_pb2.DataSource(path=("./" * count)[:count])
    await client.datasets.Inspect(datasets_pb2.InspectRequest(source=source), metadata=METADATA)


async def import_split(client: Client, count: int) -> None:
    wanted = splits_pb2.SplitImport(dataset="digits", file="f" * count)
    wanted.options.format = "cowmask"
    await streamed(client.splits.Import, splits_pb2.SplitsImportRequest(split=wanted))


async def inspect_split(client: Client, count: int) -> None:
    await streamed(client.splits.Inspect, splits_pb2.SplitsInspectRequest(file="f" * count))


class Cap(NamedTuple):
    call: Callable[[Client, int], Awaitable[None]]
    path: str
    most: int
    least: int = 0


CAPS = {
    "key of a start": Cap(start, "idempotencyKey", LONGEST_KEY),
    "key of an import": Cap(import_run, "idempotencyKey", LONGEST_KEY),
    "runs of a page": Cap(list_runs, "pageSize", LARGEST_PAGE),
    "page token": Cap(list_from, "pageToken", 19, least=2),
    "name of a dataset": Cap(lambda client, count: import_dataset(client, "n" * count), "name", 64, least=1),
    "classes": Cap(lambda client, count: import_dataset(client, classes="c" * count), "classes", MOST_CLASSES),
    "name of a class": Cap(
        lambda client, count: import_dataset(client, classes=["c" * count]), "classes[0]", LONGEST_CLASS_NAME, least=1
    ),
    "path of a source": Cap(inspect_source, "source.path", 4_096),
    "file of a split": Cap(import_split, "file", LONGEST_FILE_NAME, least=1),
    "file to inspect": Cap(inspect_split, "file", LONGEST_FILE_NAME, least=1),
}


async def blamed(call: Awaitable[None]) -> list[str]:
    """Paths of the fields that are refused."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        # What is in the cap may still be refused for what it names.
        if detail(error).failure.code in ("SPLIT_DAMAGED", "DATASET_EXISTS"):
            return []
        return [each.path for each in detail(error).violations]
    return []


@pytest.mark.parametrize("cap", CAPS.values(), ids=CAPS)
async def test_w3_a_request_may_have_its_cap_and_not_one_more(cap: Cap, socket_folder: Path, tmp_path: Path) -> None:
    async with running_control(socket_folder, tmp_path) as client:
        for count in (cap.least, cap.most):
            assert await blamed(cap.call(client, count)) == [], count
        assert await blamed(cap.call(client, cap.most + 1)) == [cap.path]
        if cap.least > 1:
            assert await blamed(cap.call(client, cap.least - 1)) == [cap.path]


def chunk(name: str, shape: Sequence[int], size: int, type_: Any = UINT8) -> tensor_pb2.TensorChunk:
    header = tensor_pb2.TensorHeader(name=name, type=type_, shape=shape)
    return tensor_pb2.TensorChunk(header=header, data=bytes(size))


async def taken(chunks: Sequence[tensor_pb2.TensorChunk], limits: Limits, *, images: bool) -> list[str]:
    """Paths that are blamed when the chunks come in: those of images, or of the tensors of a state."""

    async def arriving() -> AsyncIterator[tensor_pb2.TensorChunk]:
        for each in chunks:
            yield each

    try:
        if images:
            tensor = TensorInput(arriving(), limits)
            await tensor.open()
        else:
            tensor = TensorsInput(arriving(), limits, "weights", types=(UINT8, INT32))
        assert [each async for each in tensor.chunks()] == list(chunks)
    except Refusal as refused:
        return [each.path for each in refused.violations]
    return []


@pytest.mark.parametrize("images", [True, False])
async def test_w2_chunks_and_tensors_may_be_as_large_as_the_limits_say(images: bool) -> None:
    path = "images" if images else "weights.images"
    for size in range(1, 40):
        sent = [chunk("images", [size, 1, 1, 1], size)]
        for limits, fits in [
            (Limits(chunk_bytes=size), True),
            (Limits(chunk_bytes=max(1, size - 1)), size == 1),
            (Limits(tensor_elements=size), True),
            (Limits(tensor_elements=max(1, size - 1)), size == 1),
        ]:
            assert await taken(sent, limits, images=images) == ([] if fits else [path]), (size, limits)


async def test_w2_all_tensors_of_a_call_may_have_as_many_bytes_as_the_limit_says() -> None:
    sent = [chunk("a", [3], 12, INT32), chunk("b", [2, 2], 4), chunk("c", [], 1)]
    assert await taken(sent, Limits(call_bytes=17), images=False) == []
    assert await taken(sent, Limits(call_bytes=16), images=False) == ["weights"]


async def test_w3_a_tensor_may_have_so_long_a_name_so_many_dimensions_and_no_more() -> None:
    for count, wrong in [(1, []), (LONGEST_NAME, []), (0, ["weights"]), (LONGEST_NAME + 1, ["weights"])]:
        assert await taken([chunk("n" * count, [1], 1)], Limits(), images=False) == wrong, count
    for count, wrong in [(0, []), (MOST_DIMENSIONS, []), (MOST_DIMENSIONS + 1, ["weights.n"])]:
        assert await taken([chunk("n", [1] * count, 1)], Limits(), images=False) == wrong, count


@pytest.mark.parametrize("place", [1, 2, 3])
async def test_w3_images_may_be_so_large_along_an_edge_and_no_larger(place: int) -> None:
    for edge, wrong in [(0, ["images"]), (1, []), (LONGEST_EDGE, []), (LONGEST_EDGE + 1, ["images"])]:
        shape = [1, 1, 1, 1]
        shape[place] = edge
        assert await taken([chunk("images", shape, edge)], Limits(), images=True) == wrong, shape
