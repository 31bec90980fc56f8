"""Batches made ahead: how far, in which order, and how it ends."""

import threading
import time
from collections.abc import Callable, Generator
from itertools import islice
from pathlib import Path

import jax
import numpy as np
import pytest
from image_folder import KEYS, OPTIONS, pool
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from cowmask_worker.data.large.large_batches import HostBatch, large_batches
from cowmask_worker.data.large.prefetch import Prefetched, on_device


class Counted:
    """Counts from 0, and keeps how far it came and whether it was closed."""

    def __init__(self, end: int, error: Exception | None = None) -> None:
        self.made = 0
        self.closed = False
        self._end = end
        self._error = error

    def batches(self) -> Generator[int]:
        try:
            while self.made < self._end:
                self.made += 1
                yield self.made - 1
            if self._error is not None:
                raise self._error
        finally:
            self.closed = True


def eventually(condition: Callable[[], bool]) -> bool:
    until = time.monotonic() + 10
    while not condition() and time.monotonic() < until:
        time.sleep(0.01)
    return condition()


def test_everything_comes_in_order_and_then_the_end() -> None:
    source = Counted(20)
    assert list(Prefetched(source.batches(), lambda number: number * 2)) == list(range(0, 40, 2))
    assert source.closed


def test_it_goes_ahead_at_once_but_no_further_than_asked() -> None:
    source = Counted(10**9)
    with Prefetched(source.batches(), lambda number: number, depth=3) as ahead:
        assert eventually(lambda: source.made == 4)
        time.sleep(0.3)
        assert source.made == 4
        assert list(islice(ahead, 2)) == [0, 1]
        assert eventually(lambda: source.made == 6)
    assert source.closed
    assert next(ahead, None) is None
    assert not [thread for thread in threading.enumerate() if thread.name == "batches to the device"]


def test_an_error_comes_in_its_turn() -> None:
    source = Counted(2, OSError("gone"))
    ahead = Prefetched(source.batches(), lambda number: number)
    assert list(islice(ahead, 2)) == [0, 1]
    with pytest.raises(OSError, match="gone"):
        next(ahead)
    assert next(ahead, None) is None
    assert source.closed

    def refuse(_: int) -> int:
        raise MemoryError("device")

    source = Counted(2)
    with pytest.raises(MemoryError, match="device"):
        next(Prefetched(source.batches(), refuse))
    assert source.closed


@pytest.mark.parametrize("second_view", [False, True])
def test_a_batch_reaches_the_device_whole_and_one_view_once(tmp_path: Path, second_view: bool) -> None:
    options = OPTIONS._replace(second_view=second_view)
    images = pool(tmp_path)
    host: HostBatch = next(large_batches(images, options, KEYS, workers=0))
    with Prefetched(large_batches(images, options, KEYS, workers=1), on_device) as ahead:
        device = next(ahead)
    for taken, expected in zip(device, host, strict=True):
        assert isinstance(taken, jax.Array)
        np.testing.assert_array_equal(taken, expected)
    assert (device.unlabeled is device.unlabeled_second) is not second_view


def test_a_batch_is_spread_over_devices(tmp_path: Path) -> None:
    host = next(large_batches(pool(tmp_path), OPTIONS._replace(labeled=6), KEYS, workers=0))
    sharding = NamedSharding(Mesh(np.array(jax.devices()), ("data",)), PartitionSpec("data"))
    device = on_device(host, sharding)
    for taken, expected in zip(device, host, strict=True):
        assert taken.sharding == sharding
        np.testing.assert_array_equal(taken, expected)
