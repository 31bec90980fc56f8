"""What runs train on, looked at by task processes that misbehave: `fake_task.py`."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cowmask_worker.runs.process_identity import start_time
from cowmask_worker.runs.refusal import Refusal
from cowmask_worker.runs.task_host import TaskHost
from cowmask_worker.runs.training_device import TrainingDevice

FAKE = str(Path(__file__).with_name("fake_task.py"))


@asynccontextmanager
async def device(sockets: Path, behavior: str) -> AsyncGenerator[TrainingDevice]:
    host = TaskHost(sockets, sockets / "cache", sockets / "datasets", [sys.executable, FAKE, behavior])
    await host.start()
    try:
        yield TrainingDevice(host)
    finally:
        await host.stop()


async def test_it_is_looked_at_once_by_a_process_that_then_goes(socket_folder: Path) -> None:
    async with device(socket_folder, "") as looked_at:
        first, second = await asyncio.gather(looked_at.devices(), looked_at.devices())
        assert first == second == await looked_at.devices()
        assert first.devices[0].platform == "cpu"
        # The fake tells its process id.
        assert start_time(first.devices[0].id) is None


async def test_one_that_failed_is_looked_at_again(socket_folder: Path) -> None:
    async with device(socket_folder, f"crash once {socket_folder / 'mark'}") as looked_at:
        with pytest.raises(Refusal) as refused:
            await looked_at.devices()
        assert refused.value.failure.code == "TASK_CRASHED"
        assert len((await looked_at.devices()).devices) == 1


async def test_a_trainer_waits_until_nobody_looks(socket_folder: Path) -> None:
    async with device(socket_folder, "") as looked_at:
        await looked_at.let_go()
        looking = asyncio.create_task(looked_at.devices())
        await asyncio.sleep(0)
        await looked_at.let_go()
        assert looking.done() or (await asyncio.wait_for(looking, 1)).devices


@pytest.mark.parametrize("after_s", [0, 0.05, 0.3])
async def test_whoever_looks_goes_with_the_host(socket_folder: Path, after_s: float) -> None:
    host = TaskHost(socket_folder, socket_folder / "cache", socket_folder / "datasets", [sys.executable, FAKE, ""])
    await host.start()
    looked_at = TrainingDevice(host)
    looking = asyncio.create_task(looked_at.devices())
    await asyncio.sleep(after_s)
    await host.stop()
    await asyncio.wait_for(looked_at.let_go(), 5)
    await asyncio.wait({looking}, timeout=1)
    assert looking.done()
    assert looking.exception() is None or isinstance(looking.exception(), Refusal)
