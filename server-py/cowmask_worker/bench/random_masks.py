"""Masks that stand ready: only their way is measured."""

from functools import cache

import numpy as np
from numpy.typing import NDArray


@cache
def random_masks(count: int, height: int, width: int) -> NDArray[np.bool_]:
    return np.random.default_rng(0).integers(0, 2, (count, height, width)).astype(np.bool_)
