"""Tells control while a trainer lives: a frozen process falls silent, a busy one shows that it uses the processor."""

import contextlib
import threading
import time
from collections.abc import Generator

from cowmask.internal.v1 import tasks_pb2
from cowmask_worker.tasks.call import Call

BEAT_S = 1.0


@contextlib.contextmanager
def beating(call: Call) -> Generator[None]:
    """Sends a beat now and every second until the block is left, from a thread of its own."""
    over = threading.Event()

    def beat() -> None:
        while True:
            call.send(beat=tasks_pb2.Beat(cpu_ms=time.process_time() * 1000))
            if over.wait(BEAT_S):
                return

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        # What it sends belongs to the call, so it must have ended before the call does.
        thread.join()
