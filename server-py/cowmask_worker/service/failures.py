"""Turns whatever goes wrong in a handler into a gRPC status and an `ErrorDetail`; no call ends as UNKNOWN."""

import contextlib
import inspect
import logging
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Never

import grpc
import grpc.aio
from google.protobuf.message import DecodeError

from cowmask.v1 import error_pb2, event_pb2
from cowmask_worker.runs.refusal import Refusal, Violation, invalid

DETAIL_KEY = "cowmask-error-bin"
# Clients take 8 KiB of metadata, and bytes travel as base64.
_MOST_DETAIL_BYTES = 5_000
_MOST_MESSAGE_CHARACTERS = 400
_OURS = "/cowmask.v1."
# Somebody else's handlers, but one of them is open to everybody.
_HEALTH = frozenset({"/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch"})

_STATUS = {
    "INVALID_OPTION": grpc.StatusCode.INVALID_ARGUMENT,
    "UNAUTHENTICATED": grpc.StatusCode.UNAUTHENTICATED,
    "PROTOCOL_MISMATCH": grpc.StatusCode.FAILED_PRECONDITION,
    "RUN_NOT_FOUND": grpc.StatusCode.NOT_FOUND,
    "CHECKPOINT_NOT_FOUND": grpc.StatusCode.NOT_FOUND,
    "RUN_NOT_ENDED": grpc.StatusCode.FAILED_PRECONDITION,
    "RUN_NOT_RESUMABLE": grpc.StatusCode.FAILED_PRECONDITION,
    "IDEMPOTENCY_CONFLICT": grpc.StatusCode.ALREADY_EXISTS,
    "STATE_IN_USE": grpc.StatusCode.FAILED_PRECONDITION,
    "STATE_UNUSABLE": grpc.StatusCode.FAILED_PRECONDITION,
    "CHECKPOINT_DAMAGED": grpc.StatusCode.FAILED_PRECONDITION,
    "DATASET_NOT_PREPARED": grpc.StatusCode.FAILED_PRECONDITION,
    "SPLIT_NOT_FOUND": grpc.StatusCode.NOT_FOUND,
    "SPLIT_DAMAGED": grpc.StatusCode.FAILED_PRECONDITION,
    "SPLIT_MISMATCH": grpc.StatusCode.FAILED_PRECONDITION,
    "SPLIT_CHANGED": grpc.StatusCode.FAILED_PRECONDITION,
    "DATASET_DAMAGED": grpc.StatusCode.FAILED_PRECONDITION,
    "DATASET_UNUSABLE": grpc.StatusCode.FAILED_PRECONDITION,
    "DATASET_CHANGED": grpc.StatusCode.FAILED_PRECONDITION,
    "DATASET_EXISTS": grpc.StatusCode.ALREADY_EXISTS,
    "TOO_MANY_STREAMS": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "STORAGE_FULL": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "INPUT_TIMEOUT": grpc.StatusCode.ABORTED,
    "TASK_CRASHED": grpc.StatusCode.ABORTED,
    "DEVICE_UNUSABLE": grpc.StatusCode.FAILED_PRECONDITION,
    "OUT_OF_MEMORY": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "WORKER_STOPPING": grpc.StatusCode.UNAVAILABLE,
}

_log = logging.getLogger(__name__)

type _Context = grpc.aio.ServicerContext[Any, Any]
type _Handler = grpc.RpcMethodHandler[Any, Any]


async def abort(context: _Context, refused: Refusal) -> Never:
    status = _STATUS.get(refused.failure.code, grpc.StatusCode.INTERNAL)
    # Travels beside the detail, three bytes for each that is not ASCII.
    message = refused.failure.message.encode()[:_MOST_MESSAGE_CHARACTERS].decode(errors="ignore")
    await context.abort(status, message, ((DETAIL_KEY, _detail(refused).SerializeToString()),))


