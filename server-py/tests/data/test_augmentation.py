"""Shifts, flips and normalization of images."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.typing import NDArray

from cowmask_worker.data.augmentation import normalize, shift_and_flip


def crops(image: NDArray[np.uint8], shift: int, flip: bool) -> list[NDArray[np.uint8]]:
    """Every image that the pad-and-crop of the definition can give."""
    height, width, _ = image.shape
    padded = np.pad(image, ((shift, shift), (shift, shift), (0, 0)), mode="reflect")
    cut = [padded[y : y + height, x : x + width] for y in range(2 * shift + 1) for x in range(2 * shift + 1)]
    return cut + [each[:, ::-1] for each in cut] if flip else cut


@pytest.mark.parametrize(
    ("shape", "shift", "flip"),
    [((8, 8, 1), 1, False), ((5, 7, 3), 2, True), ((3, 4, 1), 5, False), ((8, 8, 1), 0, True), ((1, 6, 2), 1, False)],
)
def test_what_comes_out_are_all_crops_of_the_padded_image_equally_often(
    shape: tuple[int, int, int], shift: int, flip: bool
) -> None:
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    count = 3000
    images = jnp.broadcast_to(jnp.asarray(image), (count, *shape))
    out = np.asarray(shift_and_flip(jax.random.key(1), images, shift=shift, flip=flip))
    assert out.dtype == np.uint8
    found: dict[bytes, int] = {}
    for each in out:
        found[each.tobytes()] = found.get(each.tobytes(), 0) + 1
    expected: dict[bytes, int] = {}
    for each in crops(image, shift, flip):
        expected[each.tobytes()] = expected.get(each.tobytes(), 0) + 1
    assert found.keys() == expected.keys()
    for key, ways in expected.items():
        mean = count * ways / sum(expected.values())
        assert abs(found[key] - mean) < 5 * mean**0.5


def test_nothing_asked_for_is_nothing_done() -> None:
    images = jnp.arange(64, dtype=jnp.uint8).reshape(1, 8, 8, 1)
    np.testing.assert_array_equal(shift_and_flip(jax.random.key(0), images, shift=0, flip=False), images)


def test_images_of_a_batch_are_shifted_independently() -> None:
    images = jnp.broadcast_to(jnp.arange(64, dtype=jnp.uint8).reshape(1, 8, 8, 1), (32, 8, 8, 1))
    out = np.asarray(shift_and_flip(jax.random.key(2), images, shift=1, flip=False))
    assert len({each.tobytes() for each in out}) > 4


def test_normalized_pixels_have_the_values_of_the_formula() -> None:
    images = jnp.asarray([[[[0, 255], [51, 102]]]], jnp.uint8)
    out = normalize(images, mean=(0.2, 0.5), std=(0.5, 0.25))
    np.testing.assert_allclose(out, [[[[-0.4, 2.0], [0.0, -0.4]]]], atol=1e-6)
    assert out.dtype == jnp.float32
