"""Takes two training steps, and draws masks, on 1, 2, 4 and 8 devices, and writes what comes out to a file.

A program of its own, because a process has one number of CPU devices, and eight would slow all the other tests.
"""

import sys
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array

from cowmask_worker.masks.box import box_masks_per_image
from cowmask_worker.masks.cow import cow_masks, cow_masks_per_image
from cowmask_worker.models.batch_norm import BatchNorm
from cowmask_worker.models.convolution import Convolution
from cowmask_worker.models.dropout import dropout
from cowmask_worker.models.functional import functional
from cowmask_worker.models.shake import (
    gated,
    layer_key,
    shake_drop_gates,
    shake_drop_mean,
    shake_shake,
    shake_shake_gates,
    shake_shake_mean,
)
from cowmask_worker.regularizers.mix import mix_masked
from cowmask_worker.regularizers.perturb import erase
from cowmask_worker.training.checkpoints import named_arrays
from cowmask_worker.training.keys import StepKeys, step_keys
from cowmask_worker.training.layout import Layout, over_devices
from cowmask_worker.training.schedules import constant
from cowmask_worker.training.state import TrainState, initial_state
from cowmask_worker.training.step import Batch, StepMetrics, StepOptions, train_step

COUNTS = (1, 2, 4, 8)
ROOT = 3

MASKS = {
    "cow": partial(cow_masks_per_image, sigma=(1.0, 4.0), proportion=(0.2, 0.8)),
    "box": partial(box_masks_per_image, area="random_area", scale=0.25, random_aspect=True),
}


def cows(key: Array, count: int, height: int, width: int) -> Array:
    return cow_masks(key, count, height, width, sigma=(1.0, 4.0), proportion=(0.2, 0.8)).mask


class Small(nnx.Module):
    """Batch statistics, convolutions and every random layer, in as little as compiles quickly."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.norm = BatchNorm(1)
        self.first = Convolution(1, 4, 3, stride=2, rngs=rngs)
        self.second = Convolution(1, 4, 3, stride=2, rngs=rngs)
        self.dense = nnx.Linear(4, 5, rngs=rngs)

    def __call__(self, images: Array, *, train: bool, key: Array | None) -> Array:
        features = self.norm(images, train=train)
        first, second = self.first(features), self.second(features)
        if not train:
            return self._logits(shake_drop_mean(shake_shake_mean(first, second), 0.6))
        mixed = shake_shake(first, second, shake_shake_gates(layer_key(key, layer=1), len(images)))
        dropped = gated(mixed, shake_drop_gates(layer_key(key, layer=2), len(images), 0.6))
        return self._logits(dropout(key, dropped, 0.3, layer=3))

    def _logits(self, features: Array) -> Array:
        return self.dense(jax.nn.relu(features).mean((1, 2)))


NETWORK = functional(Small)
OPTIONS = StepOptions(
    apply=NETWORK.apply,
    learning_rate=constant(0.05),
    teacher_alpha=constant(0.9),
    perturb=partial(erase, draw_mask=cows, noise_std=1.0, mask_probability=0.5),
    perturb_threshold=0.25,
    mix=partial(mix_masked, draw_mask=cows),
    mix_threshold=0.245,
)


def batch() -> Batch:
    random = np.random.default_rng(0)
    labeled, unlabeled = (random.standard_normal((16, 8, 8, 1), np.float32) for _ in range(2))
    return Batch(*map(jnp.asarray, (labeled, random.integers(0, 5, 16, np.int32), unlabeled, unlabeled)))


def steps(layout: Layout) -> tuple[TrainState, StepMetrics]:
    """State and metrics after two steps, the batch divided among the devices, the state a copy on each."""

    @jax.jit
    def step(state: TrainState, batch: Batch, keys: StepKeys) -> tuple[TrainState, StepMetrics]:
        return layout.copied(train_step(OPTIONS, state, layout.divided(batch), keys))

    state, images = layout.put((initial_state(NETWORK.init(jax.random.key(1))), batch()))
    state, _ = step(state, images, step_keys(jax.random.key(ROOT), 0))
    return step(state, images, step_keys(jax.random.key(ROOT), 1))


def drawn(count: int) -> dict[str, np.ndarray[Any, Any]]:
    layout = over_devices(jax.devices()[:count])
    found: dict[str, Any] = {"step": steps(layout)}
    for name, masks in MASKS.items():
        draw = jax.jit(partial(masks, count=16, height=24, width=20), out_shardings=layout.parts)
        found[f"masks/{name}"] = draw(jax.random.key(ROOT))
    assert all(len(leaf.sharding.device_set) == count for leaf in jax.tree.leaves(found))
    return {f"{count}/{name}": array for name, array in named_arrays(found).items()}


if __name__ == "__main__":
    jax.config.update("jax_num_cpu_devices", max(COUNTS))
    everything: dict[str, Any] = {name: array for count in COUNTS for name, array in drawn(count).items()}
    np.savez(Path(sys.argv[1]), **everything)
