"""Erased and mixed images against recorded ones."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array
from scipy import stats

from cowmask_worker.masks.box import box_masks
from cowmask_worker.masks.cow import cow_masks
from cowmask_worker.parity.comparison import DRAWS, LEAST_P, Comparison
from cowmask_worker.parity.row import Row
from cowmask_worker.parity.vectors import VectorFile
from cowmask_worker.regularizers.mix import Mixed, mix_ict, mix_masked
from cowmask_worker.regularizers.perturb import DrawMask, Perturbed, erase, identity

_GROUP = "regularizers"

type Options = dict[str, Any]
"""A regularizer as the manifest describes it, under the launcher's own names."""


def regularizers(file: VectorFile) -> Iterator[Row]:
    erased, mixed, blends, masks = (Comparison() for _ in range(4))
    for name, case in file.entry["cases"].items():
        images = jnp.asarray(file.arrays[case["input"]])
        for seed in file.entry["inputs"]["seeds"]:
            key, recorded = jax.random.PRNGKey(seed), partial("{}_s{}_{}".format, name, seed)
            if name.startswith("perturb/"):
                perturbed = jax.jit(perturbation(case["option"], case))(key, images)
                erased.close(recorded("out"), perturbed.images, file.arrays[recorded("out")], 1e-6)
                if (before := recorded("mask_before_prob")) in file.arrays:
                    mask = np.asarray(perturbed.mask)[..., 0]
                    whole = (mask == 1).all((1, 2), keepdims=True)
                    masks.equal(before, mask, np.where(whole, 1, file.arrays[before]))
                if (final := recorded("mask")) in file.arrays:
                    masks.equal(final, np.asarray(perturbed.mask)[..., 0], file.arrays[final])
                continue
            blend = file.arrays[recorded("blend")]
            if case["option"] == "ict":
                # The Beta stream has changed since; the images follow from whatever blend was drawn, as from a mask.
                factors = np.broadcast_to(blend[:, None, None, None], (*images.shape[:3], 1))
                found = mix_masked(key, images, lambda *_, factors=factors: jnp.asarray(factors)).images
                mixed.close(recorded("out"), found, file.arrays[recorded("out")], 1e-6)
                continue
            mixture = jax.jit(mixing(case["option"], case))(key, images)
            mixed.close(recorded("out"), mixture.images, file.arrays[recorded("out")], 1e-6)
            blends.close(recorded("blend"), mixture.blend, blend, 1e-6)
            masks.equal(recorded("mask"), np.asarray(mixture.mask)[..., 0], file.arrays[recorded("mask")])
    yield erased.row(_GROUP, "erased images", "1e-6")
    yield mixed.row(_GROUP, "mixed images", "1e-6")
    yield blends.row(_GROUP, "blend factors", "1e-6")
    yield masks.row(_GROUP, "masks of both", "equal")
    yield _ict(file)


def _ict(file: VectorFile) -> Row:
    """The factors that ICT draws, against the exact distribution and what is recorded of the authors' draws."""
    comparison, arrays = Comparison(), file.arrays
    levels = arrays["ict/quantile_levels"]
    for alpha in (name.removeprefix("ict/alpha").removesuffix("_mean_var") for name in arrays if "_mean_var" in name):
        recorded = f"ict/alpha{alpha}"
        drawn = mix_ict(jax.random.key(7), jnp.zeros((DRAWS, 1, 1, 1)), alpha=float(alpha)).blend
        blends = np.asarray(drawn, np.float64)
        # Many values near 1 are 1 in float32, so the exact ones are rounded, too.
        exact = stats.beta(float(alpha), float(alpha)).rvs(DRAWS, random_state=11).astype(np.float32)
        p: float = cast(Any, stats.ks_2samp(blends, exact, method="asymp")).pvalue
        comparison.likely(f"Beta({alpha}, {alpha})", p)
        moments = [blends.mean(), blends.var()]
        comparison.close(f"{recorded}_mean_var", moments, arrays[f"{recorded}_mean_var"], 0.01)
        comparison.close(f"{recorded}_exact_var", moments[1], arrays[f"{recorded}_exact_var"], 0.01)
        for quantiles in (f"{recorded}_quantiles", f"{recorded}_exact_quantiles"):
            below = [(blends <= edge).mean() for edge in arrays[quantiles]]
            inner = arrays[quantiles] < 1 - 1e-6
            comparison.close(quantiles, np.where(inner, below, levels), levels, 0.015)
    tolerance = f"Kolmogorov-Smirnov, p > {LEAST_P} at {DRAWS:,} draws; moments 0.01"
    return comparison.row(_GROUP, "ICT, distribution of the blend factor", tolerance)


def perturbation(name: str, options: Options) -> Callable[[Array, Array], Perturbed]:
    """The perturbation of that name; `aug...` differs from the plain one in its augmentation only."""
    if name in ("mt", "aug"):
        return identity
    return partial(
        erase,
        draw_mask=mask_drawing(name, options),
        noise_std=options.get("cut_backg_noise", 1.0),
        mask_probability=options.get("cut_prob", 1.0),
    )


def mixing(name: str, options: Options) -> Callable[[Array, Array], Mixed]:
    if name == "ict":
        return partial(mix_ict, alpha=options.get("ict_alpha", 0.1))
    return partial(mix_masked, draw_mask=mask_drawing(name, options))


def mask_drawing(name: str, options: Options) -> DrawMask:
    if "cow" in name:
        sigma, proportion = tuple(options["cow_sigma_range"]), tuple(options["cow_prop_range"])
        return lambda key, *shape: cow_masks(key, *shape, sigma=sigma, proportion=proportion).mask
    draw = partial(
        box_masks,
        area=options.get("box_reg_scale_mode", "fixed"),
        scale=options.get("box_reg_scale", 0.25),
        random_aspect=options.get("box_reg_random_aspect_ratio", False),
    )
    return lambda key, *shape: draw(key, *shape).mask
