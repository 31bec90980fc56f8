"""How fast training steps are taken and compiled, beside what differentiation and loops make of them by themselves."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import jax

from cowmask.v1 import experiment_config_pb2 as config_pb2
from cowmask_worker.bench.compiled_step import compiled_config, stepping, uncompiled
from cowmask_worker.bench.experiment import bench_config
from cowmask_worker.bench.plain_layers import plain_layers
from cowmask_worker.bench.row import Row, compared
from cowmask_worker.bench.turns import in_turn

_STEPS = 4
_EDGE = 32
_COMPILED = 1.7


class _Case(NamedTuple):
    """`loop` and `scan` are the largest ratios allowed: to a step a dispatch, and to a loop, of layers left to jax."""

    name: str
    network: config_pb2.WideResnet
    batch: int
    loop: float
    scan: float | None


_CASES = (
    _Case("WRN-28-2", config_pb2.WideResnet(depth=28, width=2, dropout=0.3), batch=8, loop=0.85, scan=0.08),
    _Case("WRN-10-1", config_pb2.WideResnet(depth=10, width=1, dropout=0), batch=64, loop=1.0, scan=None),
)


def training_rows(*, quick: bool) -> Iterator[Row]:
    # What is compiled here is timed, too.
    jax.config.update("jax_enable_compilation_cache", False)
    for case in _CASES:
        yield from _rows(case, rounds=2 if quick else 6, scan=not quick)


def _rows(case: _Case, *, rounds: int, scan: bool) -> Iterator[Row]:
    """Mean Teacher with CowMix on 32x32 images, in our loop on the device, against each other way."""
    loop, ours = _timed(lambda: _loop(case))
    with plain_layers():
        single, plain = _timed(lambda: _single(case))

    def dispatched() -> Any:
        return [single() for _ in range(_STEPS)][-1]

    measured = in_turn({"ours": partial(loop, _STEPS), "plain": dispatched}, rounds=rounds)
    yield _row(case, measured["ours"], measured["plain"], "a step a dispatch, layers left to jax", case.loop)
    yield compared(
        f"compiling the loop of steps, {case.name}, cold",
        "s",
        [ours],
        baseline_name="compiling a single step, layers left to jax",
        baseline=[plain],
        most=_COMPILED,
        detail="with the network's start and the images' way to the device, on both sides",
    )

    together = _loop(case, passes="together")
    measured = in_turn({"ours": partial(loop, _STEPS), "together": partial(together, _STEPS)}, rounds=rounds)
    yield _row(case, measured["ours"], measured["together"], "the student's passes together in one", 1.0)

    if scan and case.scan is not None:
        with plain_layers():
            slow = _loop(case)
        measured = in_turn({"ours": partial(loop, _STEPS), "slow": partial(slow, 1)}, rounds=1)
        theirs = [value * _STEPS for value in measured["slow"]]
        yield _row(case, measured["ours"], theirs, "a loop on the device, layers left to jax", case.scan)


def _config(case: _Case) -> config_pb2.ExperimentConfig:
    return bench_config(config_pb2.ModelConfig(wide_resnet=case.network), case.batch)


def _loop(case: _Case, *, passes: str = "separate") -> Callable[[int], Any]:
    config = _config(case)
    config.student_passes = passes
    step = compiled_config(config, _EDGE)
    return stepping(step.program, step.state, step.data)


def _single(case: _Case) -> Callable[[], Any]:
    """A step a dispatch."""
    step, state, data, _ = uncompiled(_config(case), _EDGE)
    program: Any = jax.jit(step, donate_argnums=0).lower(state, data).compile()

    def take() -> Any:
        nonlocal state
        state, metrics = program(state, data)
        return metrics

    return take


def _timed[Answer](make: Callable[[], Answer]) -> tuple[Answer, float]:
    began = time.perf_counter()
    answer = make()
    return answer, time.perf_counter() - began


def _row(case: _Case, ours: Any, theirs: Any, what: str, most: float) -> Row:
    return compared(
        f"training step, {case.name}, batch {case.batch} + {case.batch}",
        "ms",
        [value / _STEPS for value in ours],
        baseline_name=what,
        baseline=[value / _STEPS for value in theirs],
        most=most,
    )
