"""CowMask: irregular masks from thresholded smooth noise (French, Oliver, Salimans, arXiv 2003.12022, section 3.1)."""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from cowmask_worker.threefry import normal


class CowMasks(NamedTuple):
    """Masks of 0 and 1, with what was drawn for each: the expected share of ones, and the blur's scale in pixels."""

    mask: Float[Array, "n h w 1"]
    proportion: Float[Array, "n"]
    sigma: Float[Array, "n"]


class CowDraws(NamedTuple):
    """What masks are made from: white noise, the expected shares of ones, the blurs' scales in pixels."""

    noise: Float[Array, "n h w"]
    proportion: Float[Array, "n"]
    sigma: Float[Array, "n"]


def cow_masks(
    key: PRNGKeyArray,
    count: int,
    height: int,
    width: int,
    *,
    sigma: tuple[float, float],
    proportion: tuple[float, float],
) -> CowMasks:
    """Draws `count` masks from one key, in the reference's order and layout of random numbers.

    `sigma` is drawn log-uniformly (pixels, above 0), `proportion` uniformly (0 to 1, both legal: no ones, all ones).
    As a smooth field has few modes, the realised share of ones is only close to `proportion`.
    """
    drawn = cow_draws(key, count, height, width, sigma=sigma, proportion=proportion)
    return CowMasks(threshold(cow_field(drawn, sigma), drawn.proportion)[..., None], drawn.proportion, drawn.sigma)


def cow_draws(
    key: PRNGKeyArray,
    count: int,
    height: int,
    width: int,
    *,
    sigma: tuple[float, float],
    proportion: tuple[float, float],
) -> CowDraws:
    """The random numbers of `cow_masks`."""
    proportion_key, key = jax.random.split(key)
    sigma_key, noise_key = jax.random.split(key)
    low, high = sigma
    proportions = jax.random.uniform(proportion_key, (count,), minval=proportion[0], maxval=proportion[1])
    sigmas = jnp.exp(jax.random.uniform(sigma_key, (count,), minval=math.log(low), maxval=math.log(high)))
    # Another layout, image index first, would be as random and draw other masks than the reference.
    noise = normal(noise_key, (1, height, width, count))[0]
    return CowDraws(jnp.moveaxis(noise, -1, 0), proportions, sigmas)


def cow_field(drawn: CowDraws, sigma: tuple[float, float]) -> Float[Array, "n h w"]:
    """The smooth fields that `cow_masks` cuts; the widest of `sigma` says how far a blur reaches."""
    return blur(drawn.noise, drawn.sigma, reach=2 * round(3 * sigma[1]) + 1)


def cow_masks_per_image(
    key: PRNGKeyArray,
    count: int,
    height: int,
    width: int,
    *,
    sigma: tuple[float, float],
    proportion: tuple[float, float],
    first: int | Int[Array, ""] = 0,
) -> CowMasks:
    """Draws masks number `first` to `first + count - 1` of an endless series; mask i depends on `key` and i alone.

    So a longer draw keeps its prefix, and pieces put together equal one draw.
    """

    def draw(number: Int[Array, ""]) -> CowMasks:
        image_key = jax.random.fold_in(key, number)
        return cow_masks(image_key, 1, height, width, sigma=sigma, proportion=proportion)

    return jax.tree.map(lambda drawn: drawn[:, 0], jax.vmap(draw)(first + jnp.arange(count)))


def blur(noise: Float[Array, "n h w"], sigma: Float[Array, "n"], *, reach: int) -> Float[Array, "n h w"]:
    """Blurs each image with its own Gaussian, zeros outside, weights `exp(-d^2 / (2 sigma^2))` up to `reach` pixels.

    The weights peak at 1 instead of summing to 1, which scales a field and its threshold alike. Two dense matmuls an
    image are some hundred times faster on the CPU than a convolution with a kernel of 6 sigma.
    """
    _, height, width = noise.shape
    rows, columns = _weights(height, sigma, reach), _weights(width, sigma, reach)
    # A TensorFloat or bfloat16 product would move pixels across the threshold.
    blurred = jnp.matmul(rows, noise, precision=jax.lax.Precision.HIGHEST)
    return jnp.matmul(blurred, columns, precision=jax.lax.Precision.HIGHEST)


def threshold(field: Float[Array, "n h w"], proportion: Float[Array, "n"]) -> Float[Array, "n h w"]:
    """1 where the field is at most the value below which a normal distribution has `proportion` of its mass."""
    mean = field.mean((1, 2), keepdims=True)
    # A field of one pixel has no spread, and 0 times the infinite deviate of proportion 0 or 1 is not a number.
    spread = jnp.maximum(field.std((1, 2), keepdims=True), jnp.finfo(field.dtype).tiny)
    deviate = math.sqrt(2) * jax.lax.erf_inv(2 * proportion - 1)
    return (field <= mean + deviate[:, None, None] * spread).astype(field.dtype)


def _weights(edge: int, sigma: Float[Array, "n"], reach: int) -> Float[Array, "n edge edge"]:
    places = jnp.arange(edge)
    distance = jnp.abs(places[:, None] - places[None, :])[None]
    weights = jnp.exp(-jnp.square(distance.astype(sigma.dtype)) / (2 * jnp.square(sigma))[:, None, None])
    return jnp.where(distance <= reach, weights, 0)
