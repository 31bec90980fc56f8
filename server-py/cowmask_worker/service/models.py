"""`cowmask.v1.Models`: finds the run's checkpoint, then has the compute task read and use it."""

# gRPC prescribes the names and the arguments of methods.
# ruff: noqa: ARG002, N802

import asyncio
import contextlib
from collections.abc import AsyncIterator
from itertools import takewhile
from typing import NamedTuple

import grpc
import grpc.aio

from cowmask.internal.v1 import tasks_pb2
from cowmask.v1 import experiments_pb2, models_pb2, models_pb2_grpc
from cowmask_worker.data.catalog import DatasetFacts
from cowmask_worker.runs.checkpoint_list import checkpoint_steps, checkpoints
from cowmask_worker.runs.compute import Compute
from cowmask_worker.runs.dataset_facts import dataset_message, facts_of
from cowmask_worker.runs.refusal import Violation, invalid, refusal, shown
from cowmask_worker.runs.supervisor import Supervisor
from cowmask_worker.service.data_roots import DataRoots
from cowmask_worker.service.leaf_names import checked_names
from cowmask_worker.service.library import Library
from cowmask_worker.service.limits import Limits
from cowmask_worker.service.streamed_call import chunks_of, first_part, through
from cowmask_worker.service.tensor_input import TensorInput

_WEIGHTS = ("teacher", "student")
_SHOWN_CLASSES = 10
_SPLITS = ("test", "validation", "train")


class _Found(NamedTuple):
    run: experiments_pb2.Run
    files: tasks_pb2.CheckpointFiles


class Models(models_pb2_grpc.ModelsServicer):
    def __init__(
        self, supervisor: Supervisor, compute: Compute, library: Library, roots: DataRoots, limits: Limits
    ) -> None:
        self._supervisor = supervisor
        self._compute = compute
        self._library = library
        self._roots = roots
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

    async def PredictFiles(
        self,
        request: models_pb2.PredictFilesRequest,
        context: grpc.aio.ServicerContext[models_pb2.PredictFilesRequest, models_pb2.PredictFilesResponse],
    ) -> AsyncIterator[models_pb2.PredictFilesResponse]:
        found = await self._find(request.model)
        if not request.HasField("source"):
            raise invalid([Violation("source", "is required: a folder of images, or one of them")])
        command = tasks_pb2.PredictFiles(model=found.files, path=str(self._roots.find(request.source)))
        async with self._compute.call(command) as call, contextlib.aclosing(call.answers()) as answers:
            async for message in answers:
                yield message.answer.predict_files

    async def Evaluate(
        self,
        request: models_pb2.EvaluateRequest,
        context: grpc.aio.ServicerContext[models_pb2.EvaluateRequest, models_pb2.EvaluateResponse],
    ) -> models_pb2.EvaluateResponse:
        split = request.split if request.HasField("split") else "test"
        if split not in _SPLITS:
            raise invalid([Violation("split", f"must be one of {', '.join(_SPLITS)}; got {shown(split)}")])
        found = await self._find(request.model)
        own = facts_of(found.run.dataset)
        other = self._library.get(request.dataset, "dataset") if request.HasField("dataset") else own
        evaluate = tasks_pb2.Evaluate(model=found.files, split=split)
        aside = other.validation
        if (other.name, other.digest) == (own.name, own.digest):
            aside += found.run.config.dataset.validation
        else:
            _check_alike(own, other)
            evaluate.dataset.CopyFrom(dataset_message(other))
        self._library.check_ready(other)
        if split == "validation" and not aside:
            whose = f"the dataset {other.name}" if evaluate.HasField("dataset") else "this run"
            reason = f"must be 'test' or 'train': {whose} has put no images aside for validation"
            raise invalid([Violation("split", reason)])
        return (await self._compute.ask(evaluate)).evaluate

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
                folder=str(folder),
                weights=weights,
                step=step,
                config=run.config,
                dataset=run.dataset,
                split_fingerprint=run.split_fingerprint if run.HasField("split_fingerprint") else None,
            ),
        )


def _check_alike(own: DatasetFacts, other: DatasetFacts) -> None:
    """Raises `INVALID_OPTION` where a model of `own` can't be scored on `other`."""
    if (own.height, own.width, own.channels) != (other.height, other.width, other.channels):
        theirs, ours = (f"{each.height} x {each.width} x {each.channels}" for each in (other, own))
        reason = (
            f"must have images of the size that the model was trained on (height x width x channels): {own.name} has "
            f"{ours}, {other.name} has {theirs}"
        )
        raise invalid([Violation("dataset", reason)])
    if own.classes != other.classes:
        pairs = zip(own.classes, other.classes, strict=False)
        alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        reason = (
            "must have the classes that the model was trained on, in the same order: "
            f"{_told(own, alike)}; {_told(other, alike)}"
        )
        raise invalid([Violation("dataset", reason)])


def _told(dataset: DatasetFacts, alike: int) -> str:
    """A dataset's classes from the first one on that is not alike."""
    classes = dataset.classes[alike:]
    few = ", ".join(map(shown, classes[:_SHOWN_CLASSES])) or "none"
    more = ", ..." if len(classes) > _SHOWN_CLASSES else ""
    return f"{dataset.name} has {len(dataset.classes):,}, from number {alike + 1:,} on {few}{more}"
