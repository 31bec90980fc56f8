"""Measures what is compared in turn, so that both see the same machine."""

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from types import MappingProxyType
from typing import Any

import jax

type Work = Callable[[], Any]
"""Its answer is waited for."""


def in_turn(
    works: Mapping[str, Work], *, rounds: int, warm_ups: Mapping[str, Work] = MappingProxyType({})
) -> dict[str, Sequence[float]]:
    """Milliseconds of each work in each round, after one round that does not count. Compile before.

    Each turn of a work begins with its warm-up, if it has one, which is not counted: it takes back the caches and pages
    that the work lost in the turns of others.
    """
    measured: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in works.items():
            if warm_up := warm_ups.get(name):
                jax.block_until_ready(warm_up())
            began = perf_counter()
            jax.block_until_ready(work())
            if number:
                measured[name].append((perf_counter() - began) * 1000)
    return dict(measured)
