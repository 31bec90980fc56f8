"""Runs against task processes that misbehave: `fake_task.py`."""

import asyncio
import itertools
import os
import signal
import sys
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from asked import asked
from small_disk import SmallDisk

from cowmask.v1 import event_pb2, experiment_config_pb2, experiments_pb2
from cowmask_worker.runs import events as events_module
from cowmask_worker.runs import heartbeat, task_process
from cowmask_worker.runs import registry as registry_module
from cowmask_worker.runs import supervisor as supervisor_module
from cowmask_worker.runs import trainer as trainer_module
from cowmask_worker.runs.refusal import Refusal
from cowmask_worker.runs.states import (
    CANCELLED,
    CANCELLING,
    INTERRUPTED,
    QUEUED,
    RUNNING,
    STARTING,
    STORAGE_FULL,
    SUCCEEDED,
)
from cowmask_worker.runs.supervisor import Supervisor
from cowmask_worker.runs.task_host import TaskHost
from cowmask_worker.runs.training_device import TrainingDevice

FAKE = str(Path(__file__).with_name("fake_task.py"))
CONFIG = experiment_config_pb2.ExperimentConfig(steps=5)


@asynccontextmanager
async def supervising(state: Path, sockets: Path, behavior: str = "", grace_s: float = 5) -> AsyncGenerator[Supervisor]:
    host = TaskHost(sockets, state / "cache", state / "datasets", [sys.executable, FAKE, behavior])
    await host.start()
    supervisor = Supervisor(state, host, TrainingDevice(host))
    try:
        yield supervisor
    finally:
        await supervisor.stop(grace_s)
        await host.stop()


async def watch(
    supervisor: Supervisor, run_id: str, until: Callable[[event_pb2.Event], bool] = lambda _: False, from_seq: int = 1
) -> list[event_pb2.Event]:
    events: list[event_pb2.Event] = []
    async with asyncio.timeout(30):
        async for event in supervisor.watch(run_id, from_seq):
            events.append(event)
            if until(event):
                break
    return events


def is_metrics(event: event_pb2.Event) -> bool:
    return event.WhichOneof("type") == "metrics"


def is_compile(event: event_pb2.Event) -> bool:
    return event.progress.phase == "compile"


