"""Training steps of full size on an accelerator, beside the roofline's bound. On a CPU the rows say what is counted and
that they were not run."""

import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np

from cowmask.v1 import experiment_config_pb2 as config_pb2
from cowmask_worker.bench.compiled_step import compiled_config, stepping
from cowmask_worker.bench.experiment import bench_config
from cowmask_worker.bench.plain_layers import derived_gradients
from cowmask_worker.bench.roofline import PEAK_RATES, PeakRates, Work, counted, least_seconds, peak_rates
from cowmask_worker.bench.row import Row, device_kind, measured, not_run, summed_up
from cowmask_worker.bench.turns import in_turn
from cowmask_worker.tasks import assembly
from cowmask_worker.tasks.networks import network
from cowmask_worker.training.keys import step_keys
from cowmask_worker.training.layout import ON_ONE_DEVICE, Layout, over_devices
from cowmask_worker.training.state import initial_state
from cowmask_worker.training.step import Batch, train_step

_BATCH = 256
_PASSES = 7
"""What a pair costs in forward passes: the student's two with a backward of two each, and the teacher's one."""


class _Network(NamedTuple):
    """`aim` is in pairs a second: a labeled and an unlabeled image."""

    name: str
    model: config_pb2.ModelConfig
    edge: int
    aim: float
    steps: int


_WIDE = _Network(
    "WRN-28-2 (the authors' wrn26_2)",
    config_pb2.ModelConfig(wide_resnet=config_pb2.WideResnet(depth=28, width=2, dropout=0)),
    32,
    50_000,
    64,
)
_NETWORKS = (
    _WIDE,
    _Network(
        "Shake-Shake 26 2x96d",
        config_pb2.ModelConfig(shake_shake=config_pb2.ShakeShake(depth=26, width=96)),
        32,
        6_000,
        16,
    ),
    _Network("ResNet-50", config_pb2.ModelConfig(resnet=config_pb2.Resnet(depth=50, width=1)), 224, 2_500, 8),
)


def full_size_rows(*, quick: bool) -> Iterator[Row]:
    device = jax.devices()[0]
    if device.platform == "cpu":
        yield from map(_bound_alone, _NETWORKS)
        yield from (_way_not_run(name, "the device is a CPU") for name in _WAYS)
        return
    for each in _NETWORKS:
        yield _throughput(each, device, rounds=2 if quick else 5)
    yield from _ways(rounds=2 if quick else 5)


_PRECISION = f"training step of WRN-28-2, batch {_BATCH}: bfloat16 beside float32"
_TOGETHER = f"training step of WRN-28-2, batch {_BATCH}: the student's passes together beside apart"
_GRADIENTS = f"training step of WRN-28-2, batch {_BATCH}: the gradients that are used beside those that are derived"
_DEVICES = f"training step of WRN-28-2, batch {_BATCH}: two devices beside one"
# The largest ratio that is allowed; None where the figure only tells which is faster.
_WAYS: Mapping[str, float | None] = {_PRECISION: 0.625, _TOGETHER: None, _GRADIENTS: 1.0, _DEVICES: 1 / 1.8}
_OTHER = "the other way"


def _most(most: float | None) -> str:
    return "tells which is faster" if most is None else f"at most {most:.3g}x"


def _config(each: _Network, *, precision: str = "bfloat16", passes: str = "separate") -> config_pb2.ExperimentConfig:
    config = bench_config(each.model, _BATCH)
    config.precision, config.student_passes = precision, passes
    return config


def _work(each: _Network) -> Work:
    """What one step must do, counted without computing anything."""
    functions = network(each.model, classes=10, channels=3)
    options = assembly.step_options(_config(each), functions)
    key = jax.eval_shape(lambda: jax.random.key(0))
    state = jax.eval_shape(lambda key: initial_state(functions.init(key)), key)
    images = jax.ShapeDtypeStruct((_BATCH, each.edge, each.edge, 3), np.float32)
    shapes: Any = (images, jax.ShapeDtypeStruct((_BATCH,), np.int32), images, images)
    batch = Batch(*shapes)
    return counted(
        lambda state, batch, key: train_step(options, state, batch, step_keys(key, state.step)), state, batch, key
    )


