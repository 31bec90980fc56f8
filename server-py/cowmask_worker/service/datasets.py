"""`cowmask.v1.Datasets`: which sets there are is known here; a task process of its own reads and takes in images."""

# gRPC prescribes the names and the arguments of methods.
# ruff: noqa: ARG002, N802

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Sequence

import grpc
import grpc.aio

from cowmask.internal.v1 import tasks_pb2
from cowmask.v1 import datasets_pb2, datasets_pb2_grpc, experiment_config_pb2
from cowmask_worker.data import dataset_folder
from cowmask_worker.data.catalog import CATALOG
from cowmask_worker.runs.compute import Compute
from cowmask_worker.runs.dataset_facts import dataset_message
from cowmask_worker.runs.refusal import Violation, camel_case, invalid, refusal, shown
from cowmask_worker.service.data_roots import DataRoots
from cowmask_worker.service.library import Library, is_dataset_name
from cowmask_worker.service.limits import Limits
from cowmask_worker.service.streamed_call import chunks_of, first_part, through
from cowmask_worker.service.tensors_input import IMAGES_AND_LABELS, TensorsInput
from cowmask_worker.service.validation import Validation

MOST_CLASSES = 100_000
LONGEST_CLASS_NAME = 300
_OF_IMPORTS = ("image_size", "resize", "channels", "test_share", "storage")


class Datasets(datasets_pb2_grpc.DatasetsServicer):
    def __init__(
        self, reader: Compute, validation: Validation, library: Library, roots: DataRoots, limits: Limits
    ) -> None:
        self._reader = reader
        self._validation = validation
        self._library = library
        self._roots = roots
        self._limits = limits
        # Two imports under one name must not meet.
        self._changing = asyncio.Lock()

    async def List(
        self,
        request: datasets_pb2.DatasetsListRequest,
        context: grpc.aio.ServicerContext[datasets_pb2.DatasetsListRequest, datasets_pb2.DatasetsListResponse],
    ) -> datasets_pb2.DatasetsListResponse:
        known = await asyncio.to_thread(lambda: list(self._library.all()))
        ready = self._library.is_ready
        return datasets_pb2.DatasetsListResponse(
            datasets=[dataset_message(facts, ready=ready(facts)) for facts in known]
        )

    async def Inspect(
        self,
        request: datasets_pb2.InspectRequest,
        context: grpc.aio.ServicerContext[datasets_pb2.InspectRequest, datasets_pb2.InspectResponse],
    ) -> datasets_pb2.InspectResponse:
        options = self._validation.checked(request.options)
        command = tasks_pb2.Inspect(options=options)
        if request.options.HasField("model"):
            command.config.CopyFrom(self._measured(options))
        if request.HasField("source"):
            if request.name:
                raise invalid([Violation("name", "must be left out where there is a source")])
            command.path = str(self._roots.find(request.source))
            return (await self._reader.ask(command)).inspect
        facts = self._library.get(request.name, "name")
        _check_no_import(request.options, facts.name)
        self._library.check_ready(facts)
        command.dataset.CopyFrom(dataset_message(facts))
        response = (await self._reader.ask(command)).inspect
        response.dataset.CopyFrom(command.dataset)
        return response

    def _measured(self, options: datasets_pb2.InspectOptions) -> experiment_config_pb2.ExperimentConfig:
        """An experiment with the defaults of everything but the model and the batch size."""
        # Any dataset will do: what depends on it is filled in where the images are known.
        config = experiment_config_pb2.ExperimentConfig(
            dataset=experiment_config_pb2.DatasetConfig(name="digits"), model=options.model, batch_size=1
        )
        config = self._validation.checked(config)
        config.batch_size = options.batch_size
        return config

    async def Import(
        self,
        request_iterator: AsyncIterator[datasets_pb2.DatasetsImportRequest],
        context: grpc.aio.ServicerContext[datasets_pb2.DatasetsImportRequest, datasets_pb2.DatasetsImportResponse],
    ) -> AsyncIterator[datasets_pb2.DatasetsImportResponse]:
        wanted = (await first_part(request_iterator, "dataset")).dataset
        options = self._validation.checked(wanted.options)
        _check_classes(wanted.classes)
        command = tasks_pb2.ImportDataset(name=wanted.name, classes=wanted.classes, options=options)
        if wanted.HasField("source"):
            if wanted.classes:
                raise invalid([Violation("classes", "must be left out: the source tells its classes")])
            command.path = str(self._roots.find(wanted.source))
        tensors = TensorsInput(
            chunks_of(request_iterator), self._limits, "arrays", _path_of_array, types=IMAGES_AND_LABELS
        )
        async with self._changing:
            # An import that was cancelled may just be about to end.
            await self._reader.settled()
            self._check_name(wanted.name, replace=options.replace)
            async with contextlib.aclosing(through(self._reader, command, tensors)) as answers:
                async for message in answers:
                    yield message.answer.imported_dataset

    async def Remove(
        self,
        request: datasets_pb2.DatasetsRemoveRequest,
        context: grpc.aio.ServicerContext[datasets_pb2.DatasetsRemoveRequest, datasets_pb2.DatasetsRemoveResponse],
    ) -> datasets_pb2.DatasetsRemoveResponse:
        if request.name in CATALOG:
            raise invalid([Violation("name", f"must be an imported dataset; got {shown(request.name)}")])
        async with self._changing:
            await self._reader.settled()
            # One that is damaged can be removed, too.
            if not self._library.has_imported(request.name):
                raise invalid([self._library.unknown(request.name, "name")])
            await asyncio.to_thread(dataset_folder.remove, self._library.data_folder / request.name)
        return datasets_pb2.DatasetsRemoveResponse()

    def _check_name(self, name: str, *, replace: bool) -> None:
        if not is_dataset_name(name):
            reason = f"must be up to 64 lowercase letters, digits, _ and -; got {shown(name)}"
            raise invalid([Violation("name", reason)])
        if name in CATALOG:
            reason = f"must be another name than those that the worker knows: {', '.join(CATALOG)}; got {shown(name)}"
            raise invalid([Violation("name", reason)])
        folder = self._library.data_folder / name
        if os.path.lexists(folder) and not self._library.has_imported(name):
            raise refusal(
                "DATASET_EXISTS",
                f"There is {folder} already, which is no dataset.",
                "Import under another name, or remove it: only an imported dataset is ever replaced.",
            )
        if not replace and os.path.lexists(folder):
            raise refusal(
                "DATASET_EXISTS",
                f"There is a dataset {name} already.",
                "Import under another name, or say replace: true (--replace) to put this one in its place.",
            )


def _check_no_import(options: datasets_pb2.InspectOptions, name: str) -> None:
    given = [field for field in _OF_IMPORTS if options.HasField(field)]
    if given:
        reason = f"must be left out: how images of {name} are taken is decided; it suits a source that is not imported"
        raise invalid([Violation(camel_case(field), reason) for field in given])


def _path_of_array(name: str) -> str:
    return f"arrays.{camel_case(name)}"


def _check_classes(classes: Sequence[str]) -> None:
    if len(classes) > MOST_CLASSES:
        raise invalid([Violation("classes", f"must be {MOST_CLASSES:,} at most; got {len(classes):,}")])
    for index, name in enumerate(classes):
        if not 0 < len(name) <= LONGEST_CLASS_NAME:
            reason = f"must have 1 to {LONGEST_CLASS_NAME} characters; got {len(name):,}"
            raise invalid([Violation(f"classes[{index}]", reason)])
