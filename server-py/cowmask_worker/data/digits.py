"""scikit-learn's handwritten digits: real images inside a Python package (UCI Optical Recognition, test part)."""

from functools import cache
from importlib.metadata import distribution
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cowmask_worker.data.stratified import stratified_shuffle_split

TEST_IMAGES = 360
# Which images are the test set, the same for everybody.
_TEST_SEED = 2003
_BRIGHTEST = 16


class Images(NamedTuple):
    """A dataset: images uint8 "n h w c", labels int32 "n"."""

    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.int32]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int32]


@cache
def load() -> Images:
    """1,437 training and 360 test images of 8x8 pixels; 0..16 is scaled to 0..255."""
    # The file alone: loading the package takes longer than jax.
    file = distribution("scikit-learn").locate_file("sklearn/datasets/data/digits.csv.gz")
    table = np.loadtxt(str(file), delimiter=",")
    images = np.rint(table[:, :-1] * 255 / _BRIGHTEST).astype(np.uint8).reshape(-1, 8, 8, 1)
    labels = table[:, -1].astype(np.int32)
    train, test = map(np.sort, stratified_shuffle_split(labels, TEST_IMAGES, _TEST_SEED))
    return Images(images[train], labels[train], images[test], labels[test])
