"""Ends this process when the one that started it is gone, by whatever way that is noticed first."""

import ctypes
import os
import signal
import sys
import threading
import time
from typing import NoReturn

from cowmask_worker.runs.process_identity import start_time

_POLL_SECONDS = 1.0
_PR_SET_PDEATHSIG = 1


def leave() -> NoReturn:
    """Ends the process at once: whatever thread notices, no other one must finish its work for nobody."""
    os._exit(0)


def guard_against_orphanhood(parent_pid: int, parent_start_time: int | None) -> None:
    """Watches standard input, which the parent holds open, and the parent itself."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_leave_at_end_of_input, name="stdin guard", daemon=True).start()
    threading.Thread(
        target=_leave_without, args=(parent_pid, parent_start_time), name="parent guard", daemon=True
    ).start()


def _leave_at_end_of_input() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    leave()


def _leave_without(pid: int, started: int | None) -> None:
    while os.getppid() == pid and (started is None or start_time(pid) == started):
        time.sleep(_POLL_SECONDS)
    leave()
