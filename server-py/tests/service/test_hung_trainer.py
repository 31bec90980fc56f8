"""A real trainer that is stopped in the middle of its steps (F14)."""

import os
import signal
from pathlib import Path

import pytest
from running_control import METADATA, Client, ended, running_control
from test_end_to_end import config
from worker_process import children

from cowmask.v1 import event_pb2, experiments_pb2
from cowmask_worker.runs import heartbeat, trainer
from cowmask_worker.runs.task_host import PROGRAM


async def seen(client: Client, run_id: str, kind: str, from_seq: int = 1) -> event_pb2.Event:
    request = experiments_pb2.WatchRequest(run_id=run_id, from_seq=from_seq)
    async for answer in client.experiments.Watch(request, metadata=METADATA, timeout=240):
        if answer.event.WhichOneof("type") == kind:
            return answer.event
    raise AssertionError(f"no {kind} came")


async def test_f14_a_stopped_trainer_is_told_then_ended(
    socket_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer, "LISTEN_S", 0.2)
    monkeypatch.setattr(heartbeat, "QUIET_S", 1.5)
    before = set(children(os.getpid()))
    async with running_control(socket_folder, tmp_path, program=PROGRAM) as client:
        start = experiments_pb2.StartRequest(config=config(1_000_000))
        run_id = (await client.experiments.Start(start, metadata=METADATA)).run.id
        saved = await seen(client, run_id, "checkpoint")
        # The test runner may have children of its own.
        (pid,) = set(children(os.getpid())) - before
        os.kill(pid, signal.SIGSTOP)
        warned = await seen(client, run_id, "warning", saved.seq)
        assert warned.warning.code == "stalled"
        finished = (await ended(client, run_id))[-1].finished
        assert finished.state == event_pb2.RUN_STATE_INTERRUPTED
        assert finished.cause.code == "TRAINER_STALLED"
