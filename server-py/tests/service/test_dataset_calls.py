"""Datasets of the user's own through the service, with real task processes where images are read."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from running_control import METADATA, Client, detail, ended, running_control

from cowmask.v1 import (
    datasets_pb2,
    error_pb2,
    event_pb2,
    experiment_config_pb2,
    experiments_pb2,
    models_pb2,
    system_pb2,
    tensor_pb2,
)
from cowmask_worker.runs.task_host import PROGRAM

UINT8 = tensor_pb2.ELEMENT_TYPE_UINT8
INT32 = tensor_pb2.ELEMENT_TYPE_INT32
TYPES = {np.dtype(np.uint8): UINT8, np.dtype(np.int32): INT32}
PATIENCE_S = 120

type Named = dict[str, NDArray[Any]]
type Answers = list[datasets_pb2.DatasetsImportResponse]


def real_control(sockets: Path, state: Path) -> AbstractAsyncContextManager[Client]:
    return running_control(sockets, state, program=PROGRAM)


def put(root: Path, *names: str, size: int = 8) -> Path:
    for number, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 256, (size, size, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(path)
    return root


def photos(root: Path, each: int = 6, size: int = 8) -> Path:
    """Two classes and a few unlabeled images."""
    labeled = [f"labeled/{label}/{number}.png" for label in ("cat", "dog") for number in range(each)]
    return put(root, *labeled, *(f"unlabeled/{number}.png" for number in range(4)), size=size)


ARRAYS: Named = {
    "images": np.arange(6 * 4 * 4, dtype=np.uint8).reshape(6, 4, 4, 1),
    "labels": np.array([0, 1, 0, 1, 0, -1], np.int32),
    "test_images": np.zeros((1, 4, 4, 1), np.uint8),
    "test_labels": np.array([1], np.int32),
}


def chunks_of(arrays: Named) -> list[tensor_pb2.TensorChunk]:
    return [
        tensor_pb2.TensorChunk(
            header=tensor_pb2.TensorHeader(name=name, type=TYPES[array.dtype], shape=array.shape), data=array.tobytes()
        )
        for name, array in arrays.items()
    ]


def call(
    client: Client,
    name: str = "mine",
    path: str | None = None,
    *,
    root: str | None = None,
    chunks: Sequence[tensor_pb2.TensorChunk] = (),
    classes: Sequence[str] = (),
    timeout: float = PATIENCE_S,
    **options: Any,
) -> Any:
    wanted = datasets_pb2.DatasetImport(
        name=name, classes=classes, options=datasets_pb2.DatasetImportOptions(**options)
    )
    if path is not None:
        wanted.source.CopyFrom(datasets_pb2.DataSource(root=root, path=path))

    async def parts() -> AsyncIterator[datasets_pb2.DatasetsImportRequest]:
        yield datasets_pb2.DatasetsImportRequest(dataset=wanted)
        for chunk in chunks:
            yield datasets_pb2.DatasetsImportRequest(chunk=chunk)

    return client.datasets.Import(parts(), metadata=METADATA, timeout=timeout)


async def answers(client: Client, *arguments: Any, **options: Any) -> Answers:
    return [each async for each in call(client, *arguments, **options)]


async def imported(client: Client, *arguments: Any, **options: Any) -> datasets_pb2.Dataset:
    return (await answers(client, *arguments, **options))[-1].dataset


async def refused(awaited: Any, code: str, status: grpc.StatusCode) -> error_pb2.ErrorDetail:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await awaited
    found = detail(caught.value)
    assert (found.failure.code, caught.value.code()) == (code, status), found
    return found


async def violation(awaited: Any) -> tuple[str, str]:
    found = await refused(awaited, "INVALID_OPTION", grpc.StatusCode.INVALID_ARGUMENT)
    (only,) = found.violations
    return only.path, only.reason


async def listed(client: Client) -> dict[str, datasets_pb2.Dataset]:
    answer = await client.datasets.List(datasets_pb2.DatasetsListRequest(), metadata=METADATA)
    return {each.name: each for each in answer.datasets if each.imported}


def remove(client: Client, name: str) -> Any:
    return client.datasets.Remove(datasets_pb2.DatasetsRemoveRequest(name=name), metadata=METADATA)


def there(state: Path) -> list[str]:
    return sorted(path.name for path in (state / "datasets").glob("*"))


async def test_a_dataset_comes_and_goes(socket_folder: Path, tmp_path: Path) -> None:
    root = photos(tmp_path / "my photos")
    async with real_control(socket_folder, tmp_path) as client:
        told = await answers(client, path="my photos")
        assert [each.WhichOneof("part") for each in told[-2:]] == ["progress", "dataset"]
        stages = [each.progress for each in told[:-1]]
        assert [each.what for each in stages if each.done == each.total] == ["read headers", "read images"]
        assert stages[-1].what == "store the dataset"
        assert all(each.done <= each.total for each in stages)
        dataset = told[-1].dataset
        assert (dataset.name, list(dataset.classes)) == ("mine", ["cat", "dog"])
        assert (dataset.train, dataset.test, list(dataset.label_counts)) == (14, 2, [5, 5])
        assert (dataset.imported, dataset.ready) == (True, True)
        assert any("held out" in note for note in dataset.notes)
        assert await listed(client) == {"mine": dataset}
        assert there(tmp_path) == ["mine"]

        exists = await refused(imported(client, path="my photos"), "DATASET_EXISTS", grpc.StatusCode.ALREADY_EXISTS)
        assert "replace" in exists.failure.hint
        larger = await imported(client, path="my photos", replace=True, image_size=5)
        assert (larger.height, larger.digest != dataset.digest) == (5, True)
        assert await listed(client) == {"mine": larger}

        streamed = await imported(client, "streamed", chunks=chunks_of(ARRAYS), classes=["a", "b"])
        assert (streamed.train, streamed.test, list(streamed.classes)) == (6, 1, ["a", "b"])
        assert (streamed.height, streamed.channels, list(streamed.label_counts)) == (4, 1, [3, 2])
        np.savez(tmp_path / "set.npz", **ARRAYS)  # pyright: ignore[reportArgumentType] - none is called so
        of_file = await imported(client, "of_file", "set.npz")
        assert (of_file.mean, of_file.train) == (streamed.mean, streamed.train)
        for source in ({"chunks": chunks_of(ARRAYS)}, {"path": "set.npz"}):
            path, reason = await violation(imported(client, "none", **source, storage="files"))
            assert (path, "no files" in reason) == ("storage", True)
        (root / "set.csv").write_text("path,label\n" + "".join(f"labeled/cat/{n}.png,{n % 2}\n" for n in range(6)))
        assert (await imported(client, "table", "my photos/set.csv")).train == 4
        assert list(await listed(client)) == ["mine", "of_file", "streamed", "table"]

        (root / "labeled/dog/bad.png").write_bytes(b"no image")
        unusable = await refused(
            imported(client, "other", "my photos"), "DATASET_UNUSABLE", grpc.StatusCode.FAILED_PRECONDITION
        )
        assert "bad.png" in unusable.failure.message
        assert "skip" in unusable.failure.hint
        skipped = await imported(client, "other", "my photos", on_unreadable="skip")
        assert any("bad.png" in note for note in skipped.notes)

        before = await listed(client)
        broken = {"images": ARRAYS["images"], "labels": ARRAYS["labels"][:3]}
        for name in ("mine", "new"):
            await refused(
                imported(client, name, chunks=chunks_of(broken), replace=True),
                "DATASET_UNUSABLE",
                grpc.StatusCode.FAILED_PRECONDITION,
            )
        assert await listed(client) == before, "an import that fails changes nothing"

        for name in before:
            await remove(client, name)
        assert await listed(client) == {}
        assert there(tmp_path) == []
        assert len(list(root.rglob("*.png"))) == 17


async def test_imports_wait_for_each_other(socket_folder: Path, tmp_path: Path) -> None:
    photos(tmp_path / "photos", each=20)
    async with real_control(socket_folder, tmp_path) as client:
        both = (answers(client, path="photos"), answers(client, path="photos"), answers(client, "other", "photos"))
        first, second, other = await asyncio.gather(*both, return_exceptions=True)
        assert not isinstance(other, BaseException)
        won, lost = (first, second) if isinstance(second, BaseException) else (second, first)
        assert not isinstance(won, BaseException)
        assert isinstance(lost, grpc.aio.AioRpcError)
        assert detail(lost).failure.code == "DATASET_EXISTS"
        assert there(tmp_path) == ["mine", "other"]


async def test_an_import_that_is_cancelled_leaves_nothing(socket_folder: Path, tmp_path: Path) -> None:
    photos(tmp_path / "photos", each=300, size=64)
    async with real_control(socket_folder, tmp_path) as client:
        running = call(client, path="photos")
        assert (await running.read()).progress.what == "read headers"
        running.cancel()
        # What is asked for next waits for its end.
        small = photos(tmp_path / "small")
        assert (await imported(client, path="small")).train == 14, "the name was not taken"
        assert there(tmp_path) == ["mine"]
        shutil.rmtree(small)

        # Arrays that never come to their end.
        cut = chunks_of(ARRAYS)
        cut[-1].data = b""
        assert await violation(imported(client, "cut", chunks=cut)) == (
            "arrays.testLabels",
            "must have the 4 bytes that its header promises; 0 came",
        )
        assert there(tmp_path) == ["mine"]


def config(name: str = "mine") -> experiment_config_pb2.ExperimentConfig:
    made = experiment_config_pb2.ExperimentConfig(batch_size=4, steps=2, evaluate_every=2, checkpoint_every=2)
    made.dataset.name = name
    made.model.wide_resnet.depth, made.model.wide_resnet.width, made.model.wide_resnet.dropout = 10, 1, 0
    made.mix.none.SetInParent()
    made.schedule.constant.SetInParent()
    return made


async def test_a_run_keeps_what_it_knows_of_its_dataset(socket_folder: Path, tmp_path: Path) -> None:
    photos(tmp_path / "photos")
    async with real_control(socket_folder, tmp_path) as client:
        dataset = await imported(client, path="photos")
        start = experiments_pb2.StartRequest(config=config())
        run = (await client.experiments.Start(start, metadata=METADATA)).run
        assert run.dataset == dataset
        assert run.config.dataset.labeled == 10
        last = (await ended(client, run.id, PATIENCE_S))[-1]
        assert last.finished.state == event_pb2.RUN_STATE_SUCCEEDED, last
        selector = models_pb2.ModelSelector(run_id=run.id)

        async def predicted() -> list[str]:
            async def parts() -> AsyncIterator[models_pb2.PredictRequest]:
                yield models_pb2.PredictRequest(model=selector)
                for chunk in chunks_of({"images": np.zeros((3, 8, 8, 3), np.uint8)}):
                    yield models_pb2.PredictRequest(chunk=chunk)

            predictions = client.models.Predict(parts(), metadata=METADATA, timeout=PATIENCE_S)
            return [each.chunk.header.name async for each in predictions]

        def evaluated() -> Any:
            request = models_pb2.EvaluateRequest(model=selector)
            return client.models.Evaluate(request, metadata=METADATA, timeout=PATIENCE_S)

        there_before = await predicted()
        assert there_before
        score = await evaluated()

        await remove(client, "mine")
        assert await predicted() == there_before
        gone = await refused(evaluated(), "DATASET_NOT_PREPARED", grpc.StatusCode.FAILED_PRECONDITION)
        assert "mine" in gone.failure.message
        assert "Import" in gone.failure.hint
        assert (await violation(client.experiments.Start(start, metadata=METADATA)))[0] == "dataset.name"
        found = await client.experiments.Get(experiments_pb2.GetRequest(run_id=run.id), metadata=METADATA)
        assert found.run.dataset == dataset

        other = await imported(client, path="photos", image_size=6)
        assert other.digest != dataset.digest
        changed = await refused(evaluated(), "DATASET_CHANGED", grpc.StatusCode.FAILED_PRECONDITION)
        assert dataset.digest[:12] in changed.failure.message
        assert await predicted() == there_before

        again = await imported(client, path="photos", replace=True)
        assert again.digest == dataset.digest
        assert await evaluated() == score, "the same images under the same name are the same dataset"


def folder_of(state: Path, name: str = "mine") -> Path:
    return state / "datasets" / name


async def test_another_dataset_is_never_resumed_on(socket_folder: Path, tmp_path: Path) -> None:
    photos(tmp_path / "photos")
    async with real_control(socket_folder, tmp_path) as client:
        dataset = await imported(client, path="photos")
        start = experiments_pb2.StartRequest(config=config())
        start.config.steps = start.config.checkpoint_every = start.config.evaluate_every = 1_000_000
        run = (await client.experiments.Start(start, metadata=METADATA)).run
        async for event in client.experiments.Watch(
            experiments_pb2.WatchRequest(run_id=run.id), metadata=METADATA, timeout=PATIENCE_S
        ):
            if event.event.HasField("metrics"):
                break
        await client.experiments.Cancel(experiments_pb2.CancelRequest(run_id=run.id), metadata=METADATA)
        assert (await ended(client, run.id, PATIENCE_S))[-1].finished.state == event_pb2.RUN_STATE_CANCELLED

        shutil.copytree(folder_of(tmp_path), tmp_path / "kept")
        await imported(client, path="photos", replace=True, image_size=6)
        resume = experiments_pb2.ResumeRequest(run_id=run.id)
        changed = await refused(
            client.experiments.Resume(resume, metadata=METADATA), "DATASET_CHANGED", grpc.StatusCode.FAILED_PRECONDITION
        )
        assert dataset.digest[:12] in changed.failure.message
        found = (await client.experiments.Get(experiments_pb2.GetRequest(run_id=run.id), metadata=METADATA)).run
        assert (found.state, found.attempt) == (event_pb2.RUN_STATE_CANCELLED, 1), "nothing was resumed"

        # Damage that does not show in the facts shows before the first step.
        shutil.rmtree(folder_of(tmp_path))
        shutil.copytree(tmp_path / "kept", folder_of(tmp_path))
        file = folder_of(tmp_path) / "images.safetensors"
        file.write_bytes(file.read_bytes()[:-1] + b"\x00\x00")
        resumed = (await client.experiments.Resume(resume, metadata=METADATA)).run
        events = [each for each in await ended(client, run.id, PATIENCE_S) if each.attempt == resumed.attempt]
        assert events[-1].finished.cause.code == "DATASET_DAMAGED"
        assert not any(each.HasField("metrics") for each in events)


@pytest.mark.parametrize(
    "name", ["", "Mine", "my photos", "a/b", "../mine", ".mine", "-mine", "_mine", "mine\n", "a" * 65, "münze", "a.b"]
)
async def test_s5_names_become_names_of_folders(socket_folder: Path, tmp_path: Path, name: str) -> None:
    async with running_control(socket_folder, tmp_path) as client:
        path, reason = await violation(imported(client, name))
        assert (path, "64 lowercase letters" in reason) == ("name", True)
        assert (await violation(remove(client, name)))[0] == "name"
        assert client.control._reader._process is None  # pyright: ignore[reportPrivateUsage]
        assert there(tmp_path) == []


@pytest.mark.parametrize("name", ["digits", "cifar10", "imagenet"])
async def test_names_of_the_catalog_are_taken(socket_folder: Path, tmp_path: Path, name: str) -> None:
    prepared = folder_of(tmp_path, name)
    prepared.mkdir(parents=True)
    (prepared / "manifest.json").write_text("{}")
    async with running_control(socket_folder, tmp_path) as client:
        path, reason = await violation(imported(client, name, replace=True))
        assert (path, "another name than those that the worker knows" in reason) == ("name", True)
        path, reason = await violation(remove(client, name))
        assert (path, reason) == ("name", f"must be an imported dataset; got {name!r}")
        assert (prepared / "manifest.json").exists()


async def test_only_datasets_are_replaced_and_removed(socket_folder: Path, tmp_path: Path) -> None:
    mine = folder_of(tmp_path)
    mine.mkdir(parents=True)
    (mine / "diary.txt").touch()
    folder_of(tmp_path, "file").touch()
    async with running_control(socket_folder, tmp_path) as client:
        for name in ("mine", "file"):
            for replace in (True, False):
                found = await refused(
                    imported(client, name, replace=replace),
                    "DATASET_EXISTS",
                    grpc.StatusCode.ALREADY_EXISTS,
                )
                assert str(folder_of(tmp_path, name)) in found.failure.message
            assert (await violation(remove(client, name)))[0] == "name"
        assert (mine / "diary.txt").exists()
        assert (await violation(remove(client, "unknown")))[0] == "name"


async def test_a_damaged_dataset_is_told_and_can_be_removed(socket_folder: Path, tmp_path: Path) -> None:
    mine = folder_of(tmp_path)
    mine.mkdir(parents=True)
    (mine / "manifest.json").write_text('{"format": 1, "kind": "imported", "name": "mine", "train": -1}')
    async with running_control(socket_folder, tmp_path) as client:
        assert await listed(client) == {}
        inspect = client.datasets.Inspect(datasets_pb2.InspectRequest(name="mine"), metadata=METADATA)
        found = await refused(inspect, "DATASET_DAMAGED", grpc.StatusCode.FAILED_PRECONDITION)
        assert "replace" in found.failure.hint
        start = experiments_pb2.StartRequest(config=config())
        await refused(
            client.experiments.Start(start, metadata=METADATA), "DATASET_DAMAGED", grpc.StatusCode.FAILED_PRECONDITION
        )
        both = await asyncio.gather(remove(client, "mine"), remove(client, "mine"), return_exceptions=True)
        assert sum(isinstance(each, BaseException) for each in both) == 1
        assert there(tmp_path) == []


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("..", "must be relative to the root, without .. and \\"),
        ("photos/../../x", "must be relative to the root, without .. and \\"),
        ("/etc", "must be relative to the root, without .. and \\"),
        ("photos\\labeled", "must be relative to the root, without .. and \\"),
        ("C:\\photos", "must be relative to the root, without .. and \\"),
        ("pho\0tos", "must be relative to the root, without .. and \\"),
        ("p" * 5_000, "must be relative to the root, without .. and \\"),
        ("p" * 300, "must be a path that can be followed"),
        ("file:photos", "must be there"),
        ("file:///etc/passwd", "must be there"),
        ("https://example.com/set.npz", "must be there"),
        ("nothing", "must be there"),
        ("photos/labeled/cat/0.png/inner", "must be there"),
        ("~", "must be there"),
        ("out", "must not lead out of the root"),
        ("out/labeled", "must not lead out of the root"),
        ("loop", "must be"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="links take privileges on Windows")
async def test_s5_paths_do_not_lead_out_of_their_root(
    socket_folder: Path, tmp_path: Path, path: str, reason: str
) -> None:
    root = tmp_path / "root"
    photos(root / "photos", each=1)
    photos(tmp_path / "outside", each=1)
    (root / "out").symlink_to(tmp_path / "outside")
    (root / "loop").symlink_to("loop")
    async with running_control(socket_folder, tmp_path, roots={"data": root}) as client:
        for named in ("data", None):
            where, said = await violation(imported(client, path=path, root=named))
            assert where == "source.path"
            assert said.startswith(reason), said
            assert len(said) < 6_000
        assert client.control._reader._process is None  # pyright: ignore[reportPrivateUsage]


async def test_s5_roots_go_by_their_names(socket_folder: Path, tmp_path: Path) -> None:
    one, other = photos(tmp_path / "one"), photos(tmp_path / "other")
    async with running_control(socket_folder, tmp_path, roots={"one": one, "other": other}) as client:
        for root in ("", "One", "one/", "..", str(one)):
            where, reason = await violation(imported(client, path="labeled", root=root))
            assert where == "source.root"
            assert "must be one of the worker's data roots, one, other" in reason
        where, reason = await violation(imported(client, path="labeled"))
        assert (where, "is required" in reason) == ("source.root", True)
    socket_folder.joinpath("second").mkdir(mode=0o700)
    async with running_control(socket_folder / "second", tmp_path, roots={}) as client:
        where, reason = await violation(imported(client, path="labeled"))
        assert (where, "none" in reason) == ("source.root", True)


async def test_nothing_is_written_into_the_source(socket_folder: Path, tmp_path: Path) -> None:
    photos(tmp_path)
    async with real_control(socket_folder, tmp_path) as client:
        where, reason = await violation(imported(client, path=""))
        assert (where, "where nothing is written" in reason) == ("source.path", True)
        assert there(tmp_path) == []
        found = await refused(
            imported(client, path="labeled/cat/0.png"), "DATASET_UNUSABLE", grpc.StatusCode.FAILED_PRECONDITION
        )
        assert "is nothing that can be imported" in found.failure.message
        assert (await client.system.Info(system_pb2.InfoRequest(), metadata=METADATA)).protocol == 1


async def test_options_are_checked_before_a_task_is_started(socket_folder: Path, tmp_path: Path) -> None:
    photos(tmp_path / "photos")
    async with running_control(socket_folder, tmp_path) as client:
        for options, path in (
            ({"image_size": 3}, "imageSize"),
            ({"image_size": 1025}, "imageSize"),
            ({"resize": "squeeze"}, "resize"),
            ({"channels": 2}, "channels"),
            ({"on_unreadable": "ignore"}, "onUnreadable"),
            ({"test_share": 0.0}, "testShare"),
            ({"test_share": float("nan")}, "testShare"),
            ({"storage": "cloud"}, "storage"),
            ({"classes": ["a"]}, "classes"),
        ):
            assert (await violation(imported(client, path="photos", **options)))[0] == path
        for classes, path in ((["a", ""], "classes[1]"), (["a" * 301], "classes[0]"), (["a"] * 100_001, "classes")):
            wrong = imported(client, classes=classes)
            assert (await violation(wrong))[0] == path

        async def chunk_first() -> AsyncIterator[datasets_pb2.DatasetsImportRequest]:
            yield datasets_pb2.DatasetsImportRequest(chunk=chunks_of(ARRAYS)[0])

        async def first() -> None:
            async for _ in client.datasets.Import(chunk_first(), metadata=METADATA):
                pass

        assert await violation(first()) == ("dataset", "must be the first part of the request")
        assert client.control._reader._process is None  # pyright: ignore[reportPrivateUsage]
