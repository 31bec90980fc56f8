"""What control does with calls that bring weights or take them away."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import grpc
import pytest
from running_control import METADATA, Client, config, detail, ended, running_control, started

from cowmask.v1 import datasets_pb2, event_pb2, experiment_config_pb2, experiments_pb2, models_pb2, tensor_pb2
from cowmask_worker.service import tensors_input
from cowmask_worker.service.limits import Limits

FLOAT32 = tensor_pb2.ELEMENT_TYPE_FLOAT32
INT32 = tensor_pb2.ELEMENT_TYPE_INT32
UINT8 = tensor_pb2.ELEMENT_TYPE_UINT8
BITS = tensor_pb2.ELEMENT_TYPE_BITS
UNKNOWN_TYPE = tensor_pb2.ElementType.ValueType(99)


def tensor(
    name: str, shape: Sequence[int], data: bytes, type_: tensor_pb2.ElementType.ValueType = FLOAT32
) -> tensor_pb2.TensorChunk:
    return tensor_pb2.TensorChunk(header=tensor_pb2.TensorHeader(name=name, type=type_, shape=shape), data=data)


def more(data: bytes) -> tensor_pb2.TensorChunk:
    return tensor_pb2.TensorChunk(data=data)


A = tensor("a", [2, 3], bytes(24))


async def import_(
    client: Client, chunks: Sequence[tensor_pb2.TensorChunk] = (A,), timeout: float = 30, **options: Any
) -> experiments_pb2.Run:
    options.setdefault("config", config(steps=9))

    async def parts() -> AsyncIterator[experiments_pb2.ImportRequest]:
        yield experiments_pb2.ImportRequest(options=experiments_pb2.ImportOptions(**options))
        for chunk in chunks:
            yield experiments_pb2.ImportRequest(chunk=chunk)

    return (await client.experiments.Import(parts(), metadata=METADATA, timeout=timeout)).run


async def step(
    client: Client, chunks: Sequence[tensor_pb2.TensorChunk], **options: Any
) -> list[experiments_pb2.StepResponse]:
    options.setdefault("config", config(steps=9))

    async def parts() -> AsyncIterator[experiments_pb2.StepRequest]:
        yield experiments_pb2.StepRequest(options=experiments_pb2.StepOptions(**options))
        for chunk in chunks:
            yield experiments_pb2.StepRequest(chunk=chunk)

    return [answer async for answer in client.experiments.Step(parts(), metadata=METADATA, timeout=30)]


async def runs(client: Client) -> list[experiments_pb2.Run]:
    return list((await client.experiments.List(experiments_pb2.ListRequest(), metadata=METADATA)).runs)


def folders(state: Path) -> list[str]:
    return [path.name for path in (state / "runs").glob("*")]


def told(error: pytest.ExceptionInfo[grpc.aio.AioRpcError]) -> list[tuple[str, str]]:
    assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    return [(each.path, each.reason) for each in detail(error.value).violations]


async def test_an_imported_run_waits_to_be_resumed(socket_folder: Path, tmp_path: Path) -> None:
    async with running_control(socket_folder, tmp_path) as client:
        run = await import_(client, [tensor("a", [2, 3], bytes(11)), more(bytes(13)), tensor("b", [], bytes(4), INT32)])
        assert (run.state, run.attempt, run.step) == (event_pb2.RUN_STATE_CANCELLED, 1, 5)
        assert run.config.mix.cowmix.sigma.high == 4, "defaults and auto values are filled in"
        assert (run.finished.cause.code, run.finished.checkpoint.digest) == ("IMPORTED", "digest 5")
        listed = await client.models.Checkpoints(models_pb2.CheckpointsRequest(run_id=run.id), metadata=METADATA)
        assert list(listed.checkpoints) == [run.finished.checkpoint]
        events = await ended(client, run.id)
        assert [(each.seq, each.WhichOneof("type")) for each in events] == [(1, "checkpoint"), (2, "finished")]
        assert await runs(client) == [run]

        resumed = await client.experiments.Resume(experiments_pb2.ResumeRequest(run_id=run.id), metadata=METADATA)
        assert (resumed.run.attempt, resumed.run.last_seq) == (2, 3)
        later = await ended(client, run.id)
        assert [each.seq for each in later] == list(range(1, len(later) + 1))
        assert next(each.metrics.first_step for each in later if each.HasField("metrics")) == 5
        assert later[-1].finished.state == event_pb2.RUN_STATE_SUCCEEDED

        other = await import_(client)
        assert sorted(folders(tmp_path)) == sorted([run.id, other.id])
        await client.experiments.Delete(experiments_pb2.DeleteRequest(run_id=other.id), metadata=METADATA)
        assert folders(tmp_path) == [run.id]


async def test_one_key_is_one_import(socket_folder: Path, tmp_path: Path) -> None:
    async with running_control(socket_folder, tmp_path) as client:
        # Some of them write their checkpoint before they see that another was first.
        at_once = await asyncio.gather(*(import_(client, idempotency_key="k") for _ in range(20)))
        again = await import_(client, idempotency_key="k")
        assert {run.id for run in at_once} == {again.id}
        assert [run.id for run in await runs(client)] == folders(tmp_path) == [again.id]
        without = [await import_(client) for _ in range(2)]
        assert len({run.id for run in without}) == 2

        async def refused(call: Any) -> str:
            with pytest.raises(grpc.aio.AioRpcError) as conflict:
                await call
            assert conflict.value.code() == grpc.StatusCode.ALREADY_EXISTS
            return detail(conflict.value).failure.message

        assert again.id in await refused(import_(client, config=config(steps=10), idempotency_key="k"))
        # A key of one method is not taken for the other's, whose run is another thing.
        start = experiments_pb2.StartRequest(idempotency_key="k", config=config(steps=9))
        assert again.id in await refused(client.experiments.Start(start, metadata=METADATA))
        start.idempotency_key = "s"
        run = (await client.experiments.Start(start, metadata=METADATA)).run
        assert run.id in await refused(import_(client, idempotency_key="s"))
        with pytest.raises(grpc.aio.AioRpcError) as too_long:
            await import_(client, idempotency_key="k" * 201)
        assert [path for path, _ in told(too_long)] == ["idempotencyKey"]
        assert len(await runs(client)) == 4


@pytest.mark.parametrize(
    ("chunks", "path", "reason"),
    [
        ([more(b"abcd")], "weights", "a chunk that has a header"),
        ([tensor("a", [2], bytes(7))], "weights.a", "the 8 bytes that its header promises; 7 came"),
        ([tensor("a", [2], bytes(7)), tensor("b", [1], bytes(4))], "weights.a", "the 8 bytes"),
        ([tensor("a", [2], bytes(9))], "weights.a", "the 8 bytes that its header promises; more came"),
        ([A, more(b"a")], "weights.a", "more came"),
        ([A, A], "weights.a", "must come once"),
        ([tensor("", [1], bytes(4))], "weights", "1 to 300 printable characters; got ''"),
        ([tensor("n" * 301, [1], bytes(4))], "weights", "1 to 300 printable characters; got 'nnn"),
        ([tensor("a\nb", [1], bytes(4))], "weights", r"1 to 300 printable characters; got 'a\nb'"),
        ([tensor("a", [2], bytes(2), UINT8)], "weights.a", "float32 or int32; got uint8"),
        ([tensor("a", [2], bytes(1), BITS)], "weights.a", "float32 or int32; got bits"),
        ([tensor("a", [2], bytes(8), UNKNOWN_TYPE)], "weights.a", "float32 or int32; got the unknown type 99"),
        ([tensor("a", [2**14, 2**14 + 1], b"")], "weights.a", "268,435,456 elements at most"),
        ([tensor("a", [2**32 - 1] * 100_000, b"")], "weights.a", "8 dimensions at most; got 100,000"),
        ([tensor("a", [2**19], bytes(2**20 + 1))], "weights.a", "chunks of 1,048,576 bytes at most"),
    ],
)
async def test_tensors_that_are_not_what_they_say_are_refused(
    chunks: list[tensor_pb2.TensorChunk], path: str, reason: str, socket_folder: Path, tmp_path: Path
) -> None:
    async with running_control(socket_folder, tmp_path) as client:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await import_(client, chunks)
        ((found, said),) = told(refused)
        assert (found, reason in said) == (path, True), said
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await step(client, chunks)
        assert [each for each, _ in told(refused)] == [path.replace("weights", "state")]
        assert await runs(client) == []
        assert folders(tmp_path) == []
        # The task process is free for the next call.
        assert (await import_(client)).step == 5


async def test_w2_lowered_limits_hold_for_all_tensors_together(socket_folder: Path, tmp_path: Path) -> None:
    async with running_control(socket_folder, tmp_path, limits=Limits(call_bytes=40, tensor_elements=6)) as client:
        assert await import_(client, [A, tensor("b", [4], bytes(16))])
        for chunks, path, reason in (
            ([A, tensor("b", [5], bytes(20))], "weights", "40 bytes in all at most; 'b' exceeds that"),
            ([tensor("a", [7], bytes(28))], "weights.a", "6 elements at most"),
        ):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await import_(client, chunks)
            ((found, said),) = told(refused)
            assert (found, reason in said) == (path, True), said


async def test_w3_there_may_be_only_so_many_tensors(
    socket_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tensors_input, "MOST_TENSORS", 3)
    chunks = [tensor(name, [], bytes(4)) for name in "abcd"]
    async with running_control(socket_folder, tmp_path) as client:
        assert await import_(client, chunks[:3])
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await import_(client, chunks)
        assert told(refused) == [("weights", "must be 3 tensors at most; 'd' is one more")]


async def test_tensors_of_a_batch_are_blamed_by_their_own_name(socket_folder: Path, tmp_path: Path) -> None:
    async with running_control(socket_folder, tmp_path) as client:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await step(client, [tensor("batch/unlabeled_second", [2], bytes(2), UINT8)])
        assert [path for path, _ in told(refused)] == ["batch.unlabeledSecond"]


@pytest.mark.parametrize("names", ["", "cowmask ", "theirs"])
async def test_only_two_kinds_of_names_are_known(names: str, socket_folder: Path, tmp_path: Path) -> None:
    async with running_control(socket_folder, tmp_path) as client:
        selector = models_pb2.ModelSelector(run_id=(await import_(client)).id)

        async def export() -> list[Any]:
            request = models_pb2.ExportRequest(model=selector, names=names)
            return [each async for each in client.models.Export(request, metadata=METADATA)]

        for call in (import_(client, names=names), step(client, [A], names=names), export()):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await call
            assert told(refused) == [("names", f"must be 'cowmask' or 'reference'; got {names!r}")]


async def test_names_reach_the_task_process(socket_folder: Path, tmp_path: Path) -> None:
    async with running_control(socket_folder, tmp_path) as client:
        run = await import_(client, names="reference")
        for asked, expected in (({}, "cowmask"), ({"names": "reference"}, "reference")):
            request = models_pb2.ExportRequest(model=models_pb2.ModelSelector(run_id=run.id), **asked)
            chunks = [each.chunk async for each in client.models.Export(request, metadata=METADATA)]
            assert [chunk.header.name for chunk in chunks] == [expected]
            metrics, state = await step(client, [A], **asked)
            assert (metrics.metrics.first_step, list(metrics.metrics.loss)) == (3, [0.5])
            assert state.chunk.header.name == expected


async def test_options_come_first_and_are_checked_before_a_task_is_started(socket_folder: Path, tmp_path: Path) -> None:
    async def chunk_first() -> AsyncIterator[experiments_pb2.ImportRequest]:
        yield experiments_pb2.ImportRequest(chunk=A)

    async def options_twice() -> AsyncIterator[experiments_pb2.StepRequest]:
        yield experiments_pb2.StepRequest(options=experiments_pb2.StepOptions(config=config(steps=9)))
        yield experiments_pb2.StepRequest(options=experiments_pb2.StepOptions(config=config(steps=9)))

    wrong = experiment_config_pb2.ExperimentConfig(steps=0)
    async with running_control(socket_folder, tmp_path) as client:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await client.experiments.Import(chunk_first(), metadata=METADATA)
        assert told(refused) == [("options", "must be the first part of the request")]
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await import_(client, config=wrong)
        assert sorted(path for path, _ in told(refused)) == ["dataset.name", "steps"]
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await step(client, [A], config=wrong)
        assert sorted(path for path, _ in told(refused)) == ["dataset.name", "steps"]
        assert client.control._compute._process is None  # pyright: ignore[reportPrivateUsage]
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            async for _ in client.experiments.Step(options_twice(), metadata=METADATA):
                pass
        assert told(refused) == [("chunk", "must be every part after the first")]


async def test_an_import_that_fails_leaves_nothing(socket_folder: Path, tmp_path: Path) -> None:
    async with running_control(socket_folder, tmp_path, "import fails") as client:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await import_(client, idempotency_key="k")
        assert told(refused) == [("weights.a", "is no part of this model")]
        assert await runs(client) == []
        assert folders(tmp_path) == []


async def test_an_import_whose_client_goes_leaves_nothing(socket_folder: Path, tmp_path: Path) -> None:
    """Though the task process is still writing when the client goes."""
    async with running_control(socket_folder, tmp_path, "slow import") as client:
        with pytest.raises(grpc.aio.AioRpcError) as gone:
            await import_(client, timeout=0.7)
        assert gone.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        # The task process answers the next call when it has written and ended the one before.
        await step(client, [A])
        for _ in range(40):
            if not folders(tmp_path):
                break
            await asyncio.sleep(0.05)
        assert folders(tmp_path) == []
        assert await runs(client) == []


async def test_a_client_that_goes_at_the_last_moment_finds_a_whole_run_or_none(
    socket_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_control(socket_folder, tmp_path) as client:
        await runs(client)
        state = client.control._supervisor._state  # pyright: ignore[reportPrivateUsage]
        assert state is not None
        do = state.registry.do

        async def slowly(method: Any, *arguments: Any) -> Any:
            if method.__name__ == "imported":
                await asyncio.sleep(1)
            return await do(method, *arguments)

        monkeypatch.setattr(state.registry, "do", slowly)
        with pytest.raises(grpc.aio.AioRpcError) as gone:
            await import_(client, timeout=0.7)
        assert gone.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        await asyncio.sleep(1)
        assert [run.id for run in await runs(client)] == folders(tmp_path)


async def test_what_needs_images_that_are_not_prepared_is_refused(socket_folder: Path, tmp_path: Path) -> None:
    large = config(steps=9)
    large.dataset.name = "imagenet"
    async with running_control(socket_folder, tmp_path) as client:
        run = await import_(client, config=large)
        evaluate = models_pb2.EvaluateRequest(model=models_pb2.ModelSelector(run_id=run.id))
        for call in (
            client.experiments.Start(experiments_pb2.StartRequest(config=large), metadata=METADATA),
            client.experiments.Resume(experiments_pb2.ResumeRequest(run_id=run.id), metadata=METADATA),
            client.datasets.Inspect(datasets_pb2.InspectRequest(name="imagenet"), metadata=METADATA),
            client.models.Evaluate(evaluate, metadata=METADATA),
        ):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await call
            assert refused.value.code() == grpc.StatusCode.FAILED_PRECONDITION
            failure = detail(refused.value).failure
            assert failure.code == "DATASET_NOT_PREPARED"
            assert "imagenet" in failure.message
            assert "npx cowmask data prepare imagenet" in failure.hint
        assert await runs(client) == [run], "nothing was started, nothing resumed"
        assert await step(client, [A], config=large)
        await started(client, steps=5)
