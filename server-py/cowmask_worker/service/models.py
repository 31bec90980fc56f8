"""`cowmask.v1.Models`: finds the run's checkpoint, then has the compute task read and use it."""

# gRPC prescribes the names and the arguments of methods.
# ruff: noqa: ARG002, N802

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import NamedTuple

import grpc
import grpc.aio

from cowmask.internal.v1 import tasks_pb2
from cowmask.v1 import experiments_pb2, models_pb2, models_pb2_grpc
from cowmask_worker.runs.checkpoint_list import checkpoint_steps, checkpoints
from cowmask_worker.runs.compute import Compute
from cowmask_worker.runs.dataset_facts import facts_of
from cowmask_worker.runs.refusal import Violation, invalid, refusal, shown
from cowmask_worker.runs.supervisor import Supervisor
from cowmask_worker.service.leaf_names import checked_names
from cowmask_worker.service.library import Library
from cowmask_worker.service.limits import Limits
from cowmask_worker.service.streamed_call import chunks_of, first_part, through
from cowmask_worker.service.tensor_input import TensorInput

_WEIGHTS = ("teacher", "student")
_SPLITS = ("test", "validation", "train")


class _Found(NamedTuple):
    run: experiments_pb2.Run
    files: tasks_pb2.CheckpointFiles


class Models(models_pb2_grpc.ModelsServicer):
    def __init__(self, supervisor: Supervisor, compute: Compute, library: Library, limits: Limits) -> None:
        self._supervisor = supervisor
        self._compute = compute
        self._library = library
        self._limits = limits

    async def Predict(
        self,
        request_iterator: AsyncIterator[models_pb2.PredictRequest],
        context: grpc.aio.ServicerContext[models_pb2.PredictRequest, models_pb2.PredictResponse],
    ) -> AsyncIterator[models_pb2.PredictResponse]:
        found = await self._find((await first_part(request_iterator, "model")).model)
        images = TensorInput(chunks_of(request_iterator), self._limits)
        await images.open(facts_of(found.run.dataset))
        predict = tasks_pb2.Predict(model=found.files)
        async with contextlib.aclosing(through(self._compute, predict, images)) as answers:
            async for message in answers:
                yield models_pb2.PredictResponse(chunk=message.chunk)

    async def Evaluate(
        self,
        request: models_pb2.EvaluateRequest,
        context: grpc.aio.ServicerContext[models_pb2.EvaluateRequest, models_pb2.EvaluateResponse],
    ) -> models_pb2.EvaluateResponse:
        split = request.split if request.HasField("split") else "test"
        if split not in _SPLITS:
            raise invalid([Violation("split", f"must be one of {', '.join(_SPLITS)}; got {shown(split)}")])
        found = await self._find(request.model)
        self._library.check_ready(facts_of(found.run.dataset))
        if split == "validation" and not (found.run.config.dataset.validation or found.run.dataset.validation):
            reason = "must be 'test' or 'train': this run has put no images aside for validation"
            raise invalid([Violation("split", reason)])
        return (await self._compute.ask(tasks_pb2.Evaluate(model=found.files, split=split))).evaluate

    async def Export(
        self,
        request: models_pb2.ExportRequest,
        context: grpc.aio.ServicerContext[models_pb2.ExportRequest, models_pb2.ExportResponse],
    ) -> AsyncIterator[models_pb2.ExportResponse]:
        names = checked_names(request)
        found = await self._find(request.model)
        export = tasks_pb2.Export(model=found.files, names=names)
        async with self._compute.call(export) as call, contextlib.aclosing(call.answers()) as answers:
            async for message in answers:
                yield models_pb2.ExportResponse(chunk=message.chunk)

    async def Checkpoints(
        self,
        request: models_pb2.CheckpointsRequest,
        context: grpc.aio.ServicerContext[models_pb2.CheckpointsRequest, models_pb2.CheckpointsResponse],
    ) -> models_pb2.CheckpointsResponse:
        folder = await self._supervisor.checkpoints_folder(request.run_id)
        return models_pb2.CheckpointsResponse(checkpoints=await asyncio.to_thread(checkpoints, folder))

    async def _find(self, model: models_pb2.ModelSelector) -> _Found:
        weights = model.weights if model.HasField("weights") else _WEIGHTS[0]
        if weights not in _WEIGHTS:
            raise invalid([Violation("weights", f"must be 'teacher' or 'student'; got {shown(weights)}")])
        run = await self._supervisor.get(model.run_id)
        folder = await self._supervisor.checkpoints_folder(model.run_id)
        steps = await asyncio.to_thread(checkpoint_steps, folder)
        step = model.step if model.HasField("step") else None
        if not steps or (step is not None and step not in steps):
            raise refusal(
                "CHECKPOINT_NOT_FOUND",
                f"Run {run.id} has no checkpoint" + ("." if step is None else f" of step {step}."),
                f"There are checkpoints of the steps {', '.join(map(str, steps))}."
                if steps
                else "A run writes its first one after `checkpointEvery` steps, when it is cancelled and at its end.",
            )
        return _Found(
            run,
            tasks_pb2.CheckpointFiles(
                folder=str(folder), weights=weights, step=step, config=run.config, dataset=run.dataset
            ),
        )
