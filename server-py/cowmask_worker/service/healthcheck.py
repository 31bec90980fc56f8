"""`healthcheck`: asks a worker whether it serves, without its token."""

import sys
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc


def healthcheck(
    address: str,
    timeout_s: float,
    *,
    service: str = "",
    authority: Path | None = None,
    certificate: Path | None = None,
    key: Path | None = None,
    server_name: str | None = None,
) -> int:
    """0 if the worker serves, else 1 with the reason on stderr. Files are PEM; with an authority it speaks TLS."""
    options: list[tuple[str, Any]] = [("grpc.enable_http_proxy", 0)]
    if server_name is not None:
        options.append(("grpc.ssl_target_name_override", server_name))
    if authority is None:
        channel = grpc.insecure_channel(address, options)
    else:
        try:
            credentials = grpc.ssl_channel_credentials(*map(_read, (authority, key, certificate)))
        except OSError as error:
            print(f"{error.filename} can not be read: {error.strerror}", file=sys.stderr)
            return 1
        channel = grpc.secure_channel(address, credentials, options)
    with channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        try:
            answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=timeout_s)
        except grpc.RpcError as error:
            print(f"{address} does not answer: {error.details() or error.code().name}", file=sys.stderr)
            return 1
    if answer.status != health_pb2.HealthCheckResponse.SERVING:
        status = health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
        print(f"{address} answers {status}: it stops, or no device can be used yet; its log says why", file=sys.stderr)
        return 1
    return 0


def _read(path: Path | None) -> bytes | None:
    return None if path is None else path.read_bytes()
