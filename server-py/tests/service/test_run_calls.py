"""Calls that name a run."""

# pyright: reportPrivateUsage=false

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from running_control import METADATA, config, detail, ended, running_control, started

from cowmask.v1 import event_pb2, experiments_pb2, experiments_pb2_grpc, models_pb2, tensor_pb2
from cowmask_worker.service import control as control_module
from cowmask_worker.service import experiments

UNKNOWN_RUN = "run_" + "a" * 20


async def test_a_run_from_start_to_delete(socket_folder: Path, tmp_path: Path) -> None:
    async with running_control(socket_folder, tmp_path) as client:
        run_id = await started(client, steps=5)
        events = await ended(client, run_id)
        run = (await client.experiments.Get(experiments_pb2.GetRequest(run_id=run_id), metadata=METADATA)).run
        assert run.state == event_pb2.RUN_STATE_SUCCEEDED
        assert run.finished == events[-1].finished
        assert (run.config.steps, run.config.mix.cowmix.sigma.high) == (5, 4), "defaults and auto values are filled in"
        await client.experiments.Delete(experiments_pb2.DeleteRequest(run_id=run_id), metadata=METADATA)
        with pytest.raises(grpc.aio.AioRpcError) as missing:
            await client.experiments.Get(experiments_pb2.GetRequest(run_id=run_id), metadata=METADATA)
        assert missing.value.code() == grpc.StatusCode.NOT_FOUND


async def test_f10_fifty_submits_of_one_key_are_one_run(socket_folder: Path, tmp_path: Path) -> None:
    async with running_control(socket_folder, tmp_path) as client:
        request = experiments_pb2.StartRequest(idempotency_key="k" * 200, config=config(steps=5))
        answers = await asyncio.gather(*(client.experiments.Start(request, metadata=METADATA) for _ in range(50)))
        assert len({answer.run.id for answer in answers}) == 1
        request.config.steps = 6
        with pytest.raises(grpc.aio.AioRpcError) as conflict:
            await client.experiments.Start(request, metadata=METADATA)
        assert conflict.value.code() == grpc.StatusCode.ALREADY_EXISTS
        request.idempotency_key += "k"
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await client.experiments.Start(request, metadata=METADATA)
        assert [each.path for each in detail(refused.value).violations] == ["idempotencyKey"]


async def test_runs_are_listed_in_pages(socket_folder: Path, tmp_path: Path) -> None:
    async with running_control(socket_folder, tmp_path) as client:
        ids = [await started(client, steps=5) for _ in range(5)]
        seen: list[str] = []
        request = experiments_pb2.ListRequest(page_size=2)
        while True:
            page = await client.experiments.List(request, metadata=METADATA)
            seen += [run.id for run in page.runs]
            request.page_token = page.next_page_token
            if not request.page_token:
                break
        assert seen == ids[::-1]
        for bad in ("p", "0", "p-1", "p1; DROP TABLE runs", "p" + "9" * 30):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await client.experiments.List(experiments_pb2.ListRequest(page_token=bad), metadata=METADATA)
            assert [each.path for each in detail(refused.value).violations] == ["pageToken"]
        with pytest.raises(grpc.aio.AioRpcError):
            await client.experiments.List(experiments_pb2.ListRequest(page_size=1001), metadata=METADATA)


@pytest.mark.parametrize(
    "run_id", ["", UNKNOWN_RUN, "../../etc/passwd", "run_\0" + "a" * 19, "%2e%2e", "\\..\\x", "x" * 300, "file:///etc"]
)
async def test_s5_a_name_is_never_a_path(run_id: str, socket_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "keep").mkdir()
    selector = models_pb2.ModelSelector(run_id=run_id)
    async with running_control(socket_folder, tmp_path) as client:
        for call in (
            client.experiments.Get(experiments_pb2.GetRequest(run_id=run_id), metadata=METADATA),
            client.experiments.Cancel(experiments_pb2.CancelRequest(run_id=run_id), metadata=METADATA),
            client.experiments.Resume(experiments_pb2.ResumeRequest(run_id=run_id), metadata=METADATA),
            client.experiments.Delete(experiments_pb2.DeleteRequest(run_id=run_id), metadata=METADATA),
            client.models.Checkpoints(models_pb2.CheckpointsRequest(run_id=run_id), metadata=METADATA),
            client.models.Evaluate(models_pb2.EvaluateRequest(model=selector), metadata=METADATA),
        ):
            with pytest.raises(grpc.aio.AioRpcError) as missing:
                await call
            assert missing.value.code() == grpc.StatusCode.NOT_FOUND
            assert detail(missing.value).failure.code == "RUN_NOT_FOUND"
    assert (tmp_path / "keep").is_dir()


async def test_checkpoints_are_listed_and_chosen_by_step(socket_folder: Path, tmp_path: Path) -> None:
    async with running_control(socket_folder, tmp_path) as client:
        run_id = await started(client, steps=5)
        await ended(client, run_id)
        (tmp_path / "runs" / run_id / "checkpoints" / "0000000004").mkdir()
        listed = await client.models.Checkpoints(models_pb2.CheckpointsRequest(run_id=run_id), metadata=METADATA)
        assert [(each.step, each.digest, each.bytes) for each in listed.checkpoints] == [(2, "digest 2", 3)]
        missing = models_pb2.EvaluateRequest(model=models_pb2.ModelSelector(run_id=run_id, step=3))
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await client.models.Evaluate(missing, metadata=METADATA)
        assert refused.value.code() == grpc.StatusCode.NOT_FOUND
        assert detail(refused.value).failure.code == "CHECKPOINT_NOT_FOUND"
        assert "2, 4" in detail(refused.value).failure.hint


