# pyright: reportPrivateUsage=false

import asyncio
import logging
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from running_control import METADATA, TOKEN, Client, detail, ended, running_control, started
from worker_process import greeting as greeting_line
from worker_process import started as started_worker

from cowmask.v1 import event_pb2, system_pb2
from cowmask_worker.service import health as health_module
from cowmask_worker.service.control import SERVICES

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
ALL = ("", *SERVICES)


async def statuses(client: Client) -> dict[str, int]:
    stub: Any = health_pb2_grpc.HealthStub(client.channel)
    return {
        service: (await stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=10)).status
        for service in ALL
    }


async def all_serve(client: Client) -> None:
    async with asyncio.timeout(30):
        while set((await statuses(client)).values()) != {SERVING}:
            await asyncio.sleep(0.02)


async def test_w7_all_serve_once_the_device_has_computed(socket_folder: Path, tmp_path: Path) -> None:
    async with running_control(socket_folder, tmp_path) as client:
        first = await statuses(client)
        assert first == {service: SERVING if service == "cowmask.v1.System" else NOT_SERVING for service in ALL}
        await all_serve(client)


async def test_w7_whoever_watches_is_told(socket_folder: Path, tmp_path: Path) -> None:
    async with running_control(socket_folder, tmp_path) as client:
        stub: Any = health_pb2_grpc.HealthStub(client.channel)
        told = stub.Watch(
            health_pb2.HealthCheckRequest(service="cowmask.v1.Experiments"), metadata=METADATA, timeout=30
        )
        assert [(await told.read()).status, (await told.read()).status] == [NOT_SERVING, SERVING]
        told.cancel()


async def test_w7_a_device_that_fails_is_looked_at_again(
    socket_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(health_module, "LOOK_AGAIN_S", 0.05)
    with caplog.at_level(logging.INFO):
        async with running_control(socket_folder, tmp_path, f"crash once {tmp_path / 'mark'}") as client:
            await all_serve(client)
    assert "No device can be used" in caplog.text
    assert "SIGSEGV" in caplog.text
    assert "runs train on cpu" in caplog.text


async def test_w7_a_worker_that_drains_is_not_serving(socket_folder: Path, tmp_path: Path) -> None:
    async with running_control(socket_folder, tmp_path, "for ever,ignores cancel") as client:
        await all_serve(client)
        await started(client, steps=5)
        stopping = asyncio.create_task(client.control.stop(1))
        await asyncio.sleep(0.2)
        assert set((await statuses(client)).values()) == {NOT_SERVING}
        assert not stopping.done()
        await stopping


async def test_w7_without_a_device_nothing_serves_and_everybody_is_told_why(
    socket_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real worker that may use a TPU alone, on a machine that has none."""
    monkeypatch.setenv("JAX_PLATFORMS", "tpu")
    with started_worker(greeting_line(socket_folder, tmp_path, token=TOKEN)) as worker:
        async with grpc.aio.insecure_channel(worker.address) as channel:
            nothing_inside: Any = None
            client = Client(worker.address, channel, nothing_inside)
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await client.system.Devices(system_pb2.DevicesRequest(), metadata=METADATA)
            failure = detail(refused.value).failure
            assert (failure.code, refused.value.code()) == ("DEVICE_UNUSABLE", grpc.StatusCode.FAILED_PRECONDITION)
            assert "tpu" in failure.message
            assert (await statuses(client))[""] == NOT_SERVING
            assert (await statuses(client))["cowmask.v1.System"] == SERVING
            end = (await ended(client, await started(client, steps=5)))[-1].finished
            assert (end.state, end.cause.code) == (event_pb2.RUN_STATE_FAILED, "DEVICE_UNUSABLE")
