# pyright: reportPrivateUsage=false

import asyncio
from pathlib import Path
from typing import Any

import grpc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from running_control import METADATA, Client, detail, running_control
from test_authentication import METHODS

from cowmask.v1 import (
    datasets_pb2,
    error_pb2,
    event_pb2,
    experiment_config_pb2,
    experiments_pb2,
    masks_pb2,
    system_pb2,
)
from cowmask_worker.runs.endpoint import MESSAGE_BYTES
from cowmask_worker.runs.refusal import Refusal, refusal
from cowmask_worker.service import system


async def send(client: Client, method: str, parts: list[bytes]) -> Any:
    """How the call failed, or None. From a thread, since grpc.aio's client fails by itself where it writes too late."""

    def call() -> Any:
        with grpc.insecure_channel(client.address) as channel:
            try:
                list(channel.stream_stream(method)(iter(parts), metadata=METADATA, timeout=20))
            except grpc.RpcError as error:
                return error
        return None

    return await asyncio.to_thread(call)


@pytest.mark.parametrize("method", [name for name, _ in METHODS])
async def test_w1_bytes_that_are_no_message_are_an_invalid_argument(
    method: str, socket_folder: Path, tmp_path: Path
) -> None:
    async with running_control(socket_folder, tmp_path) as client:
        error = await send(client, method, [b"\xff\xff\xff"])
        assert error is not None
        assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert "no message" in detail(error).violations[0].reason


def test_w1_no_bytes_make_a_method_answer_unknown_or_fail(tmp_path_factory: pytest.TempPathFactory) -> None:
    """One worker for all examples: what one does to it the next ones would notice."""
    fine = {
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
    }
    with asyncio.Runner() as runner:
        running = running_control(tmp_path_factory.mktemp("s"), tmp_path_factory.mktemp("state"))
        client = runner.run(running.__aenter__())

        @settings(max_examples=120, deadline=None)
        @given(st.sampled_from([name for name, _ in METHODS]), st.lists(st.binary(max_size=30), max_size=3))
        def judge(method: str, parts: list[bytes]) -> None:
            error = runner.run(send(client, method, parts))
            if error is not None:
                assert error.code() in fine, (method, parts, error)
                assert detail(error).failure.code

        judge()
        assert runner.run(send(client, "/cowmask.v1.System/Info", [b""])) is None, "it still serves"
        runner.run(running.__aexit__(None, None, None))


async def test_what_nobody_expected_is_internal_with_its_traceback(
    socket_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> dict[str, str]:
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr(system, "_packages", broken)
    async with running_control(socket_folder, tmp_path) as client:
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await client.system.Info(system_pb2.InfoRequest(), metadata=METADATA)
    assert failed.value.code() == grpc.StatusCode.INTERNAL
    failure = detail(failed.value).failure
    assert (failure.code, failure.python_type) == ("INTERNAL", "ZeroDivisionError")
    assert "on purpose" in failure.traceback
    assert "on purpose" in caplog.text


async def test_w1_more_violations_than_metadata_holds_are_cut_not_lost(socket_folder: Path, tmp_path: Path) -> None:
    # All are out of bounds, and not in ascending order either.
    boundaries = [experiment_config_pb2.Boundary(at=2, factor=1)] * 100
    config = experiment_config_pb2.ExperimentConfig()
    config.dataset.name = "digits"
    config.schedule.stepped.boundaries.extend(boundaries)
    async with running_control(socket_folder, tmp_path) as client:
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await client.experiments.Start(experiments_pb2.StartRequest(config=config), metadata=METADATA)
    assert failed.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    violations = detail(failed.value).violations
    assert violations[0].path == "schedule.boundaries[0]"
    assert violations[-1].reason == f"{101 - (len(violations) - 1)} more are wrong; correct these first"


@pytest.mark.parametrize("path", ["x/" * 2_000, "\U0001f42e" * 50, "\U0001f42e/" * 500, "\U0001f42e/" * 2_000])
async def test_a_long_reason_arrives_with_the_path_of_its_field(path: str, socket_folder: Path, tmp_path: Path) -> None:
    async with running_control(socket_folder, tmp_path) as client:
        source = datasets_pb2.DataSource(path=path)
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await client.datasets.Inspect(datasets_pb2.InspectRequest(source=source), metadata=METADATA)
    assert failed.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert [each.path for each in detail(failed.value).violations] == ["source.path"]


@pytest.mark.parametrize(
    "failure",
    [
        event_pb2.Failure(code="TASK_CRASHED", message="m" * 9000, traceback="t" * 100_000),
        event_pb2.Failure(code="INTERNAL", message="\u00fc" * 9000, hint="h" * 100),
    ],
)
async def test_long_failures_arrive(
    failure: event_pb2.Failure, socket_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> dict[str, str]:
        raise Refusal(failure)

    monkeypatch.setattr(system, "_packages", broken)
    async with running_control(socket_folder, tmp_path) as client:
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await client.system.Info(system_pb2.InfoRequest(), metadata=METADATA)
    assert detail(failed.value).failure.code == failure.code


async def test_a_worker_that_stops_says_so(socket_folder: Path, tmp_path: Path) -> None:
    async with running_control(socket_folder, tmp_path) as client:
        client.control._failures.refuse_all = refusal("WORKER_STOPPING", "The worker is stopping.")
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            async for _ in client.masks.Generate(masks_pb2.GenerateRequest(), metadata=METADATA):
                pass
        assert refused.value.code() == grpc.StatusCode.UNAVAILABLE
        assert detail(refused.value).failure.code == "WORKER_STOPPING"
        assert detail(refused.value) == error_pb2.ErrorDetail(
            failure=event_pb2.Failure(code="WORKER_STOPPING", message="The worker is stopping.")
        )


async def test_w2_a_message_may_have_its_limit_and_not_a_byte_more(socket_folder: Path, tmp_path: Path) -> None:
    async with running_control(socket_folder, tmp_path) as client:
        for size, code in (
            (MESSAGE_BYTES, grpc.StatusCode.INVALID_ARGUMENT),
            (MESSAGE_BYTES + 1, grpc.StatusCode.RESOURCE_EXHAUSTED),
        ):
            error = await send(client, "/cowmask.v1.System/Info", [b"\xff" * size])
            assert error is not None
            assert error.code() == code
