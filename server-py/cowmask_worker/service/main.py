"""`serve`: from the command line or the SDK's greeting to a worker that listens, and to its end."""

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from cowmask_worker.service.announcement import Announcement
from cowmask_worker.service.control import Control
from cowmask_worker.service.parent_guard import guard_against_orphanage
from cowmask_worker.service.settings import Arguments, Settings, from_arguments, read_greeting
from cowmask_worker.service.start_failure import StartFailure

DRAIN_GRACE_S = 8.0
# All has to be gone 5 s after the parent.
ORPHAN_GRACE_S = 3.0
_ORPHAN_EXIT_S = 4.5


class _Stop(NamedTuple):
    why: str
    grace_s: float


type _Guard = Callable[[Callable[[_Stop], None], Path], None]
"""Sees to it that the worker stops when it should; knows the folder of its sockets."""


def serve_stdio() -> int:
    """For a client that has started us and talks over stdin and stdout. Never returns once the worker listens."""
    parent = os.getppid()
    announcement = Announcement()
    # Ctrl-C reaches the whole process group; what it means is for the client to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def guard(stop: Callable[[_Stop], None], folder: Path) -> None:
        def orphaned(why: str) -> None:
            timer = threading.Timer(_ORPHAN_EXIT_S, _leave_behind, [folder])
            timer.daemon = True
            timer.start()
            stop(_Stop(why, ORPHAN_GRACE_S))

        guard_against_orphanage(parent, orphaned)

    return _serve(announcement, read_greeting, guard)


def _leave_behind(folder: Path) -> None:
    """What did not stop in time the kernel ends with us; the sockets nobody else would remove."""
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


def serve_listen(arguments: Arguments) -> int:
    """For clients that connect. Never returns once the worker listens."""
    announcement = Announcement()
    folder = Path(tempfile.mkdtemp(prefix="cowmask-"))
    try:
        return _serve(announcement, lambda: from_arguments(arguments, folder), lambda *_: None)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _serve(
    announcement: Announcement,
    settle: Callable[[], Settings],
    guard: _Guard,
) -> int:
    try:
        settings = settle()
        _configure_log(settings.log)
        asyncio.run(_run(settings, announcement, guard))
    except StartFailure as failure:
        announcement.failed(failure)
        print(f"{failure.message} {failure.hint}", file=sys.stderr, flush=True)
        return failure.exit_code
    # Whoever made the folder for the sockets may be gone; only an empty one is removed.
    with contextlib.suppress(OSError):
        settings.folder.rmdir()
    # Threads of gRPC's or a blocked stderr must not keep us.
    with contextlib.suppress(OSError):
        sys.stderr.flush()
    os._exit(0)


async def _run(settings: Settings, announcement: Announcement, guard: _Guard) -> None:
    loop = asyncio.get_running_loop()
    asked: asyncio.Future[_Stop] = loop.create_future()

    def stop(why: _Stop) -> None:
        if not asked.done():
            asked.set_result(why)

    loop.add_signal_handler(signal.SIGTERM, stop, _Stop("SIGTERM", DRAIN_GRACE_S))
    if settings.listen is not None:
        loop.add_signal_handler(signal.SIGINT, stop, _Stop("SIGINT", DRAIN_GRACE_S))

    def stop_from_thread(why: _Stop) -> None:
        loop.call_soon_threadsafe(stop, why)

    guard(stop_from_thread, settings.folder)
    control = Control(settings)
    address = await control.start()
    announcement.ready(address)
    why = await asked
    logging.getLogger(__name__).info("stopping: %s", why.why)
    await control.stop(why.grace_s)


def _configure_log(level: str) -> None:
    logging.basicConfig(
        stream=sys.stderr, level=level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    # It tells of every call that is cancelled.
    logging.getLogger("grpc").setLevel(logging.ERROR)
    logging.getLogger("asyncio").setLevel(logging.WARNING)