@pytest.mark.parametrize(
    ("request_", "path"),
    [
        (models_pb2.EvaluateRequest(split="tset"), "split"),
        (models_pb2.EvaluateRequest(split="validation"), "split"),
        (models_pb2.EvaluateRequest(model=models_pb2.ModelSelector(weights="pupil")), "weights"),
    ],
)
async def test_models_are_asked_for_what_there_is(
    request_: models_pb2.EvaluateRequest, path: str, socket_folder: Path, tmp_path: Path
) -> None:
    async with running_control(socket_folder, tmp_path) as client:
        run_id = await started(client, steps=5)
        await ended(client, run_id)
        request_.model.run_id = run_id
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await client.models.Evaluate(request_, metadata=METADATA)
        assert [each.path for each in detail(refused.value).violations] == [path]


async def test_images_to_predict_have_the_size_of_the_runs_dataset(socket_folder: Path, tmp_path: Path) -> None:
    async with running_control(socket_folder, tmp_path) as client:
        run_id = await started(client, steps=5)
        await ended(client, run_id)

        header = tensor_pb2.TensorHeader(name="images", type=tensor_pb2.ELEMENT_TYPE_UINT8, shape=[1, 9, 8, 1])

        async def parts() -> AsyncIterator[models_pb2.PredictRequest]:
            yield models_pb2.PredictRequest(model=models_pb2.ModelSelector(run_id=run_id))
            yield models_pb2.PredictRequest(chunk=tensor_pb2.TensorChunk(header=header, data=bytes(72)))

        with pytest.raises(grpc.aio.AioRpcError, match=r"\[count, 8, 8, 1\]") as refused:
            async for _ in client.models.Predict(parts(), metadata=METADATA):
                pass
        assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT


async def test_f3_a_run_goes_on_when_its_client_hangs_up(socket_folder: Path, tmp_path: Path) -> None:
    async with running_control(socket_folder, tmp_path, "for ever") as client:
        run_id = await started(client, steps=5)
        request = experiments_pb2.WatchRequest(run_id=run_id)
        watching = client.experiments.Watch(request, metadata=METADATA)
        seen = (await watching.read()).event.seq
        await client.channel.close()
        async with grpc.aio.insecure_channel(client.address) as channel:
            experiments: Any = experiments_pb2_grpc.ExperimentsStub(channel)
            request.from_seq = seen + 1
            watching = experiments.Watch(request, metadata=METADATA, timeout=30)
            events = [(await watching.read()).event for _ in range(50)]
            assert [event.seq for event in events] == list(range(seen + 1, seen + 51))
            run = (await experiments.Get(experiments_pb2.GetRequest(run_id=run_id), metadata=METADATA)).run
            assert run.state == event_pb2.RUN_STATE_RUNNING


async def test_w6_two_hundred_idle_streams_do_not_starve_a_health_check(socket_folder: Path, tmp_path: Path) -> None:
    async with running_control(socket_folder, tmp_path, "never finishes") as client:
        run_id = await started(client, steps=5)
        request = experiments_pb2.WatchRequest(run_id=run_id)
        watching = [client.experiments.Watch(request, metadata=METADATA) for _ in range(200)]
        firsts = await asyncio.wait_for(asyncio.gather(*(watch.read() for watch in watching)), 60)
        assert {first.event.seq for first in firsts} == {1}
        health: Any = health_pb2_grpc.HealthStub(client.channel)
        for _ in range(10):
            answer = await health.Check(health_pb2.HealthCheckRequest(service="cowmask.v1.System"), timeout=1)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
        for watch in watching:
            watch.cancel()


async def test_w6_streams_above_the_cap_are_refused_and_a_closed_one_makes_room(
    socket_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(experiments, "EVENT_STREAMS", 3)
    async with running_control(socket_folder, tmp_path, "for ever") as client:
        request = experiments_pb2.WatchRequest(run_id=await started(client, steps=5))
        watching = [client.experiments.Watch(request, metadata=METADATA) for _ in range(3)]
        await asyncio.gather(*(watch.read() for watch in watching))
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await client.experiments.Watch(request, metadata=METADATA).read()
        assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert detail(refused.value).failure.code == "TOO_MANY_STREAMS"
        watching.pop().cancel()

        async def admitted() -> bool:
            try:
                return bool(await client.experiments.Watch(request, metadata=METADATA).read())
            except grpc.aio.AioRpcError:
                return False

        async with asyncio.timeout(30):
            while not await admitted():
                await asyncio.sleep(0.05)
        for watch in watching:
            watch.cancel()


async def test_l5_a_stop_that_runs_out_of_time_records_how_runs_ended(
    socket_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_module, "_STREAMS_GRACE_S", 0.0)
    async with running_control(socket_folder, tmp_path, "for ever,ignores cancel") as client:
        run_id = await started(client, steps=5)
        async for each in client.experiments.Watch(experiments_pb2.WatchRequest(run_id=run_id), metadata=METADATA):
            if each.event.HasField("metrics"):
                break
        await client.control.stop(0.2)
        assert client.control._supervisor._state is None
    async with running_control(socket_folder, tmp_path) as client:
        run = (await client.experiments.Get(experiments_pb2.GetRequest(run_id=run_id), metadata=METADATA)).run
        assert (run.state, run.finished.cause.code) == (event_pb2.RUN_STATE_INTERRUPTED, "TRAINER_KILLED")
