"""Pieces of batches, made in processes of Grain's while the ones before them are used."""

import multiprocessing
import os
import shutil
import signal
import sys
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

import grain
from absl import flags
from numpy.typing import NDArray

from cowmask_worker.data.image_file import Unreadable

type Piece = dict[str, NDArray[Any]]
"""Arrays by name, maybe in shared memory: what is to be kept is copied."""

_PIECE_BYTES = 4 * 1024 * 1024
_MOST_IMAGES = 64
# Of each process: two pieces wait in Grain's two queues, one each before them and in the consumer's hands.
_BUFFERED = 1
_UNDER_WAY = 5
_SHARED_MEMORY = Path("/dev/shm")
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


def read_pieces(source: PieceSource, workers: int) -> Generator[Piece]:
    """The pieces of a source in their order. Close it: it owns processes.

    `workers` processes each make every `workers`-th piece and hold few of them ready; with 0, pieces are made when they
    are asked for. The processes never load jax, end with this one however it ends, and leave Ctrl-C to it. Raises
    `Unreadable` for a file that can't be used, wherever that was noticed.
    """
    reading = grain.ReadOptions(num_threads=0, prefetch_buffer_size=0)
    dataset = grain.MapDataset.source(cast("Any", _Told(source))).to_iter_dataset(reading)
    if workers:
        if not flags.FLAGS.is_parsed():
            # Grain asks for a flag before it starts a process, which raises in a program that parses none.
            flags.FLAGS.mark_as_parsed()
        processes = grain.MultiprocessingOptions(num_workers=workers, per_worker_buffer_size=_BUFFERED)
        dataset = _sent(dataset.mp_prefetch(processes, _start_worker), workers)
        # What is started from now on finds no jax; this process has long found it, through Grain.
        sys.path.insert(0, _WITHOUT_JAX)
    pieces = iter(dataset)
    try:
        for piece in pieces:
            if isinstance(piece, _Failure):
                raise Unreadable(piece.file, expected=piece.expected, found=piece.found, advice=piece.advice)
            yield piece
    finally:
        pieces.close()
        if workers:
            sys.path.remove(_WITHOUT_JAX)


def _sent(dataset: "grain.IterDataset[Any]", workers: int) -> "grain.IterDataset[Any]":
    """Has pieces travel in shared memory, or through pipes where a container has too little of it to be safe."""
    needed = 2 * workers * _UNDER_WAY * _PIECE_BYTES
    shared = _SHARED_MEMORY.exists() and shutil.disk_usage(_SHARED_MEMORY).free >= needed
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


def _start_worker(_index: int, _count: int) -> None:
    """What a process does first."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