def _arithmetic(work: Work, rates: PeakRates) -> str:
    return (
        f"a pair takes {work.flops / _BATCH / 1e9:.2f} GFLOP (about {_PASSES} forward passes) and moves at least "
        f"{work.bytes / _BATCH / 1e6:.1f} MB; at {rates.flops / 1e12:.0f} TFLOP/s and {rates.bytes / 1e12:.2f} TB/s "
        f"nothing is faster than {_BATCH / least_seconds(work, rates):,.0f} pairs/s"
    )


def _bound_alone(each: _Network) -> Row:
    return not_run(
        _name(each),
        "pairs/s",
        baseline_name="the roofline's bound",
        target=f"at least {each.aim:,.0f} pairs/s on an H100",
        detail=f"not run: the device is a CPU; on an H100 {_arithmetic(_work(each), PEAK_RATES['H100'])}",
    )


def _name(each: _Network) -> str:
    return f"Mean Teacher with CowMix, {each.name}, {each.edge} px, batch {_BATCH}, bfloat16"


def _throughput(each: _Network, device: Any, *, rounds: int) -> Row:
    began = time.perf_counter()
    step = compiled_config(_config(each), each.edge)
    cold = time.perf_counter() - began
    began = time.perf_counter()
    jax.clear_caches()
    compiled_config(_config(each), each.edge)
    again = time.perf_counter() - began

    take = stepping(step.program, step.state, step.data)
    times = in_turn({"ours": partial(take, each.steps)}, rounds=rounds)["ours"]
    rate, spread = summed_up([_BATCH * each.steps / value * 1000 for value in times])
    work, rates = _work(each), peak_rates(device.device_kind)
    bound = None if rates is None else _BATCH / least_seconds(work, rates)
    peak = (device.memory_stats() or {}).get("peak_bytes_in_use", 0)
    told = [
        f"{work.flops / _BATCH * rate / 1e12:,.0f} TFLOP/s",
        f"{peak / 2**30:.1f} GiB at most on the device",
        f"compiled in {cold:.0f} s, again in {again:.0f} s",
        "no peak rates are known of this device" if rates is None else _arithmetic(work, rates),
    ]
    return Row(
        name=_name(each),
        unit="pairs/s",
        ours=rate,
        spread=spread,
        baseline_name="the roofline's bound",
        baseline=bound,
        ratio=None if bound is None else rate / bound,
        target=f"at least {each.aim:,.0f} pairs/s on an H100",
        ok=rate >= each.aim,
        device=device_kind(),
        detail="; ".join(told),
    )


def _ways(*, rounds: int) -> Iterator[Row]:
    """What is decided by measuring, each way beside the other."""
    used = _way()
    with derived_gradients():
        derived = _way()
    pairs = {
        _PRECISION: (used, _way(precision="float32")),
        _GRADIENTS: (used, derived),
        _TOGETHER: (_way(passes="together"), used),
    }
    if len(jax.devices()) > 1:
        pairs[_DEVICES] = (_way(layout=over_devices(jax.devices()[:2])), used)
    else:
        yield _way_not_run(_DEVICES, "there is one device")
    for name, (ours, other) in pairs.items():
        times = in_turn({"ours": ours, "other": other}, rounds=rounds)
        most = _WAYS[name]
        yield measured(
            name,
            "ms",
            [value / _WIDE.steps for value in times["ours"]],
            baseline_name=_OTHER,
            baseline=[value / _WIDE.steps for value in times["other"]],
            target=_most(most),
            holds=lambda ratio, most=most: most is None or ratio <= most,
        )


def _way_not_run(name: str, why: str) -> Row:
    return not_run(name, "ms", baseline_name=_OTHER, target=_most(_WAYS[name]), detail=f"not run: {why}")


def _way(*, precision: str = "bfloat16", passes: str = "separate", layout: Layout = ON_ONE_DEVICE) -> Callable[[], Any]:
    step = compiled_config(_config(_WIDE, precision=precision, passes=passes), _WIDE.edge, layout)
    return partial(stepping(step.program, step.state, step.data), _WIDE.steps)
