"""The control process put together: what listens, what it serves, and the order in which it stops."""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

from grpc_health.v1 import health_pb2_grpc

from cowmask.v1 import (
    datasets_pb2_grpc,
    experiments_pb2_grpc,
    masks_pb2_grpc,
    models_pb2_grpc,
    splits_pb2_grpc,
    system_pb2_grpc,
)
from cowmask_worker.runs.compute import Compute
from cowmask_worker.runs.endpoint import Endpoint
from cowmask_worker.runs.refusal import refusal
from cowmask_worker.runs.supervisor import Supervisor
from cowmask_worker.runs.task_host import PROGRAM, TaskHost
from cowmask_worker.runs.training_device import TrainingDevice
from cowmask_worker.service.authentication import Authentication
from cowmask_worker.service.data_roots import DataRoots
from cowmask_worker.service.datasets import Datasets
from cowmask_worker.service.experiments import Experiments
from cowmask_worker.service.failures import Failures
from cowmask_worker.service.health import Health
from cowmask_worker.service.kept_splits import KeptSplits
from cowmask_worker.service.library import Library
from cowmask_worker.service.masks import Masks
from cowmask_worker.service.models import Models
from cowmask_worker.service.options import OptionsTable
from cowmask_worker.service.settings import Settings
from cowmask_worker.service.splits import Splits
from cowmask_worker.service.start_failure import StartFailure
from cowmask_worker.service.system import System
from cowmask_worker.service.validation import Validation

SERVICES = tuple(f"cowmask.v1.{name}" for name in ("Masks", "Experiments", "Datasets", "Splits", "Models", "System"))
_STREAMS_GRACE_S = 0.5
_COMPUTE_GRACE_S = 0.5
_RECORD_S = 2.0
_log = logging.getLogger(__name__)


class Control:
    def __init__(self, settings: Settings, task_program: Sequence[str] = PROGRAM) -> None:
        self._settings = settings
        self._failures = Failures()
        self._host = TaskHost(settings.folder, settings.cache_folder, settings.data_folder, task_program)
        self._compute = Compute(self._host, "compute")
        self._reader = Compute(self._host, "data")
        self._device = TrainingDevice(self._host)
        self._supervisor = Supervisor(settings.state_folder, self._host, self._device)
        self._health = Health(self._device, SERVICES)
        self._endpoint = Endpoint(
            settings.listen or settings.folder / "worker.sock",
            [Authentication(settings.token), self._failures],
            settings.tls and settings.tls.server_credentials(),
        )

    async def start(self) -> str:
        """Returns the address at which clients find it. Raises `StartFailure`."""
        settings, server = self._settings, self._endpoint.server
        library, kept = Library(settings.data_folder), KeptSplits(settings.data_folder)
        validation = Validation(_options(settings.options), settings.limits, library)
        masks_pb2_grpc.add_MasksServicer_to_server(Masks(self._compute, validation, settings.limits), server)
        experiments = Experiments(self._supervisor, self._compute, validation, library, kept, settings.limits)
        experiments_pb2_grpc.add_ExperimentsServicer_to_server(experiments, server)
        roots = DataRoots(settings.data_roots)
        datasets = Datasets(self._reader, validation, library, roots, settings.limits)
        datasets_pb2_grpc.add_DatasetsServicer_to_server(datasets, server)
        models = Models(self._supervisor, self._compute, library, roots, settings.limits)
        models_pb2_grpc.add_ModelsServicer_to_server(models, server)
        splits = Splits(self._reader, validation, library, kept, settings.limits)
        splits_pb2_grpc.add_SplitsServicer_to_server(splits, server)
        system_pb2_grpc.add_SystemServicer_to_server(System(self._device, settings.limits), server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        try:
            await self._host.start()
            await self._endpoint.start()
        except RuntimeError as error:
            raise StartFailure(
                "START_FAILED",
                f"The worker can not listen on {settings.listen or settings.folder}: {error}.",
                "Use another port; port 0 takes any that is free.",
            ) from error
        await self._health.listening()
        if settings.listen is not None:
            # Whoever runs a worker for others waits for its health; one that was launched is seldom asked.
            self._health.look()
        _log.info("listening on %s", self._endpoint.address)
        return self._endpoint.address

    async def stop(self, grace_s: float) -> None:
        """Refuses what is new, ends runs with a checkpoint if the grace suffices, then streams, then processes."""
        await self._health.drain()
        self._failures.refuse_all = refusal(
            "WORKER_STOPPING", "The worker is stopping.", "Start or connect to another worker."
        )
        ending = asyncio.create_task(self._supervisor.stop(grace_s), name="end all runs")
        await asyncio.wait({ending}, timeout=grace_s + _STREAMS_GRACE_S)
        tasks = (self._compute.stop(_COMPUTE_GRACE_S), self._reader.stop(_COMPUTE_GRACE_S))
        await asyncio.gather(self._endpoint.stop(_STREAMS_GRACE_S), *tasks)
        await self._host.stop()
        # With all their processes gone, what is left to do for runs is to record how they ended.
        await asyncio.wait({ending}, timeout=_RECORD_S)
        await self._device.let_go()
        if ending.done():
            ending.result()


def _options(path: Path) -> OptionsTable:
    try:
        return OptionsTable.read(path)
    except (OSError, ValueError, KeyError) as error:
        raise StartFailure(
            "START_FAILED",
            f"The table of options {path} can not be read: {error}.",
            "Install `cowmask` again: the file comes with it.",
        ) from error
