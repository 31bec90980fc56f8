"""Dropout."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from cowmask_worker.threefry import bernoulli


def dropout(
    key: PRNGKeyArray | None, features: Float[Array, "*shape"], rate: float, *, layer: int
) -> Float[Array, "*shape"]:
    """Zeroes each feature with probability `rate` (0 <= rate < 1) and scales the others so that the mean stays.

    `key` belongs to the whole pass; its `layer`-th random layer, counted from 1, folds its number in.
    """
    if key is None:
        raise ValueError("a training pass with dropout needs a key")
    kept = bernoulli(jax.random.fold_in(key, layer), 1 - rate, features.shape)
    return jnp.where(kept, features / (1 - rate), 0)
