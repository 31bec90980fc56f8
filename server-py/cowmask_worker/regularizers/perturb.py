"""Erasing: parts of an unlabeled image give way to noise, and the student must still agree with the teacher."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from cowmask_worker.threefry import normal

type DrawMask = Callable[[PRNGKeyArray, int, int, int], Float[Array, "n h w 1"]]
"""From a key, a count, a height and a width to masks of 0 and 1."""


class Perturbed(NamedTuple):
    """What the student sees, and where it is the original (1)."""

    images: Float[Array, "n h w c"]
    mask: Float[Array, "n h w 1"]


def erase(
    key: PRNGKeyArray,
    images: Float[Array, "n h w c"],
    draw_mask: DrawMask,
    *,
    noise_std: float,
    mask_probability: float,
) -> Perturbed:
    """Keeps images where the mask is 1 and puts normal noise where it is 0 (arXiv 2003.12022, section 3.2).

    `images` are normalized, and so is `noise_std`; 0 erases to zero. An image is left whole with probability
    `1 - mask_probability`.
    """
    whole_key, mask_key, noise_key = jax.random.split(key, 3)
    count, height, width, _ = images.shape
    mask = draw_mask(mask_key, count, height, width)
    if mask_probability < 1:
        masked = jax.random.bernoulli(whole_key, mask_probability, (count, 1, 1, 1))
        mask = jnp.where(masked, mask, 1)
    erased = images * mask
    if noise_std > 0:
        erased += noise_std * normal(noise_key, images.shape) * (1 - mask)
    return Perturbed(erased, mask)


def identity(key: PRNGKeyArray, images: Float[Array, "n h w c"]) -> Perturbed:
    """Changes nothing: a plain Mean Teacher. `key` is not used."""
    del key
    return Perturbed(images, jnp.ones((*images.shape[:3], 1)))
