"""What a worker shows to clients, and wants to see of them, on an encrypted port."""

import ssl
from dataclasses import dataclass
from pathlib import Path

import grpc

from cowmask_worker.service.start_failure import StartFailure


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM. With `client_authority`, only clients with a certificate of that authority are heard."""

    certificate: bytes
    key: bytes
    client_authority: bytes | None

    def server_credentials(self) -> grpc.ServerCredentials:
        """TLS 1.2 or newer, which is gRPC's own lower bound."""
        return grpc.ssl_server_credentials(
            [(self.key, self.certificate)], self.client_authority, self.client_authority is not None
        )


def read_tls(certificate: Path, key: Path, client_authority: Path | None) -> Tls:
    """Raises `StartFailure` for what gRPC would take in silence and then refuse every client with."""
    read = [_read(path) for path in (certificate, key)]
    authority = None if client_authority is None else _read(client_authority)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # A key with a passphrase is refused: gRPC has no use for it, and nobody is there to be asked.
        context.load_cert_chain(certificate, key, password=b"")
    except (OSError, ValueError) as error:
        raise _unusable(f"The certificate {certificate} and the key {key} do not go together: {error}.") from error
    if authority is not None:
        try:
            context.load_verify_locations(client_authority)
        except (OSError, ValueError) as error:
            raise _unusable(f"The authority {client_authority} has no certificate, PEM: {error}.") from error
    return Tls(read[0], read[1], authority)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unusable(f"The file {path} can not be read: {error}.") from error


def _unusable(message: str) -> StartFailure:
    return StartFailure(
        "START_FAILED", message, "`npx cowmask certs` makes certificates and keys for a start.", exit_code=2
    )
