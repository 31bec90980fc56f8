"""Measures what is compared in turn, so that both see the same machine."""

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any

import jax

type Work = Callable[[], Any]
"""Its answer is waited for."""


def in_turn(works: Mapping[str, Work], *, rounds: int) -> dict[str, Sequence[float]]:
    """Milliseconds of each work in each round, after one round that does not count. Compile before."""
    measured: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in works.items():
            began = perf_counter()
            jax.block_until_ready(work())
            if number:
                measured[name].append((perf_counter() - began) * 1000)
    return dict(measured)
