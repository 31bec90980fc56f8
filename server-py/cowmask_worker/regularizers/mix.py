"""Mixing: the student sees a pair of unlabeled images in one and must answer with the mix of the teacher's answers."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from cowmask_worker.regularizers.perturb import DrawMask


class Mixed(NamedTuple):
    """Image i mixed with its partner i + 1 (the last with the first).

    `blend` is the partner's share of each image: the mean of the real mask, not the proportion that was asked for.
    `mask` is 1 where the partner shows, None where images are blended as a whole.
    """

    images: Float[Array, "n h w c"]
    blend: Float[Array, "n"]
    mask: Float[Array, "n h w 1"] | None


def mix_masked(key: PRNGKeyArray, images: Float[Array, "n h w c"], draw_mask: DrawMask) -> Mixed:
    """Puts the partner where the mask is 1: CowMix (arXiv 2003.12022, section 3.3), or CutMix with boxes."""
    mask = draw_mask(key, *images.shape[:3])
    return Mixed(_toward_partner(images, mask), mask.mean((1, 2, 3)), mask)


def mix_ict(key: PRNGKeyArray, images: Float[Array, "n h w c"], *, alpha: float) -> Mixed:
    """Blends each image with its partner by a factor from Beta(alpha, alpha): ICT (Verma et al., arXiv 1903.03825)."""
    blend = jax.random.beta(key, alpha, alpha, (images.shape[0],))
    return Mixed(_toward_partner(images, blend[:, None, None, None]), blend, None)


def partner(batch: Float[Array, "n *rest"]) -> Float[Array, "n *rest"]:
    """The batch rolled by one, so that item i + 1 comes to place i."""
    return jnp.roll(batch, -1, axis=0)


def blend_with_partner(values: Float[Array, "n classes"], blend: Float[Array, "n"]) -> Float[Array, "n classes"]:
    """Mixes what belongs to the images in the same proportions as the images."""
    return values + (partner(values) - values) * blend[:, None]


def _toward_partner(images: Float[Array, "n h w c"], factor: Float[Array, "n #h #w 1"]) -> Float[Array, "n h w c"]:
    return images + (partner(images) - images) * factor
