"""`python -m cowmask_worker.bench.drawing COUNT EDGE`: draws CowMasks and leaves them where they are.

For every line of standard input it says, in a line, how many milliseconds that took.
"""

import sys
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any, NamedTuple

import jax
import numpy as np

from cowmask_worker.masks.cow import cow_masks_per_image
from cowmask_worker.tasks.masks import block_size

_PROPORTION = (0.2, 0.8)


class Drawing(NamedTuple):
    """`program` draws a block, `draw` all the masks, of which `blocks` are needed."""

    program: Any
    blocks: int
    draw: Callable[[], Sequence[jax.Array]]


def drawing(count: int, edge: int) -> Drawing:
    """CowMasks of `edge` x `edge` pixels, block by block as the worker draws them."""
    size, sigma = block_size(edge, edge), (edge / 8, edge / 2)
    key = jax.random.key(0)

    def block(key: Any, first: Any) -> Any:
        drawn = cow_masks_per_image(key, size, edge, edge, first=first, sigma=sigma, proportion=_PROPORTION)
        return drawn.mask[..., 0].astype(bool)

    program: Any = jax.jit(block).lower(key, np.int32(0)).compile()
    starts = range(0, count, size)
    return Drawing(program, len(starts), lambda: [program(key, np.int32(first)) for first in starts])


def main() -> None:
    draw = drawing(*map(int, sys.argv[1:])).draw
    jax.block_until_ready(draw())
    for _ in sys.stdin:
        began = perf_counter()
        jax.block_until_ready(draw())
        print((perf_counter() - began) * 1000, flush=True)


if __name__ == "__main__":
    main()
