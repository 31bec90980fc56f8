"""A training step on images of noise, compiled as training compiles it, with all that it is given."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from cowmask.v1 import experiment_config_pb2 as config_pb2
from cowmask_worker.bench.experiment import bench_config, bench_images
from cowmask_worker.data.catalog import CATALOG
from cowmask_worker.data.splits import Splits
from cowmask_worker.tasks import assembly
from cowmask_worker.tasks.networks import dataset_network
from cowmask_worker.training.dispatch import many_steps
from cowmask_worker.training.layout import ON_ONE_DEVICE, Layout
from cowmask_worker.training.state import TrainState
from cowmask_worker.training.step import StepMetrics, StepOptions

_IMAGES = 1000


class UncompiledStep(NamedTuple):
    """`step` takes `state` and `data`."""

    step: Callable[[TrainState, assembly.StepData], tuple[TrainState, StepMetrics]]
    state: TrainState
    data: assembly.StepData
    options: StepOptions


class CompiledStep(NamedTuple):
    """`program` takes `state`, which it eats, `data` and a number of steps."""

    program: Any
    state: TrainState
    data: assembly.StepData
    options: StepOptions


def compiled_step(network: config_pb2.WideResnet, batch: int, edge: int = 32) -> CompiledStep:
    """Mean Teacher with CowMix on `batch` labeled and as many unlabeled color images of `edge` x `edge` pixels."""
    return compiled_config(bench_config(config_pb2.ModelConfig(wide_resnet=network), batch), edge)


def compiled_config(config: config_pb2.ExperimentConfig, edge: int, layout: Layout = ON_ONE_DEVICE) -> CompiledStep:
    """The step of a config on color images of `edge` x `edge` pixels."""
    step, state, data, options = uncompiled(config, edge, layout)
    dispatch: Any = many_steps(step)
    return CompiledStep(dispatch.lower(state, data, jnp.int32(1)).compile(), state, data, options)


def uncompiled(config: config_pb2.ExperimentConfig, edge: int, layout: Layout = ON_ONE_DEVICE) -> UncompiledStep:
    """The same before it is compiled."""
    facts = replace(CATALOG["cifar10"], height=edge, width=edge)
    everything = np.arange(_IMAGES)
    parts = Splits(everything[:100], everything, everything[:0])
    data = assembly.step_data(config, bench_images(facts, _IMAGES), parts, layout)
    model = dataset_network(config.model, facts)
    state = layout.put(assembly.compiled_new_state(model)(data.root))
    step = assembly.one_step(config, facts, model, layout)
    return UncompiledStep(step, state, data, assembly.step_options(config, model))


def stepping(program: Any, state: TrainState, data: assembly.StepData) -> Callable[[int], StepMetrics]:
    """Takes so many steps in one dispatch, from where its last call left off."""

    def take(count: int) -> StepMetrics:
        nonlocal state
        state, metrics = program(state, data, np.int32(count))
        return metrics

    return take
