"""The terms of the loss, and the confidence that weights the unsupervised ones."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from cowmask_worker.training.state import Tree


class Confidence(NamedTuple):
    """`weight` multiplies each image's consistency; `rate` is the share of images above the threshold."""

    weight: Float[Array, "n"]
    rate: Float[Array, ""]


def cross_entropy(logits: Float[Array, "n classes"], labels: Int[Array, "n"]) -> Float[Array, "n"]:
    """`-log softmax(logits)[label]` of each image."""
    return -jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], 1)[:, 0]


def consistency(
    student: Float[Array, "n classes"], teacher: Float[Array, "n classes"], weight: Float[Array, "n"]
) -> Float[Array, ""]:
    """The batch mean of the weighted squared distance of two sets of probabilities, summed over the classes."""
    return jnp.mean(jnp.square(student - teacher).sum(1) * weight)


def confidence_weight(confidence: Float[Array, "n"], *, threshold: float, average: bool) -> Confidence:
    """1 for images whose confidence is above the threshold, else 0; with `average` all get the batch's mean of that.

    A threshold of 0 or less turns the weighting off.
    """
    if threshold <= 0:
        return Confidence(jnp.ones_like(confidence), jnp.ones(()))
    above = (confidence > threshold).astype(confidence.dtype)
    rate = above.mean()
    return Confidence(jnp.full_like(above, rate) if average else above, rate)


def l2_penalty(parameters: Tree) -> Float[Array, ""]:
    """Half the sum of squares over kernels: parameters with more than one dimension, so no biases and no scales."""
    squares = [jnp.square(leaf).sum() for leaf in jax.tree.leaves(parameters) if leaf.ndim > 1]
    return 0.5 * sum(squares, jnp.zeros(()))
