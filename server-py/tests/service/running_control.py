"""A control process in this one, over a real socket, whose task processes are fakes unless a test wants real ones."""

import os
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import grpc.aio

from cowmask.v1 import (
    datasets_pb2_grpc,
    error_pb2,
    event_pb2,
    experiment_config_pb2,
    experiments_pb2,
    experiments_pb2_grpc,
    masks_pb2_grpc,
    models_pb2_grpc,
    splits_pb2_grpc,
    system_pb2_grpc,
)
from cowmask_worker.service.control import Control
from cowmask_worker.service.limits import Limits
from cowmask_worker.service.settings import Settings

SERVER = Path(__file__).parents[2]
OPTIONS = SERVER.parent / "proto" / "cowmask" / "v1" / "options.json"
FAKE = SERVER / "tests" / "runs" / "fake_task.py"
TOKEN = "a token for tests, long enough"
METADATA = (("cowmask-token", TOKEN), ("cowmask-protocol", "1"))


class Client:
    def __init__(self, address: str, channel: grpc.aio.Channel, control: Control) -> None:
        self.address = address
        self.channel = channel
        self.control = control
        self.masks: Any = masks_pb2_grpc.MasksStub(channel)
        self.experiments: Any = experiments_pb2_grpc.ExperimentsStub(channel)
        self.datasets: Any = datasets_pb2_grpc.DatasetsStub(channel)
        self.models: Any = models_pb2_grpc.ModelsStub(channel)
        self.splits: Any = splits_pb2_grpc.SplitsStub(channel)
        self.system: Any = system_pb2_grpc.SystemStub(channel)


@asynccontextmanager
async def running_control(
    sockets: Path,
    state: Path,
    behavior: str = "",
    limits: Limits | None = None,
    roots: Mapping[str, Path] | None = None,
    program: Sequence[str] | None = None,
) -> AsyncGenerator[Client]:
    settings = Settings(
        token=TOKEN,
        folder=sockets,
        state_folder=state,
        cache_folder=Path(os.environ.get("JAX_COMPILATION_CACHE_DIR", state / "cache")),
        data_folder=state / "datasets",
        data_roots={"state": state} if roots is None else roots,
        options=OPTIONS,
        limits=limits or Limits(),
        listen=None,
        log="info",
    )
    control = Control(settings, program or [sys.executable, str(FAKE), behavior])
    address = await control.start()
    try:
        async with grpc.aio.insecure_channel(address) as channel:
            yield Client(address, channel, control)
    finally:
        await control.stop(0.5)


def detail(error: Any) -> error_pb2.ErrorDetail:
    for key, value in error.trailing_metadata() or ():
        if key == "cowmask-error-bin":
            assert isinstance(value, bytes)
            return error_pb2.ErrorDetail.FromString(value)
    raise AssertionError(f"no detail came with {error}")


def config(**fields: Any) -> experiment_config_pb2.ExperimentConfig:
    made = experiment_config_pb2.ExperimentConfig(**fields)
    made.dataset.name = "digits"
    return made


async def started(client: Client, **fields: Any) -> str:
    request = experiments_pb2.StartRequest(config=config(**fields))
    return (await client.experiments.Start(request, metadata=METADATA)).run.id


async def ended(client: Client, run_id: str, timeout: float = 30) -> list[event_pb2.Event]:
    request = experiments_pb2.WatchRequest(run_id=run_id)
    return [each.event async for each in client.experiments.Watch(request, metadata=METADATA, timeout=timeout)]
