"""The compute task, by a task process that misbehaves: `fake_task.py`."""

# pyright: reportPrivateUsage=false

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cowmask.v1 import masks_pb2, system_pb2
from cowmask_worker.runs import compute as compute_module
from cowmask_worker.runs.compute import Compute
from cowmask_worker.runs.endpoint import MESSAGE_BYTES
from cowmask_worker.runs.refusal import Refusal
from cowmask_worker.runs.task_host import TaskHost

FAKE = str(Path(__file__).with_name("fake_task.py"))
DEVICES = system_pb2.DevicesRequest()


@asynccontextmanager
async def computing(sockets: Path, behavior: str) -> AsyncGenerator[Compute]:
    host = TaskHost(sockets, sockets / "cache", sockets / "datasets", [sys.executable, FAKE, behavior])
    await host.start()
    compute = Compute(host, "compute")
    try:
        yield compute
    finally:
        await compute.stop(1)
        await host.stop()


async def pid_of(compute: Compute) -> int:
    return (await asyncio.wait_for(compute.ask(DEVICES), 20)).devices.devices[0].id


async def test_one_process_is_started_on_first_use_and_kept(socket_folder: Path) -> None:
    async with computing(socket_folder, "") as compute:
        assert compute._process is None
        assert await pid_of(compute) == await pid_of(compute)


async def test_a_crash_fails_the_call_with_its_facts_and_the_next_call_works(socket_folder: Path) -> None:
    async with computing(socket_folder, f"crash once {socket_folder / 'mark'}") as compute:
        with pytest.raises(Refusal) as refused:
            await pid_of(compute)
        failure = refused.value.failure
        assert (failure.code, failure.signal) == ("TASK_CRASHED", "SIGSEGV")
        assert not failure.HasField("exit_code")
        assert "Segmentation fault" in failure.traceback
        assert await pid_of(compute) > 0


async def test_a_process_that_dies_at_its_start_is_told_with_its_last_words(socket_folder: Path) -> None:
    async with computing(socket_folder, "dead at start") as compute:
        with pytest.raises(Refusal) as refused:
            await pid_of(compute)
        assert (refused.value.failure.code, refused.value.failure.exit_code) == ("TASK_CRASHED", 3)
        assert "frobnicate" in refused.value.failure.traceback


async def test_leaving_a_call_cancels_it_before_the_next_begins(socket_folder: Path) -> None:
    async with computing(socket_folder, "endless answer") as compute:
        before = await pid_of(compute)
        async with compute.call(masks_pb2.GenerateRequest()) as call:
            async for message in call.answers():
                assert message.chunk.header.name == "masks"
                break
        assert await pid_of(compute) == before, "the same process, ready again"


async def test_w4_a_call_that_is_interrupted_from_outside_is_cancelled_too(socket_folder: Path) -> None:
    async with computing(socket_folder, "endless answer") as compute:
        before = await pid_of(compute)

        async def call_for_ever() -> None:
            async with compute.call(masks_pb2.GenerateRequest()) as call:
                async for _ in call.answers():
                    pass

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(call_for_ever(), 0.3)
        assert await pid_of(compute) == before


async def test_w4_a_call_that_does_not_stop_costs_the_process(
    socket_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compute_module, "ABANDON_GRACE_S", 0.2)
    async with computing(socket_folder, "ignores cancel") as compute:
        before = await pid_of(compute)
        # It answers a mix at the end of its input, which never comes.
        async with compute.call(masks_pb2.MixOptions()):
            pass
        assert await pid_of(compute) != before


async def test_calls_wait_for_one_another(socket_folder: Path) -> None:
    async with computing(socket_folder, "") as compute:
        assert len(set(await asyncio.gather(*(pid_of(compute) for _ in range(20))))) == 1


async def test_what_is_too_large_for_a_task_process_does_not_end_it(socket_folder: Path) -> None:
    async with computing(socket_folder, "") as compute:
        first = await pid_of(compute)
        with pytest.raises(Refusal) as refused:
            await compute.ask(system_pb2.DevicesRequest.FromString(b"\xf8\x07\x01" * (MESSAGE_BYTES // 3)))
        assert refused.value.failure.code == "INVALID_OPTION"
        assert await pid_of(compute) == first
