"""A gRPC server: on a Unix socket where the path is short enough, else on a port, of loopback unless told otherwise."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

import grpc
import grpc.aio

MESSAGE_BYTES = 16 * 1024 * 1024
_LONGEST_SOCKET_PATH_BYTES = 107
_LOOPBACK = "127.0.0.1:0"

_OPTIONS = (
    # A second server on the same port must fail, not share the calls.
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", MESSAGE_BYTES),
    ("grpc.max_send_message_length", MESSAGE_BYTES),
    # Clients may ask on an idle stream whether we are there; the default answers that with an end of the connection.
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 1_000),
    ("grpc.http2.max_ping_strikes", 0),
)
# A network may swallow everything without an end. Who is silent for half a minute is asked, and given up 10 s later.
_ACROSS_A_NETWORK = (
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.http2.ping_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),
)


class Endpoint:
    def __init__(
        self,
        where: Path | str,
        interceptors: Sequence[grpc.aio.ServerInterceptor] = (),
        credentials: grpc.ServerCredentials | None = None,
    ) -> None:
        """`where` is a socket's path or "host:port"; without `credentials` it speaks plain text."""
        options = _OPTIONS if isinstance(where, Path) else _OPTIONS + _ACROSS_A_NETWORK
        self.server = grpc.aio.server(options=options, interceptors=interceptors)
        self._socket = where if isinstance(where, Path) else None
        if self._socket is not None and len(str(self._socket).encode()) > _LONGEST_SOCKET_PATH_BYTES:
            self._socket = None
        self._wanted = f"unix:{self._socket}" if self._socket else where if isinstance(where, str) else _LOOPBACK
        self._credentials = credentials
        self.address = ""

    async def start(self) -> None:
        """Sets `address`, as a client dials it. Raises `RuntimeError` where the address is taken."""
        port = (
            self.server.add_insecure_port(self._wanted)
            if self._credentials is None
            else self.server.add_secure_port(self._wanted, self._credentials)
        )
        self.address = self._wanted if self._socket else f"{self._wanted.rpartition(':')[0]}:{port}"
        await self.server.start()

    async def stop(self, grace_s: float) -> None:
        await self.server.stop(grace_s)
        if self._socket is not None:
            with contextlib.suppress(FileNotFoundError):
                self._socket.unlink()
