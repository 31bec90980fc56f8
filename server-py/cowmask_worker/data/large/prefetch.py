"""Batches on their way to the device while the ones before them are used."""

import contextlib
import queue
import threading
from collections.abc import Callable, Generator, Iterator
from typing import NamedTuple, Self

import jax
from jax.sharding import Sharding

from cowmask_worker.data.batches import RawBatch
from cowmask_worker.data.large.large_batches import HostBatch

DEPTH = 2
_WAIT_SECONDS = 0.1


def on_device(batch: HostBatch, sharding: Sharding | None = None) -> RawBatch:
    """Starts a batch's copy to the device, or, as this process' part of global arrays, to those of a sharding.

    What is in both views' places is copied once.
    """

    def put(array: object) -> jax.Array:
        if sharding is None:
            return jax.device_put(array)
        return jax.make_array_from_process_local_data(sharding, array)

    unlabeled = put(batch.unlabeled)
    second = unlabeled if batch.unlabeled_second is batch.unlabeled else put(batch.unlabeled_second)
    return RawBatch(put(batch.labeled), put(batch.labels), unlabeled, second)


class Prefetched[D](Iterator[D]):
    """What `place` makes of each batch, in order, up to `depth` of them made ahead in a thread, and one more waiting.

    It begins at once. `place`: `on_device` or the like. What `batches` or `place` raises is raised in its turn. Close
    it: that ends the thread, which closes `batches`; nobody else may use them meanwhile.
    """

    def __init__[B](self, batches: Generator[B], place: Callable[[B], D], *, depth: int = DEPTH) -> None:
        self._ready: queue.Queue[_Made[D] | _Over] = queue.Queue(depth)
        self._unwanted = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(batches, place), name="batches to the device", daemon=True
        )
        self._thread.start()

    def __next__(self) -> D:
        if self._unwanted.is_set():
            raise StopIteration
        item = self._ready.get()
        if isinstance(item, _Made):
            return item.value
        self.close()
        raise item.error

    def close(self) -> None:
        """Closing twice is fine."""
        self._unwanted.set()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run[B](self, batches: Generator[B], place: Callable[[B], D]) -> None:
        error: BaseException = StopIteration()
        try:
            # Closed here, since no other thread can close a generator while it makes something.
            with contextlib.closing(batches):
                for batch in batches:
                    self._offer(_Made(place(batch)))
                    if self._unwanted.is_set():
                        return
        except BaseException as raised:
            error = raised
        self._offer(_Over(error))

    def _offer(self, item: "_Made[D] | _Over") -> None:
        while not self._unwanted.is_set():
            try:
                return self._ready.put(item, timeout=_WAIT_SECONDS)
            except queue.Full:
                continue
        return None


class _Made[D](NamedTuple):
    value: D


class _Over(NamedTuple):
    error: BaseException
