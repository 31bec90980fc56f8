"""In which order a pass visits its images: a pure function of (key, pass, place), so that nothing needs to be saved."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int, Key, UInt32

_ROUNDS = 8


class Position(NamedTuple):
    """Where an endless stream over `count` images stands: in which pass, at which place of it (0..count-1)."""

    turn: UInt32[Array, "*b"]
    place: UInt32[Array, "*b"]


def batch_positions(step: Int[Array, ""], batch: int, count: int) -> Position:
    """Positions of the `batch` images of a step: `divmod(step * batch + i, count)` for i = 0..batch-1.

    The product outgrows 32 bits, so quotient and remainder are built bit by bit of `batch`. Exact for `count` below
    2^30; pass numbers wrap at 2^32.
    """
    size = jnp.uint32(count)
    turns, places = jnp.divmod(step.astype(jnp.uint32), size)
    turn = place = jnp.uint32(0)
    for bit in format(batch, "b"):
        turn, place = turn * 2, place * 2
        if bit == "1":
            turn, place = turn + turns, place + places
        turn, place = turn + place // size, place % size
    row = place + jnp.arange(batch, dtype=jnp.uint32)
    return Position(turn + row // size, row % size)


def permuted_index(key: Key[Array, ""], position: Position, count: int) -> Int[Array, " b"]:
    """Which image stands at a position: every pass is a permutation of 0..count-1 of its own.

    A Feistel network over the smallest power of two that holds `count`, keyed by the pass; a value outside the range is
    sent through again until it falls inside ("cycle walking": Black and Rogaway, Ciphers with Arbitrary Finite
    Domains, 2002). Fewer than two rounds of walking on average, since at least half of the values lie inside.
    """
    keys = jax.vmap(lambda turn: jax.random.bits(jax.random.fold_in(key, turn), (_ROUNDS,), jnp.uint32))(position.turn)
    bits = max(2, (count - 1).bit_length())

    def walk(carry: _Walk) -> _Walk:
        value = jnp.where(carry.outside, _feistel(keys, carry.value, bits), carry.value)
        return _Walk(value, value >= count)

    start = _Walk(position.place, jnp.ones_like(position.place, jnp.bool))
    return jax.lax.while_loop(lambda carry: carry.outside.any(), walk, start).value.astype(jnp.int32)


class _Walk(NamedTuple):
    value: UInt32[Array, " b"]
    outside: Bool[Array, " b"]


def _feistel(keys: UInt32[Array, "b rounds"], value: UInt32[Array, " b"], bits: int) -> UInt32[Array, " b"]:
    """A bijection of 0..2^bits-1. The halves of an odd width differ by a bit and swap widths every round."""
    right_bits = bits // 2
    left_bits = bits - right_bits
    left, right = value >> right_bits, value & ((1 << right_bits) - 1)
    for turn in range(_ROUNDS):
        left, right = right, left ^ (_scramble(right + keys[:, turn]) & jnp.uint32((1 << left_bits) - 1))
        left_bits, right_bits = right_bits, left_bits
    return (left << right_bits) | right


def _scramble(value: UInt32[Array, " b"]) -> UInt32[Array, " b"]:
    """An integer hash that changes about half of the bits for any changed one (constants: lowbias32, C. Wellons)."""
    value = (value ^ (value >> 16)) * jnp.uint32(0x7FEB352D)
    value = (value ^ (value >> 15)) * jnp.uint32(0x846CA68B)
    return value ^ (value >> 16)
