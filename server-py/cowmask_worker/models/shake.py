"""Random gates on residual branches: shake-shake (Gastaldi, arXiv 1705.07485), ShakeDrop (Yamada, arXiv 1802.02375).

In training every image draws one gate for the features and another one for their gradient.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

Features = Float[Array, "n h w c"]


class Gates(NamedTuple):
    """What multiplies the features of each image on the way forward, and their gradient on the way back."""

    forward: Float[Array, "n"]
    backward: Float[Array, "n"]


def layer_key(key: PRNGKeyArray | None, *, layer: int) -> PRNGKeyArray:
    """The key of the `layer`-th random layer, counted from 1, of a pass whose key is `key`."""
    if key is None:
        raise ValueError("a training pass with shake-shake or ShakeDrop needs a key")
    return jax.random.fold_in(key, layer)


def shake_shake_gates(key: PRNGKeyArray, count: int) -> Gates:
    """Draws the first branch's gates for `count` images, both uniform in [0, 1), from the layer's own key."""
    forward, backward = jax.random.split(key)
    return Gates(jax.random.uniform(forward, (count,)), jax.random.uniform(backward, (count,)))


def shake_shake(first: Features, second: Features, gates: Gates) -> Features:
    """Mixes two branches: the first one's share of an image is its gate, the second one's the rest."""
    rests = Gates(1 - gates.forward, 1 - gates.backward)
    return gated(first, gates) + gated(second, rests)


def shake_shake_mean(first: Features, second: Features) -> Features:
    """The mix that shake-shake has on average, for evaluation."""
    return (first + second) * 0.5


def shake_drop_gates(key: PRNGKeyArray, count: int, keep: float) -> Gates:
    """Draws the gates of a residual for `count` images from the layer's own key.

    With probability `keep`, 0 to 1, an image passes as it is: both its gates are 1. Otherwise the forward gate is
    uniform in [-1, 1), the backward one in [0, 1).
    """
    keep_key, alpha_key, beta_key = jax.random.split(key, 3)
    kept = jax.random.bernoulli(keep_key, keep, (count,)).astype(jnp.float32)
    alpha = jax.random.uniform(alpha_key, (count,), minval=-1, maxval=1)
    beta = jax.random.uniform(beta_key, (count,))
    return Gates(kept + alpha - kept * alpha, kept + beta - kept * beta)


def shake_drop_mean(features: Features, keep: float) -> Features:
    """The features as ShakeDrop lets them through on average, for evaluation; the forward gate's mean is `keep`."""
    return features * keep


@jax.custom_vjp
def gated(features: Features, gates: Gates) -> Features:
    """Multiplies each image's features by its forward gate, and their gradient by its backward gate instead."""
    return features * _per_image(gates.forward, features)


def _forward(features: Features, gates: Gates) -> tuple[Features, Gates]:
    return gated(features, gates), gates


def _backward(gates: Gates, cotangent: Features) -> tuple[Features, None]:
    return cotangent * _per_image(gates.backward, cotangent), None


gated.defvjp(_forward, _backward)


def _per_image(gate: Float[Array, "n"], features: Features) -> Float[Array, "n 1 1 1"]:
    return gate.astype(features.dtype)[:, None, None, None]
