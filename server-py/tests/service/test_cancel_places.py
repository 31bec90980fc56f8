"""A real run that is cancelled wherever it may be: in a compile, a step, a save, an evaluation (F13)."""

import asyncio
import sys
import time
from pathlib import Path

import pytest
from running_control import METADATA, Client, ended, running_control
from test_end_to_end import config

from cowmask.v1 import event_pb2, experiment_config_pb2, experiments_pb2, models_pb2
from cowmask_worker.runs import supervisor, trainer
from cowmask_worker.runs.task_host import PROGRAM

PAUSED = str(Path(__file__).with_name("paused_trainer.py"))
STEPS, SAVE_EVERY, EVALUATE_EVERY = 12, 4, 6
SLOW_S = 240


def short_config() -> experiment_config_pb2.ExperimentConfig:
    short = config(STEPS)
    short.checkpoint_every, short.evaluate_every = SAVE_EVERY, EVALUATE_EVERY
    return short


async def started(client: Client) -> str:
    request = experiments_pb2.StartRequest(config=short_config())
    return (await client.experiments.Start(request, metadata=METADATA)).run.id


async def cancelled(client: Client, run_id: str, within_s: float) -> list[event_pb2.Event]:
    """All events of a run that is cancelled now."""
    began = time.monotonic()
    request = experiments_pb2.CancelRequest(run_id=run_id)
    run = (await client.experiments.Cancel(request, metadata=METADATA)).run
    # The answer waits until the cancel is recorded; on a busy machine the trainer may be quicker.
    assert run.state in (event_pb2.RUN_STATE_CANCELLING, event_pb2.RUN_STATE_CANCELLED)
    events = await ended(client, run_id, timeout=SLOW_S)
    assert time.monotonic() - began < within_s
    return events


async def resumed(client: Client, run_id: str, from_seq: int) -> list[event_pb2.Event]:
    """Events of the next attempt, to its end."""
    request = experiments_pb2.ResumeRequest(run_id=run_id)
    assert (await client.experiments.Resume(request, metadata=METADATA)).run.attempt == 2
    watch = experiments_pb2.WatchRequest(run_id=run_id, from_seq=from_seq)
    return [each.event async for each in client.experiments.Watch(watch, metadata=METADATA, timeout=SLOW_S)]


async def saved_steps(client: Client, run_id: str) -> list[int]:
    request = models_pb2.CheckpointsRequest(run_id=run_id)
    return [each.step for each in (await client.models.Checkpoints(request, metadata=METADATA)).checkpoints]


def is_cancelled_by_user_at(step: int, events: list[event_pb2.Event]) -> None:
    """With a checkpoint of that very step."""
    finished = events[-1].finished
    assert (finished.state, finished.step, finished.checkpoint.step) == (event_pb2.RUN_STATE_CANCELLED, step, step)
    assert finished.cause.code == "CANCELLED_BY_USER"
    assert finished.cause.message == f"The run was cancelled at step {step}, where a checkpoint was written."


def dispatches(events: list[event_pb2.Event]) -> list[tuple[int, int]]:
    """First and last step of each, the last one not taken any more."""
    metrics = [event.metrics for event in events if event.HasField("metrics")]
    return [(each.first_step, each.first_step + len(each.loss)) for each in metrics]


def kinds(events: list[event_pb2.Event]) -> list[str]:
    """Without warnings: so short a training may warn of its teacher."""
    return [event.WhichOneof("type") or "" for event in events if not event.HasField("warning")]


def goes_on_to_the_end(events: list[event_pb2.Event], step: int) -> None:
    assert dispatches(events)[0][0] == step
    assert (events[-1].finished.state, events[-1].finished.step) == (event_pb2.RUN_STATE_SUCCEEDED, STEPS)


@pytest.mark.parametrize("place", ["step", "save", "evaluation"])
async def test_f13_a_cancel_is_seen_at_the_edge_after_the_place_where_it_comes(
    place: str, socket_folder: Path, tmp_path: Path
) -> None:
    mark = tmp_path / "paused"
    async with running_control(socket_folder, tmp_path, program=[sys.executable, PAUSED, place, str(mark)]) as client:
        run_id = await started(client)
        async with asyncio.timeout(SLOW_S):
            while not mark.exists():
                await asyncio.sleep(0.02)
        events = await cancelled(client, run_id, supervisor.CANCEL_GRACE_S)
        taken = dispatches(events)
        match place:
            case "step":
                # The second dispatch ends; no step is thrown away, and none comes after it.
                assert len(taken) == 2
                is_cancelled_by_user_at(taken[1][1], events)
            case "save":
                # The checkpoint that was being written is whole; one more dispatch comes before the next edge.
                assert SAVE_EVERY in [end for _, end in taken[:-1]]
                assert await saved_steps(client, run_id) == [SAVE_EVERY, taken[-1][1]]
                assert taken[-1][0] == SAVE_EVERY
                is_cancelled_by_user_at(taken[-1][1], events)
            case _:
                # The evaluation is told in whole, and its state is saved.
                assert kinds(events)[-3:] == ["evaluation", "checkpoint", "finished"]
                assert events[-1].finished.evaluation.step == EVALUATE_EVERY
                is_cancelled_by_user_at(EVALUATE_EVERY, events)
        stopped = events[-1]
        goes_on_to_the_end(await resumed(client, run_id, stopped.seq + 1), stopped.finished.step)


async def test_f13_a_cancel_in_a_compile_is_seen_when_that_ends(
    socket_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In a cache of its own nothing is compiled yet.
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    async with running_control(socket_folder, tmp_path, program=PROGRAM) as client:
        run_id = await started(client)
        begun = await begin_of_compile(client, run_id)
        events = await cancelled(client, run_id, supervisor.CANCEL_GRACE_S + trainer.COMPILE_ALLOWANCE_S)
        cancelling = next(event.seq for event in events if event.state.state == event_pb2.RUN_STATE_CANCELLING)
        (compiled,) = [event for event in events if event.progress.phase == "compile" and event.seq != begun.seq]
        assert begun.seq < cancelling < compiled.seq, "the cancel came in the compile"
        assert any((tmp_path / "cache").iterdir()), "what was compiled is kept"
        assert dispatches(events) == [], "no step was taken"
        is_cancelled_by_user_at(0, events)
        goes_on_to_the_end(await resumed(client, run_id, events[-1].seq + 1), 0)


async def begin_of_compile(client: Client, run_id: str) -> event_pb2.Event:
    request = experiments_pb2.WatchRequest(run_id=run_id)
    async for answer in client.experiments.Watch(request, metadata=METADATA, timeout=SLOW_S):
        if answer.event.progress.phase == "compile":
            assert not answer.event.progress.HasField("duration_ms")
            return answer.event
    raise AssertionError("nothing was compiled")
