"""`python -m cowmask_worker.bench.drawing COUNT EDGE`: draws CowMasks and leaves them where they are.

For every line of standard input it says, in a line, how many milliseconds that took.
"""

import sys
from time import perf_counter
from typing import Any

import jax
import numpy as np

from cowmask_worker.masks.cow import cow_masks_per_image
from cowmask_worker.tasks.masks import block_size

_PROPORTION = (0.2, 0.8)


def main() -> None:
    count, edge = map(int, sys.argv[1:])
    size, sigma = block_size(edge, edge), (edge / 8, edge / 2)
    key = jax.random.key(0)

    def block(key: Any, first: Any) -> Any:
        drawn = cow_masks_per_image(key, size, edge, edge, first=first, sigma=sigma, proportion=_PROPORTION)
        return drawn.mask[..., 0].astype(bool)

    draw: Any = jax.jit(block)
    jax.block_until_ready(draw(key, np.int32(0)))
    for _ in sys.stdin:
        began = perf_counter()
        jax.block_until_ready([draw(key, np.int32(first)) for first in range(0, count, size)])
        print((perf_counter() - began) * 1000, flush=True)


if __name__ == "__main__":
    main()
