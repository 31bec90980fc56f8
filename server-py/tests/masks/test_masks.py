"""What holds for masks of every kind, shape and way of drawing."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from cowmask_worker.masks.box import Area, box_masks, box_masks_per_image
from cowmask_worker.masks.cow import CowMasks, cow_masks, cow_masks_per_image

KINDS = {
    "cow": partial(cow_masks, sigma=(1.0, 4.0), proportion=(0.2, 0.8)),
    "cow_per_image": partial(cow_masks_per_image, sigma=(1.0, 4.0), proportion=(0.2, 0.8)),
    "box": partial(box_masks, area="random_area", scale=0.25, random_aspect=True),
    "box_per_image": partial(box_masks_per_image, area="random_size", scale=0.25, random_aspect=False),
}
DISCRETE = ("area", "random_aspect")
PER_IMAGE = ["cow_per_image", "box_per_image"]


def cow_draw(
    count: int, height: int, width: int, *, sigma: tuple[float, float], proportion: tuple[float, float]
) -> Callable[[Array], CowMasks]:
    return jax.jit(partial(cow_masks, count=count, height=height, width=width, sigma=sigma, proportion=proportion))


@pytest.mark.parametrize("shape", [(5, 8, 8), (1, 9, 4), (3, 1, 7)])
@pytest.mark.parametrize("kind", KINDS)
def test_are_zero_or_one_and_follow_their_key(kind: str, shape: tuple[int, int, int]) -> None:
    draw = jax.jit(partial(KINDS[kind], count=shape[0], height=shape[1], width=shape[2]))
    mask, drawn, *_ = draw(jax.random.key(0))
    assert (mask.shape, mask.dtype) == ((*shape, 1), jnp.float32)
    assert set(np.unique(mask)) <= {0.0, 1.0}
    np.testing.assert_array_equal(mask, draw(jax.random.key(0))[0])
    assert (drawn != draw(jax.random.key(1))[1]).any()


@pytest.mark.parametrize("kind", ["cow", "box"])
def test_jit_changes_nothing(kind: str) -> None:
    draw = partial(KINDS[kind], count=5, height=8, width=8)
    for eager, compiled in zip(draw(jax.random.key(3)), jax.jit(draw)(jax.random.key(3)), strict=True):
        np.testing.assert_allclose(eager, compiled, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", PER_IMAGE)
def test_a_longer_draw_keeps_its_prefix_and_pieces_add_up(kind: str) -> None:
    draw = jax.jit(partial(KINDS[kind], height=16, width=12), static_argnames="count")
    key = jax.random.key(5)
    whole, start, rest = draw(key, count=7), draw(key, count=2), draw(key, count=5, first=2)
    jax.tree.map(
        lambda whole, *pieces: np.testing.assert_array_equal(whole, np.concatenate(pieces)), whole, start, rest
    )


@pytest.mark.parametrize("proportion", [0.0, 1.0])
@pytest.mark.parametrize("shape", [(16, 16), (1, 1), (1, 5)])
def test_proportions_of_exactly_zero_and_one_are_legal(proportion: float, shape: tuple[int, int]) -> None:
    masks = cow_draw(8, *shape, sigma=(1.0, 2.0), proportion=(proportion, proportion))(jax.random.key(0))
    np.testing.assert_array_equal(masks.mask, np.full((8, *shape, 1), proportion))


@pytest.mark.parametrize(
    ("sigma", "proportion", "share"),
    [
        (4.0, 0.25, 0.260),
        (8.0, 0.25, 0.2815),
        (16.0, 0.25, 0.295),
        (4.0, 0.75, 0.7395),
        (8.0, 0.75, 0.718),
        (16.0, 0.75, 0.705),
    ],
)
def test_mean_share_of_ones_is_the_references(sigma: float, proportion: float, share: float) -> None:
    draw = cow_draw(2048, 32, 32, sigma=(sigma, sigma), proportion=(proportion, proportion))
    shares = draw(jax.random.key(7)).mask.mean((1, 2, 3))
    # The published share was itself measured, to a few thousandths.
    np.testing.assert_allclose(shares.mean(), share, rtol=0, atol=0.003 + 3 * float(shares.std()) / 2048**0.5)


@pytest.mark.parametrize(
    ("proportion", "correlation", "deviation"), [((0.2, 0.8), 0.954, 0.042), ((0.25, 1.0), 0.975, 0.0385)]
)
def test_share_follows_proportion_as_the_references_does(
    proportion: tuple[float, float], correlation: float, deviation: float
) -> None:
    draw = cow_draw(4096, 32, 32, sigma=(4.0, 16.0), proportion=proportion)
    masks = draw(jax.random.key(11))
    shares, asked = np.asarray(masks.mask.mean((1, 2, 3))), np.asarray(masks.proportion)
    np.testing.assert_allclose(np.corrcoef(asked, shares)[0, 1], correlation, atol=0.006)
    np.testing.assert_allclose(np.abs(shares - asked).mean(), deviation, atol=0.002)
    if proportion == (0.2, 0.8):
        np.testing.assert_allclose(np.polyfit(asked, shares, 1), [0.873, 0.064], atol=0.012)


def test_scales_are_log_uniform_within_their_range() -> None:
    sigmas = cow_draw(4096, 1, 1, sigma=(2.0, 32.0), proportion=(0.5, 0.5))(jax.random.key(2)).sigma
    assert 2 <= sigmas.min() < 2.05
    assert 31 < sigmas.max() <= 32.0001
    np.testing.assert_allclose(np.quantile(np.log2(sigmas), [0.25, 0.5, 0.75]), [2, 3, 4], atol=0.1)


@pytest.mark.parametrize("random_aspect", [False, True])
@pytest.mark.parametrize(("area", "share"), [("fixed", 0.3), ("random_area", 1 / 2), ("random_size", 1 / 3)])
def test_boxes_have_the_asked_area_and_stay_inside(area: Area, share: float, random_aspect: bool) -> None:
    height, width = 24, 40
    draw = jax.jit(partial(box_masks, count=4096, height=height, width=width, scale=0.3), static_argnames=DISCRETE)
    masks = draw(jax.random.key(4), area=area, random_aspect=random_aspect)
    y0, x0, y1, x1 = np.asarray(masks.boxes).T
    assert min(y0.min(), x0.min()) >= -1e-4
    assert max(y1.max() - height, x1.max() - width) <= 1e-4
    areas = (y1 - y0) * (x1 - x0) / (height * width)
    np.testing.assert_allclose(areas.mean(), share, atol=0.02)
    aspects = (y1 - y0) / (x1 - x0) * width / height
    assert (aspects.std() > 0.1) if random_aspect else np.allclose(aspects, 1, atol=1e-3)
    inside = np.asarray(1 - masks.mask[..., 0]).sum((1, 2))
    assert (np.abs(inside - areas * height * width) <= (y1 - y0) + (x1 - x0) + 1).all()


def test_zeros_are_inside_the_box() -> None:
    masks = box_masks(jax.random.key(9), 1, 8, 8, area="fixed", scale=0.25, random_aspect=False)
    rows, columns = np.nonzero(np.asarray(masks.mask[0, :, :, 0]) == 0)
    y0, x0, y1, x1 = np.asarray(masks.boxes[0])
    assert rows.size == 16
    for places, low, high in ((rows, y0, y1), (columns, x0, x1)):
        assert low <= places.min() + 0.5
        assert places.max() + 0.5 <= high
