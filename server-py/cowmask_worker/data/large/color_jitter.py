"""Random changes of images' colors, on the device, as the authors' ImageNet pipeline makes them after the flip."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key

SATURATION = (0.7, 1.4)
HUE = (-0.1, 0.1)
CONTRAST = (0.7, 1.4)
BRIGHTNESS = (-0.4, 0.4)
# What each channel adds to a gray image (ITU-R BT.601, with TensorFlow's digits).
_LUMA = (0.2989, 0.5870, 0.1140)


def color_jitter(
    key: Key[Array, ""],
    images: Float[Array, "b h w 3"],
    *,
    grayscale_probability: float = 0.0,
    parity_brightness: bool = False,
) -> Float[Array, "b h w 3"]:
    """Images of 0..1 with random saturation, hue, contrast and brightness, in this order, drawn for each image.

    Some become gray (`grayscale_probability`, 0..1) in place of new saturation and hue. Nothing is clipped: contrast
    and brightness can leave 0..1. The authors add up to 0.4 to values of 0..255, which is next to nothing and looks
    like an oversight; `parity_brightness` does the same. Key order: gray, saturation, hue, contrast, brightness.
    """
    gray_key, *keys = jax.random.split(key, 5)
    count = images.shape[0]
    gray = jax.random.bernoulli(gray_key, grayscale_probability, (count,))
    ranges = (SATURATION, HUE, CONTRAST, BRIGHTNESS)
    draws = [jax.random.uniform(each, (count,), jnp.float32, *ends) for each, ends in zip(keys, ranges, strict=True)]
    saturation, hue, contrast, brightness = draws
    if parity_brightness:
        brightness = brightness / 255
    colored = with_hue(with_saturation(images, saturation), hue)
    return with_brightness(with_contrast(_gray_where(gray, images, colored), contrast), brightness)


def with_saturation(images: Float[Array, "b h w 3"], factor: Float[Array, " b"]) -> Float[Array, "b h w 3"]:
    """The saturation of HSV times `factor`, at most 1; hue and value stay. Pixels must not be negative."""
    value, chroma = _value_and_chroma(images)
    # value / chroma is the factor that takes the saturation to 1. A gray pixel has nothing to scale.
    most = value / jnp.where(chroma > 0, chroma, 1)
    return value - (value - images) * jnp.where(chroma > 0, jnp.minimum(_per_image(factor), most), 1)


def with_hue(images: Float[Array, "b h w 3"], shift: Float[Array, " b"]) -> Float[Array, "b h w 3"]:
    """The hue of HSV turned by `shift`, 1 being a whole turn; saturation and value stay."""
    value, chroma = _value_and_chroma(images)
    red, green, blue = (images[..., channel : channel + 1] for channel in range(3))
    safe = jnp.where(chroma > 0, chroma, 1)
    # Not by which one equals `value`: a compiler may round the two differently, and none would.
    sextant = jnp.where(
        (red >= green) & (red >= blue),
        (green - blue) / safe,
        jnp.where(green >= blue, (blue - red) / safe + 2, (red - green) / safe + 4),
    )
    # How far from red, green and blue, in sixths of a turn: a channel is full within one sixth of its color.
    away = (sextant + 6 * _per_image(shift) + jnp.array([5.0, 3.0, 1.0])[None, None, None]) % 6
    return value - chroma * jnp.clip(jnp.minimum(away, 4 - away), 0, 1)


def with_contrast(images: Float[Array, "b h w c"], factor: Float[Array, " b"]) -> Float[Array, "b h w c"]:
    """The distance of each pixel from its image's mean, a channel at a time, times `factor`."""
    mean = images.mean(axis=(1, 2), keepdims=True)
    return (images - mean) * _per_image(factor) + mean


def with_brightness(images: Float[Array, "b h w c"], delta: Float[Array, " b"]) -> Float[Array, "b h w c"]:
    """`delta` more in every pixel."""
    return images + _per_image(delta)


def _gray_where(
    chosen: Bool[Array, " b"], images: Float[Array, "b h w 3"], others: Float[Array, "b h w 3"]
) -> Float[Array, "b h w 3"]:
    luma = (images * jnp.array(_LUMA)[None, None, None]).sum(axis=-1, keepdims=True)
    return jnp.where(_per_image(chosen), jnp.broadcast_to(luma, images.shape), others)


def _value_and_chroma(images: Float[Array, "b h w 3"]) -> tuple[Float[Array, "b h w 1"], Float[Array, "b h w 1"]]:
    """HSV's value, and how far the least channel is below it."""
    value = images.max(axis=-1, keepdims=True)
    return value, value - images.min(axis=-1, keepdims=True)


def _per_image[T: (Float[Array, " b"], Bool[Array, " b"])](values: T) -> Array:
    return values[:, None, None, None]
