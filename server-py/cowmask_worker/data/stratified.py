"""A stratified shuffle split: every class gives its share of what is chosen.

Draws, index for index, what scikit-learn's `StratifiedShuffleSplit` draws, which the authors' code uses. Written out
since which images keep their labels must not change with a library's version, and since to load that library took a
fifth of a run's start.
"""

import numpy as np
from numpy.typing import NDArray

type Indices = NDArray[np.int64]


def stratified_shuffle_split(labels: NDArray[np.int32], count: int, seed: int) -> tuple[Indices, Indices]:
    """All that is not chosen, and `count` chosen indices into `labels` (int32 [n]), both in shuffled order.

    `seed` is 0 to 2^32 - 1. `count` lies between 1 and n - 1, and each class has two or more.
    """
    # The legacy generator, whose stream numpy has promised never to change.
    random = np.random.RandomState(seed)
    _, sizes = np.unique(labels, return_counts=True)
    members = np.split(np.argsort(labels, kind="stable"), np.cumsum(sizes)[:-1])
    left = _shares(sizes, len(labels) - count, random)
    given = _shares(sizes - left, count, random)
    shuffled = [each[random.permutation(len(each))] for each in members]
    rest = np.concatenate([each[:end] for each, end in zip(shuffled, left, strict=True)])
    chosen = np.concatenate([each[end : end + more] for each, end, more in zip(shuffled, left, given, strict=True)])
    return random.permutation(rest), random.permutation(chosen)


def _shares(sizes: NDArray[np.int64], count: int, random: np.random.RandomState) -> NDArray[np.int64]:
    """How many of `count` each class gives: in proportion to its size, rounded down, and one more by the largest
    fractions, equal ones by lot."""
    exact = sizes / sizes.sum() * count
    shares = np.floor(exact)
    fractions = exact - shares
    missing = int(count - shares.sum())
    for fraction in np.unique(fractions)[::-1]:
        if missing <= 0:
            break
        equal = np.flatnonzero(fractions == fraction)
        lucky = random.choice(equal, size=min(len(equal), missing), replace=False)
        shares[lucky] += 1
        missing -= len(lucky)
    return shares.astype(np.int64)
