"""Erasing and mixing by value, at the ends of what masks can be."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array
from scipy import stats

from cowmask_worker.masks.cow import cow_masks, cow_masks_per_image
from cowmask_worker.regularizers.mix import Mixed, blend_with_partner, mix_ict, mix_masked
from cowmask_worker.regularizers.perturb import DrawMask, Perturbed, erase, identity


def filled_with(value: float) -> DrawMask:
    return lambda _key, count, height, width: jnp.full((count, height, width, 1), value)


def cows(key: Array, count: int, height: int, width: int) -> Array:
    return cow_masks(key, count, height, width, sigma=(1.0, 4.0), proportion=(0.2, 0.8)).mask


@pytest.fixture
def images() -> Array:
    return jax.random.normal(jax.random.key(100), (6, 8, 8, 3))


def test_erasing_nothing_is_the_identity(images: Array) -> None:
    key = jax.random.key(0)
    erased = erase(key, images, filled_with(1.0), noise_std=1.0, mask_probability=1.0)
    np.testing.assert_array_equal(erased.images, images)
    np.testing.assert_array_equal(identity(key, images).images, images)
    np.testing.assert_array_equal(identity(key, images).mask, erased.mask)


def test_erasing_everything_leaves_only_noise(images: Array) -> None:
    erased = erase(jax.random.key(0), images, filled_with(0.0), noise_std=0.5, mask_probability=1.0).images
    assert abs(np.corrcoef(erased.ravel(), images.ravel())[0, 1]) < 0.1
    np.testing.assert_allclose(erased.std(), 0.5, rtol=0.1)
    black = erase(jax.random.key(0), images, filled_with(0.0), noise_std=0.0, mask_probability=1.0).images
    np.testing.assert_array_equal(black, jnp.zeros_like(images))


def test_kept_pixels_are_untouched(images: Array) -> None:
    erased, mask = erase(jax.random.key(3), images, cows, noise_std=2.0, mask_probability=1.0)
    kept = np.broadcast_to(mask == 1, images.shape)
    np.testing.assert_array_equal(erased[kept], images[kept])
    assert (erased[~kept] != images[~kept]).all()


def test_mask_probability_is_the_share_of_masked_images() -> None:
    images = jnp.ones((4000, 1, 1, 1))
    erase_some = partial(erase, jax.random.key(1), images, filled_with(0.0), noise_std=0.0)
    assert erase_some(mask_probability=0.0).images.min() == 1
    np.testing.assert_allclose(erase_some(mask_probability=0.3).images.mean(), 0.7, atol=0.03)


@pytest.mark.parametrize(("value", "shift"), [(0.0, 0), (1.0, -1)])
def test_mixing_with_a_constant_mask_gives_one_of_the_two_images(images: Array, value: float, shift: int) -> None:
    mixed = mix_masked(jax.random.key(0), images, filled_with(value))
    np.testing.assert_allclose(mixed.images, jnp.roll(images, shift, 0), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(mixed.blend, jnp.full(6, value))
    np.testing.assert_allclose(blend_with_partner(jnp.eye(6), mixed.blend), jnp.roll(jnp.eye(6), shift, 0))


def test_blend_is_the_mean_of_the_real_mask(images: Array) -> None:
    mixed = mix_masked(jax.random.key(2), images, cows)
    np.testing.assert_allclose(mixed.blend, np.asarray(mixed.mask).reshape(6, -1).mean(1), rtol=1e-6)
    expected = np.where(mixed.mask == 1, jnp.roll(images, -1, 0), images)
    np.testing.assert_allclose(mixed.images, expected, rtol=1e-5, atol=1e-6)


def test_rolling_the_batch_rolls_the_mix(images: Array) -> None:
    masks = cow_masks_per_image(jax.random.key(2), 6, 8, 8, sigma=(1.0, 4.0), proportion=(0.2, 0.8)).mask

    def mixed(shift: int) -> Mixed:
        drawn = jnp.roll(masks, shift, 0)
        return mix_masked(jax.random.key(0), jnp.roll(images, shift, 0), lambda *_: drawn)

    for name in ("images", "blend"):
        np.testing.assert_allclose(getattr(mixed(2), name), jnp.roll(getattr(mixed(0), name), 2, 0), rtol=1e-6)


def test_permuting_the_batch_permutes_what_is_erased(images: Array) -> None:
    masks = cow_masks_per_image(jax.random.key(2), 6, 8, 8, sigma=(1.0, 4.0), proportion=(0.2, 0.8)).mask
    order = jnp.array([3, 1, 5, 0, 2, 4])

    def erased(order: Array) -> Array:
        drawn = masks[order]
        return erase(jax.random.key(0), images[order], lambda *_: drawn, noise_std=0.0, mask_probability=1.0).images

    np.testing.assert_array_equal(erased(order), erased(jnp.arange(6))[order])


@pytest.mark.parametrize(
    "regularize",
    [
        partial(erase, draw_mask=cows, noise_std=1.0, mask_probability=0.5),
        partial(mix_masked, draw_mask=cows),
        partial(mix_ict, alpha=0.5),
    ],
)
def test_jit_changes_nothing(images: Array, regularize: Callable[[Array, Array], Perturbed | Mixed]) -> None:
    key = jax.random.key(1)
    eager, compiled = regularize(key, images), jax.jit(regularize)(key, images)
    jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-5), eager, compiled)


@pytest.mark.parametrize("alpha", [0.1, 0.5, 1.0, 2.0])
def test_ict_blends_by_a_beta_distribution(alpha: float) -> None:
    images = jnp.arange(40_000, dtype=jnp.float32).reshape(20_000, 1, 2, 1)
    mixed = mix_ict(jax.random.key(0), images, alpha=alpha)
    assert mixed.mask is None
    expected = images + (jnp.roll(images, -1, 0) - images) * mixed.blend[:, None, None, None]
    np.testing.assert_allclose(mixed.images, expected, rtol=1e-6)
    blend = np.asarray(mixed.blend, np.float64)
    # Close to 1 float32 rounds far more coarsely than close to 0, and the distribution is symmetric.
    lower = blend[blend < 0.5]
    assert stats.kstest(lower, lambda value: 2 * stats.beta(alpha, alpha).cdf(value)).pvalue > 1e-4
    np.testing.assert_allclose(len(lower) / len(blend), 0.5, atol=0.02)
    np.testing.assert_allclose(blend.mean(), 0.5, atol=0.01)
    np.testing.assert_allclose(blend.var(), 1 / (8 * alpha + 4), rtol=0.05)
