"""`grpc.health.v1.Health`: `cowmask.v1.System` serves as soon as the worker listens, everything else once the device
that runs train on has computed something; nothing does while the worker drains."""

# gRPC prescribes the names of methods.
# ruff: noqa: N802

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio  # pyright: ignore[reportAttributeAccessIssue] - documented, untyped

from cowmask_worker.runs.refusal import Refusal
from cowmask_worker.runs.training_device import TrainingDevice

LOOK_AGAIN_S = 30.0
_ALIVE = "cowmask.v1.System"
_log = logging.getLogger(__name__)


class Health(health_pb2_grpc.HealthServicer):
    def __init__(self, device: TrainingDevice, services: Sequence[str]) -> None:
        self._statuses: Any = aio.HealthServicer()
        self._device = device
        self._services = ("", *services)
        self._looking: asyncio.Task[None] | None = None

    async def listening(self) -> None:
        for service in self._services:
            await self._statuses.set(service, _status(serving=service == _ALIVE))

    def look(self) -> None:
        """Begins to find out whether the device can be used; the first question does so too."""
        if self._looking is None:
            self._looking = asyncio.create_task(self._until_usable(), name="health of the device")

    async def Check(self, request: health_pb2.HealthCheckRequest, context: Any) -> Any:
        self.look()
        return await self._statuses.Check(request, context)

    async def Watch(self, request: health_pb2.HealthCheckRequest, context: Any) -> None:
        self.look()
        await self._statuses.Watch(request, context)

    async def _until_usable(self) -> None:
        while True:
            try:
                found = (await self._device.devices()).devices
                break
            except (Refusal, OSError) as error:
                _log.error("No device can be used, so health is NOT_SERVING: %s", error)
                await asyncio.sleep(LOOK_AGAIN_S)
        _log.info("runs train on %s", ", ".join(f"{each.platform}:{each.id} ({each.kind})" for each in found))
        for service in self._services:
            await self._statuses.set(service, _status(serving=True))

    async def drain(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
        await self._statuses.enter_graceful_shutdown()


def _status(*, serving: bool) -> health_pb2.HealthCheckResponse.ServingStatus.ValueType:
    response = health_pb2.HealthCheckResponse
    return response.SERVING if serving else response.NOT_SERVING
