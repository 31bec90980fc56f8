"""How much of a training step goes into its batch, where all images live on the device."""

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cowmask.v1 import experiment_config_pb2 as config_pb2
from cowmask_worker.bench.row import Row, summed_up
from cowmask_worker.data.augmentation import normalize
from cowmask_worker.data.batches import BatchOptions, fetch_batch
from cowmask_worker.data.catalog import CATALOG
from cowmask_worker.data.digits import Images
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
    random = np.random.default_rng(0)
    shape = (facts.train, facts.height, facts.width, facts.channels)
    none = np.zeros((0, *shape[1:]), np.uint8)
    labels = (np.arange(facts.train) % 10).astype(np.int32)
    images = Images(random.integers(0, 256, shape, np.uint8), labels, none, labels[:0])
    everything = np.arange(facts.train)
    config = _config()
    data = assembly.step_data(config, images, Splits(everything[:1000], everything, everything[:0]))
    model = dataset_network(config.model, facts)
    start = jax.jit(partial(assembly.new_state, model))(data.root)
    whole: Any = many_steps(assembly.one_step(config, facts, model)).lower(start, data, jnp.int32(1)).compile()
    options = BatchOptions(labeled=_BATCH, unlabeled=_BATCH, shift=facts.shift, flip=True, second_view=False)

    def fed(data: assembly.StepData, count: Any) -> Any:
        def trip(step: Any, total: Any) -> Any:
            raw = fetch_batch(data.pool, assembly.stream_keys(data.root), step, options)
            batch = [normalize(part, facts.mean, facts.std) for part in (raw.labeled, raw.unlabeled)]
            # All of it has to be there, and nothing may be left out for being the same as before.
            return total + sum(part.sum() for part in batch) + raw.labels.sum()

        return jax.lax.fori_loop(0, count, trip, jnp.float32(0))

    input_alone: Any = jax.jit(fed).lower(data, jnp.int32(1)).compile()
    state = start

    def take() -> None:
        nonlocal state
        state, metrics = whole(state, data, np.int32(_STEPS))
        jax.block_until_ready(metrics)

    inputs: list[float] = []
    steps: list[float] = []
    for _ in range(_ROUNDS + 1):
        inputs.append(_milliseconds(lambda: jax.block_until_ready(input_alone(data, np.int32(_STEPS)))))
        steps.append(_milliseconds(take))
    ours, spread = summed_up(inputs[1:])
    baseline, _ = summed_up(steps[1:])
    return Row(
        name="batch of a step, images on the device",
        unit="ms",
        ours=ours,
        spread=spread,
        baseline_name=f"the whole step, WRN-10-1, {_BATCH} + {_BATCH} images of 32x32",
        baseline=baseline,
        ratio=ours / baseline,
        target=f"below {_MOST:.0%} of the step",
        ok=ours / baseline < _MOST,
        device=jax.devices()[0].device_kind,
    )


def _milliseconds(work: Callable[[], Any]) -> float:
    """Of one step."""
    started = perf_counter()
    work()
    return (perf_counter() - started) * 1000 / _STEPS


def _config() -> config_pb2.ExperimentConfig:
    confidence = config_pb2.MixConfidence(threshold=0.6, average=True, source="mixed_confidences")
    cowmix = config_pb2.Cowmix(weight=30, confidence=confidence, augment_separately=False, mix_logits=False)
    cowmix.sigma.low, cowmix.sigma.high = 4, 16
    cowmix.proportion.low, cowmix.proportion.high = 0.2, 0.8
    return config_pb2.ExperimentConfig(
        model=config_pb2.ModelConfig(wide_resnet=config_pb2.WideResnet(depth=10, width=1, dropout=0)),
        mix=config_pb2.MixConfig(cowmix=cowmix),
        augmentation=config_pb2.AugmentationConfig(shift=4, horizontal_flip=True, color_jitter=False),
        optimizer=config_pb2.OptimizerConfig(learning_rate=0.05, momentum=0.9, nesterov=True, l2=5e-4, weight_decay=0),
        schedule=config_pb2.ScheduleConfig(constant=config_pb2.ConstantSchedule()),
        teacher=config_pb2.TeacherConfig(alpha=0.97, anneal=False),
        batch_size=_BATCH,
        unlabeled_batch_size=_BATCH,
        steps=1000,
        seed=0,
    )
