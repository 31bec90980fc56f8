"""`cowmask.v1.Splits`: what is kept is read here; a task process draws splits, and finds the images of others."""

# gRPC prescribes the names and the arguments of methods.
# ruff: noqa: ARG002, N802

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

import grpc
import grpc.aio

from cowmask.internal.v1 import tasks_pb2
from cowmask.v1 import splits_pb2, splits_pb2_grpc, tensor_pb2
from cowmask_worker.data.catalog import DatasetFacts
from cowmask_worker.data.split_file import MOST_BYTES, SplitDamaged, SplitFile, compared, decode_file
from cowmask_worker.runs.compute import Compute
from cowmask_worker.runs.dataset_facts import dataset_message
from cowmask_worker.runs.refusal import Refusal, Violation, camel_case, invalid
from cowmask_worker.runs.split_facts import split_failure, split_message
from cowmask_worker.service.kept_splits import KeptSplits
from cowmask_worker.service.library import Library
from cowmask_worker.service.limits import Limits
from cowmask_worker.service.rules import split_import_rules, split_rules
from cowmask_worker.service.streamed_call import chunks_of, first_part, through
from cowmask_worker.service.tensors_input import TensorsInput
from cowmask_worker.service.validation import Validation
from cowmask_worker.tensors import tensor_chunks

CONTENT = "content"
LONGEST_FILE_NAME = 255
_FOREIGN_ONLY = ("validation", "validation_seed", "exclude_labeled")


class Splits(splits_pb2_grpc.SplitsServicer):
    def __init__(
        self, reader: Compute, validation: Validation, library: Library, kept: KeptSplits, limits: Limits
    ) -> None:
        self._reader = reader
        self._validation = validation
        self._library = library
        self._kept = kept
        self._limits = replace(limits, call_bytes=min(limits.call_bytes, MOST_BYTES))

    async def Create(
        self,
        request: splits_pb2.SplitsCreateRequest,
        context: grpc.aio.ServicerContext[splits_pb2.SplitsCreateRequest, splits_pb2.SplitsCreateResponse],
    ) -> splits_pb2.SplitsCreateResponse:
        options = self._validation.checked(request.options)
        facts = self._ready(request.dataset)
        if violations := split_rules(options, facts):
            raise invalid(violations)
        if not options.HasField("labeled"):
            options.labeled = facts.labeled - options.validation
        command = tasks_pb2.CreateSplit(dataset=dataset_message(facts), options=options)
        return splits_pb2.SplitsCreateResponse(split=(await self._reader.ask(command)).split)

    async def Import(
        self,
        request_iterator: AsyncIterator[splits_pb2.SplitsImportRequest],
        context: grpc.aio.ServicerContext[splits_pb2.SplitsImportRequest, splits_pb2.SplitsImportResponse],
    ) -> splits_pb2.SplitsImportResponse:
        wanted = (await first_part(request_iterator, "split")).split
        options = self._validation.checked(wanted.options)
        if options.format == "cowmask" and (said := [it for it in _FOREIGN_ONLY if wanted.options.HasField(it)]):
            raise invalid([Violation(camel_case(each), "must be left out: the file says it") for each in said])
        _check_file(wanted.file)
        facts = self._ready(wanted.dataset)
        if violations := split_import_rules(options, facts):
            raise invalid(violations)
        command = tasks_pb2.ImportSplit(dataset=dataset_message(facts), file=wanted.file, options=options)
        response = splits_pb2.SplitsImportResponse()
        content = self._content(chunks_of(request_iterator))
        async with contextlib.aclosing(through(self._reader, command, content)) as answers:
            async for message in answers:
                response.split.CopyFrom(message.answer.split)
        return response

    async def Inspect(
        self,
        request_iterator: AsyncIterator[splits_pb2.SplitsInspectRequest],
        context: grpc.aio.ServicerContext[splits_pb2.SplitsInspectRequest, splits_pb2.SplitsInspectResponse],
    ) -> splits_pb2.SplitsInspectResponse:
        first = await anext(request_iterator, splits_pb2.SplitsInspectRequest())
        match first.WhichOneof("part"):
            case "kept":
                split_file = await self._selected(first.kept)
            case "file":
                split_file = await self._read(first.file, request_iterator)
            case _:
                raise invalid([Violation("split", "must be the first part of the request: a kept split, or a file")])
        return splits_pb2.SplitsInspectResponse(split=split_message(split_file))

    async def Export(
        self,
        request: splits_pb2.SplitsExportRequest,
        context: grpc.aio.ServicerContext[splits_pb2.SplitsExportRequest, splits_pb2.SplitsExportResponse],
    ) -> AsyncIterator[splits_pb2.SplitsExportResponse]:
        facts = self._library.get(request.split.dataset, "dataset")
        text = await self._kept.text(facts.name, request.split.fingerprint, "fingerprint")
        for chunk in tensor_chunks(CONTENT, tensor_pb2.ELEMENT_TYPE_UINT8, [len(text)], iter([text])):
            yield splits_pb2.SplitsExportResponse(chunk=chunk)

    async def List(
        self,
        request: splits_pb2.SplitsListRequest,
        context: grpc.aio.ServicerContext[splits_pb2.SplitsListRequest, splits_pb2.SplitsListResponse],
    ) -> splits_pb2.SplitsListResponse:
        facts = self._library.get(request.dataset, "dataset")
        return splits_pb2.SplitsListResponse(splits=map(split_message, await self._kept.all(facts.name)))

    async def Compare(
        self,
        request: splits_pb2.SplitsCompareRequest,
        context: grpc.aio.ServicerContext[splits_pb2.SplitsCompareRequest, splits_pb2.SplitsCompareResponse],
    ) -> splits_pb2.SplitsCompareResponse:
        first, second = (
            await self._selected(request.first, "first."),
            await self._selected(request.second, "second."),
        )
        differences = await asyncio.to_thread(compared, first, second)
        return splits_pb2.SplitsCompareResponse(differences=differences)

    def _ready(self, dataset: str) -> DatasetFacts:
        facts = self._library.get(dataset, "dataset")
        self._library.check_ready(facts)
        return facts

    async def _selected(self, selector: splits_pb2.SplitSelector, prefix: str = "") -> SplitFile:
        facts = self._library.get(selector.dataset, f"{prefix}dataset")
        return await self._kept.get(facts.name, selector.fingerprint, f"{prefix}fingerprint")

    async def _read(self, file: str, parts: AsyncIterator[splits_pb2.SplitsInspectRequest]) -> SplitFile:
        _check_file(file)
        content = bytearray()
        async with contextlib.aclosing(self._content(chunks_of(parts)).chunks()) as chunks:
            async for chunk in chunks:
                content += chunk.data
        try:
            return await asyncio.to_thread(decode_file, bytes(content), file)
        except SplitDamaged as damage:
            raise Refusal(split_failure(damage)) from damage

    def _content(self, chunks: AsyncIterator[tensor_pb2.TensorChunk]) -> TensorsInput:
        return TensorsInput(chunks, self._limits, "file", lambda _: "file", types=(tensor_pb2.ELEMENT_TYPE_UINT8,))


def _check_file(name: str) -> None:
    if not 0 < len(name) <= LONGEST_FILE_NAME or "/" in name:
        reason = f"must be called by a name of 1 to {LONGEST_FILE_NAME} characters without its folder"
        raise invalid([Violation("file", reason)])