def _detail(refused: Refusal) -> error_pb2.ErrorDetail:
    """Cut to what fits into metadata: of a traceback the end is kept, of violations the first ones."""
    detail = error_pb2.ErrorDetail(failure=refused.failure, violations=refused.violations[:1])
    while detail.ByteSize() > _MOST_DETAIL_BYTES and detail.failure.traceback:
        detail.failure.traceback = detail.failure.traceback[500:]
    if detail.ByteSize() > _MOST_DETAIL_BYTES:
        detail.failure.message = detail.failure.message[:_MOST_MESSAGE_CHARACTERS]
        for first in detail.violations:
            first.reason = first.reason[:_MOST_MESSAGE_CHARACTERS]
    # Added one by one, since there may be very many.
    for violation in refused.violations[1:]:
        detail.violations.append(violation)
        if detail.ByteSize() > _MOST_DETAIL_BYTES:
            del detail.violations[-1]
            break
    dropped = len(refused.violations) - len(detail.violations)
    if dropped:
        detail.violations.add(reason=f"{dropped} more are wrong; correct these first")
    return detail


class Failures(grpc.aio.ServerInterceptor):
    """Runs every handler of ours and those of health, the reading of the request included, inside one `try`.

    Every request is taken as a stream: gRPC leaves a call that ends before its one message without an answer.
    """

    def __init__(self) -> None:
        self.refuse_all: Refusal | None = None

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[_Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> _Handler | None:
        handler: Any = await continuation(handler_call_details)
        ours = handler_call_details.method.startswith(_OURS)
        if handler is None or not (ours or handler_call_details.method in _HEALTH):
            return handler
        behavior = handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream

        async def request_of(raw: AsyncIterator[bytes]) -> Any:
            if ours and self.refuse_all is not None:
                raise self.refuse_all
            messages = _messages(raw, handler.request_deserializer)
            return messages if handler.request_streaming else await _only(messages)

        async def answer(raw: AsyncIterator[bytes], context: _Context) -> Any:
            try:
                return await behavior(await request_of(raw), context)
            except Exception as error:
                await abort(context, _as_refusal(error))

        # Writes in place of yielding, so that a client that goes away interrupts it here and every block is left.
        async def answers(raw: AsyncIterator[bytes], context: _Context) -> None:
            try:
                async with contextlib.aclosing(behavior(await request_of(raw), context)) as messages:
                    async for message in messages:
                        await context.write(message)
            except Exception as error:
                await abort(context, _as_refusal(error))

        if handler.response_streaming:
            # A coroutine writes by itself.
            writer = answer if inspect.iscoroutinefunction(behavior) else answers
            return grpc.stream_stream_rpc_method_handler(writer, None, handler.response_serializer)  # pyright: ignore[reportArgumentType] - grpc.aio takes writers, too
        return grpc.stream_unary_rpc_method_handler(answer, None, handler.response_serializer)


async def _only(messages: AsyncIterator[Any]) -> Any:
    request = await anext(messages, None)
    if request is None or await anext(messages, None) is not None:
        raise invalid([Violation("", "the request must be one message")])
    return request


async def _messages(raw: AsyncIterator[bytes], deserialize: Callable[[bytes], Any]) -> AsyncIterator[Any]:
    async for each in raw:
        try:
            yield deserialize(each)
        except (DecodeError, ValueError) as error:
            raise invalid([Violation("", f"the request's bytes are no message of this method: {error}")]) from error


def _as_refusal(error: Exception) -> Refusal:
    if isinstance(error, grpc.aio.AbortError):
        raise error
    if isinstance(error, Refusal):
        return error
    text = "".join(traceback.format_exception(error))
    _log.error("a call failed\n%s", text)
    return Refusal(
        event_pb2.Failure(
            code="INTERNAL",
            message=f"The worker failed: {type(error).__name__}: {error}",
            hint="This is a fault of the worker; the traceback says where.",
            python_type=type(error).__name__,
            traceback=text,
        )
    )
