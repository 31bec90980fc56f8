"""Erased and mixed images equal those of the authors' code."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from cowmask_worker.masks.box import box_masks
from cowmask_worker.masks.cow import cow_masks
from cowmask_worker.regularizers.mix import mix_ict, mix_masked
from cowmask_worker.regularizers.perturb import DrawMask, erase, identity

type Golden = Callable[[str], dict[str, np.ndarray]]
type Manifest = dict[str, Any]

pytestmark = pytest.mark.usefixtures("reference_stream")


def draw_mask(case: dict[str, Any]) -> DrawMask:
    """The mask generator that a case's options ask for."""

    def draw(key: Array, count: int, height: int, width: int) -> Array:
        if "cow" in case["option"]:
            sigma, proportion = tuple(case["cow_sigma_range"]), tuple(case["cow_prop_range"])
            return cow_masks(key, count, height, width, sigma=sigma, proportion=proportion).mask
        return box_masks(
            key,
            count,
            height,
            width,
            area=case.get("box_reg_scale_mode", "fixed"),
            scale=case.get("box_reg_scale", 0.25),
            random_aspect=case.get("box_reg_random_aspect_ratio", False),
        ).mask

    return draw


def cases_and_seeds(manifest: Manifest, kind: str) -> list[tuple[str, dict[str, Any], int]]:
    facts = manifest["regularizers.npz"]
    chosen = {name: case for name, case in facts["cases"].items() if name.startswith(kind)}
    return [(name, case, seed) for name, case in chosen.items() for seed in facts["inputs"]["seeds"]]


def test_erases_as_the_reference(golden: Golden, manifest: Manifest) -> None:
    arrays = golden("regularizers.npz")
    for name, case, seed in cases_and_seeds(manifest, "perturb/"):
        images, key = jnp.asarray(arrays[case["input"]]), jax.random.PRNGKey(seed)
        if case["option"] in ("mt", "aug"):
            perturbed = identity(key, images)
        else:
            perturbed = jax.jit(
                partial(
                    erase,
                    draw_mask=draw_mask(case),
                    noise_std=case.get("cut_backg_noise", 1.0),
                    mask_probability=case.get("cut_prob", 1.0),
                )
            )(key, images)
            drawn = arrays[f"{name}_s{seed}_mask_before_prob"]
            mask = np.asarray(perturbed.mask)[..., 0]
            whole = (mask == 1).all((1, 2))
            np.testing.assert_array_equal(mask[~whole], drawn[~whole])
        np.testing.assert_allclose(perturbed.images, arrays[f"{name}_s{seed}_out"], rtol=0, atol=1e-5)


def test_mixes_as_the_reference(golden: Golden, manifest: Manifest) -> None:
    arrays = golden("regularizers.npz")
    for name, case, seed in cases_and_seeds(manifest, "mix/"):
        images, key = jnp.asarray(arrays[case["input"]]), jax.random.PRNGKey(seed)
        expected, blend = arrays[f"{name}_s{seed}_out"], arrays[f"{name}_s{seed}_blend"]
        if case["option"] == "ict":
            # The Beta stream has changed since; the images follow from whatever blend was drawn.
            mixed = mix_ict(key, images, alpha=case["ict_alpha"])
            change = jnp.roll(images, -1, axis=0) - images
            np.testing.assert_allclose(images + change * blend[:, None, None, None], expected, rtol=0, atol=1e-5)
            expected = images + change * mixed.blend[:, None, None, None]
        else:
            mixed = jax.jit(partial(mix_masked, draw_mask=draw_mask(case)))(key, images)
            np.testing.assert_allclose(mixed.blend, blend, rtol=0, atol=1e-6)
            np.testing.assert_array_equal(mixed.mask[..., 0], arrays[f"{name}_s{seed}_mask"])
        np.testing.assert_allclose(mixed.images, expected, rtol=0, atol=1e-5)
