"""`python -m cowmask_worker.bench.sizes masks|edge|batch|width [--quick]`: how time and memory grow with one size.

For each size a line of JSON: the size, the floating-point operations that the compiler counts, milliseconds (the
fewest of several, since what else a machine does only adds), and megabytes of memory as the compiler plans it.
"""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple

import jax

from cowmask.v1 import experiment_config_pb2 as config_pb2
from cowmask_worker.bench.as_task_process import as_task_process
from cowmask_worker.bench.compiled_step import compiled_step, stepping
from cowmask_worker.bench.drawing import drawing

_ROUNDS = 5
_EDGE = 16


class Point(NamedTuple):
    size: int
    work: float
    milliseconds: float
    megabytes: float


def main() -> None:
    parser = argparse.ArgumentParser(prog="cowmask_worker.bench.sizes", allow_abbrev=False)
    parser.add_argument("axis", choices=_AXES)
    parser.add_argument("--quick", action="store_true", help="the smaller sizes")
    chosen = parser.parse_args()
    sizes, at = _AXES[chosen.axis]
    for size in sizes[:3] if chosen.quick else sizes:
        print(json.dumps(at(size)._asdict()), flush=True)


def _masks(size: int, count: int, edge: int) -> Point:
    """CowMasks, all kept."""
    program, blocks, draw = drawing(count, edge)
    return _measured(size, program, draw, dispatches=blocks)


def _step(size: int, network: config_pb2.WideResnet, batch: int) -> Point:
    step = compiled_step(network, batch, _EDGE)
    return _measured(size, step.program, partial(stepping(step.program, step.state, step.data), 1))


def _measured(size: int, program: Any, work: Callable[[], Any], *, dispatches: int = 1) -> Point:
    """`work` runs the program in so many dispatches, and keeps what they give."""
    taken: list[float] = []
    for _ in range(_ROUNDS + 1):
        began = perf_counter()
        jax.block_until_ready(work())
        taken.append((perf_counter() - began) * 1000)
    planned = program.memory_analysis()
    kept = dispatches * (planned.output_size_in_bytes - planned.alias_size_in_bytes)
    used = planned.argument_size_in_bytes + planned.temp_size_in_bytes + kept
    return Point(size, float(dispatches * program.cost_analysis()["flops"]), min(taken[1:]), used / 2**20)


def _network(width: int) -> config_pb2.WideResnet:
    return config_pb2.WideResnet(depth=10, width=width, dropout=0)


_AXES: Mapping[str, tuple[Sequence[int], Callable[[int], Point]]] = {
    "masks": ([4**power for power in range(7)], lambda count: _masks(count, count, 64)),
    "edge": ([16, 32, 64, 128, 256, 512], lambda edge: _masks(edge, 8, edge)),
    "batch": ([4, 8, 16, 32, 64], lambda batch: _step(batch, _network(1), batch)),
    "width": ([1, 2, 4, 6], lambda width: _step(width, _network(width), 4)),
}


if __name__ == "__main__":
    as_task_process()
    main()
