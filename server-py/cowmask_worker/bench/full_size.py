"""Training steps of full size on an accelerator, beside the roofline's bound. On a CPU the rows say what is counted and
that they were not run."""

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import numpy as np

from cowmask.v1 import experiment_config_pb2 as config_pb2
from cowmask_worker.bench.compiled_step import CompiledStep, compiled_config
from cowmask_worker.bench.derived_gradients import derived_gradients
from cowmask_worker.bench.experiment import bench_config
from cowmask_worker.bench.roofline import PEAK_RATES, PeakRates, Work, counted, least_seconds, peak_rates
from cowmask_worker.bench.row import Row, not_run, summed_up
from cowmask_worker.bench.turns import in_turn
from cowmask_worker.tasks import assembly
from cowmask_worker.tasks.networks import network
from cowmask_worker.training.keys import step_keys
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
        yield from (_bound_alone(each, device.device_kind) for each in _NETWORKS)
        for name, target in _COMPARED.items():
            yield not_run(
                name,
                "ms",
                baseline_name="the other way",
                target=target,
                device=device.device_kind,
                detail="not run: the device is a CPU",
            )
        return
    for each in _NETWORKS:
        yield _throughput(each, device, rounds=2 if quick else 5)
    yield from _ways(rounds=2 if quick else 5, device=device.device_kind)


_PRECISION = f"training step of WRN-28-2, batch {_BATCH}: bfloat16 beside float32"
_TOGETHER = f"training step of WRN-28-2, batch {_BATCH}: the student's passes together beside apart"
_GRADIENTS = f"training step of WRN-28-2, batch {_BATCH}: the gradients that are used beside those that are derived"
_COMPARED = {_PRECISION: "at most 0.625x", _TOGETHER: "tells which is faster", _GRADIENTS: "at most 1.0x"}


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


def _bound_alone(each: _Network, device: str) -> Row:
    return not_run(
        _name(each),
        "pairs/s",
        baseline_name="the roofline's bound",
        target=f"at least {each.aim:,.0f} pairs/s on an H100",
        device=device,
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

    times = in_turn({"ours": _loop(step, each.steps)}, rounds=rounds)["ours"]
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
        device=device.device_kind,
        detail="; ".join(told),
    )


def _ways(*, rounds: int, device: str) -> Iterator[Row]:
    """What is decided by measuring, each way beside the other."""
    ours = compiled_config(_config(_WIDE), _WIDE.edge)
    with derived_gradients():
        derived = compiled_config(_config(_WIDE), _WIDE.edge)
    others = {
        _PRECISION: compiled_config(_config(_WIDE, precision="float32"), _WIDE.edge),
        _GRADIENTS: derived,
    }
    for name, other in others.items():
        times = in_turn({"ours": _loop(ours, _WIDE.steps), "other": _loop(other, _WIDE.steps)}, rounds=rounds)
        yield _beside(name, times["ours"], times["other"], 0.625 if name == _PRECISION else 1.02, device)
    together = compiled_config(_config(_WIDE, passes="together"), _WIDE.edge)
    times = in_turn({"ours": _loop(together, _WIDE.steps), "other": _loop(ours, _WIDE.steps)}, rounds=rounds)
    yield _beside(_TOGETHER, times["ours"], times["other"], None, device)


def _beside(name: str, ours: Any, other: Any, most: float | None, device: str) -> Row:
    median, spread = summed_up([value / _WIDE.steps for value in ours])
    baseline, _ = summed_up([value / _WIDE.steps for value in other])
    return Row(
        name=name,
        unit="ms",
        ours=median,
        spread=spread,
        baseline_name="the other way",
        baseline=baseline,
        ratio=median / baseline,
        target=_COMPARED[name],
        ok=most is None or median / baseline <= most,
        device=device,
    )


def _loop(step: CompiledStep, count: int) -> Callable[[], Any]:
    """Takes `count` steps in one dispatch, from where the last call left off."""
    state = step.state

    def work() -> Any:
        nonlocal state
        state, metrics = step.program(state, step.data, np.int32(count))
        return metrics

    return work
