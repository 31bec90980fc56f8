"""A worker process that is used, stopped, killed and started again on one state folder, and readers of its events."""

import contextlib
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Self

import grpc
from running_control import detail
from worker_process import METADATA, SERVER, Worker, children, gone_within, greeting, started

from cowmask.v1 import event_pb2, experiments_pb2, experiments_pb2_grpc

PATIENCE_S = 60
# A stream is dropped, loses its worker, or its run, or lasts longer than a call may.
_BREAKS = {
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.DEADLINE_EXCEEDED,
}
_PROGRAM = [sys.executable, "-I", str(SERVER / "tests" / "service" / "worker_with_fake_tasks.py")]


class Refused(Exception):  # noqa: N818
    """A call that was refused, as the client sees it."""

    def __init__(self, error: grpc.RpcError) -> None:
        self.status: Any = error.code()  # pyright: ignore[reportAttributeAccessIssue] - a call, too
        self.code = detail(error).failure.code
        super().__init__(self.status, self.code)


class DrivenWorker:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._left = contextlib.ExitStack()
        self._process: Worker
        self.experiments: Any
        self.start()

    @property
    def state(self) -> Path:
        return self._folder / "state"

    def start(self) -> None:
        sockets = Path(tempfile.mkdtemp(dir=self._folder))
        self._process = self._left.enter_context(started(greeting(sockets, self.state, log="error"), _PROGRAM))
        threading.Thread(target=self._process.rest_of_stderr, daemon=True).start()
        channel = self._left.enter_context(grpc.insecure_channel(self._process.address))
        self.experiments = experiments_pb2_grpc.ExperimentsStub(channel)

    def call(self, method: str, request: Any) -> Any:
        """Raises `Refused`."""
        try:
            return getattr(self.experiments, method)(request, metadata=METADATA, timeout=PATIENCE_S)
        except grpc.RpcError as error:
            raise Refused(error) from None

    def run(self, run_id: str) -> experiments_pb2.Run:
        return self.call("Get", experiments_pb2.GetRequest(run_id=run_id)).run

    def runs(self) -> list[experiments_pb2.Run]:
        """All, newest first."""
        return list(self.call("List", experiments_pb2.ListRequest(page_size=1_000)).runs)

    def events(self, run_id: str, first: int, last: int) -> list[event_pb2.Event]:
        """Events that are committed. Raises `Refused`."""
        if first > last:
            return []
        request = experiments_pb2.WatchRequest(run_id=run_id, from_seq=first)
        call = self.experiments.Watch(request, metadata=METADATA, timeout=PATIENCE_S)
        found: list[event_pb2.Event] = []
        try:
            for answer in call:
                found.append(answer.event)
                if answer.event.seq == last:
                    call.cancel()
                    return found
        except grpc.RpcError as error:
            raise Refused(error) from None
        raise AssertionError(f"the events of {run_id} end before number {last}")

    def trainers(self) -> list[int]:
        return children(self._process.process.pid)

    def stop(self) -> float:
        """In order; nothing is left. How many seconds it took."""
        began = time.monotonic()
        family = [self._process.process.pid, *self.trainers()]
        self._process.process.send_signal(signal.SIGTERM)
        assert self._process.process.wait(PATIENCE_S) == 0
        return self._gone(family, began)

    def kill(self) -> None:
        """At once; its task processes notice."""
        family = [self._process.process.pid, *self.trainers()]
        self._process.process.kill()
        self._gone(family, time.monotonic())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._left.close()

    def _gone(self, family: list[int], began: float) -> float:
        assert gone_within(PATIENCE_S, family)
        took = time.monotonic() - began
        self._left.close()
        return took


class Reader:
    """Reads the events of a run from one on, over as many streams as it takes; all must come, and each once."""

    def __init__(self, run_id: str, first: int) -> None:
        self.run_id = run_id
        self.first = first
        self.seen: list[event_pb2.Event] = []
        self._call: Any = None
        self._thread: threading.Thread | None = None
        # Where a stream ended by itself: the number of the last event before; and how others broke.
        self._ends: list[int] = []
        self._broken: list[grpc.StatusCode] = []

    @property
    def next(self) -> int:
        return self.first + len(self.seen)

    @property
    def attached(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def attach(self, worker: DrivenWorker) -> None:
        self.drop()
        request = experiments_pb2.WatchRequest(run_id=self.run_id, from_seq=self.next)
        self._call = worker.experiments.Watch(request, metadata=METADATA, timeout=PATIENCE_S)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            for answer in self._call:
                self.seen.append(answer.event)
            self._ends.append(self.next - 1)
        except grpc.RpcError as error:
            self._broken.append(error.code())  # pyright: ignore[reportAttributeAccessIssue] - a call, too

    def drop(self) -> None:
        if self._thread is not None:
            self._call.cancel()
            self._thread.join()

    def reaches(self, last: int) -> bool:
        """Whether every event up to `last` comes; the stream may end after the one that it should end with."""
        end = time.monotonic() + PATIENCE_S
        while self.next <= last and self.attached and time.monotonic() < end:
            time.sleep(0.005)
        return self.next > last

    def check(self, events: list[event_pb2.Event]) -> None:
        """What was seen of the run's events, which are known up to some number."""
        known = events[self.first - 1 :]
        both = min(len(known), len(self.seen))
        assert self.seen[:both] == known[:both]
        assert [event.seq for event in self.seen] == list(range(self.first, self.next))
        assert all(events[end - 1].HasField("finished") for end in self._ends if end <= len(events))
        assert set(self._broken) <= _BREAKS
