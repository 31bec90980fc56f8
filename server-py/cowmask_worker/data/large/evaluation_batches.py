"""Every image of a set once, in order, by its middle: what a model is judged by."""

import contextlib
import tempfile
from collections.abc import Generator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cowmask_worker.data.contents import UNLABELED
from cowmask_worker.data.large.host_share import Host, share
from cowmask_worker.data.large.piece_reader import Piece, images_a_piece, read_pieces
from cowmask_worker.data.large.pieces import divided
from cowmask_worker.data.large.records import Records, mapped
from cowmask_worker.data.large.views import Shape, read_evaluation_view


class EvaluationBatch(NamedTuple):
    """A host's part of a batch. All batches have one size: of the last, only the first `real` rows are images, the
    rest are zeros with the label `UNLABELED`, which no tally counts."""

    images: NDArray[np.uint8]
    """[b, size, size, channels]"""
    labels: NDArray[np.int32]
    """[b]"""
    real: int
    """0..b: of a host's part, it can be 0."""


def evaluation_batches(
    records: Records,
    indices: NDArray[np.int64],
    shape: Shape,
    *,
    batch: int,
    workers: int = 1,
    host: Host = Host(),  # noqa: B008
) -> Generator[EvaluationBatch]:
    """Batches of `batch` images (of all hosts together), in the order of `indices`, each image once. Close it, unless
    it was used up: it owns processes.

    `workers`: processes that decode; 0 decodes in the calling thread. Raises `ValueError` for a batch that can't be
    divided among the hosts; the generator raises `image_file.Unreadable` for a file that can't be used, and is over
    then.
    """
    return _batches(records, indices, shape, batch, workers, share(batch, host))


def _batches(
    records: Records, indices: NDArray[np.integer], shape: Shape, batch: int, workers: int, mine: range
) -> Generator[EvaluationBatch]:
    size, channels, _ = shape
    with tempfile.TemporaryDirectory(prefix="cowmask-records-") as folder:
        records.save(Path(folder))
        np.save(Path(folder, "indices.npy"), indices, allow_pickle=False)
        source = _Pieces(Path(folder), len(indices), shape, batch, mine)
        largest = max((len(rows) for rows in source.plan), default=0) * size * size * channels
        reading = read_pieces(source, workers, largest=largest, scratch=Path(folder))
        with contextlib.closing(reading) as pieces:
            for step in range(source.steps):
                images = np.zeros((len(mine), size, size, channels), np.uint8)
                labels = np.full(len(mine), UNLABELED, np.int32)
                made = EvaluationBatch(images, labels, len(source.real(step, mine)))
                for rows in source.plan:
                    _fill(made, rows.start - mine.start, next(pieces))
                yield made


def _fill(batch: EvaluationBatch, start: int, piece: Piece) -> None:
    place = slice(start, start + len(piece["labels"]))
    batch.images[place], batch.labels[place] = piece["images"], piece["labels"]


@dataclass(frozen=True)
class _Pieces:
    """The pieces of all batches, for `read_pieces`."""

    folder: Path
    count: int
    shape: Shape
    batch: int
    mine: range

    @cached_property
    def plan(self) -> list[range]:
        """The rows of a batch that make a piece."""
        size, channels, _ = self.shape
        return divided(self.mine, images_a_piece(size * size * channels))

    @cached_property
    def stored(self) -> tuple[Records, NDArray[np.integer]]:
        """Mapped where it is used, so that processes share it."""
        return Records.load(self.folder), mapped(self.folder / "indices.npy")

    @property
    def steps(self) -> int:
        return -(-self.count // self.batch)

    def real(self, step: int, rows: range) -> range:
        """The places in the set that rows of a batch show: fewer than rows, or none, at its end."""
        start = step * self.batch
        return range(start + rows.start, min(start + rows.stop, self.count))

    def __len__(self) -> int:
        return self.steps * len(self.plan)

    def __getitem__(self, number: int) -> Piece:
        step, number = divmod(number, len(self.plan))
        records, indices = self.stored
        chosen = indices[np.array(self.real(step, self.plan[number]), np.int64)]
        size, channels, _ = self.shape
        images = np.empty((len(chosen), size, size, channels), np.uint8)
        for row, index in enumerate(chosen.tolist()):
            images[row] = read_evaluation_view(records.path(index), self.shape)
        return {"images": images, "labels": records.labels[chosen]}
