"""`cowmask.v1.Datasets`: the catalog is known here, counting takes the compute task."""

# gRPC prescribes the names and the arguments of methods.
# ruff: noqa: ARG002, N802

import difflib

import grpc
import grpc.aio

from cowmask.v1 import datasets_pb2, datasets_pb2_grpc
from cowmask_worker.data.catalog import CATALOG, DatasetFacts
from cowmask_worker.runs.compute import Compute
from cowmask_worker.runs.refusal import Violation, invalid, shown
from cowmask_worker.service.readable import Readable

_LONGEST_COMPARED = 100


class Datasets(datasets_pb2_grpc.DatasetsServicer):
    def __init__(self, compute: Compute, readable: Readable) -> None:
        self._compute = compute
        self._readable = readable

    async def List(
        self,
        request: datasets_pb2.DatasetsListRequest,
        context: grpc.aio.ServicerContext[datasets_pb2.DatasetsListRequest, datasets_pb2.DatasetsListResponse],
    ) -> datasets_pb2.DatasetsListResponse:
        return datasets_pb2.DatasetsListResponse(datasets=[self._message(facts) for facts in CATALOG.values()])

    async def Inspect(
        self,
        request: datasets_pb2.InspectRequest,
        context: grpc.aio.ServicerContext[datasets_pb2.InspectRequest, datasets_pb2.InspectResponse],
    ) -> datasets_pb2.InspectResponse:
        if request.name not in CATALOG:
            close = difflib.get_close_matches(request.name[:_LONGEST_COMPARED], CATALOG, n=1)
            allowed = ", ".join(f"'{name}'" for name in CATALOG)
            reason = f"must be {allowed}; got {shown(request.name)}"
            raise invalid([Violation("name", reason, nearest=close[0] if close else "")])
        self._readable.check(request.name)
        counted = (await self._compute.ask(request)).inspect
        counted.dataset.CopyFrom(self._message(CATALOG[request.name]))
        return counted

    def _message(self, facts: DatasetFacts) -> datasets_pb2.Dataset:
        return datasets_pb2.Dataset(
            name=facts.name,
            description=facts.description,
            classes=facts.classes,
            height=facts.height,
            width=facts.width,
            channels=facts.channels,
            train=facts.train,
            test=facts.test,
            mean=facts.mean,
            std=facts.std,
            readable=facts.readable,
            ready=self._readable.is_ready(facts.name),
        )
