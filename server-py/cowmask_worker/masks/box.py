"""Box masks: the rectangles of CutOut, random erasing and CutMix, the baselines that CowMask is compared with."""

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

type Area = Literal["fixed", "random_area", "random_size"]
"""A box's share of the image: the given scale; uniform in 0..1; or the square of that, so that its edge is uniform."""


class BoxMasks(NamedTuple):
    """Masks, 0 inside the box and 1 outside, and the boxes in pixels: y0, x0, y1, x1."""

    mask: Float[Array, "n h w 1"]
    boxes: Float[Array, "n 4"]


def box_masks(
    key: PRNGKeyArray,
    count: int,
    height: int,
    width: int,
    *,
    area: Area,
    scale: float,
    random_aspect: bool,
) -> BoxMasks:
    """Draws `count` masks from one key, in the reference's order of random numbers.

    `scale` (above 0, at most 1) is the share of a `fixed` area. With `random_aspect` the box is stretched as far
    as it still fits into the image; without, it has the image's aspect. Its place is uniform.
    """
    area_key, aspect_key, place_key = jax.random.split(key, 3)
    image = jnp.array([height, width], jnp.float32)
    share = _area_share(area_key, count, area, scale)
    stretch = jnp.ones(count)
    if random_aspect:
        widest = jnp.log(jnp.maximum(share, 1e-8))
        stretch = jnp.exp((2 * jax.random.uniform(aspect_key, (count,)) - 1) * widest)
    edges = jnp.sqrt(share)[:, None] * jnp.stack([jnp.sqrt(stretch), 1 / jnp.sqrt(stretch)], 1) * image[None]
    start = jax.random.uniform(place_key, (count, 2)) * (image[None] - edges)
    end = start + edges
    inside = _between(start[:, 0], end[:, 0], height)[:, :, None] & _between(start[:, 1], end[:, 1], width)[:, None, :]
    return BoxMasks(1 - inside[..., None].astype(jnp.float32), jnp.concatenate([start, end], 1))


def box_masks_per_image(
    key: PRNGKeyArray,
    count: int,
    height: int,
    width: int,
    *,
    area: Area,
    scale: float,
    random_aspect: bool,
    first: int | Int[Array, ""] = 0,
) -> BoxMasks:
    """Draws masks number `first` to `first + count - 1` of an endless series; mask i depends on `key` and i alone."""

    def draw(number: Int[Array, ""]) -> BoxMasks:
        image_key = jax.random.fold_in(key, number)
        return box_masks(image_key, 1, height, width, area=area, scale=scale, random_aspect=random_aspect)

    return jax.tree.map(lambda drawn: drawn[:, 0], jax.vmap(draw)(first + jnp.arange(count)))


def _area_share(key: PRNGKeyArray, count: int, area: Area, scale: float) -> Float[Array, "n"]:
    match area:
        case "fixed":
            return jnp.full(count, scale, jnp.float32)
        case "random_area":
            return jax.random.uniform(key, (count,))
        case "random_size":
            return jnp.square(jax.random.uniform(key, (count,)))


def _between(start: Float[Array, "n"], end: Float[Array, "n"], edge: int) -> Bool[Array, "n edge"]:
    centers = jnp.arange(edge, dtype=start.dtype)[None] + 0.5
    return (centers >= start[:, None]) & (centers <= end[:, None])
