"""CowMasks and box masks against recorded ones."""

import dataclasses
import re
from collections.abc import Iterator
from functools import partial
from typing import cast

import jax
import numpy as np
from numpy.typing import NDArray
from scipy import special

from cowmask_worker.masks.box import Area, box_masks
from cowmask_worker.masks.cow import cow_draws, cow_field, cow_masks
from cowmask_worker.parity.comparison import Comparison
from cowmask_worker.parity.row import Row
from cowmask_worker.parity.vectors import BadVectors, VectorFile

_GROUP = "masks"
_MOST_DIFFERENT = 1e-5
_CLOSEST_MARGIN = 1e-5
_BOX = re.compile(r"(.+)_(fixed|random_area|random_size)([0-9.]+)?_(aspect|plain)_s(\d+)_boxes")
_BOX_SIZES = {"s32": (32, 32), "rect": (24, 40)}


def cow(file: VectorFile) -> Iterator[Row]:
    """Pixels; and on the way to them what was drawn, the noise, the blurred field, the distances from the threshold."""
    pixels, drawn, noise, field, margins = (Comparison() for _ in range(5))
    different = total = 0
    for case, options in file.entry["cases"].items():
        count, height, width = options["n"], options["height"], options["width"]
        sigma, proportion = tuple(options["sigma_range"]), tuple(options["proportion_range"])
        settings = {"count": count, "height": height, "width": width, "sigma": sigma, "proportion": proportion}
        draw, draws = (jax.jit(partial(each, **settings)) for each in (cow_masks, cow_draws))
        for seed in options["seeds"]:
            recorded = {what: f"{case}_s{seed}_{what}" for what in ("mask_bits", "p", "sigma", "share", "noise_corner")}
            arrays, key = file.arrays, jax.random.PRNGKey(seed)
            masks, white = draw(key), draws(key)
            expected = np.unpackbits(arrays[recorded["mask_bits"]], axis=1, count=height * width)
            off = np.asarray(masks.mask).reshape(count, -1) != expected
            different, total = different + int(off.sum()), total + off.size
            closest = arrays[f"{case}_s{seed}_smallest_margins"]
            # Rounding may move only pixels that lie on the threshold.
            drawn.equal(recorded["p"], masks.proportion, arrays[recorded["p"]])
            ulp = 2 * np.spacing(arrays[recorded["sigma"]])
            drawn.close(recorded["sigma"], masks.sigma, arrays[recorded["sigma"]], ulp)
            pixels.require(
                off.sum() <= (closest < pixels.factor * _CLOSEST_MARGIN).sum(),
                f"{case}_s{seed}: {off.sum()} pixels differ",
            )
            moved = 1e-6 + off.sum(1) / (height * width)
            pixels.close(recorded["share"], masks.mask.mean((1, 2, 3)), arrays[recorded["share"]], moved)
            corner = np.moveaxis(np.asarray(white.noise[:, :2, :4]), 0, -1)
            noise.close(recorded["noise_corner"], corner, arrays[recorded["noise_corner"]], 1e-6)
            blurred = cow_field(white, sigma)
            ours = _margins(np.asarray(blurred), np.asarray(white.proportion))[: closest.size]
            margins.close(f"{case}_s{seed}_smallest_margins", ours, np.sort(closest), 1e-5)
            if (whole := f"{case}_s{seed}_noise") in arrays:
                noise.close(whole, np.moveaxis(np.asarray(white.noise), 0, -1), arrays[whole], 1e-6)
            if (name := f"{case}_s{seed}_blurred") in arrays:
                scaled = np.asarray(blurred) / (2 * np.pi * np.square(arrays[recorded["sigma"]]))[:, None, None]
                field.close(name, scaled, arrays[name], 1e-5 * arrays[name].std((1, 2), keepdims=True))
    share = different / max(total, 1)
    pixels.require(share <= pixels.factor * _MOST_DIFFERENT, f"{different:,} of {total:,} pixels differ")
    row = pixels.row(_GROUP, "CowMask, pixels", "at most 1 pixel in 100,000, and that on the threshold")
    # What differs of a mask is not by how much, but how many of its pixels do.
    yield dataclasses.replace(row, cases=total, max_abs=float(different > 0), max_rel=share)
    yield drawn.row(_GROUP, "CowMask, proportion and sigma", "equal; sigma 2 ulp")
    yield noise.row(_GROUP, "CowMask, white noise", "1e-6")
    yield margins.row(_GROUP, "CowMask, distance of the closest pixels from the threshold", "1e-5 deviations")
    if any(name.endswith("_blurred") for name in file.arrays):
        yield field.row(_GROUP, "CowMask, blurred field", "1e-5 deviations")


def _margins(field: NDArray[np.float32], proportion: NDArray[np.float32]) -> NDArray[np.float64]:
    """How far each pixel is from its mask's threshold, in deviations of the field, ascending."""
    standard = (field - field.mean((1, 2), keepdims=True)) / field.std((1, 2), keepdims=True)
    return np.sort(np.abs(standard - special.ndtri(proportion.astype(np.float64))[:, None, None]).ravel())


def box(file: VectorFile) -> Iterator[Row]:
    """Boxes and masks."""
    boxes, masks = Comparison(), Comparison()
    sizes = {**_BOX_SIZES, **file.entry.get("sizes", {})}
    for name in (name for name in file.arrays if name.endswith("_boxes")):
        matched = _BOX.fullmatch(name)
        if matched is None or matched[1] not in sizes:
            raise BadVectors(f"the name {name} is not understood; sizes are {', '.join(sizes)}")
        size, area, scale, aspect, seed = matched.groups()
        height, width = sizes[size]
        expected = file.arrays[name]
        draw = partial(box_masks, area=cast(Area, area), scale=float(scale or 0.25), random_aspect=aspect == "aspect")
        drawn = jax.jit(partial(draw, count=len(expected), height=height, width=width))(jax.random.PRNGKey(int(seed)))
        boxes.close(name, drawn.boxes, expected, 5e-6 * max(height, width))
        bits = name.replace("_boxes", "_mask_bits")
        recorded = np.unpackbits(file.arrays[bits], axis=1, count=height * width)
        masks.equal(bits, np.asarray(drawn.mask).reshape(len(recorded), -1), recorded)
    yield masks.row(_GROUP, "box masks, pixels", "equal")
    yield boxes.row(_GROUP, "box masks, boxes", "5e-6 of the longer edge")
