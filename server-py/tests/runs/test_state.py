import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from asked import asked

from cowmask.v1 import event_pb2, experiment_config_pb2
from cowmask_worker.runs.process_identity import process_identity, start_time
from cowmask_worker.runs.refusal import Refusal
from cowmask_worker.runs.registry import Registry
from cowmask_worker.runs.state import State
from cowmask_worker.runs.state_lock import StateLock

SERVER = Path(__file__).parents[2]
HOLDER = """
import sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from cowmask_worker.runs.state_lock import StateLock
lock = StateLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_f2_a_held_folder_names_its_owner_and_is_free_when_that_dies(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path), str(SERVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(Refusal, match=f"pid {holder.pid}") as refused:
            StateLock(tmp_path)
        assert refused.value.failure.code == "STATE_IN_USE"
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    lock = StateLock(tmp_path)
    assert lock.previous_owner["pid"] == holder.pid
    assert json.loads((tmp_path / "lock").read_text()) == process_identity().as_json()
    lock.release()


def test_l6_a_process_is_told_from_a_later_one_of_its_id() -> None:
    assert start_time(os.getpid()) == process_identity().start_time
    assert start_time(os.getpid()) != start_time(1)
    assert start_time(2**22 + 1) is None


async def test_f2_runs_of_a_dead_worker_are_interrupted_with_a_cause(tmp_path: Path) -> None:
    state = await State.open(tmp_path)
    config = experiment_config_pb2.ExperimentConfig()
    started = await state.registry.do(Registry.start, "run_a", asked(config, ""), b"")
    state.log.opened(started.run, started.event)
    checkpoint = event_pb2.Checkpoint(step=4, digest="d")
    for entered in (event_pb2.RUN_STATE_STARTING, event_pb2.RUN_STATE_RUNNING):
        state.log.append("run_a", event_pb2.Event(state=event_pb2.StateChanged(state=entered)))
    state.log.append("run_a", event_pb2.Event(checkpoint=checkpoint))
    state.log.append("run_a", event_pb2.Event(metrics=event_pb2.Metrics(first_step=4, loss=[1.0, 2.0])))
    # As a kill would leave it: nothing is told of the run's end.
    await state.close()

    reopened = await State.open(tmp_path)
    run = await reopened.registry.do(Registry.run, "run_a")
    assert run.state == event_pb2.RUN_STATE_INTERRUPTED
    assert run.finished.cause.code == "TRAINER_KILLED"
    assert str(os.getpid()) in run.finished.cause.message
    assert "running" in run.finished.cause.message
    assert (run.finished.step, run.finished.checkpoint) == (6, checkpoint)
    events = [event async for event in reopened.log.watch("run_a", 1)]
    assert [event.seq for event in events] == [1, 2, 3, 4, 5, 6]
    assert events[-1].finished == run.finished
    await reopened.close()

    third = await State.open(tmp_path)
    assert (await third.registry.do(Registry.run, "run_a")).last_seq == 6, "told once"
    await third.close()


async def test_a_folder_that_can_not_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Refusal) as refused:
        await State.open(tmp_path / "file" / "state")
    assert refused.value.failure.code == "STATE_UNUSABLE"
    assert str(tmp_path / "file") in refused.value.failure.message


async def test_s10_the_state_is_private(tmp_path: Path) -> None:
    state = await State.open(tmp_path / "state")
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    await state.close()
