"""Batch normalization with the statistics of the reference."""

import jax.numpy as jnp
from flax import nnx
from jax import lax
from jaxtyping import Array, Float

MOMENTUM = 0.9
EPSILON = 1e-5


class BatchNorm(nnx.Module):
    """Normalizes every channel by the batch in training, by the running statistics in evaluation.

    The variance is `E[x^2] - E[x]^2` in float32, biased and not clamped, and the same value enters the running one
    (flax 0.3's `BatchNorm`, which the reference uses), whatever type the features have. Over a sharded batch the
    statistics are the global ones.
    """

    def __init__(self, channels: int) -> None:
        self.scale = nnx.Param(jnp.ones(channels))
        self.bias = nnx.Param(jnp.zeros(channels))
        self.mean = nnx.BatchStat(jnp.zeros(channels))
        self.var = nnx.BatchStat(jnp.ones(channels))

    def __call__(self, features: Float[Array, "n h w c"], *, train: bool) -> Float[Array, "n h w c"]:
        mean, var = self.mean[...], self.var[...]
        exact = features.astype(jnp.float32)
        if train:
            mean = exact.mean((0, 1, 2))
            var = jnp.square(exact).mean((0, 1, 2)) - jnp.square(mean)
            self.mean[...] = MOMENTUM * self.mean[...] + (1 - MOMENTUM) * mean
            self.var[...] = MOMENTUM * self.var[...] + (1 - MOMENTUM) * var
        factor = lax.rsqrt(var + EPSILON) * self.scale[...]
        normalized = (exact - _per_channel(mean)) * _per_channel(factor) + _per_channel(self.bias[...])
        return normalized.astype(features.dtype)


def _per_channel(values: Float[Array, "c"]) -> Float[Array, "1 1 1 c"]:
    return values[None, None, None]
