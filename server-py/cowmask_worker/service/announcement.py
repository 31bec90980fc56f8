"""The worker's one line on stdout: where it listens, or why it does not."""

import json
import os
from typing import Any

from cowmask_worker import __version__
from cowmask_worker.service.authentication import PROTOCOL
from cowmask_worker.service.start_failure import StartFailure


class Announcement:
    """Keeps stdout for itself and points file descriptor 1 at stderr, so that no library can spoil the line."""

    def __init__(self) -> None:
        self._descriptor = os.dup(1)
        os.dup2(2, 1)

    def ready(self, address: str) -> None:
        self._write({"address": address, "pid": os.getpid()})

    def failed(self, failure: StartFailure) -> None:
        self._write({"error": {"code": failure.code, "message": failure.message, "hint": failure.hint}})

    def _write(self, facts: dict[str, Any]) -> None:
        line = json.dumps({"protocol": PROTOCOL, "version": __version__, **facts}) + "\n"
        try:
            os.write(self._descriptor, line.encode())
        except BrokenPipeError:
            pass
        finally:
            os.close(self._descriptor)
