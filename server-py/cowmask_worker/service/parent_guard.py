"""Notices that the process which started us is gone."""

import os
import threading
import time
from collections.abc import Callable

from cowmask_worker.runs.process_identity import start_time

POLL_S = 1.0


def guard_against_orphanage(parent: int, on_gone: Callable[[str], None]) -> None:
    """Calls `on_gone` with the reason, from a thread, at the end of stdin or when the parent is another process.

    The end of stdin comes however the parent dies, unless another child of the parent's has inherited the pipe's other
    end; then the parent's id and start time tell. Threads, because a busy event loop must not put it off.
    """
    started = start_time(parent)

    def read() -> None:
        try:
            while os.read(0, 4096):
                pass
        except OSError:
            pass
        on_gone("stdin ended")

    def poll() -> None:
        while os.getppid() == parent and start_time(parent) == started:
            time.sleep(POLL_S)
        on_gone("the parent process ended")

    for watch in (read, poll):
        threading.Thread(target=watch, name=f"parent guard: {watch.__name__}", daemon=True).start()
