"""`cowmask.v1.Experiments`."""

# gRPC prescribes the names and the arguments of methods.
# ruff: noqa: ARG002, N802

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import grpc.aio

from cowmask.internal.v1 import tasks_pb2
from cowmask.v1 import event_pb2, experiment_config_pb2, experiments_pb2, experiments_pb2_grpc
from cowmask_worker.data.catalog import DatasetFacts
from cowmask_worker.data.split_file import SplitFile
from cowmask_worker.runs.compute import Compute
from cowmask_worker.runs.dataset_facts import dataset_message, facts_of
from cowmask_worker.runs.refusal import Violation, camel_case, invalid, refusal
from cowmask_worker.runs.resolve import resolve_experiment
from cowmask_worker.runs.supervisor import Requested, Supervisor
from cowmask_worker.service.kept_splits import KeptSplits
from cowmask_worker.service.leaf_names import checked_names
from cowmask_worker.service.library import Library
from cowmask_worker.service.limits import Limits
from cowmask_worker.service.rules import chosen_split_rules
from cowmask_worker.service.streamed_call import chunks_of, first_part, through
from cowmask_worker.service.tensors_input import TensorsInput
from cowmask_worker.service.validation import Validation

LONGEST_KEY = 200
LARGEST_PAGE = 1_000
EVENT_STREAMS = 1_000
USUAL_PAGE = 100
_PAGE_TOKEN = re.compile(r"p([0-9]{1,18})")


class Experiments(experiments_pb2_grpc.ExperimentsServicer):
    def __init__(
        self,
        supervisor: Supervisor,
        compute: Compute,
        validation: Validation,
        library: Library,
        kept: KeptSplits,
        limits: Limits,
    ) -> None:
        self._supervisor = supervisor
        self._compute = compute
        self._validation = validation
        self._library = library
        self._kept = kept
        self._limits = limits
        self._watchers = 0

    async def Start(
        self,
        request: experiments_pb2.StartRequest,
        context: grpc.aio.ServicerContext[experiments_pb2.StartRequest, experiments_pb2.StartResponse],
    ) -> experiments_pb2.StartResponse:
        _check_key(request.idempotency_key)
        facts, resolved = await self._resolved(request.config)
        self._library.check_ready(facts)
        requested = Requested(request.config, resolved, dataset_message(facts), request.idempotency_key)
        run = await self._supervisor.start(requested)
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
        if self._watchers >= EVENT_STREAMS:
            raise refusal(
                "TOO_MANY_STREAMS",
                f"{EVENT_STREAMS:,} streams of events are open, which is the most.",
                "Close some, or read the events of several runs one after the other.",
            )
        self._watchers += 1
        try:
            async with contextlib.aclosing(self._supervisor.watch(request.run_id, request.from_seq)) as events:
                async for event in events:
                    yield experiments_pb2.WatchResponse(event=event)
        finally:
            self._watchers -= 1

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
        run = await self._supervisor.get(request.run_id)
        self._library.check_ready(facts_of(run.dataset))
        if run.config.dataset.split not in ("", "rule"):
            await self._kept.get(run.dataset.name, run.config.dataset.split)
        return experiments_pb2.ResumeResponse(run=await self._supervisor.resume(request.run_id))

    async def Delete(
        self,
        request: experiments_pb2.DeleteRequest,
        context: grpc.aio.ServicerContext[experiments_pb2.DeleteRequest, experiments_pb2.DeleteResponse],
    ) -> experiments_pb2.DeleteResponse:
        await self._supervisor.delete(request.run_id)
        return experiments_pb2.DeleteResponse()

    async def Import(
        self,
        request_iterator: AsyncIterator[experiments_pb2.ImportRequest],
        context: grpc.aio.ServicerContext[experiments_pb2.ImportRequest, experiments_pb2.ImportResponse],
    ) -> experiments_pb2.ImportResponse:
        options = (await first_part(request_iterator, "options")).options
        _check_key(options.idempotency_key)
        names = checked_names(options)
        facts, resolved = await self._resolved(options.config)
        dataset = dataset_message(facts)
        tensors = TensorsInput(chunks_of(request_iterator), self._limits, "weights")

        async def write(run_id: str, folder: Path) -> event_pb2.Checkpoint:
            command = tasks_pb2.Import(
                run_id=run_id, config=resolved, checkpoint_folder=str(folder), names=names, dataset=dataset
            )
            checkpoint = event_pb2.Checkpoint()
            try:
                async with contextlib.aclosing(through(self._compute, command, tensors)) as answers:
                    async for message in answers:
                        checkpoint = message.answer.imported
            except BaseException:
                # The folder is removed next: whoever writes into it must have stopped.
                await asyncio.shield(self._compute.settled())
                raise
            return checkpoint

        requested = Requested(options.config, resolved, dataset, options.idempotency_key)
        run = await self._supervisor.import_run(requested, write)
        return experiments_pb2.ImportResponse(run=run)

    async def Step(
        self,
        request_iterator: AsyncIterator[experiments_pb2.StepRequest],
        context: grpc.aio.ServicerContext[experiments_pb2.StepRequest, experiments_pb2.StepResponse],
    ) -> AsyncIterator[experiments_pb2.StepResponse]:
        options = (await first_part(request_iterator, "options")).options
        options.names = checked_names(options)
        facts, resolved = await self._resolved(options.config)
        options.config.CopyFrom(resolved)
        command = tasks_pb2.Step(options=options, dataset=dataset_message(facts))
        tensors = TensorsInput(chunks_of(request_iterator), self._limits, "state", _path_in_step)
        async with contextlib.aclosing(through(self._compute, command, tensors)) as answers:
            async for message in answers:
                if message.WhichOneof("message") == "answer":
                    yield experiments_pb2.StepResponse(metrics=message.answer.metrics)
                else:
                    yield experiments_pb2.StepResponse(chunk=message.chunk)

    async def _resolved(
        self, config: experiment_config_pb2.ExperimentConfig
    ) -> tuple[DatasetFacts, experiment_config_pb2.ExperimentConfig]:
        checked = self._validation.checked(config)
        facts = self._library.get(checked.dataset.name, "dataset.name")
        chosen: SplitFile | None = None
        if checked.dataset.split != "rule":
            chosen = await self._kept.get(facts.name, checked.dataset.split, "dataset.split")
            if violations := chosen_split_rules(checked, facts, chosen):
                raise invalid(violations)
        return facts, resolve_experiment(checked, facts, chosen)


def _path_in_step(name: str) -> str:
    owner, _, field = name.partition("/")
    return f"batch.{camel_case(field)}" if owner == "batch" else f"state.{name}"


def _check_key(key: str) -> None:
    if len(key) > LONGEST_KEY:
        raise invalid([Violation("idempotencyKey", f"must have {LONGEST_KEY} characters at most; got {len(key):,}")])