def states(events: list[event_pb2.Event]) -> list[int]:
    return [event.state.state for event in events if event.WhichOneof("type") == "state"]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def task_processes() -> list[int]:
    """Children that run the fake task; the test runner may have others."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [int(pid) for pid in children if alive(int(pid)) and FAKE in Path(f"/proc/{pid}/cmdline").read_text()]


async def test_a_run_goes_from_queued_to_its_verdict(tmp_path: Path, socket_folder: Path) -> None:
    async with supervising(tmp_path, socket_folder) as supervisor:
        run = await supervisor.start(asked(CONFIG, ""))
        assert (run.state, run.attempt, run.last_seq) == (QUEUED, 1, 1)
        events = await watch(supervisor, run.id)
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert {event.attempt for event in events} == {1}
        assert all(event.time.endswith("Z") for event in events)
        assert states(events) == [QUEUED, STARTING, RUNNING]
        assert events[-1].finished.state == SUCCEEDED
        ended = await supervisor.get(run.id)
        assert (ended.state, ended.step, ended.last_seq) == (SUCCEEDED, 5, len(events))
        assert ended.finished.checkpoint.step == 2, "what the trainer left out is filled in from the log"


async def test_f10_the_api_is_answered_from_the_state_folder_after_a_restart(
    tmp_path: Path, socket_folder: Path
) -> None:
    async with supervising(tmp_path, socket_folder) as supervisor:
        run = await supervisor.start(asked(CONFIG, "key"))
        events = await watch(supervisor, run.id)
    async with supervising(tmp_path, socket_folder) as supervisor:
        assert await watch(supervisor, run.id) == events
        assert (await supervisor.start(asked(CONFIG, "key"))).id == run.id
        other = experiment_config_pb2.ExperimentConfig(steps=6)
        with pytest.raises(Refusal) as refused:
            await supervisor.start(asked(other, "key"))
        assert refused.value.failure.code == "IDEMPOTENCY_CONFLICT"


async def test_one_run_trains_the_others_wait_in_order(tmp_path: Path, socket_folder: Path) -> None:
    async with supervising(tmp_path, socket_folder, "for ever") as supervisor:
        first, second, third = [await supervisor.start(asked(CONFIG, "")) for _ in range(3)]
        await watch(supervisor, first.id, is_metrics)
        assert (await supervisor.get(second.id)).state == QUEUED
        assert len(task_processes()) == 1

        cancelled = await supervisor.cancel(second.id)
        assert cancelled.state == CANCELLED, "who waits is cancelled at once"
        assert cancelled.finished.cause.code == "CANCELLED_BY_USER"

        assert (await supervisor.cancel(first.id)).state == CANCELLING
        assert (await watch(supervisor, first.id))[-1].finished.state == CANCELLED
        await watch(supervisor, third.id, is_metrics)
        assert states(await watch(supervisor, second.id)) == [QUEUED], "it never began"


async def test_f13_cancel_then_resume_goes_on_under_the_same_id(tmp_path: Path, socket_folder: Path) -> None:
    async with supervising(tmp_path, socket_folder, "for ever") as supervisor:
        run = await supervisor.start(asked(CONFIG, ""))
        await watch(supervisor, run.id, is_metrics)
        await supervisor.cancel(run.id)
        await supervisor.cancel(run.id)
        events = await watch(supervisor, run.id)
        assert states(events) == [QUEUED, STARTING, RUNNING, CANCELLING]
        saved = events[-1].finished.checkpoint.step
        assert saved == events[-1].finished.step

        with pytest.raises(Refusal) as refused:
            await supervisor.resume("run_" + "a" * 20)
        assert refused.value.failure.code == "RUN_NOT_FOUND"
        resumed = await supervisor.resume(run.id)
        assert (resumed.attempt, resumed.state, resumed.last_seq) == (2, QUEUED, len(events) + 1)
        with pytest.raises(Refusal) as twice:
            await supervisor.resume(run.id)
        assert twice.value.failure.code == "RUN_NOT_RESUMABLE"
        more = await watch(supervisor, run.id, is_metrics, from_seq=len(events) + 1)
        assert {event.attempt for event in more} == {2}
        assert more[-1].metrics.first_step == saved


async def test_a_cancelled_run_that_has_ended_stays_as_it_is(tmp_path: Path, socket_folder: Path) -> None:
    async with supervising(tmp_path, socket_folder) as supervisor:
        run = await supervisor.start(asked(CONFIG, ""))
        await watch(supervisor, run.id)
        assert (await supervisor.cancel(run.id)).state == SUCCEEDED


@pytest.mark.parametrize(
    ("behavior", "signal_name", "code", "message", "tail"),
    [
        ("dies", "SIGKILL", None, "likely because the machine ran out of memory", "Killed"),
        ("exits", "", 7, "exited with code 7", "the last words"),
        ("dead at start", "", 3, "exited with code 3", "no such module"),
    ],
)
async def test_f1_a_trainer_that_dies_is_told_with_its_cause_and_the_run_resumes(
    tmp_path: Path, socket_folder: Path, behavior: str, signal_name: str, code: int | None, message: str, tail: str
) -> None:
    async with supervising(tmp_path, socket_folder, behavior) as supervisor:
        run = await supervisor.start(asked(CONFIG, ""))
        finished = (await watch(supervisor, run.id))[-1].finished
        assert finished.state == INTERRUPTED
        cause = finished.cause
        assert (cause.code, cause.signal, cause.exit_code if cause.HasField("exit_code") else None) == (
            "TRAINER_KILLED",
            signal_name,
            code,
        )
        assert message in cause.message
        assert "Resume" in cause.hint
        assert tail in cause.traceback
        assert finished.checkpoint.step == (0 if behavior == "dead at start" else 2)
        assert (await supervisor.get(run.id)).state == INTERRUPTED
        assert (await supervisor.resume(run.id)).attempt == 2
        await watch(supervisor, run.id)


async def test_f1_a_killed_trainer_is_noticed_in_two_seconds(tmp_path: Path, socket_folder: Path) -> None:
    async with supervising(tmp_path, socket_folder, "for ever") as supervisor:
        run = await supervisor.start(asked(CONFIG, ""))
        await watch(supervisor, run.id, is_metrics)
        began = time.monotonic()
        os.kill(task_processes()[0], 9)
        events = await watch(supervisor, run.id)
        assert time.monotonic() - began < 2
        assert events[-1].finished.state == INTERRUPTED


async def test_f13_a_trainer_that_ignores_cancel_is_killed_after_the_grace(
    tmp_path: Path, socket_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor_module, "CANCEL_GRACE_S", 0.3)
    async with supervising(tmp_path, socket_folder, "for ever,ignores cancel", grace_s=0.2) as supervisor:
        run = await supervisor.start(asked(CONFIG, ""))
        await watch(supervisor, run.id, is_metrics)
        pid = task_processes()[0]
        await supervisor.cancel(run.id)
        finished = (await watch(supervisor, run.id))[-1].finished
        assert finished.state == INTERRUPTED
        assert "did not within 0.3 s" in finished.cause.message
        assert finished.cause.signal == "SIGKILL"
        assert not alive(pid)


async def test_f13_a_compile_may_outlast_the_grace_of_a_cancel(
    tmp_path: Path, socket_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor_module, "CANCEL_GRACE_S", 0.5)
    async with supervising(tmp_path, socket_folder, "compiles for long,for ever") as supervisor:
        run = await supervisor.start(asked(CONFIG, ""))
        await watch(supervisor, run.id, is_compile)
        began = time.monotonic()
        await supervisor.cancel(run.id)
        finished = (await watch(supervisor, run.id))[-1].finished
        assert (finished.state, finished.step, finished.checkpoint.step) == (CANCELLED, 0, 0)
        assert time.monotonic() - began > 0.5, "the compile did outlast it"


async def test_f13_a_compile_that_never_ends_is_killed_after_its_allowance(
    tmp_path: Path, socket_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor_module, "CANCEL_GRACE_S", 0.2)
    monkeypatch.setattr(trainer_module, "COMPILE_ALLOWANCE_S", 0.3)
    async with supervising(tmp_path, socket_folder, "compiles for long,for ever") as supervisor:
        run = await supervisor.start(asked(CONFIG, ""))
        await watch(supervisor, run.id, is_compile)
        await supervisor.cancel(run.id)
        finished = (await watch(supervisor, run.id))[-1].finished
        assert (finished.state, finished.cause.code) == (INTERRUPTED, "TRAINER_KILLED")
        assert "because it was cancelled" in finished.cause.message
        assert task_processes() == []


async def test_f14_a_trainer_that_never_dials_is_given_up(
    tmp_path: Path, socket_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_process, "HELLO_TIMEOUT_S", 0.5)
    async with supervising(tmp_path, socket_folder, "deaf") as supervisor:
        run = await supervisor.start(asked(CONFIG, ""))
        assert (await watch(supervisor, run.id))[-1].finished.state == INTERRUPTED
        assert task_processes() == []


def allow(monkeypatch: pytest.MonkeyPatch, quiet_s: float) -> None:
    monkeypatch.setattr(trainer_module, "LISTEN_S", 0.1)
    monkeypatch.setattr(heartbeat, "QUIET_S", quiet_s)
    monkeypatch.setattr(heartbeat, "QUIET_PREPARING_S", max(quiet_s, 2.0))


@pytest.fixture
def short_allowances(monkeypatch: pytest.MonkeyPatch) -> None:
    """Longer than a busy machine keeps a beat back."""
    allow(monkeypatch, 2.0)


@pytest.mark.parametrize("how", ["hangs", "is stopped"])
async def test_f14_a_trainer_that_hangs_is_told_then_ended(
    tmp_path: Path, socket_folder: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    allow(monkeypatch, 0.5)
    async with supervising(tmp_path, socket_folder, "for ever," + how) as supervisor:
        run = await supervisor.start(asked(CONFIG, ""))
        await watch(supervisor, run.id, lambda event: event.WhichOneof("type") == "checkpoint")
        (pid,) = task_processes()
        if how == "is stopped":
            os.kill(pid, signal.SIGSTOP)
        events = await watch(supervisor, run.id)
        warning = [event.warning for event in events if event.WhichOneof("type") == "warning"][-1]
        assert warning.code == "stalled"
        assert "used no processor time" in warning.message
        finished = events[-1].finished
        assert (finished.state, finished.cause.code) == (INTERRUPTED, "TRAINER_STALLED")
        assert finished.checkpoint.step == 2
        assert (await supervisor.resume(run.id)).attempt == 2
        assert not alive(pid)


@pytest.mark.usefixtures("short_allowances")
async def test_f14_a_trainer_that_comes_back_goes_on(tmp_path: Path, socket_folder: Path) -> None:
    async with supervising(tmp_path, socket_folder, "for ever") as supervisor:
        run = await supervisor.start(asked(CONFIG, ""))
        await watch(supervisor, run.id, is_metrics)
        (pid,) = task_processes()
        os.kill(pid, signal.SIGSTOP)
        warned = (await watch(supervisor, run.id, lambda event: event.WhichOneof("type") == "warning"))[-1]
        os.kill(pid, signal.SIGCONT)
        await watch(supervisor, run.id, is_metrics, from_seq=warned.seq + 1)
        assert (await supervisor.get(run.id)).state == RUNNING


@pytest.mark.usefixtures("short_allowances")
async def test_f14_a_long_compile_is_no_hang(tmp_path: Path, socket_folder: Path) -> None:
    async with supervising(tmp_path, socket_folder, "compiles for long") as supervisor:
        run = await supervisor.start(asked(CONFIG, ""))
        events = await watch(supervisor, run.id)
        assert [event.WhichOneof("type") for event in events].count("warning") == 0
        assert events[-1].finished.state == SUCCEEDED


@pytest.mark.usefixtures("short_allowances")
async def test_f4_a_trainer_that_waits_for_room_is_storage_full_and_no_hang(
    tmp_path: Path, socket_folder: Path
) -> None:
    async with supervising(tmp_path, socket_folder, "waits for room") as supervisor:
        run = await supervisor.start(asked(CONFIG, ""))
        events = await watch(supervisor, run.id)
        assert states(events) == [QUEUED, STARTING, RUNNING, STORAGE_FULL, RUNNING]
        assert events[-1].finished.state == SUCCEEDED


async def test_f4_a_full_registry_holds_a_run_up_and_loses_nothing(small_disk: SmallDisk, socket_folder: Path) -> None:
    async with supervising(small_disk.folder, socket_folder, "for ever") as supervisor:
        run = await supervisor.start(asked(CONFIG, ""))
        await watch(supervisor, run.id, is_metrics)
        queued = await supervisor.start(asked(CONFIG, ""))
        async with asyncio.timeout(60):
            while (await supervisor.get(run.id)).state != STORAGE_FULL:
                small_disk.fill()
                await asyncio.sleep(0.05)
        with pytest.raises(Refusal) as refused:
            await supervisor.start(asked(CONFIG, ""))
        assert refused.value.failure.code == "STORAGE_FULL"
        assert (await supervisor.cancel(queued.id)).state == QUEUED, "that can not be recorded yet"
        assert [each.state for each in (await supervisor.list(10, None)).runs] == [QUEUED, STORAGE_FULL]
        small_disk.make_room()
        # What the trainer had reported before it was held up comes first.
        full = (await watch(supervisor, run.id, lambda event: event.state.state == STORAGE_FULL))[-1].seq
        events = await watch(supervisor, run.id, lambda event: event.seq > full + 3 and is_metrics(event))
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        steps = [event.metrics.first_step for event in events if is_metrics(event)]
        assert steps == list(range(len(steps)))
        assert states(events) == [QUEUED, STARTING, RUNNING, STORAGE_FULL, RUNNING]
        assert (await watch(supervisor, queued.id))[-1].finished.state == CANCELLED


async def test_a_wrong_token_attaches_nobody(tmp_path: Path, socket_folder: Path) -> None:
    async with supervising(tmp_path, socket_folder, "wrong token") as supervisor:
        run = await supervisor.start(asked(CONFIG, ""))
        finished = (await watch(supervisor, run.id))[-1].finished
        assert (finished.state, finished.cause.exit_code) == (INTERRUPTED, 4)


async def test_whatever_a_trainer_prints_does_not_stop_it(tmp_path: Path, socket_folder: Path) -> None:
    async with supervising(tmp_path, socket_folder, "loud") as supervisor:
        run = await supervisor.start(asked(CONFIG, ""))
        assert (await watch(supervisor, run.id))[-1].finished.state == SUCCEEDED


async def test_l5_stopping_ends_every_run_and_leaves_no_process(tmp_path: Path, socket_folder: Path) -> None:
    async with supervising(tmp_path, socket_folder, "for ever") as supervisor:
        runs = [await supervisor.start(asked(CONFIG, "")) for _ in range(2)]
        await watch(supervisor, runs[0].id, is_metrics)
        pid = task_processes()[0]
        watching = [asyncio.create_task(watch(supervisor, run.id)) for run in runs]
        await asyncio.sleep(0.1)
        await supervisor.stop(5)
        for events in await asyncio.gather(*watching):
            assert events[-1].finished.state == CANCELLED
            assert events[-1].finished.cause.code == "WORKER_STOPPING"
        assert not alive(pid)
        with pytest.raises(Refusal) as refused:
            await supervisor.start(asked(CONFIG, ""))
        assert refused.value.failure.code == "WORKER_STOPPING"


async def test_only_ended_runs_are_deleted_with_all_their_files(tmp_path: Path, socket_folder: Path) -> None:
    async with supervising(tmp_path, socket_folder, "for ever") as supervisor:
        run = await supervisor.start(asked(CONFIG, ""))
        await watch(supervisor, run.id, lambda event: event.WhichOneof("type") == "checkpoint")
        with pytest.raises(Refusal) as refused:
            await supervisor.delete(run.id)
        assert refused.value.failure.code == "RUN_NOT_ENDED"
        await supervisor.cancel(run.id)
        await watch(supervisor, run.id)
        assert (tmp_path / "runs" / run.id / "checkpoints").is_dir()
        await supervisor.delete(run.id)
        assert not (tmp_path / "runs" / run.id).exists()
        with pytest.raises(Refusal) as missing:
            await supervisor.get(run.id)
        assert missing.value.failure.code == "RUN_NOT_FOUND"


async def test_a_submitter_that_goes_away_leaves_no_run_behind_that_nobody_trains(
    tmp_path: Path, socket_folder: Path
) -> None:
    async with supervising(tmp_path, socket_folder) as supervisor:
        submitting = asyncio.create_task(supervisor.start(asked(CONFIG, "")))
        await asyncio.sleep(0)
        submitting.cancel()
        runs: list[experiments_pb2.Run] = []
        while not runs:
            runs = (await supervisor.list(10, None)).runs
        assert (await watch(supervisor, runs[0].id))[-1].finished.state == SUCCEEDED


async def test_f11_a_clock_that_jumps_by_a_day_changes_no_order(
    tmp_path: Path, socket_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = itertools.cycle([20, 19, 21])

    def jumping() -> str:
        return f"2026-01-{next(days)}T00:00:00.000Z"

    for module in (events_module, registry_module):
        monkeypatch.setattr(module, "timestamp", jumping)
    async with supervising(tmp_path, socket_folder) as supervisor:
        ids = [(await supervisor.start(asked(CONFIG, ""))).id for _ in range(4)]
        for run_id in ids:
            events = await watch(supervisor, run_id)
            assert [event.seq for event in events] == list(range(1, len(events) + 1))
            assert states(events) == [QUEUED, STARTING, RUNNING]
            assert events[-1].finished.state == SUCCEEDED
            times = [event.time for event in events]
            assert times != sorted(times), "the clock did jump"
            assert await watch(supervisor, run_id, from_seq=4) == events[3:]
        assert [run.id for run in (await supervisor.list(10, None)).runs] == ids[::-1]
