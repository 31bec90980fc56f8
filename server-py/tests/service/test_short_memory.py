"""F8 with memory that is short indeed: task processes under an address-space limit."""

import sys
from pathlib import Path

from running_control import SERVER, ended, running_control, started

from cowmask.v1 import event_pb2, experiment_config_pb2

LIMIT_KIB = 4_000_000
LIMITED = [
    "/bin/sh",
    "-c",
    f'ulimit -v {LIMIT_KIB} && exec "$@"',
    "sh",
    sys.executable,
    "-I",
    str(SERVER / "run.py"),
    "task",
]


def network(width: int) -> experiment_config_pb2.ModelConfig:
    return experiment_config_pb2.ModelConfig(
        wide_resnet=experiment_config_pb2.WideResnet(depth=10, width=width, dropout=0)
    )


async def test_f8_a_run_that_needs_more_memory_than_there_is_fails_with_advice(
    socket_folder: Path, tmp_path: Path
) -> None:
    async with running_control(socket_folder, tmp_path, program=LIMITED) as client:
        large = await started(client, steps=2, batch_size=1400, model=network(16))
        end = (await ended(client, large, timeout=300))[-1].finished
        assert (end.state, end.cause.code) == (event_pb2.RUN_STATE_FAILED, "OUT_OF_MEMORY")
        assert "Out of memory allocating" in end.cause.message
        assert "batchSize" in end.cause.hint
        # Nobody else was harmed, and the advice is good.
        small = await started(client, steps=2, batch_size=16, model=network(1))
        assert (await ended(client, small, timeout=300))[-1].finished.state == event_pb2.RUN_STATE_SUCCEEDED
