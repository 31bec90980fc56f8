"""How much of a training step goes into its batch, where all images live on the device."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cowmask.v1 import experiment_config_pb2 as config_pb2
from cowmask_worker.bench.compiled_step import stepping
from cowmask_worker.bench.experiment import bench_config, bench_images
from cowmask_worker.bench.row import Row, measured
from cowmask_worker.bench.turns import in_turn
from cowmask_worker.data.augmentation import normalize
from cowmask_worker.data.batches import BatchOptions, fetch_batch
from cowmask_worker.data.catalog import CATALOG
from cowmask_worker.data.splits import Splits
from cowmask_worker.tasks import assembly
from cowmask_worker.tasks.networks import dataset_network
from cowmask_worker.training.dispatch import many_steps

_BATCH, _STEPS, _ROUNDS = 64, 8, 5
_MOST = 0.05


def small_image_step() -> Row:
    """The input part alone, gathered, shifted, mirrored and normalized for both streams, against the whole step of a
    WRN-10-1 with CowMix on images of CIFAR-10's number and size, in turn, in loops on the device."""
    facts = CATALOG["cifar10"]
    everything = np.arange(facts.train)
    config = bench_config(
        config_pb2.ModelConfig(wide_resnet=config_pb2.WideResnet(depth=10, width=1, dropout=0)), _BATCH
    )
    images = bench_images(facts, facts.train)
    data = assembly.step_data(config, images, Splits(everything[:1000], everything, everything[:0]))
    model = dataset_network(config.model, facts)
    start = assembly.compiled_new_state(model)(data.root)
    steps: Any = many_steps(assembly.one_step(config, facts, model))
    whole = steps.lower(start, data, jnp.int32(1)).compile()
    options = BatchOptions(labeled=_BATCH, unlabeled=_BATCH, shift=facts.shift, flip=True, second_view=False)

    def fed(data: assembly.StepData, count: Any) -> Any:
        def trip(step: Any, total: Any) -> Any:
            raw = fetch_batch(data.pool, assembly.stream_keys(data.root), step, options)
            batch = [normalize(part, facts.mean, facts.std) for part in (raw.labeled, raw.unlabeled)]
            # All of it has to be there, and nothing may be left out for being the same as before.
            return total + sum(part.sum() for part in batch) + raw.labels.sum()

        return jax.lax.fori_loop(0, count, trip, jnp.float32(0))

    input_alone: Any = jax.jit(fed).lower(data, jnp.int32(1)).compile()
    take = partial(stepping(whole, start, data), _STEPS)
    times = in_turn({"input": lambda: input_alone(data, np.int32(_STEPS)), "step": take}, rounds=_ROUNDS)
    return measured(
        "batch of a step, images on the device",
        "ms",
        [value / _STEPS for value in times["input"]],
        baseline_name=f"the whole step, WRN-10-1, {_BATCH} + {_BATCH} images of 32x32",
        baseline=[value / _STEPS for value in times["step"]],
        target=f"below {_MOST:.0%} of the step",
        holds=lambda ratio: ratio < _MOST,
    )
