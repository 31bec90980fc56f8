"""Calls about splits that are kept, and what control refuses before a task process hears of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from running_control import METADATA, Client, config, detail, ended, running_control

from cowmask.v1 import event_pb2, experiments_pb2, splits_pb2, tensor_pb2
from cowmask_worker.data import split_folder
from cowmask_worker.data.catalog import CATALOG
from cowmask_worker.data.contents import Contents, numbered
from cowmask_worker.data.digits import load
from cowmask_worker.data.split_file import DrawnRule, SplitFile, encode
from cowmask_worker.data.split_members import made
from cowmask_worker.data.splits import split
from cowmask_worker.service.limits import Limits
from cowmask_worker.tensors import tensor_chunks

UNKNOWN = "f" * 64
IMAGES = load()
CONTENTS = Contents(
    "digits",
    CATALOG["digits"].classes,
    numbered("train", IMAGES.train_images, IMAGES.train_labels),
    numbered("test", IMAGES.test_images, IMAGES.test_labels),
)


def drawn(**changes: Any) -> SplitFile:
    rule = DrawnRule(labeled=40, seed=1, validation=50, validation_seed=2)._replace(**changes)
    return made(CONTENTS, split(CONTENTS.train.labels, **rule._asdict()), rule)


def kept(state: Path, **changes: Any) -> SplitFile:
    return split_folder.keep(drawn(**changes), state / "datasets")


def selector(split_file: SplitFile) -> splits_pb2.SplitSelector:
    return splits_pb2.SplitSelector(dataset="digits", fingerprint=split_file.fingerprint)


def chunks(content: bytes) -> Iterator[tensor_pb2.TensorChunk]:
    return tensor_chunks("content", tensor_pb2.ELEMENT_TYPE_UINT8, [len(content)], iter([content]))


async def inspected(client: Client, *parts: splits_pb2.SplitsInspectRequest) -> splits_pb2.Split:
    return (await client.splits.Inspect(iter(parts), metadata=METADATA)).split


async def file_inspected(client: Client, content: bytes, file: str = "a.json") -> splits_pb2.Split:
    parts = [splits_pb2.SplitsInspectRequest(chunk=chunk) for chunk in chunks(content)]
    return await inspected(client, splits_pb2.SplitsInspectRequest(file=file), *parts)


def refused(error: pytest.ExceptionInfo[grpc.aio.AioRpcError]) -> tuple[str, list[str]]:
    told = detail(error.value)
    return told.failure.code, [each.path for each in told.violations]


async def test_splits_that_are_kept_are_told_exported_and_compared(socket_folder: Path, tmp_path: Path) -> None:
    one, other = kept(tmp_path), kept(tmp_path, seed=3)
    (tmp_path / "datasets" / ".splits" / "digits" / f"{UNKNOWN}.json").write_text("{}")
    async with running_control(socket_folder, tmp_path) as client:
        listed = await client.splits.List(splits_pb2.SplitsListRequest(dataset="digits"), metadata=METADATA)
        found = {each.fingerprint: each for each in listed.splits}
        assert found.keys() == {one.fingerprint, other.fingerprint}, "damaged ones are left out"
        told = await inspected(client, splits_pb2.SplitsInspectRequest(kept=selector(one)))
        assert told == found[one.fingerprint] == await file_inspected(client, encode(one).encode())
        assert list(told.labeled_counts) == [4] * 10
        assert sum(told.validation_counts) == 50
        assert (told.unlabeled, told.test) == (1387, 360)
        assert told.rule.drawn == splits_pb2.DrawnRule(labeled=40, seed=1, validation=50, validation_seed=2)
        assert list(told.labeled_names) == [image.name for image in one.labeled[:10]]
        request = splits_pb2.SplitsExportRequest(split=selector(one))
        content = b"".join([each.chunk.data async for each in client.splits.Export(request, metadata=METADATA)])
        assert content.decode() == encode(one)
        pair = splits_pb2.SplitsCompareRequest(first=selector(one), second=selector(other))
        differences = (await client.splits.Compare(pair, metadata=METADATA)).differences
        assert differences[-1] == "The rule's seed is 1 in the first, 3 in the second."
        pair.second.CopyFrom(pair.first)
        assert not (await client.splits.Compare(pair, metadata=METADATA)).differences


async def test_a_run_that_names_a_split_has_its_numbers_and_needs_it_to_go_on(
    socket_folder: Path, tmp_path: Path
) -> None:
    split_file = kept(tmp_path, exclude_labeled=True)
    asked = config(steps=5)
    asked.dataset.labeled, asked.dataset.split = 77, split_file.fingerprint
    async with running_control(socket_folder, tmp_path, "dies") as client:
        request = experiments_pb2.StartRequest(config=asked)
        run = (await client.experiments.Start(request, metadata=METADATA)).run
        chosen = run.config.dataset
        assert (chosen.labeled, chosen.seed, chosen.validation, chosen.validation_seed) == (40, 1, 50, 2)
        assert chosen.exclude_labeled
        assert (await ended(client, run.id))[-1].finished.state == event_pb2.RUN_STATE_INTERRUPTED
        file = tmp_path / "datasets" / ".splits" / "digits" / f"{split_file.fingerprint}.json"
        for content, code in ((None, "SPLIT_NOT_FOUND"), ("{}", "SPLIT_DAMAGED")):
            file.unlink() if content is None else file.write_text(content)
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await client.experiments.Resume(experiments_pb2.ResumeRequest(run_id=run.id), metadata=METADATA)
            assert refused(error) == (code, [])
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await client.experiments.Start(request, metadata=METADATA)
        assert refused(error) == ("SPLIT_DAMAGED", [])
        asked.dataset.split = UNKNOWN
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await client.experiments.Start(experiments_pb2.StartRequest(config=asked), metadata=METADATA)
        assert refused(error) == ("INVALID_OPTION", ["dataset.split"])
        assert split_file.fingerprint in detail(error.value).failure.message, "those that are there are named"


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"labeled": 9}, "labeled"),
        ({"labeled": 1437, "exclude_labeled": True}, "excludeLabeled"),
        ({"exclude_labeled": True}, "excludeLabeled"),
        ({"validation": 5}, "validation"),
        ({"validation": 1437}, "validation"),
        ({"labeled": 1400, "validation": 100}, "labeled"),
    ],
)
async def test_what_can_not_be_drawn_is_refused(
    options: dict[str, Any], path: str, socket_folder: Path, tmp_path: Path
) -> None:
    request = splits_pb2.SplitsCreateRequest(dataset="digits", options=splits_pb2.SplitOptions(**options))
    async with running_control(socket_folder, tmp_path) as client:
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await client.splits.Create(request, metadata=METADATA)
        assert refused(error) == ("INVALID_OPTION", [path])


async def test_requests_that_are_none_are_refused(socket_folder: Path, tmp_path: Path) -> None:
    async with running_control(socket_folder, tmp_path, limits=Limits(call_bytes=100)) as client:

        async def asked_to_import(
            file: str = "a.json", dataset: str = "digits", form: str = "cowmask", **options: Any
        ) -> tuple[str, list[str]]:
            asked = splits_pb2.SplitImportOptions(format=form, **options)
            wanted = splits_pb2.SplitImport(dataset=dataset, file=file, options=asked)
            parts = [splits_pb2.SplitsImportRequest(split=wanted)]
            parts += [splits_pb2.SplitsImportRequest(chunk=chunk) for chunk in chunks(bytes(101))]
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await client.splits.Import(iter(parts), metadata=METADATA)
            return refused(error)

        assert await asked_to_import(form="pickle") == ("INVALID_OPTION", ["format"])
        assert await asked_to_import(validation=0, exclude_labeled=False) == (
            "INVALID_OPTION",
            ["validation", "excludeLabeled"],
        )
        assert await asked_to_import(form="usb", validation=3) == ("INVALID_OPTION", ["validation"])
        assert await asked_to_import(file="../a.json") == ("INVALID_OPTION", ["file"])
        assert await asked_to_import(file="") == ("INVALID_OPTION", ["file"])
        assert await asked_to_import(dataset="../digits") == ("INVALID_OPTION", ["dataset"])
        assert await asked_to_import(dataset="cifar10") == ("DATASET_NOT_PREPARED", [])

        for parts, path in (
            ([], "split"),
            ([splits_pb2.SplitsInspectRequest(chunk=next(chunks(b"{}")))], "split"),
            ([splits_pb2.SplitsInspectRequest(file="a"), splits_pb2.SplitsInspectRequest(file="b")], "chunk"),
            ([splits_pb2.SplitsInspectRequest(kept=selector(drawn()))], "fingerprint"),
        ):
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await inspected(client, *parts)
            assert refused(error) == ("INVALID_OPTION", [path])
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await file_inspected(client, bytes(101))
        assert refused(error) == ("INVALID_OPTION", ["file"])
        for content in (b"", b"{}", b"\xff", np.arange(9).tobytes()):
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await file_inspected(client, content)
            assert refused(error) == ("SPLIT_DAMAGED", [])
            assert detail(error.value).failure.message.startswith("a.json: expected ")
