"""That what masks are measured against draws the same masks."""

import jax
import numpy as np

from cowmask_worker.bench.masks import _convolved  # pyright: ignore[reportPrivateUsage]
from cowmask_worker.masks.cow import cow_draws, cow_masks


def test_the_authors_way_draws_the_same_masks() -> None:
    key, sigma = jax.random.key(3), (1.0, 4.0)
    drawn = cow_draws(key, 6, 20, 17, sigma=sigma, proportion=(0.2, 0.8))
    ours = cow_masks(key, 6, 20, 17, sigma=sigma, proportion=(0.2, 0.8)).mask[..., 0]
    assert np.mean(np.asarray(_convolved(drawn, sigma)) != np.asarray(ours)) < 1e-3
