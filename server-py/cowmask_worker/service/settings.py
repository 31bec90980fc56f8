"""What a worker is told at its start: over stdin by the SDK, or on the command line."""

import ipaddress
import json
import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cowmask_worker.options_file import options_file
from cowmask_worker.service.authentication import PROTOCOL
from cowmask_worker.service.limits import Limits
from cowmask_worker.service.start_failure import StartFailure
from cowmask_worker.service.tls import Tls, read_tls

_LONGEST_LINE_BYTES = 65_536
_SHORTEST_TOKEN = 16
_ROOT_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LOG_LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True)
class Settings:
    """`listen` is "host:port", or None for a socket in `folder`, which is private to this user. Without `tls` it is
    plain text."""

    token: str
    folder: Path
    state_folder: Path
    cache_folder: Path
    data_folder: Path
    data_roots: Mapping[str, Path]
    options: Path
    limits: Limits
    listen: str | None
    log: str
    tls: Tls | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """The command line of a worker to connect to; `data_roots` are NAME=FOLDER each."""

    listen: str
    token_file: Path
    tls_certificate: Path | None
    tls_key: Path | None
    tls_client_authority: Path | None
    insecure: bool
    state_folder: Path
    cache_folder: Path | None
    data_folder: Path | None
    data_roots: Sequence[str]
    log: str


def read_greeting() -> Settings:
    """The SDK's first line on stdin. Raises `StartFailure` for anything else."""
    line = _read_line()
    try:
        greeting: Any = json.loads(line)
    except ValueError as error:
        raise _wrong(f"The first line on stdin is no JSON: {error}.") from error
    if not isinstance(greeting, dict):
        raise _wrong("The first line on stdin is no JSON object.")
    if greeting.get("protocol") != PROTOCOL:
        raise StartFailure(
            "PROTOCOL_MISMATCH",
            f"The client speaks protocol {greeting.get('protocol')}, this worker protocol {PROTOCOL}.",
            "Use the same version of `cowmask` on both sides.",
        )
    folder = Path(_text(greeting, "folder"))
    _check_private(folder)
    return Settings(
        token=_checked_token(_text(greeting, "token")),
        folder=folder,
        state_folder=Path(_text(greeting, "state_dir")),
        cache_folder=Path(_text(greeting, "cache_dir")),
        data_folder=Path(_text(greeting, "data_dir")),
        data_roots=_roots(greeting.get("data_roots") or {}),
        options=Path(_text(greeting, "options")),
        limits=_limits(greeting.get("limits") or {}),
        listen=None,
        log=_log_level(greeting.get("log", "info")),
    )


def from_arguments(given: Arguments, folder: Path) -> Settings:
    """For a worker to connect to; `folder` is a private one for the task processes' socket."""
    try:
        token = given.token_file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise _wrong(f"The token file {given.token_file} can not be read: {error}.") from error
    tls = None
    if given.tls_certificate is not None and given.tls_key is not None:
        tls = read_tls(given.tls_certificate, given.tls_key, given.tls_client_authority)
    elif given.tls_client_authority is not None:
        raise _wrong(
            "--tls-client-authority needs --tls-certificate and --tls-key: without TLS no client shows a certificate.",
            2,
        )
    return Settings(
        token=_checked_token(token),
        folder=folder,
        state_folder=given.state_folder.resolve(),
        cache_folder=(given.cache_folder or given.state_folder / "compile-cache").resolve(),
        data_folder=(given.data_folder or given.state_folder / "datasets").resolve(),
        data_roots=_roots(dict(_named_root(root) for root in given.data_roots)),
        options=options_file(),
        limits=Limits(),
        listen=_address(given.listen, private=tls is not None or given.insecure),
        log=_log_level(given.log),
        tls=tls,
    )


def _read_line() -> bytes:
    """From the descriptor: nothing after the line may be swallowed by a buffer."""
    line = bytearray()
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            raise _wrong("stdin ended before its first line did.")
        line += byte
        if len(line) > _LONGEST_LINE_BYTES:
            raise _wrong(f"The first line on stdin is longer than {_LONGEST_LINE_BYTES:,} bytes.")
    return bytes(line)


def _text(greeting: dict[str, Any], name: str) -> str:
    value = greeting.get(name)
    if not isinstance(value, str) or not value or "\0" in value:
        raise _wrong(f'The first line on stdin lacks "{name}", a text.')
    return value


def _named_root(root: str) -> tuple[str, str]:
    name, separator, folder = root.partition("=")
    if not separator:
        raise _wrong(f"--data-root must be NAME=FOLDER, such as photos=/data/photos; got {root!r}.", exit_code=2)
    return name, folder


def _roots(wanted: Any) -> dict[str, Path]:
    if not isinstance(wanted, dict):
        raise _wrong("The data roots must be folders by name.")
    for name, folder in wanted.items():
        if not _ROOT_NAME.fullmatch(name):
            raise _wrong(f"The name of a data root must be 1 to 64 letters, digits, _ and -; got {name!r}.")
        if not isinstance(folder, str) or not folder or "\0" in folder or not Path(folder).is_dir():
            raise _wrong(f"The data root {name} must be a folder; got {folder!r}.")
    return {name: Path(folder).resolve() for name, folder in wanted.items()}


def _checked_token(token: str) -> str:
    if len(token) < _SHORTEST_TOKEN or not token.isascii() or not token.isprintable():
        raise _wrong(f"The token must have {_SHORTEST_TOKEN} printable ASCII characters or more.")
    return token


def _check_private(folder: Path) -> None:
    """Whoever may enter the folder may talk to the socket in it."""
    try:
        status = folder.stat()
    except OSError as error:
        raise _wrong(f"The folder for the socket can not be used: {error}.") from error
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise _wrong(f"The folder for the socket, {folder}, must be a folder of this user's with mode 0700.")


def _limits(wanted: Any) -> Limits:
    try:
        return Limits.lowered(dict(wanted))
    except (TypeError, ValueError) as error:
        raise _wrong(f"The limits are not understood: {error}.") from error


def _log_level(level: Any) -> str:
    if level not in _LOG_LEVELS:
        raise _wrong(f"The log level must be one of {', '.join(_LOG_LEVELS)}; got {level!r}.")
    return level


def _address(listen: str, *, private: bool) -> str:
    """Beyond this machine only where the way there is private: a token that can be read on it keeps nobody out."""
    host, separator, port = listen.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    if not separator or not bare or not port.isdecimal() or int(port) > 65_535:
        raise _wrong(f"--listen must be HOST:PORT, such as 127.0.0.1:0 for any free port; got {listen!r}.", exit_code=2)
    try:
        loopback = bare == "localhost" or ipaddress.ip_address(bare).is_loopback
    except ValueError:
        loopback = False
    if not loopback and not private:
        raise StartFailure(
            "START_FAILED",
            f"{host!r} is an address beyond this machine, and without TLS everybody on the way reads the token.",
            "Give --tls-certificate and --tls-key (`npx cowmask certs` makes them), listen on 127.0.0.1, or take the "
            "risk with --insecure, in a network where all are trusted.",
            exit_code=2,
        )
    return listen


def _wrong(message: str, exit_code: int = 1) -> StartFailure:
    return StartFailure(
        "START_FAILED", message, "Start the worker with the SDK's `launch()`, or see `serve --help`.", exit_code
    )
