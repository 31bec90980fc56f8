"""Draws as large as a batch of images or a layer's features, value for value those of jax, in one loop each.

jax's own hash passes its state through memory five times on a CPU. That made dropout a tenth of a step, and half of the
time of a CowMask was its noise. Streams of the reference's order, where a value depends on the size of the whole, are
left to jax, as are draws of more elements than one word counts.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, PRNGKeyArray, UInt32

# Threefry-2x32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011, section 4).
_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA
_MANTISSA_BITS = 23


def normal(key: PRNGKeyArray, shape: tuple[int, ...]) -> Float[Array, "*shape"]:
    """Standard normal values, float32, as `jax.random.normal` draws them of a Threefry key."""
    if _left_to_jax(shape):
        return jax.random.normal(key, shape)
    # Above -1, whose deviate is infinite.
    low = np.nextafter(np.float32(-1), np.float32(0))
    uniform = jnp.maximum(low, _uniform(key, shape) * (1 - low) + low)
    return math.sqrt(2) * lax.erf_inv(uniform)


def bernoulli(key: PRNGKeyArray, probability: float, shape: tuple[int, ...]) -> Bool[Array, "*shape"]:
    """True with a probability (0 to 1), as `jax.random.bernoulli` draws it of a Threefry key."""
    if _left_to_jax(shape):
        return jax.random.bernoulli(key, probability, shape)
    # Kept as it is for the reverse pass, which would otherwise draw it again.
    return lax.optimization_barrier(_uniform(key, shape) < jnp.float32(probability))


def _left_to_jax(shape: tuple[int, ...]) -> bool:
    return not jax.config.jax_threefry_partitionable or math.prod(shape) >= 2**32


def _uniform(key: PRNGKeyArray, shape: tuple[int, ...]) -> Float[Array, "*shape"]:
    """From 0 to below 1, in steps of 2^-23."""
    return (_bits(key, shape) >> 32 - _MANTISSA_BITS).astype(jnp.float32) * 2.0**-_MANTISSA_BITS


def _bits(key: PRNGKeyArray, shape: tuple[int, ...]) -> UInt32[Array, "*shape"]:
    """The two words that each element's number is hashed to, joined by an exclusive or."""
    first, second = jax.random.key_data(key)
    keys = (first, second, first ^ second ^ _PARITY)
    left, right = keys[0], _numbers(shape) + keys[1]
    for group in range(5):
        for rotation in _ROTATIONS[group % 2]:
            left = left + right
            right = (right << rotation | right >> 32 - rotation) ^ left
        left = left + keys[(group + 1) % 3]
        right = right + keys[(group + 2) % 3] + jnp.uint32(group + 1)
    return left ^ right


def _numbers(shape: tuple[int, ...]) -> UInt32[Array, "*shape"]:
    """Of the elements, in row-major order; by axes, so that each part of a sharded array counts its own."""
    numbers = jnp.zeros(shape, jnp.uint32)
    for axis in range(len(shape)):
        numbers += lax.broadcasted_iota(jnp.uint32, shape, axis) * math.prod(shape[axis + 1 :])
    return numbers
