"""Loss and error over a whole set of images."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, UInt8

from cowmask_worker.models.functional import Apply
from cowmask_worker.training.losses import cross_entropy
from cowmask_worker.training.state import Variables

PADDING = -1
"""The label of an image that only fills up a batch."""


class Evaluation(NamedTuple):
    """Means over the images: cross entropy, the share of images whose first guess is wrong, and of those among whose
    first five guesses the right one is not."""

    loss: Float[Array, ""]
    error: Float[Array, ""]
    top5_error: Float[Array, ""]


class Tally(NamedTuple):
    """Sums over images, so that the tallies of batches of any size add up exactly."""

    loss: Float[Array, ""]
    wrong: Int[Array, ""]
    wrong_in_five: Int[Array, ""]
    images: Int[Array, ""]

    def evaluation(self) -> Evaluation:
        count = self.images.astype(self.loss.dtype)
        wrong, wrong_in_five = (tally.astype(self.loss.dtype) for tally in (self.wrong, self.wrong_in_five))
        return Evaluation(self.loss / count, wrong / count, wrong_in_five / count)


def tally(logits: Float[Array, "n classes"], labels: Int[Array, "n"]) -> Tally:
    """Counts the images whose label is not `PADDING`."""
    real = labels != PADDING
    losses = jnp.where(real, cross_entropy(logits, jnp.maximum(labels, 0)), 0)
    wrong = real & (logits.argmax(1) != labels)
    _, guesses = jax.lax.top_k(logits, min(5, logits.shape[1]))
    wrong_in_five = real & (guesses != labels[:, None]).all(1)
    counts = (counted.sum(dtype=jnp.int32) for counted in (wrong, wrong_in_five, real))
    return Tally(losses.sum(), *counts)


def evaluate(
    apply: Apply,
    variables: Variables,
    images: UInt8[Array, "n h w c"],
    labels: Int[Array, "n"],
    *,
    normalize: Callable[[UInt8[Array, "b h w c"]], Float[Array, "b h w c"]],
    batch_size: int,
) -> Evaluation:
    """Evaluates in batches of `batch_size`, every image once, whether or not they fill the last batch."""
    fill = -len(images) % batch_size
    batches = (
        jnp.pad(images, ((0, fill), (0, 0), (0, 0), (0, 0))).reshape(-1, batch_size, *images.shape[1:]),
        jnp.pad(labels, (0, fill), constant_values=PADDING).reshape(-1, batch_size),
    )

    def tally_batch(batch: tuple[UInt8[Array, "b h w c"], Int[Array, "b"]]) -> Tally:
        logits, _ = apply(variables, normalize(batch[0]), train=False, key=None)
        return tally(logits, batch[1])

    sums: Tally = jax.tree.map(lambda parts: parts.sum(0), jax.lax.map(tally_batch, batches))
    return sums.evaluation()
