"""Color jitter against scikit-image, its order, and what it draws."""

from collections.abc import Callable
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import skimage.color
from jaxtyping import Array
from numpy.typing import NDArray
from scipy.stats import kstest

from cowmask_worker.data.large.color_jitter import (
    color_jitter,
    with_brightness,
    with_contrast,
    with_hue,
    with_saturation,
)

# Colors go through float32; a hue that stands beside a sixth of a turn loses most.
TOLERANCE = 2e-6
rgb2hsv = cast("Callable[[Any], NDArray[np.float64]]", skimage.color.rgb2hsv)
hsv2rgb = cast("Callable[[Any], NDArray[np.float64]]", skimage.color.hsv2rgb)


def images(count: int = 6) -> NDArray[np.float32]:
    """Noise, with gray, black, white and pure colors among it."""
    drawn = np.random.default_rng(0).random((count, 16, 16, 3)).astype(np.float32)
    drawn[:, 0, :9] = [
        [0, 0, 0],
        [1, 1, 1],
        [0.5] * 3,
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
        [1, 1, 0],
        [0, 1, 1],
        [1, 0, 1],
    ]
    return drawn


def in_hsv(image: NDArray[np.float32], saturation: float, hue: float) -> NDArray[np.float64]:
    hsv = rgb2hsv(image.astype(np.float64))
    hsv[..., 1] = np.minimum(hsv[..., 1] * saturation, 1)
    hsv[..., 0] = (hsv[..., 0] + hue) % 1
    return hsv2rgb(hsv)


def jittered(key: Array, pixels: Array | NDArray[np.float32], **options: Any) -> NDArray[np.float32]:
    return np.asarray(jax.jit(lambda key, pixels: color_jitter(key, pixels, **options))(key, pixels))


def test_saturation_and_hue_are_those_of_scikit_image() -> None:
    pixels = images()
    factors = np.array([0, 0.7, 1, 1.2, 1.4, 3], np.float32)
    shifts = np.array([-0.1, -0.03, 0, 0.05, 0.1, 0.75], np.float32)
    saturated = np.asarray(with_saturation(jnp.asarray(pixels), jnp.asarray(factors)))
    turned = np.asarray(with_hue(jnp.asarray(pixels), jnp.asarray(shifts)))
    for index in range(len(pixels)):
        expected = in_hsv(pixels[index], float(factors[index]), 0)
        np.testing.assert_allclose(saturated[index], expected, atol=TOLERANCE)
        np.testing.assert_allclose(turned[index], in_hsv(pixels[index], 1, float(shifts[index])), atol=TOLERANCE)


def test_compiled_in_one_from_stored_bytes_the_hue_is_the_same() -> None:
    """A compiler may round a pixel's channel and its value, which is the same number, differently."""
    stored = np.random.default_rng(0).integers(0, 256, (8, 16, 16, 3), np.uint8)
    factors, shifts = np.linspace(0.5, 1.2, 8, dtype=np.float32), np.linspace(-0.1, 0.1, 8, dtype=np.float32)

    @jax.jit
    def colored(bytes_: Array) -> Array:
        saturated = with_saturation(bytes_.astype(jnp.float32) / 255, jnp.asarray(factors))
        return with_hue(saturated, jnp.asarray(shifts))

    pixels = stored.astype(np.float32) / 255
    for index, taken in enumerate(np.asarray(colored(jnp.asarray(stored)))):
        saturated = in_hsv(pixels[index], float(factors[index]), 0).astype(np.float32)
        np.testing.assert_allclose(taken, in_hsv(saturated, 1, float(shifts[index])), atol=5 * TOLERANCE)


def test_contrast_scales_about_each_channels_mean_and_brightness_adds() -> None:
    pixels = images(2)
    factors = np.array([0.5, 1.4], np.float32)
    contrasted = np.asarray(with_contrast(jnp.asarray(pixels), jnp.asarray(factors)))
    np.testing.assert_allclose(contrasted.mean(axis=(1, 2)), pixels.mean(axis=(1, 2)), atol=TOLERANCE)
    np.testing.assert_allclose(contrasted.std(axis=(1, 2)), pixels.std(axis=(1, 2)) * factors[:, None], rtol=1e-5)
    brightened = np.asarray(with_brightness(jnp.asarray(pixels), jnp.asarray([0.25, -0.4], jnp.float32)))
    np.testing.assert_allclose(brightened - pixels, np.broadcast_to([[[[0.25]]], [[[-0.4]]]], pixels.shape), atol=1e-6)


@pytest.mark.parametrize("parity", [False, True])
def test_the_order_is_saturation_hue_contrast_brightness(parity: bool) -> None:
    pixels, key = images(), jax.random.key(3)
    _, saturation_key, hue_key, contrast_key, brightness_key = jax.random.split(key, 5)
    saturation = jax.random.uniform(saturation_key, (6,), minval=0.7, maxval=1.4)
    hue = jax.random.uniform(hue_key, (6,), minval=-0.1, maxval=0.1)
    contrast = np.asarray(jax.random.uniform(contrast_key, (6,), minval=0.7, maxval=1.4))
    brightness = np.asarray(jax.random.uniform(brightness_key, (6,), minval=-0.4, maxval=0.4))
    taken = jittered(key, pixels, parity_brightness=parity)
    for index in range(6):
        colored = in_hsv(pixels[index], float(saturation[index]), float(hue[index]))
        mean = colored.mean(axis=(0, 1))
        expected = (colored - mean) * contrast[index] + mean + brightness[index] / (255 if parity else 1)
        np.testing.assert_allclose(taken[index], expected, atol=5 * TOLERANCE)


def test_gray_comes_instead_of_saturation_and_hue_as_often_as_asked() -> None:
    pixels = np.broadcast_to(images(1), (3000, 16, 16, 3))[:, :4, :4]
    taken = jittered(jax.random.key(0), pixels, grayscale_probability=0.2)
    gray = (np.ptp(taken, axis=-1) < 1e-6).all(axis=(1, 2))
    # Five standard deviations of 3000 draws.
    assert abs(gray.mean() - 0.2) < 0.037
    same = jittered(jax.random.key(0), pixels)
    np.testing.assert_array_equal(taken[~gray], same[~gray])
    luma = pixels[0] @ np.array([0.2989, 0.5870, 0.1140])
    first = taken[gray][0, ..., 0]
    assert abs(np.corrcoef(first.ravel(), luma.ravel())[0, 1]) > 1 - 1e-6


def test_an_image_is_jittered_by_numbers_of_its_own() -> None:
    pixels = np.full((4000, 2, 1, 3), 0.5, np.float32)
    pixels[:, 1] = 0.7
    taken = jittered(jax.random.key(1), pixels)
    contrast = (taken[:, 1] - taken[:, 0])[:, 0, 0] / 0.2
    brightness = taken.mean(axis=(1, 2, 3)) - 0.6
    assert kstest((contrast - 0.7) / 0.7, "uniform").pvalue > 1e-3
    assert kstest((brightness + 0.4) / 0.8, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(contrast, brightness)[0, 1]) < 0.06
    np.testing.assert_array_equal(jittered(jax.random.key(1), pixels), taken)
    assert (jittered(jax.random.key(2), pixels) != taken).mean() > 0.99
