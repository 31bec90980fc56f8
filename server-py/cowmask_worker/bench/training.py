"""How fast training steps are taken, beside what differentiation and loops make of them by themselves."""

import contextlib
from collections.abc import Generator, Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from cowmask.v1 import experiment_config_pb2 as config_pb2
from cowmask_worker.bench.experiment import bench_config, bench_images
from cowmask_worker.bench.row import Row, summed_up
from cowmask_worker.bench.turns import in_turn
from cowmask_worker.data.catalog import CATALOG
from cowmask_worker.data.splits import Splits
from cowmask_worker.models import convolution
from cowmask_worker.tasks import assembly
from cowmask_worker.tasks.networks import dataset_network
from cowmask_worker.training.dispatch import many_steps
from cowmask_worker.training.state import TrainState

_STEPS = 4


def training_rows(*, quick: bool) -> Iterator[Row]:
    wide = config_pb2.WideResnet(depth=28, width=2, dropout=0.3)
    yield from _rows("WRN-28-2", wide, batch=8, loop=0.85, scan=None if quick else 0.08, rounds=2 if quick else 4)
    small = config_pb2.WideResnet(depth=10, width=1, dropout=0)
    yield from _rows("WRN-10-1", small, batch=64, loop=1.0, scan=None, rounds=2 if quick else 4)


def _rows(
    name: str, network: config_pb2.WideResnet, *, batch: int, loop: float, scan: float | None, rounds: int
) -> Iterator[Row]:
    """Mean Teacher with CowMix on 32x32 images: our loop on the device, against a step a dispatch whose gradients are
    those that differentiation derives, and against the same in a loop on the device."""
    facts = CATALOG["cifar10"]
    config = bench_config(network, batch)
    everything = np.arange(1000)
    data = assembly.step_data(config, bench_images(facts, 1000), Splits(everything[:100], everything, everything[:0]))
    model = dataset_network(config.model, facts)

    def new() -> TrainState:
        return jax.jit(partial(assembly.new_state, model))(data.root)

    step = assembly.one_step(config, facts, model)
    looped: Any = many_steps(step)
    ours = looped.lower(new(), data, jnp.int32(1)).compile()
    with _derived_gradients():
        single: Any = jax.jit(step, donate_argnums=0)
        plain = single.lower(new(), data).compile()
        again: Any = many_steps(step)
        scanned = again.lower(new(), data, jnp.int32(1)).compile() if scan else None
    states = {"ours": new(), "plain": new(), "scanned": new()}

    def loop_of(compiled: Any, which: str, count: int) -> Any:
        states[which], metrics = compiled(states[which], data, np.int32(count))
        return metrics

    def dispatched() -> Any:
        metrics: Any = None
        for _ in range(_STEPS):
            states["plain"], metrics = plain(states["plain"], data)
        return metrics

    works = {"ours": lambda: loop_of(ours, "ours", _STEPS), "plain": dispatched}
    measured = in_turn(works, rounds=rounds)
    yield _row(name, batch, measured["ours"], measured["plain"], "a step a dispatch, derived gradients", loop)
    if scan:
        works = {"ours": works["ours"], "scanned": lambda: loop_of(scanned, "scanned", 1)}
        measured = in_turn(works, rounds=1)
        slow = [value * _STEPS for value in measured["scanned"]]
        yield _row(name, batch, measured["ours"], slow, "a loop on the device, derived gradients", scan)


def _row(name: str, batch: int, ours: Any, theirs: Any, what: str, most: float) -> Row:
    median, spread = summed_up([value / _STEPS for value in ours])
    baseline, _ = summed_up([value / _STEPS for value in theirs])
    return Row(
        name=f"training step, {name}, batch {batch} + {batch}",
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


@contextlib.contextmanager
def _derived_gradients() -> Generator[None]:
    """Networks that are traced within have convolutions whose gradients differentiation derives."""

    def derived(images: Any, kernel: Any, stride: int, groups: int = 1) -> Any:
        return lax.conv_general_dilated(
            images,
            kernel,
            (stride, stride),
            "SAME",
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
            feature_group_count=groups,
        )

    kept = convolution.convolve
    convolution.convolve = derived
    try:
        yield
    finally:
        convolution.convolve = kept
