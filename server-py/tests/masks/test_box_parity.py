"""Box masks equal those of the authors' generator."""

import re
from collections.abc import Callable

import jax
import numpy as np
import pytest

from cowmask_worker.masks.box import box_masks

type Golden = Callable[[str], dict[str, np.ndarray]]

SIZES = {"s32": (32, 32), "rect": (24, 40)}
NAME = re.compile(r"(s32|rect)_(fixed|random_area|random_size)(0\.6)?_(aspect|plain)_s(\d+)_boxes")

pytestmark = pytest.mark.usefixtures("reference_stream")


def test_equal_the_references_boxes_and_masks(golden: Golden) -> None:
    arrays = golden("masks_box.npz")
    draw = jax.jit(box_masks, static_argnums=(1, 2, 3), static_argnames=("area", "scale", "random_aspect"))
    names = [name for name in arrays if name.endswith("_boxes")]
    for name in names:
        matched = NAME.fullmatch(name)
        assert matched is not None, name
        size, area, scale, aspect, seed = matched.groups()
        height, width = SIZES[size]
        expected = arrays[name]
        drawn = draw(
            jax.random.PRNGKey(int(seed)),
            len(expected),
            height,
            width,
            area=area,
            scale=float(scale or 0.25),
            random_aspect=aspect == "aspect",
        )
        np.testing.assert_allclose(drawn.boxes, expected, rtol=0, atol=5e-6 * max(height, width))
        mask = np.unpackbits(arrays[name.replace("boxes", "mask_bits")], axis=1, count=height * width)
        np.testing.assert_array_equal(np.asarray(drawn.mask).reshape(len(mask), -1), mask)
    assert len(names) == len(arrays) / 2
