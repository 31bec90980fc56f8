"""What training a network on images of some shape takes: device memory as the compiler has planned it, and time as a
few steps on random images show it."""

from statistics import median
from time import monotonic
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from cowmask.v1 import datasets_pb2
from cowmask.v1 import experiment_config_pb2 as config_pb2
from cowmask_worker.data.catalog import DatasetFacts
from cowmask_worker.data.digits import Images
from cowmask_worker.data.splits import Splits
from cowmask_worker.runs.resolve import resolve_experiment
from cowmask_worker.tasks import assembly
from cowmask_worker.tasks.call import Call
from cowmask_worker.tasks.free_memory import free_memory
from cowmask_worker.tasks.networks import dataset_network
from cowmask_worker.training.dispatch import many_steps
from cowmask_worker.training.state import TrainState

_MOST_STEPS = 5
_LONG_ENOUGH_SECONDS = 3.0
_TOO_LONG_SECONDS = 10.0
# Memory does not depend on how many images there are but for the images themselves.
_FEWEST_IMAGES = 64


class Measured(NamedTuple):
    cost: datasets_pb2.TrainingCost
    lacks_bytes: int
    """Memory that a step needs beyond what is free, so that none was taken."""


def training_cost(call: Call, config: config_pb2.ExperimentConfig, facts: DatasetFacts) -> Measured:
    """Compiles a step and takes a few. `config` has no gap but for `auto` values; `facts.train` is at least 1."""
    resolved = resolve_experiment(config, facts)
    resolved.unlabeled_batch_size = min(resolved.unlabeled_batch_size, facts.train)
    model = dataset_network(resolved.model, facts)
    count = min(facts.train, max(_FEWEST_IMAGES, resolved.unlabeled_batch_size))
    images = _random_images(facts, count)
    everything = np.arange(count)
    data = assembly.step_data(resolved, images, Splits(everything, everything, everything[:0]))
    with assembly.random_stream(resolved):
        state = assembly.compiled_new_state(model)(data.root)
        call.check()
        began = monotonic()
        dispatch: Any = many_steps(assembly.one_step(resolved, facts, model))
        step = dispatch.lower(state, data, jnp.int32(1)).compile()
    compiling = monotonic() - began
    parameters = sum(leaf.size for leaf in jax.tree.leaves(state.student.parameters))
    planned = step.memory_analysis()
    step_bytes, free = None, free_memory()
    lacking = 0
    if planned is not None:
        step_bytes = _bytes(planned) - images.train_images.nbytes
        # What a step is given is there already.
        lacking = 0 if free is None else max(0, planned.temp_size_in_bytes - free)
    seconds = None if lacking else _timed(call, step, state, data)
    steps = max(1, facts.train // resolved.batch_size)
    sizes = facts.height * facts.width * facts.channels
    cost = datasets_pb2.TrainingCost(
        platform=jax.devices()[0].platform,
        parameters=parameters,
        batch_size=resolved.batch_size,
        unlabeled_batch_size=resolved.unlabeled_batch_size,
        step_bytes=step_bytes,
        dataset_bytes=0 if facts.reads_files else facts.train * sizes,
        seconds_per_step=seconds,
        steps_per_epoch=steps,
        seconds_per_epoch=None if seconds is None else seconds * steps,
        compile_seconds=compiling,
    )
    return Measured(cost, lacking)


def _timed(call: Call, step: Any, state: TrainState, data: assembly.StepData) -> float:
    """Seconds of a step: the median of a few. The first is left out where it may be, as it pays for memory that later
    ones find ready."""
    taken: list[float] = []
    while len(taken) < _MOST_STEPS and (len(taken) < 2 or sum(taken) < _LONG_ENOUGH_SECONDS):
        call.check()
        began = monotonic()
        state, metrics = step(state, data, np.int32(1))
        jax.block_until_ready(metrics)
        taken.append(monotonic() - began)
        if taken[0] > _TOO_LONG_SECONDS:
            break
    return median(taken[1:] or taken)


def _bytes(planned: Any) -> int:
    arguments, outputs = planned.argument_size_in_bytes, planned.output_size_in_bytes
    return arguments + planned.temp_size_in_bytes + outputs - planned.alias_size_in_bytes


def _random_images(facts: DatasetFacts, count: int) -> Images:
    random = np.random.default_rng(0)
    shape = (count, facts.height, facts.width, facts.channels)
    images = random.integers(0, 256, shape, np.uint8)
    labels = random.integers(0, len(facts.classes), count, np.int32)
    return Images(images, labels, images[:0], labels[:0])
