# pyright: reportPrivateUsage=false

import asyncio
import itertools
import sqlite3
import time
from collections.abc import Iterable
from contextlib import aclosing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from asked import asked
from hypothesis import given, settings
from hypothesis import strategies as st

from cowmask.v1 import event_pb2, experiment_config_pb2
from cowmask_worker.runs import events as events_module
from cowmask_worker.runs.events import TAIL_EVENTS, EventLog
from cowmask_worker.runs.refusal import Refusal
from cowmask_worker.runs.registry import FILE, Registry
from cowmask_worker.runs.registry_thread import RegistryThread

RUN = "run_a"


async def open_log(folder: Path) -> tuple[RegistryThread, EventLog]:
    registry = RegistryThread()
    await registry.open(folder)
    log = EventLog(registry)
    config = experiment_config_pb2.ExperimentConfig()
    started = await registry.do(Registry.start, RUN, asked(config, ""), b"")
    log.opened(started.run, started.event)
    return registry, log


def metrics(step: int) -> event_pb2.Event:
    return event_pb2.Event(metrics=event_pb2.Metrics(first_step=step, loss=[0.5]))


def end() -> event_pb2.Event:
    return event_pb2.Event(finished=event_pb2.Finished(state=event_pb2.RUN_STATE_CANCELLED))


async def read(log: EventLog, from_seq: int, cuts: Iterable[int]) -> list[int]:
    """Reads to the end, starting again after every so many events, as a client whose connection is cut."""
    seen: list[int] = []
    for length in [*cuts, None]:
        taken = 0
        async with aclosing(log.watch(RUN, seen[-1] + 1 if seen else from_seq)) as watched:
            async for event in watched:
                seen.append(event.seq)
                taken += 1
                if taken == length:
                    break
    return seen


@settings(max_examples=25, deadline=None)
@given(
    bursts=st.lists(st.integers(0, 90), max_size=8),
    readers=st.lists(
        st.tuples(st.integers(0, 8), st.integers(0, 60), st.lists(st.integers(1, 50), max_size=4)), max_size=6
    ),
)
def test_f3_no_reader_misses_an_event_or_sees_one_twice(
    bursts: list[int], readers: list[tuple[int, int, list[int]]]
) -> None:
    async def scenario(folder: Path) -> None:
        registry, log = await open_log(folder)
        reading: list[tuple[int, asyncio.Task[list[int]]]] = []
        step = 0
        for number, burst in enumerate([*bursts, 0]):
            reading += [
                (start, asyncio.create_task(read(log, start, cuts))) for when, start, cuts in readers if when == number
            ]
            for _ in range(burst):
                log.append(RUN, metrics(step))
                step += 1
                if step % 7 == 0:
                    await asyncio.sleep(0)
            if number % 2:
                await log.flush()
        log.append(RUN, end())
        await log.flush()
        last = step + 2
        reading.append((1, asyncio.create_task(read(log, 1, [3]))))
        for start, task in reading:
            assert await task == list(range(max(1, start), last + 1))
        await log.close()
        await registry.close()

    with TemporaryDirectory() as folder:
        asyncio.run(asyncio.wait_for(scenario(Path(folder)), 60))


async def test_f3_events_are_published_after_they_are_committed(tmp_path: Path) -> None:
    registry, log = await open_log(tmp_path)
    other = sqlite3.connect(tmp_path / FILE)

    async def check() -> int:
        committed = 0
        async for event in log.watch(RUN, 2):
            committed = other.execute("SELECT max(seq) FROM events").fetchone()[0]
            assert committed >= event.seq
        return committed

    checking = asyncio.create_task(check())
    for step in range(30):
        log.append(RUN, metrics(step))
        await asyncio.sleep(0.005)
    log.append(RUN, end())
    assert await checking == 32
    other.close()
    await log.close()
    await registry.close()


async def test_events_are_committed_in_groups_and_within_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    record = Registry.append

    def counted(self: Registry, batch: list[tuple[str, event_pb2.Event]]) -> None:
        sizes.append(len(batch))
        record(self, batch)

    monkeypatch.setattr(Registry, "append", counted)
    registry, log = await open_log(tmp_path)
    for step in range(200):
        log.append(RUN, metrics(step))
    began = asyncio.get_running_loop().time()
    async with aclosing(log.watch(RUN, 201)) as watched:
        assert (await anext(watched)).seq == 201
    assert asyncio.get_running_loop().time() - began < 10 * events_module.GROUP_COMMIT_S
    assert sizes == [200]
    await log.close()
    await registry.close()


