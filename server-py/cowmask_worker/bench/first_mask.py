"""`python -m cowmask_worker.bench.first_mask CACHE`: the shortest way to a mask without a worker.

One process that imports what a worker is made of, draws one CowMask with the compile cache in the folder `CACHE`, and
prints its pixels as zeros and ones.
"""

import sys

import grpc
import jax
import numpy as np

from cowmask_worker.masks.cow import cow_masks_per_image


def main() -> None:
    assert grpc.aio is not None
    jax.config.update("jax_compilation_cache_dir", sys.argv[1])
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)
    key = jax.random.key(np.uint32(7))
    draw = jax.jit(lambda key: cow_masks_per_image(key, 1, 32, 32, sigma=(4.0, 16.0), proportion=(0.2, 0.8)).mask)
    print("".join(map(str, np.asarray(draw(key)).astype(int).reshape(-1))))


if __name__ == "__main__":
    main()
