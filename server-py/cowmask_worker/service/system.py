"""`cowmask.v1.System`."""

# gRPC prescribes the names and the arguments of methods.
# ruff: noqa: ARG002, N802

import asyncio
import importlib.metadata
import os
import platform
import time

import grpc
import grpc.aio

from cowmask.v1 import system_pb2, system_pb2_grpc
from cowmask_worker import __version__
from cowmask_worker.runs.training_device import TrainingDevice
from cowmask_worker.service.authentication import PROTOCOL
from cowmask_worker.service.experiments import EVENT_STREAMS
from cowmask_worker.service.limits import Limits
from cowmask_worker.service.validation import OPTIONS_BYTES

_PACKAGES = (
    "flax",
    "grpcio",
    "jax",
    "jaxlib",
    "numpy",
    "protobuf",
    "safetensors",
    "scikit-learn",
)


class System(system_pb2_grpc.SystemServicer):
    def __init__(self, device: TrainingDevice, limits: Limits) -> None:
        self._device = device
        self._limits = limits
        self._started = time.monotonic()

    async def Info(
        self,
        request: system_pb2.InfoRequest,
        context: grpc.aio.ServicerContext[system_pb2.InfoRequest, system_pb2.InfoResponse],
    ) -> system_pb2.InfoResponse:
        return system_pb2.InfoResponse(
            worker_version=__version__,
            protocol=PROTOCOL,
            python_version=platform.python_version(),
            packages=await asyncio.to_thread(_packages),
            limits=system_pb2.Limits(
                message_bytes=self._limits.message_bytes,
                chunk_bytes=self._limits.chunk_bytes,
                tensor_elements=self._limits.tensor_elements,
                call_bytes=self._limits.call_bytes,
                options_bytes=OPTIONS_BYTES,
                event_streams=EVENT_STREAMS,
            ),
            pid=os.getpid(),
            uptime_ms=(time.monotonic() - self._started) * 1000,
        )

    async def Devices(
        self,
        request: system_pb2.DevicesRequest,
        context: grpc.aio.ServicerContext[system_pb2.DevicesRequest, system_pb2.DevicesResponse],
    ) -> system_pb2.DevicesResponse:
        return await self._device.devices()


def _packages() -> dict[str, str]:
    """Read from the packages' metadata: importing them would take seconds."""
    found: dict[str, str] = {}
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
