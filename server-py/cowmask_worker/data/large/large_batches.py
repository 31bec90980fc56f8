"""The batches of a run's steps, made on the host while the device trains: a pure function of (keys, step)."""

import contextlib
import math
import tempfile
from collections.abc import Generator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cowmask_worker.data.large.host_order import streamed_index
from cowmask_worker.data.large.host_random import Words
from cowmask_worker.data.large.host_share import Host, share
from cowmask_worker.data.large.piece_reader import Piece, images_a_piece, read_pieces
from cowmask_worker.data.large.pieces import divided
from cowmask_worker.data.large.records import Records, mapped
from cowmask_worker.data.large.views import Augmentation, Shape, View, random_view, read_views

_ENDLESS = 2**60


class LargePool(NamedTuple):
    """What is drawn from: image files, and which of them each stream visits."""

    records: Records
    labeled: NDArray[np.integer]
    """[l] indices into the records; so is `unlabeled`, [u]."""
    unlabeled: NDArray[np.integer]


class StreamWords(NamedTuple):
    """The keys of a run's data streams, the same at every step."""

    labeled_order: Words
    unlabeled_order: Words
    labeled_augment: Words
    unlabeled_augment: Words
    unlabeled_augment_second: Words


class LargeBatchOptions(NamedTuple):
    """`labeled`, `unlabeled`: images a step, of all hosts together; `second_view`: whether the unlabeled images are
    augmented twice, independently."""

    labeled: int
    unlabeled: int
    shape: Shape
    augmentation: Augmentation
    second_view: bool


class HostBatch(NamedTuple):
    """A host's part of a step's images, in arrays of their own; without a second view, `unlabeled_second` is
    `unlabeled` itself."""

    labeled: NDArray[np.uint8]
    """[b, size, size, channels]"""
    labels: NDArray[np.int32]
    """[b]"""
    unlabeled: NDArray[np.uint8]
    """[v, size, size, channels]; so is `unlabeled_second`."""
    unlabeled_second: NDArray[np.uint8]


def large_batches(
    pool: LargePool,
    options: LargeBatchOptions,
    keys: StreamWords,
    *,
    first_step: int = 0,
    workers: int = 1,
    host: Host = Host(),  # noqa: B008
) -> Generator[HostBatch]:
    """The batches of steps `first_step`, `first_step` + 1, ... without end. Close it: it owns processes.

    Both streams are endless and know nothing of each other; each pass is a new permutation, and every batch is full,
    whichever way pass and batch lie, so that a set smaller than a batch is repeated within it. Place i of a stream
    shows the same pixels whatever `first_step`, `workers`, `host` and the size of batches are: resume needs the step
    alone, and hosts together make what one would.

    `workers`: processes that decode; 0 decodes in the calling thread. Raises `ValueError` for a stream that is drawn
    from and has no images, and for a batch that can't be divided among the hosts; the generator raises
    `image_file.Unreadable` for a file that can't be used, and is over then.
    """
    for name, batch, indices in (
        ("labeled", options.labeled, pool.labeled),
        ("unlabeled", options.unlabeled, pool.unlabeled),
    ):
        if batch and not len(indices):
            raise ValueError(f"There is no {name} image to make batches of {batch} from.")
    return _batches(pool, options, keys, first_step, workers, _plan(options, host))


def _batches(
    pool: LargePool, options: LargeBatchOptions, keys: StreamWords, first_step: int, workers: int, plan: "list[_Part]"
) -> Generator[HostBatch]:
    labeled, unlabeled = (sum(len(part.rows) for part in plan if part.labeled is which) for which in (True, False))
    image = (options.shape.size, options.shape.size, options.shape.channels)
    with tempfile.TemporaryDirectory(prefix="cowmask-records-") as folder:
        pool.records.save(Path(folder))
        np.save(Path(folder, "labeled.npy"), pool.labeled, allow_pickle=False)
        np.save(Path(folder, "unlabeled.npy"), pool.unlabeled, allow_pickle=False)
        source = _Pieces(Path(folder), options, keys, first_step, plan)
        largest = max((len(part.rows) for part in plan), default=0) * math.prod(image) * (1 + options.second_view)
        reading = read_pieces(source, workers, largest=largest, scratch=Path(folder))
        with contextlib.closing(reading) as pieces:
            while True:
                # New arrays for every batch: a device may go on reading those of the one before.
                first = np.empty((unlabeled, *image), np.uint8)
                second = np.empty_like(first) if options.second_view else first
                batch = HostBatch(np.empty((labeled, *image), np.uint8), np.empty(labeled, np.int32), first, second)
                for part in plan:
                    _fill(batch, part, next(pieces))
                yield batch


class _Part(NamedTuple):
    """Rows of the global batch that make a piece, and where in the host's batch they start."""

    labeled: bool
    rows: range
    place: int


def _plan(options: LargeBatchOptions, host: Host) -> list[_Part]:
    """The pieces of every step."""
    size, channels, _ = options.shape
    most = images_a_piece(size * size * channels)
    # A piece of two views holds half as many images, so that all pieces take about the same time.
    lists = [
        (True, share(options.labeled, host), most),
        (False, share(options.unlabeled, host), max(1, most // 2) if options.second_view else most),
    ]
    return [
        _Part(labeled, rows, rows.start - mine.start) for labeled, mine, most in lists for rows in divided(mine, most)
    ]


def _fill(batch: HostBatch, part: _Part, piece: Piece) -> None:
    place = slice(part.place, part.place + len(part.rows))
    if part.labeled:
        batch.labeled[place], batch.labels[place] = piece["images"], piece["labels"]
    else:
        batch.unlabeled[place] = piece["images"]
        if "second" in piece:
            batch.unlabeled_second[place] = piece["second"]


@dataclass(frozen=True)
class _Pieces:
    """The pieces of all steps from the first on, for `read_pieces`."""

    folder: Path
    options: LargeBatchOptions
    keys: StreamWords
    first_step: int
    plan: list[_Part]

    @cached_property
    def pool(self) -> LargePool:
        """Mapped where it is used, so that processes share it."""
        indices = (mapped(self.folder / f"{name}.npy") for name in ("labeled", "unlabeled"))
        return LargePool(Records.load(self.folder), *indices)

    def __len__(self) -> int:
        return _ENDLESS

    def __getitem__(self, number: int) -> Piece:
        step, number = divmod(number, len(self.plan))
        part, options, keys, pool = self.plan[number], self.options, self.keys, self.pool
        if part.labeled:
            batch, indices, order = options.labeled, pool.labeled, keys.labeled_order
            views = [keys.labeled_augment]
        else:
            batch, indices, order = options.unlabeled, pool.unlabeled, keys.unlabeled_order
            views = [keys.unlabeled_augment, keys.unlabeled_augment_second][: 1 + options.second_view]
        positions = (self.first_step + step) * batch + np.array(part.rows, np.int64)
        chosen = indices[streamed_index(order, positions, len(indices))]
        size, channels, _ = options.shape
        images = np.empty((len(views), len(positions), size, size, channels), np.uint8)
        for row, (position, index) in enumerate(zip(positions.tolist(), chosen.tolist(), strict=True)):
            choose = partial(_random_views, views, position, options.augmentation)
            images[:, row] = read_views(pool.records.path(index), choose, options.shape)
        if part.labeled:
            return {"images": images[0], "labels": pool.records.labels[chosen]}
        return {"images": images[0], "second": images[1]} if options.second_view else {"images": images[0]}


def _random_views(views: list[Words], position: int, augmentation: Augmentation, height: int, width: int) -> list[View]:
    return [random_view(words, position, height, width, augmentation) for words in views]
