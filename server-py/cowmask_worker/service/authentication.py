"""Every method wants the token, local clients' calls too; only a health check is open."""

import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Never

import grpc
import grpc.aio

from cowmask_worker.runs.refusal import Refusal, refusal
from cowmask_worker.service.failures import abort

PROTOCOL = 1
TOKEN_KEY = "cowmask-token"
PROTOCOL_KEY = "cowmask-protocol"
_OPEN = frozenset({"/grpc.health.v1.Health/Check"})

type _Handler = grpc.RpcMethodHandler[Any, Any]


class Authentication(grpc.aio.ServerInterceptor):
    """Denies by default: a method that is not named above needs the token, whether there is such a method or not."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[_Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> _Handler | None:
        refused = self._judge(handler_call_details)
        return await continuation(handler_call_details) if refused is None else _refuse(refused)

    def _judge(self, details: grpc.HandlerCallDetails) -> Refusal | None:
        if details.method in _OPEN:
            return None
        given: dict[str, list[bytes]] = {}
        for key, value in details.invocation_metadata:
            given.setdefault(key, []).append(value.encode() if isinstance(value, str) else bytes(value))
        tokens = given.get(TOKEN_KEY, [])
        # Compared even where it is missing, in a time that tells nothing.
        if not hmac.compare_digest(tokens[0] if len(tokens) == 1 else b"", self._token):
            what = "has no token" if not tokens else "has a wrong token"
            return refusal(
                "UNAUTHENTICATED", f"The call {what}.", f"Send the worker's token as metadata `{TOKEN_KEY}`."
            )
        protocols = given.get(PROTOCOL_KEY, [])
        if protocols and protocols != [str(PROTOCOL).encode()]:
            theirs = protocols[0].decode("utf-8", errors="replace")[:20]
            return refusal(
                "PROTOCOL_MISMATCH",
                f"The client speaks protocol {theirs}, this worker protocol {PROTOCOL}.",
                "Use the same version of `cowmask` on both sides.",
            )
        return None


def _refuse(refused: Refusal) -> _Handler:
    """As a stream of both directions, so that the answer needs no message from the client first."""

    async def deny(_: AsyncIterator[bytes], context: grpc.aio.ServicerContext[bytes, bytes]) -> Never:
        await abort(context, refused)

    return grpc.stream_stream_rpc_method_handler(deny)
