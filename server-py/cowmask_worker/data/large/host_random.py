"""Random numbers on the host as pure functions of (key, position): nothing to save, nothing to restore."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Words(NamedTuple):
    """A key of 64 bits as two of 32: what `jax.random.key_data` gives for a key of the run's data streams."""

    high: int
    low: int


def uniforms(words: Words, position: int, count: int) -> NDArray[np.float64]:
    """[count] numbers of 0 <= u < 1 that belong to a position (0..2^64-1) of a stream; a longer draw keeps its prefix.

    Every position has 2^64 blocks of Philox to itself.
    """
    return np.random.Generator(_philox(words, position)).random(count)


def bits(words: Words, position: int, count: int) -> NDArray[np.uint32]:
    """[count] words of 32 random bits that belong to a position of a stream."""
    return _philox(words, position).random_raw(count).astype(np.uint32)


def _philox(words: Words, position: int) -> np.random.Philox:
    # The counter's lowest word is the one that Philox itself advances.
    return np.random.Philox(key=words.high << 32 | words.low, counter=np.array([0, position, 0, 0], np.uint64))
