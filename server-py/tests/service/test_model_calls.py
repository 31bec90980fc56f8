"""What control does with calls that use a run's model: what it refuses itself, and what the task process is asked."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from running_control import METADATA, Client, detail, ended, running_control, started

from cowmask.v1 import datasets_pb2, models_pb2
from cowmask_worker.data import dataset_folder
from cowmask_worker.data.catalog import CATALOG, DatasetFacts
from cowmask_worker.data.imported_manifest import described

DIGITS = replace(CATALOG["digits"], digest="d" * 64)


def put(state: Path, name: str, **changes: Any) -> DatasetFacts:
    """A dataset that was imported, as far as control looks."""
    facts = replace(DIGITS, name=name, **changes)
    dataset_folder.publish(state / "datasets" / name, {}, described(facts))
    return facts


@asynccontextmanager
async def trained(sockets: Path, state: Path) -> AsyncGenerator[tuple[Client, str]]:
    """A worker, and a run on digits that has ended."""
    async with running_control(sockets, state) as client:
        run_id = await started(client, steps=5)
        await ended(client, run_id)
        yield client, run_id


async def evaluate(client: Client, run_id: str, **options: Any) -> models_pb2.EvaluateResponse:
    request = models_pb2.EvaluateRequest(model=models_pb2.ModelSelector(run_id=run_id), **options)
    return await client.models.Evaluate(request, metadata=METADATA)


async def refusal(client: Client, run_id: str, **options: Any) -> tuple[str, str]:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await evaluate(client, run_id, **options)
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    (violation,) = detail(refused.value).violations
    return violation.path, violation.reason


async def test_another_dataset_is_named_to_the_task_and_the_runs_own_is_not(
    socket_folder: Path, tmp_path: Path
) -> None:
    async with trained(socket_folder, tmp_path) as (client, run_id):
        put(tmp_path, "scans", validation=3)
        assert list((await evaluate(client, run_id)).classes) == ["test", ""]
        assert list((await evaluate(client, run_id, dataset="digits", split="train")).classes) == ["train", ""]
        other = await evaluate(client, run_id, dataset="scans", split="validation")
        assert list(other.classes) == ["validation", DIGITS.digest]


async def test_other_classes_and_sizes_are_refused_with_both(socket_folder: Path, tmp_path: Path) -> None:
    async with trained(socket_folder, tmp_path) as (client, run_id):
        put(tmp_path, "swapped", classes=("1", "0", *DIGITS.classes[2:]))
        put(tmp_path, "fewer", classes=DIGITS.classes[:9])
        put(tmp_path, "letters", classes=(*DIGITS.classes, *map(str, range(10, 40))))
        put(tmp_path, "colors", channels=3, mean=(0.5,) * 3, std=(0.2,) * 3)
        put(tmp_path, "tall", height=16)
        same = "must have the classes that the model was trained on, in the same order: digits has 10, from number"
        digits = ", ".join(repr(name) for name in DIGITS.classes)
        expected = {
            "swapped": f"{same} 1 on {digits}; swapped has 10, from number 1 on '1', '0', {digits[10:]}",
            "fewer": f"{same} 10 on '9'; fewer has 9, from number 10 on none",
            "letters": f"{same} 11 on none; letters has 40, from number 11 on "
            + ", ".join(repr(str(number)) for number in range(10, 20))
            + ", ...",
            "colors": "digits has 8 x 8 x 1, colors has 8 x 8 x 3",
            "tall": "digits has 8 x 8 x 1, tall has 16 x 8 x 1",
        }
        for name, reason in expected.items():
            path, told = await refusal(client, run_id, dataset=name)
            assert (path, told.endswith(reason)) == ("dataset", True), told
        assert (await refusal(client, run_id, dataset="scanz"))[0] == "dataset"
        put(tmp_path, "scans")
        assert await refusal(client, run_id, dataset="scans", split="validation") == (
            "split",
            "must be 'test' or 'train': the dataset scans has put no images aside for validation",
        )


async def predict(client: Client, run_id: str, **options: Any) -> list[models_pb2.PredictFilesResponse]:
    request = models_pb2.PredictFilesRequest(model=models_pb2.ModelSelector(run_id=run_id), **options)
    return [each async for each in client.models.PredictFiles(request, metadata=METADATA)]


async def test_files_are_looked_for_below_a_root(socket_folder: Path, tmp_path: Path) -> None:
    async with trained(socket_folder, tmp_path) as (client, run_id):
        (tmp_path / "photos").mkdir()
        (answer,) = await predict(client, run_id, source=datasets_pb2.DataSource(path="photos"))
        assert list(answer.found.classes) == [str(tmp_path / "photos")]
        outside = tmp_path.parent / f"{tmp_path.name}-outside"
        outside.mkdir()
        (tmp_path / "link").symlink_to(outside)
        wrong = {
            "source.root": [datasets_pb2.DataSource(root="other", path="photos")],
            "source.path": [
                datasets_pb2.DataSource(path=path) for path in ("nothing", "../x", "/etc", "link", "a\\b", "\0")
            ],
        }
        for path, sources in wrong.items():
            for source in sources:
                with pytest.raises(grpc.aio.AioRpcError) as refused:
                    await predict(client, run_id, source=source)
                assert [each.path for each in detail(refused.value).violations] == [path]
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await predict(client, run_id)
        assert [each.path for each in detail(refused.value).violations] == ["source"]
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await predict(client, "run_" + "a" * 20, source=datasets_pb2.DataSource(path="photos"))
        assert detail(refused.value).failure.code == "RUN_NOT_FOUND"