async def test_f9_a_slow_reader_holds_up_nobody_and_costs_no_memory(tmp_path: Path) -> None:
    registry, log = await open_log(tmp_path)
    slow = log.watch(RUN, 1)
    assert (await anext(slow)).seq == 1
    for step in range(20 * TAIL_EVENTS):
        log.append(RUN, metrics(step))
        if step % 50 == 0:
            await log.flush()
    log.append(RUN, end())
    await log.flush()
    assert len(log._tails[RUN].newest) == TAIL_EVENTS
    assert [event.seq async for event in slow] == list(range(2, 20 * TAIL_EVENTS + 3))
    assert log._tails == {}, "nothing is kept of a run that has ended and that nobody reads"
    await log.close()
    await registry.close()


async def test_a_watch_of_an_ended_run_ends_where_it_begins(tmp_path: Path) -> None:
    registry, log = await open_log(tmp_path)
    log.append(RUN, end())
    await log.flush()
    assert [event.seq async for event in log.watch(RUN, 2)] == [2]
    assert [event.seq async for event in log.watch(RUN, 3)] == []
    await log.close()
    await registry.close()


async def test_f3_a_watch_goes_on_through_a_resume(tmp_path: Path) -> None:
    registry, log = await open_log(tmp_path)
    log.append(RUN, event_pb2.Event(finished=event_pb2.Finished(state=event_pb2.RUN_STATE_CANCELLED)))
    await log.flush()
    resumed = await registry.do(Registry.resume, RUN)
    log.opened(resumed.run, resumed.event)
    watching = asyncio.create_task(read(log, 1, []))
    log.append(RUN, metrics(0))
    log.append(RUN, end())
    assert await watching == [1, 2, 3, 4, 5]
    attempts = [event.attempt async for event in log.watch(RUN, 1)]
    assert attempts == [1, 1, 2, 2, 2]
    await log.close()
    await registry.close()


async def test_f4_a_full_disk_holds_events_up_and_loses_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events_module, "_RETRY_S", 0.01)
    registry, log = await open_log(tmp_path)
    record = Registry.append
    failures = iter([sqlite3.OperationalError("database or disk is full")] * 3)

    def full(self: Registry, batch: list[tuple[str, event_pb2.Event]]) -> None:
        for failure in failures:
            raise failure
        record(self, batch)

    monkeypatch.setattr(Registry, "append", full)
    log.append(RUN, metrics(0))
    log.append(RUN, end())
    assert await read(log, 1, []) == [1, 2, 3]
    await log.close()
    await registry.close()


async def test_whoever_waits_for_what_was_appended_waits_for_nothing_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a disk so slow that a trainer has more to tell at the end of every commit."""
    registry, log = await open_log(tmp_path)
    record = Registry.append

    def slow(self: Registry, batch: list[tuple[str, event_pb2.Event]]) -> None:
        time.sleep(0.05)
        record(self, batch)

    async def train() -> None:
        for step in itertools.count():
            log.append(RUN, metrics(step))
            await asyncio.sleep(0.01)

    monkeypatch.setattr(Registry, "append", slow)
    training = asyncio.create_task(train())
    await asyncio.sleep(0.2)
    appended = log._tails[RUN].appended
    await asyncio.wait_for(log.flush(), 5)
    assert log._tails[RUN].committed >= appended
    training.cancel()
    await log.close()
    await registry.close()


async def test_a_run_that_is_deleted_under_its_reader_is_told(tmp_path: Path) -> None:
    registry, log = await open_log(tmp_path)
    for step in range(2 * TAIL_EVENTS):
        log.append(RUN, metrics(step))
    log.append(RUN, end())
    await log.flush()
    reader = log.watch(RUN, 1)
    await anext(reader)
    await registry.do(Registry.delete, RUN)
    with pytest.raises(Refusal) as refused:
        async for _ in reader:
            pass
    assert refused.value.failure.code == "RUN_NOT_FOUND"
    await log.close()
    await registry.close()
