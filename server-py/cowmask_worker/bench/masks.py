"""How fast CowMasks are drawn, beside the authors' way of drawing them."""

import statistics
from collections.abc import Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from cowmask_worker.bench.row import Row, compared, measured
from cowmask_worker.bench.turns import in_turn
from cowmask_worker.masks.cow import CowDraws, cow_draws, cow_masks, threshold
from cowmask_worker.threefry import normal

_PROPORTION = (0.2, 0.8)


def mask_rows(*, quick: bool) -> Iterator[Row]:
    yield from _rows(count=256, among=256, edge=32, sigma=(4.0, 16.0), faster=100, quick=quick)
    yield from _rows(count=32, among=4 if quick else 32, edge=224, sigma=(28.0, 112.0), faster=600, quick=quick)


def _rows(*, count: int, among: int, edge: int, sigma: tuple[float, float], faster: int, quick: bool) -> Iterator[Row]:
    """Ours against depthwise convolutions with a kernel for each mask, and against the least that can be done."""
    options: Any = {"height": edge, "width": edge, "sigma": sigma, "proportion": _PROPORTION}
    key = jax.random.key(0)
    ours: Any = jax.jit(lambda key: cow_masks(key, count, **options).mask).lower(key).compile()
    least: Any = jax.jit(partial(_least, count=count, edge=edge)).lower(key).compile()
    convolved: Any = jax.jit(lambda key: _convolved(cow_draws(key, among, **options), sigma)).lower(key).compile()
    both = in_turn({"ours": lambda: ours(key), "least": lambda: least(key)}, rounds=5 if quick else 50)
    theirs = in_turn(
        {"ours": lambda: ours(key), "theirs": lambda: convolved(key)}, rounds=1 if quick or edge > 100 else 3
    )
    name = f"{count} CowMasks of {edge}x{edge}"
    ours_each = [value / count for value in theirs["ours"]]
    theirs_each = [value / among for value in theirs["theirs"]]
    times = statistics.median(theirs_each) / statistics.median(ours_each)
    yield measured(
        name,
        "ms a mask",
        ours_each,
        baseline_name=f"depthwise convolutions, as the authors' code ({among} masks)",
        baseline=theirs_each,
        target=f"at least {faster} times faster",
        holds=lambda ratio: 1 / ratio >= faster,
        detail=f"{times:,.0f} times faster",
    )
    yield compared(
        name,
        "ms",
        both["ours"],
        baseline_name="their noise and two matmuls alone",
        baseline=both["least"],
        most=1.5,
    )


def _least(key: Array, *, count: int, edge: int) -> Float[Array, "n h w"]:
    noise = normal(key, (count, edge, edge))
    weights = jnp.broadcast_to(jnp.eye(edge), (count, edge, edge)) + noise[:, :1, :1]
    once = jnp.matmul(weights, noise, precision=jax.lax.Precision.HIGHEST)
    return jnp.matmul(once, weights, precision=jax.lax.Precision.HIGHEST)


def _convolved(drawn: CowDraws, sigma: tuple[float, float]) -> Float[Array, "n h w"]:
    """The same masks by two depthwise convolutions, the images standing in the channels."""
    count, _, _ = drawn.noise.shape
    reach = 2 * round(3 * sigma[1]) + 1
    distance = jnp.arange(-reach, reach + 1, dtype=jnp.float32)
    kernel = jnp.exp(-jnp.square(distance)[:, None] / (2 * jnp.square(drawn.sigma))[None])
    images = jnp.moveaxis(drawn.noise, 0, -1)[None]
    for shape in ((2 * reach + 1, 1), (1, 2 * reach + 1)):
        images = jax.lax.conv_general_dilated(
            images,
            kernel.reshape(*shape, 1, count),
            (1, 1),
            "SAME",
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
            feature_group_count=count,
            precision=jax.lax.Precision.HIGHEST,
        )
    return threshold(jnp.moveaxis(images[0], -1, 0), drawn.proportion)
