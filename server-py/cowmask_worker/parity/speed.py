"""How long what the reference's times are known for takes here."""

import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import jax
from jaxtyping import Array

from cowmask_worker.masks.cow import CowMasks, cow_masks

_REPEATS = 5


def _cow(count: int, edge: int, sigma: tuple[float, float]) -> Callable[[Array], CowMasks]:
    return partial(cow_masks, count=count, height=edge, width=edge, sigma=sigma, proportion=(0.2, 0.8))


_WORK = {
    "256 CowMasks of 32x32": _cow(256, 32, (4.0, 16.0)),
    "32 CowMasks of 224x224": _cow(32, 224, (16.0, 128.0)),
}


class Time(NamedTuple):
    """Seconds of the best run, compiled; `where` says on what the reference's were measured."""

    name: str
    ours: float
    reference: float
    where: str


def times(folder: Path) -> Iterator[Time]:
    """A line for each of the folder's `times.json` that is measured here; none where there is no such file."""
    file = folder / "times.json"
    if not file.is_file():
        return
    for line in json.loads(file.read_text(encoding="utf-8")):
        if line["name"] in _WORK:
            yield Time(
                line["name"], _seconds(line["name"]), line["seconds"], line.get("where", "in this run, on this machine")
            )


def _seconds(name: str) -> float:
    work = jax.jit(_WORK[name])
    keys = [jax.random.key(number) for number in range(_REPEATS + 1)]
    jax.block_until_ready(work(keys[0]))

    def once(key: jax.Array) -> float:
        began = time.perf_counter()
        jax.block_until_ready(work(key))
        return time.perf_counter() - began

    return min(once(key) for key in keys[1:])
