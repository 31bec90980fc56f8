"""`cowmask.v1.Experiments`."""

# gRPC prescribes the names and the arguments of methods.
# ruff: noqa: ARG002, N802

import contextlib
import re
from collections.abc import AsyncIterator

import grpc
import grpc.aio

from cowmask.v1 import experiments_pb2, experiments_pb2_grpc
from cowmask_worker.data.catalog import CATALOG
from cowmask_worker.runs.refusal import Violation, invalid
from cowmask_worker.runs.resolve import resolve_experiment
from cowmask_worker.runs.supervisor import Supervisor
from cowmask_worker.service.validation import Validation

LONGEST_KEY = 200
LARGEST_PAGE = 1_000
USUAL_PAGE = 100
_PAGE_TOKEN = re.compile(r"p([0-9]{1,18})")


class Experiments(experiments_pb2_grpc.ExperimentsServicer):
    def __init__(self, supervisor: Supervisor, validation: Validation) -> None:
        self._supervisor = supervisor
        self._validation = validation

    async def Start(
        self,
        request: experiments_pb2.StartRequest,
        context: grpc.aio.ServicerContext[experiments_pb2.StartRequest, experiments_pb2.StartResponse],
    ) -> experiments_pb2.StartResponse:
        if len(request.idempotency_key) > LONGEST_KEY:
            reason = f"must have {LONGEST_KEY} characters at most; got {len(request.idempotency_key):,}"
            raise invalid([Violation("idempotencyKey", reason)])
        config = self._validation.checked(request.config)
        resolved = resolve_experiment(config, CATALOG[config.dataset.name])
        run = await self._supervisor.start(request.config, resolved, request.idempotency_key)
        return experiments_pb2.StartResponse(run=run)

    async def Get(
        self,
        request: experiments_pb2.GetRequest,
        context: grpc.aio.ServicerContext[experiments_pb2.GetRequest, experiments_pb2.GetResponse],
    ) -> experiments_pb2.GetResponse:
        return experiments_pb2.GetResponse(run=await self._supervisor.get(request.run_id))

    async def List(
        self,
        request: experiments_pb2.ListRequest,
        context: grpc.aio.ServicerContext[experiments_pb2.ListRequest, experiments_pb2.ListResponse],
    ) -> experiments_pb2.ListResponse:
        if request.page_size > LARGEST_PAGE:
            reason = f"must be from 0 (meaning {USUAL_PAGE}) to {LARGEST_PAGE:,}; got {request.page_size}"
            raise invalid([Violation("pageSize", reason)])
        token = _PAGE_TOKEN.fullmatch(request.page_token)
        if request.page_token and token is None:
            raise invalid([Violation("pageToken", "must be the `nextPageToken` of an earlier answer")])
        page = await self._supervisor.list(request.page_size or USUAL_PAGE, int(token[1]) if token else None)
        next_token = "" if page.next_position is None else f"p{page.next_position}"
        return experiments_pb2.ListResponse(runs=page.runs, next_page_token=next_token)

    async def Watch(
        self,
        request: experiments_pb2.WatchRequest,
        context: grpc.aio.ServicerContext[experiments_pb2.WatchRequest, experiments_pb2.WatchResponse],
    ) -> AsyncIterator[experiments_pb2.WatchResponse]:
        async with contextlib.aclosing(self._supervisor.watch(request.run_id, request.from_seq)) as events:
            async for event in events:
                yield experiments_pb2.WatchResponse(event=event)

    async def Cancel(
        self,
        request: experiments_pb2.CancelRequest,
        context: grpc.aio.ServicerContext[experiments_pb2.CancelRequest, experiments_pb2.CancelResponse],
    ) -> experiments_pb2.CancelResponse:
        return experiments_pb2.CancelResponse(run=await self._supervisor.cancel(request.run_id))

    async def Resume(
        self,
        request: experiments_pb2.ResumeRequest,
        context: grpc.aio.ServicerContext[experiments_pb2.ResumeRequest, experiments_pb2.ResumeResponse],
    ) -> experiments_pb2.ResumeResponse:
        return experiments_pb2.ResumeResponse(run=await self._supervisor.resume(request.run_id))

    async def Delete(
        self,
        request: experiments_pb2.DeleteRequest,
        context: grpc.aio.ServicerContext[experiments_pb2.DeleteRequest, experiments_pb2.DeleteResponse],
    ) -> experiments_pb2.DeleteResponse:
        await self._supervisor.delete(request.run_id)
        return experiments_pb2.DeleteResponse()
