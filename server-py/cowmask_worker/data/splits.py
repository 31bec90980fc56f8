"""Which training images are held out and which keep their labels, by scikit-learn's stratified shuffle split."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedShuffleSplit

Indices = NDArray[np.int64]


class Splits(NamedTuple):
    """Indices into the training set. `unlabeled` is all that is not held out, the labeled images included."""

    labeled: Indices
    unlabeled: Indices
    validation: Indices


def split(labels: NDArray[np.int32], *, labeled: int, seed: int, validation: int, validation_seed: int) -> Splits:
    """Takes the validation images from all, then the labeled ones from what is left, both in proportion to the
    classes; size and seed are `test_size` and `random_state`, as in the authors' code.

    `labeled` lies between the number of classes and what the validation leaves; `validation` may be 0.
    """
    everything = np.arange(len(labels))
    held_out = _stratified(labels, validation, validation_seed)
    pool = np.setdiff1d(everything, held_out)
    return Splits(pool[_stratified(labels[pool], labeled, seed)], pool, held_out)


def _stratified(labels: NDArray[np.int32], count: int, seed: int) -> Indices:
    everything = np.arange(len(labels))
    if count in (0, len(labels)):
        return everything[:count]
    classes = len(np.unique(labels))
    # scikit-learn refuses a split that leaves fewer images than classes: draw a smaller one and fill it up.
    fill = classes if len(labels) - count < classes else 0
    draw = StratifiedShuffleSplit(n_splits=1, test_size=count - fill, random_state=seed)
    rest, chosen = next(draw.split(everything, labels))
    return np.concatenate([chosen, rest[: count - len(chosen)]])
