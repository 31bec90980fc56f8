"""The order of a pass as in `data.order`, on the host: a pure function of (key, pass, place), in numpy.

Workers that decode images must not load jax, so the permutation is written again. Its round keys come from Philox
instead of Threefry: the two orders of a key have nothing to do with each other.
"""

import numpy as np
from numpy.typing import NDArray

from cowmask_worker.data.large.host_random import Words, bits

_ROUNDS = 8


def streamed_index(words: Words, positions: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Which of `count` images stands at each position (from 0) of an endless stream over them.

    Every pass, positions `k * count`..`(k + 1) * count - 1`, is a permutation of 0..count-1 of its own. Exact for
    `count` below 2^31.
    """
    passes, places = np.divmod(positions, count)
    which, of_position = np.unique(passes, return_inverse=True)
    keys = np.stack([bits(words, int(number), _ROUNDS) for number in which])[of_position]
    width = max(2, (count - 1).bit_length())
    value = places.astype(np.uint32)
    outside = np.ones(len(value), np.bool)
    # Values outside the range go through again until they fall inside ("cycle walking"); see `data.order`.
    while outside.any():
        value[outside] = _feistel(keys[outside], value[outside], width)
        outside = value >= count
    return value.astype(np.int64)


def _feistel(keys: NDArray[np.uint32], value: NDArray[np.uint32], width: int) -> NDArray[np.uint32]:
    """A bijection of 0..2^width-1. The halves of an odd width differ by a bit and swap widths every round."""
    right_bits = width // 2
    left_bits = width - right_bits
    left, right = value >> np.uint32(right_bits), value & np.uint32((1 << right_bits) - 1)
    for turn in range(_ROUNDS):
        left, right = right, left ^ (_scramble(right + keys[:, turn]) & np.uint32((1 << left_bits) - 1))
        left_bits, right_bits = right_bits, left_bits
    return (left << np.uint32(right_bits)) | right


def _scramble(value: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """An integer hash that changes about half of the bits for any changed one (constants: lowbias32, C. Wellons)."""
    value = (value ^ (value >> np.uint32(16))) * np.uint32(0x7FEB352D)
    value = (value ^ (value >> np.uint32(15))) * np.uint32(0x846CA68B)
    return value ^ (value >> np.uint32(16))
