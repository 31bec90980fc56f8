"""Random shifts and flips of images, and their normalization, on the device (as the authors' CIFAR pipeline)."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key, UInt8


def shift_and_flip(
    key: Key[Array, ""], images: UInt8[Array, "b h w c"], *, shift: int, flip: bool
) -> UInt8[Array, "b h w c"]:
    """Moves each image by -shift..shift pixels per axis, reflecting what comes in, and flips it with probability 1/2.

    The same as padding by `shift` in reflect mode and cropping at random; an image smaller than the padding is
    reflected repeatedly. Key order: shift, flip.
    """
    shift_key, flip_key = jax.random.split(key)
    count, height, width, _ = images.shape
    if shift:
        moved = jax.random.randint(shift_key, (2, count, 1), -shift, shift + 1)
        rows, columns = _reflected(moved[0], height), _reflected(moved[1], width)
        images = images[jnp.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]
    if flip:
        chosen = jax.random.bernoulli(flip_key, shape=(count, 1, 1, 1))
        images = jnp.where(chosen, images[:, :, ::-1], images)
    return images


def _reflected(moved: Int[Array, "b 1"], size: int) -> Int[Array, "b size"]:
    """Source index of every pixel of an axis, reflected at the edges without repeating the edge pixel."""
    period = max(1, 2 * (size - 1))
    index = (jnp.arange(size)[None] + moved) % period
    return jnp.minimum(index, period - index)


def normalize(images: UInt8[Array, "b h w c"], mean: Sequence[float], std: Sequence[float]) -> Float[Array, "b h w c"]:
    """uint8 0..255 as float32 of mean 0 and deviation 1 per channel; `mean` and `std` are those of pixels in 0..1."""
    return normalize_unit(images.astype(jnp.float32) / 255, mean, std)


def normalize_unit(
    images: Float[Array, "b h w c"], mean: Sequence[float], std: Sequence[float]
) -> Float[Array, "b h w c"]:
    """The same for pixels that already lie in 0..1."""
    center, scale = (jnp.asarray(values, jnp.float32)[None, None, None] for values in (mean, std))
    return (images - center) / scale
