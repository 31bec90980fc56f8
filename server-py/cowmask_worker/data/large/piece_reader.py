"""Pieces of batches, made in processes of Grain's while the ones before them are used."""

import gc
import multiprocessing
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Generator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

import numpy as np
from absl import flags
from numpy.typing import NDArray

from cowmask_worker.data.image_file import Unreadable

if TYPE_CHECKING:
    import grain

type Piece = dict[str, NDArray[Any]]
"""Arrays by name, maybe in shared memory: what is to be kept is copied."""

_PIECE_BYTES = 4 * 1024 * 1024
_MOST_IMAGES = 64
# Pieces of one process: one in the making, one in each of Grain's two queues, one between them, one being used.
_BUFFERED = 1
_UNDER_WAY = 5
_SHARED_MEMORY = Path("/dev/shm")
_DELETION_SECONDS = 1.0
_WITHOUT_JAX = str(Path(__file__).parent / "without_jax")


class PieceSource(Protocol):
    """Makes pieces by number, from 0 on. Travels to other processes by pickle, so it is small."""

    def __len__(self) -> int: ...

    def __getitem__(self, number: int) -> Piece:
        """May raise `Unreadable`."""
        ...


def images_a_piece(image_bytes: int) -> int:
    """So many that the way to another process costs little, and so few that what is under way stays small."""
    return min(_MOST_IMAGES, max(1, _PIECE_BYTES // image_bytes))


def read_pieces(
    source: PieceSource, workers: int, *, largest: int = _PIECE_BYTES, scratch: Path | None = None
) -> Generator[Piece]:
    """The pieces of a source in their order. Close it: it owns processes.

    `workers` processes each make every `workers`-th piece and hold few of them ready; with 0, pieces are made when they
    are asked for. The processes never load jax, end with this one however it ends, and leave Ctrl-C to it. `largest`:
    bytes of the largest piece; `scratch`: a folder that is for nobody else and must not outlive this process, which the
    processes remove when it could not. Raises `Unreadable` for a file that can't be used, wherever that was noticed.
    """
    # Loaded by those alone who read pieces: with what it brings it takes most of the time that jax does.
    import grain

    reading = grain.ReadOptions(num_threads=0, prefetch_buffer_size=0)
    dataset = grain.MapDataset.source(cast("Any", _Told(source))).to_iter_dataset(reading)
    if workers:
        if not flags.FLAGS.is_parsed():
            # Grain asks for a flag before it starts a process, which raises in a program that parses none.
            flags.FLAGS.mark_as_parsed()
        processes = grain.MultiprocessingOptions(num_workers=workers, per_worker_buffer_size=_BUFFERED)
        begin = partial(_start_worker, scratch)
        dataset = _sent(dataset.mp_prefetch(processes, begin), workers * _UNDER_WAY * largest)
        # What is started from now on finds no jax; this process has long found it, through Grain.
        sys.path.insert(0, _WITHOUT_JAX)
    pieces = iter(dataset)
    try:
        # No variable here holds a piece: all of them are gone when the deletions are awaited.
        yield from map(_whole, pieces)
    finally:
        pieces.close()
        if workers:
            sys.path.remove(_WITHOUT_JAX)
            _await_deletions()
            # Semaphores are given back when they are collected, which must be before the program ends.
            del pieces, dataset
            gc.collect()


def _whole(piece: "Piece | _Failure") -> Piece:
    if isinstance(piece, _Failure):
        raise Unreadable(piece.file, expected=piece.expected, found=piece.found, advice=piece.advice)
    return piece


def _await_deletions() -> None:
    """Waits until Grain has deleted the shared memory of the pieces that are gone.

    It does so in a thread, one after another; what that thread has left when the program ends is complained about on
    standard error. So the last thing it is given to delete is waited for.
    """
    if not _SHARED_MEMORY.exists():
        return
    from grain.multiprocessing import SharedMemoryArray

    last = SharedMemoryArray((1,), np.uint8)
    file = _SHARED_MEMORY / last.metadata.name.lstrip("/")
    last.unlink_on_del()
    del last
    until = time.monotonic() + _DELETION_SECONDS
    while file.exists() and time.monotonic() < until:
        time.sleep(0.001)


def _sent(dataset: "grain.IterDataset[Any]", under_way: int) -> "grain.IterDataset[Any]":
    """Has pieces travel in shared memory, or through pipes where there is too little of it: writing to more than there
    is kills a process, and a container has 64 MiB by default."""
    import grain

    shared = _SHARED_MEMORY.exists() and shutil.disk_usage(_SHARED_MEMORY).free >= 2 * under_way
    options = grain.experimental.DatasetOptions(min_shm_size=65_536 if shared else sys.maxsize)
    return grain.experimental.WithOptionsIterDataset(dataset, options)


class _Failure(NamedTuple):
    """An `Unreadable` as a piece: as an exception it would not survive the way to another process."""

    file: str
    expected: str
    found: str
    advice: str


class _Told:
    """A source that gives failures where the one within raises."""

    def __init__(self, source: PieceSource) -> None:
        self._source = source

    def __len__(self) -> int:
        return len(self._source)

    def __getitem__(self, number: int) -> Piece | _Failure:
        try:
            return self._source[number]
        except Unreadable as error:
            return _Failure(error.file, error.expected, error.found, error.advice)


def _start_worker(scratch: Path | None, _index: int, _workers: int) -> None:
    """What a process does first."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(scratch,), daemon=True).start()


def _end_with_parent(scratch: Path | None) -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)
        os._exit(1)
