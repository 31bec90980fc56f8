"""CowMasks equal those of the authors' generator."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cowmask_worker.masks.cow import blur, cow_masks

type Golden = Callable[[str], dict[str, np.ndarray]]
type Manifest = dict[str, Any]

pytestmark = pytest.mark.usefixtures("reference_stream")


def test_equal_the_references_masks(golden: Golden, manifest: Manifest) -> None:
    arrays = golden("masks_cow.npz")
    different = pixels = 0
    for name, case in manifest["masks_cow.npz"]["cases"].items():
        count, height, width = case["n"], case["height"], case["width"]
        draw = jax.jit(cow_masks, static_argnums=(1, 2, 3), static_argnames=("sigma", "proportion"))
        for seed in case["seeds"]:
            drawn = draw(
                jax.random.PRNGKey(seed),
                count,
                height,
                width,
                sigma=tuple(case["sigma_range"]),
                proportion=tuple(case["proportion_range"]),
            )
            expected = np.unpackbits(arrays[f"{name}_s{seed}_mask_bits"], axis=1, count=height * width)
            off = np.asarray(drawn.mask).reshape(count, -1) != expected
            # Rounding may move only pixels that lie on the threshold.
            assert off.sum() <= (arrays[f"{name}_s{seed}_smallest_margins"] < 1e-5).sum()
            np.testing.assert_array_equal(drawn.proportion, arrays[f"{name}_s{seed}_p"])
            np.testing.assert_array_max_ulp(np.asarray(drawn.sigma), arrays[f"{name}_s{seed}_sigma"], 2)
            different, pixels = different + off.sum(), pixels + off.size
    assert pixels > 250_000
    assert different <= pixels / 100_000


def test_blurs_as_the_reference(golden: Golden, manifest: Manifest) -> None:
    arrays = golden("masks_cow.npz")
    case = manifest["masks_cow.npz"]["cases"]["odd"]
    for seed in case["seeds"]:
        noise, sigma = arrays[f"odd_s{seed}_noise"], arrays[f"odd_s{seed}_sigma"]
        expected = arrays[f"odd_s{seed}_blurred"]
        field = blur(
            jnp.asarray(noise.transpose(2, 0, 1)), jnp.asarray(sigma), reach=2 * round(3 * case["sigma_range"][1]) + 1
        )
        scaled = np.asarray(field) / (2 * np.pi * sigma**2)[:, None, None]
        np.testing.assert_allclose(scaled, expected, rtol=0, atol=1e-5 * expected.std((1, 2)).min())
