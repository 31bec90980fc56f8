"""Every network that the authors' code builds takes two training steps at its full size."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cowmask_worker.masks.cow import cow_masks
from cowmask_worker.regularizers.mix import mix_masked
from cowmask_worker.tasks import assembly
from cowmask_worker.tasks.networks import network, reference_networks
from cowmask_worker.training.checkpoints import named_arrays
from cowmask_worker.training.keys import step_keys
from cowmask_worker.training.schedules import constant
from cowmask_worker.training.step import Batch, StepOptions, train_step

NETWORKS = reference_networks()
IMAGES = 2
STEPS = 2

# Compiling the deepest takes many minutes on two cores.
pytestmark = pytest.mark.timeout(3600)


@pytest.fixture(autouse=True)
def room_for_the_next() -> Iterator[None]:
    yield
    jax.clear_caches()


def draw_mask(key: Any, count: int, height: int, width: int) -> Any:
    return cow_masks(key, count, height, width, sigma=(4.0, 16.0), proportion=(0.2, 0.8)).mask


def batch(edge: int, classes: int) -> Batch:
    random = np.random.default_rng(0)
    labeled, unlabeled = (jnp.asarray(random.standard_normal((IMAGES, edge, edge, 3), np.float32)) for _ in range(2))
    return Batch(labeled, jnp.asarray(random.integers(0, classes, IMAGES, np.int32)), unlabeled, unlabeled)


@pytest.mark.parametrize("name", NETWORKS)
def test_takes_two_steps_at_full_size(name: str) -> None:
    edge, classes = (64, 1000) if name.startswith("res") else (32, 10)
    functional = network(NETWORKS[name], classes=classes, channels=3)
    options = StepOptions(
        apply=functional.apply,
        learning_rate=constant(0.01),
        teacher_alpha=constant(0.9),
        mix=partial(mix_masked, draw_mask=draw_mask),
        mix_threshold=0.0,
    )
    step = jax.jit(partial(train_step, options), donate_argnums=0)
    root = jax.random.key(0)
    state = assembly.new_state(functional, root)
    for number in range(STEPS):
        # The step takes the state's memory for its own.
        before: dict[str, Any] = {path: np.copy(leaf) for path, leaf in named_arrays(state.teacher).items()}
        state, metrics = step(state, batch(edge, classes), step_keys(root, number))
        assert np.isfinite(jax.device_get(metrics)).all(), metrics
        assert metrics.mix_loss > 0
        student: dict[str, Any] = named_arrays(state.student)
        teacher: dict[str, Any] = named_arrays(state.teacher)
        assert any((student[path] != leaf).any() for path, leaf in before.items())
        for path, leaf in before.items():
            assert np.isfinite(student[path]).all(), path
            low, high = np.minimum(leaf, student[path]), np.maximum(leaf, student[path])
            rounding = 1e-6 * np.maximum(np.abs(low), np.abs(high))
            assert ((low - rounding <= teacher[path]) & (teacher[path] <= high + rounding)).all(), path
