"""Folders of image files that tell their number."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cowmask_worker.data.large.host_random import Words
from cowmask_worker.data.large.large_batches import HostBatch, LargeBatchOptions, LargePool, StreamWords
from cowmask_worker.data.large.records import Records, records
from cowmask_worker.data.large.views import Augmentation, Shape

COUNT = 11
SHAPE = Shape(size=8, channels=3)
KEYS = StreamWords(*(Words(7, number) for number in range(5)))
OPTIONS = LargeBatchOptions(labeled=5, unlabeled=4, shape=SHAPE, augmentation=Augmentation(), second_view=True)


def numbered(folder: Path, count: int = COUNT) -> Records:
    """PNG images in which red is the image's number, and blue and green are noise; labels are ten times the number."""
    noise = np.random.default_rng(0)
    names = [f"class {number % 3}/{number}\n'ü'.png" for number in range(count)]
    for number, name in enumerate(names):
        pixels = noise.integers(0, 256, (20 + number, 24, 3)).astype(np.uint8)
        pixels[..., 0] = number
        (folder / name).parent.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(folder / name)
    return records(folder, names, range(0, 10 * count, 10))


def pool(folder: Path) -> LargePool:
    return LargePool(numbered(folder), labeled=np.array([2, 5, 9]), unlabeled=np.arange(3, COUNT))


def numbers(images: NDArray[np.uint8]) -> list[int]:
    """Which images these are."""
    red = images[..., 0].reshape(len(images), -1)
    assert (red == red[:, :1]).all()
    return red[:, 0].tolist()


def assert_same(taken: HostBatch, expected: HostBatch) -> None:
    for one, other in zip(taken, expected, strict=True):
        np.testing.assert_array_equal(one, other)
