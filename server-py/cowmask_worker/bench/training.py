"""How fast training steps are taken and compiled, beside what differentiation and loops make of them by themselves."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from cowmask.v1 import experiment_config_pb2 as config_pb2
from cowmask_worker.bench.derived_gradients import derived_gradients
from cowmask_worker.bench.experiment import bench_config, bench_images
from cowmask_worker.bench.row import Row, summed_up
from cowmask_worker.bench.turns import in_turn
from cowmask_worker.data.catalog import CATALOG
from cowmask_worker.data.splits import Splits
from cowmask_worker.tasks import assembly
from cowmask_worker.tasks.networks import dataset_network
from cowmask_worker.training.dispatch import many_steps
from cowmask_worker.training.state import TrainState

_STEPS = 4
_COMPILED = 1.7


class _Case(NamedTuple):
    """`loop` and `scan` are the largest ratios allowed to a step a dispatch, and to a loop, with derived gradients."""

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
    loop, ours = _timed(lambda: _compiled(case, many_steps, count=jnp.int32(1)))
    with derived_gradients():
        single, plain = _timed(lambda: _compiled(case, partial(jax.jit, donate_argnums=0)))

    def dispatched() -> Any:
        return [single() for _ in range(_STEPS)][-1]

    measured = in_turn({"ours": partial(loop, np.int32(_STEPS)), "plain": dispatched}, rounds=rounds)
    yield _row(case, measured["ours"], measured["plain"], "a step a dispatch, derived gradients", case.loop)
    yield _compile_row(case, ours, plain)

    together, _ = _timed(lambda: _compiled(case, many_steps, count=jnp.int32(1), passes="together"))
    both = {"ours": partial(loop, np.int32(_STEPS)), "together": partial(together, np.int32(_STEPS))}
    measured = in_turn(both, rounds=rounds)
    yield _row(case, measured["ours"], measured["together"], "the student's passes together in one", 1.0)

    if scan and case.scan is not None:
        with derived_gradients():
            slow, _ = _timed(lambda: _compiled(case, many_steps, count=jnp.int32(1)))
        measured = in_turn({"ours": partial(loop, np.int32(_STEPS)), "slow": partial(slow, np.int32(1))}, rounds=1)
        theirs = [value * _STEPS for value in measured["slow"]]
        yield _row(case, measured["ours"], theirs, "a loop on the device, derived gradients", case.scan)


def _compiled(
    case: _Case, jitted: Callable[[Any], Any], *, count: Any = None, passes: str = "separate"
) -> Callable[..., Any]:
    """A program of one step or of many, which goes on from where its last call ended."""
    facts = CATALOG["cifar10"]
    config = bench_config(config_pb2.ModelConfig(wide_resnet=case.network), case.batch)
    config.student_passes = passes
    everything = np.arange(1000)
    data = assembly.step_data(config, bench_images(facts, 1000), Splits(everything[:100], everything, everything[:0]))
    model = dataset_network(config.model, facts)
    state: TrainState = jax.jit(partial(assembly.new_state, model))(data.root)
    step = jitted(assembly.one_step(config, facts, model))
    program = step.lower(state, data, *(() if count is None else (count,))).compile()

    def work(*count: Any) -> Any:
        nonlocal state
        state, metrics = program(state, data, *count)
        return metrics

    return work


def _timed[Answer](make: Callable[[], Answer]) -> tuple[Answer, float]:
    began = time.perf_counter()
    answer = make()
    return answer, time.perf_counter() - began


def _row(case: _Case, ours: Any, theirs: Any, what: str, most: float) -> Row:
    median, spread = summed_up([value / _STEPS for value in ours])
    baseline, _ = summed_up([value / _STEPS for value in theirs])
    return Row(
        name=f"training step, {case.name}, batch {case.batch} + {case.batch}",
        unit="ms",
        ours=median,
        spread=spread,
        baseline_name=what,
        baseline=baseline,
        ratio=median / baseline,
        target=f"at most {most}x",
        ok=median / baseline <= most,
        device=jax.devices()[0].device_kind,
    )


def _compile_row(case: _Case, ours: float, theirs: float) -> Row:
    return Row(
        name=f"compiling the loop of steps, {case.name}, cold",
        unit="s",
        ours=ours,
        spread=(ours, ours),
        baseline_name="compiling a single step with derived gradients",
        baseline=theirs,
        ratio=ours / theirs,
        target=f"at most {_COMPILED}x",
        ok=ours / theirs <= _COMPILED,
        device=jax.devices()[0].device_kind,
        detail="with the network's start and the images' way to the device, on both sides",
    )
