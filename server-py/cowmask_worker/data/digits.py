"""scikit-learn's handwritten digits: real images inside a Python package (UCI Optical Recognition, test part)."""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

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
    # Loaded here: it takes longer than jax, and most that know of digits never want one.
    from sklearn.datasets import load_digits
    from sklearn.model_selection import StratifiedShuffleSplit

    values, labels = load_digits(return_X_y=True)
    images = np.rint(values * 255 / _BRIGHTEST).astype(np.uint8).reshape(-1, 8, 8, 1)
    labels = labels.astype(np.int32)
    split = StratifiedShuffleSplit(n_splits=1, test_size=TEST_IMAGES, random_state=_TEST_SEED)
    train, test = (np.sort(part) for part in next(split.split(labels, labels)))
    return Images(images[train], labels[train], images[test], labels[test])
