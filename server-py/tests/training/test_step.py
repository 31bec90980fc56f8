"""The step by value: where gradients go and where not, what the average covers, what compiles when."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jaxtyping import Array

from cowmask_worker.models.batch_norm import BatchNorm
from cowmask_worker.models.functional import functional
from cowmask_worker.regularizers.mix import mix_masked
from cowmask_worker.regularizers.perturb import erase, identity
from cowmask_worker.training import checkpoints
from cowmask_worker.training.checkpoints import CheckpointInfo
from cowmask_worker.training.dispatch import many_steps
from cowmask_worker.training.keys import step_keys
from cowmask_worker.training.loop import Ended, Plan, Program, Score, run_steps
from cowmask_worker.training.schedules import constant
from cowmask_worker.training.state import TrainState, Tree, Variables, initial_state
from cowmask_worker.training.step import Batch, StepMetrics, StepOptions, train_step

ROOT = jax.random.key(42)


class Normalized(nnx.Module):
    def __init__(self, rngs: nnx.Rngs) -> None:
        self.norm = BatchNorm(2)
        self.dense = nnx.Linear(32, 3, rngs=rngs)

    def __call__(self, images: Array, *, train: bool, key: Array | None) -> Array:
        del key
        return self.dense(self.norm(images, train=train).reshape(len(images), -1))


class Plain(nnx.Module):
    """The same in training as in evaluation."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.dense = nnx.Linear(32, 3, rngs=rngs)

    def __call__(self, images: Array, *, train: bool, key: Array | None) -> Array:
        del train, key
        return self.dense(images.reshape(len(images), -1))


def stripes(_key: Array, count: int, height: int, width: int) -> Array:
    """Masks that cost no compilation: what is asked here of the step holds for any."""
    kept = (jnp.arange(count)[:, None, None] + jnp.arange(height)[None, :, None]) % 3 > 0
    return jnp.broadcast_to(kept[..., None], (count, height, width, 1)).astype(jnp.float32)


def nothing(_key: Array, count: int, height: int, width: int) -> Array:
    return jnp.zeros((count, height, width, 1))


MIX = partial(mix_masked, draw_mask=stripes)
ERASE = partial(erase, draw_mask=stripes, noise_std=0.0, mask_probability=1.0)
OFF = StepOptions(apply=functional(Normalized).apply, learning_rate=constant(0.1), teacher_alpha=constant(0.9))
PATHS = {
    "neither": OFF,
    "perturb": replace(OFF, perturb=ERASE, perturb_threshold=0.0),
    "mix": replace(OFF, mix=MIX, mix_threshold=0.35),
    "both": replace(OFF, perturb=ERASE, perturb_threshold=0.35, mix=MIX, mix_threshold=0.35, mix_logits=True),
}


@pytest.fixture
def batch() -> Batch:
    first, second, third, labels = jax.random.split(jax.random.key(0), 4)
    shape = (8, 4, 4, 2)
    return Batch(
        labeled=jax.random.normal(first, shape),
        labels=jax.random.randint(labels, (8,), 0, 3),
        unlabeled=jax.random.normal(second, shape),
        unlabeled_second=jax.random.normal(third, shape),
    )


def start() -> TrainState:
    """A state whose teacher is another network than its student."""
    init = functional(Normalized).init
    return initial_state(init(jax.random.key(1)))._replace(teacher=init(jax.random.key(2)))


def take(options: StepOptions, state: TrainState, batch: Batch) -> tuple[TrainState, StepMetrics]:
    return train_step(options, state, batch, step_keys(ROOT, state.step))


jitted = jax.jit(take, static_argnums=0)
"""Shared, so that the tests compile each path once."""


def test_gradient_of_the_mix_loss_reaches_the_student(batch: Batch) -> None:
    state = start()
    rate, weight = 0.1, 5.0
    bare = replace(PATHS["mix"], mix_threshold=0.0, momentum=0.0, nesterov=False, l2=0.0, mix_weight=weight)
    with_mix, _ = jitted(bare, state, batch)
    without, _ = jitted(replace(bare, mix_weight=0.0), state, batch)
    slope = jax.tree.map(
        lambda left, right: (left - right) / (rate * weight), without.student.parameters, with_mix.student.parameters
    )
    assert all(float(jnp.abs(leaf).max()) > 1e-3 for leaf in jax.tree.leaves(slope))

    def mix_loss(parameters: Tree) -> Array:
        return jitted(bare, state._replace(student=state.student._replace(parameters=parameters)), batch)[1].mix_loss

    parameters, structure = jax.tree.flatten(state.student.parameters)
    for key in jax.random.split(jax.random.key(0), 3):
        direction = [jax.random.normal(key, leaf.shape) for leaf in parameters]
        ahead, behind = (
            structure.unflatten([leaf + by * toward for leaf, toward in zip(parameters, direction, strict=True)])
            for by in (2e-3, -2e-3)
        )
        difference = (mix_loss(ahead) - mix_loss(behind)) / 4e-3
        along = sum(jnp.vdot(leaf, toward) for leaf, toward in zip(jax.tree.leaves(slope), direction, strict=True))
        np.testing.assert_allclose(along, difference, rtol=5e-3, atol=1e-4)


@pytest.mark.parametrize("paths", ["perturb", "mix", "both"])
def test_no_gradient_reaches_the_teacher(batch: Batch, paths: str) -> None:
    def loss(student: Variables, teacher: Variables) -> Array:
        return take(PATHS[paths], start()._replace(student=student, teacher=teacher), batch)[1].loss

    state = start()
    to_student, to_teacher = jax.jit(jax.grad(loss, argnums=(0, 1)))(state.student, state.teacher)
    assert all(jnp.abs(leaf).max() > 0 for leaf in jax.tree.leaves(to_student.parameters))
    jax.tree.map(lambda leaf: np.testing.assert_array_equal(leaf, jnp.zeros_like(leaf)), to_teacher)


@pytest.mark.parametrize("paths", PATHS)
def test_the_teacher_averages_parameters_and_statistics(batch: Batch, paths: str) -> None:
    before = start()
    after, metrics = jitted(PATHS[paths], before, batch)
    np.testing.assert_allclose(metrics.teacher_alpha, 0.9)
    jax.tree.map(
        lambda old, student, new: np.testing.assert_allclose(new, 0.9 * old + 0.1 * student, rtol=1e-5, atol=1e-6),
        before.teacher,
        after.student,
        after.teacher,
    )
    moved = jax.tree.map(lambda old, new: bool((old != new).any()), before.student, after.student)
    assert all(jax.tree.leaves(moved))


def test_jit_equals_eager(batch: Batch) -> None:
    eager = take(PATHS["both"], start(), batch)
    compiled = jitted(PATHS["both"], start(), batch)
    jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-4, atol=1e-5), eager, compiled)


def test_a_loop_on_the_device_equals_single_steps(batch: Batch) -> None:
    state = start()
    for _ in range(3):
        state, _ = jitted(PATHS["both"], state, batch)
    looped = jax.jit(lambda state: jax.lax.fori_loop(0, 3, lambda _, past: take(PATHS["both"], past, batch)[0], state))(
        start()
    )
    jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-4, atol=1e-5), state, looped)


def test_the_second_step_compiles_nothing(batch: Batch) -> None:
    step = jax.jit(partial(take, PATHS["both"]), donate_argnums=0)
    state, _ = step(start(), batch)
    other = jax.tree.map(jnp.flip, batch)
    compiled = []

    def record(event: str, duration_secs: float, **facts: str | int) -> None:
        del duration_secs
        if event in ("/jax/core/compile/jaxpr_trace_duration", "/jax/core/compile/backend_compile_duration"):
            compiled.append((event, facts))

    jax.monitoring.register_event_duration_secs_listener(record)
    try:
        state, _ = step(state, other)
        assert compiled == []
        jax.block_until_ready(jax.jit(lambda values: values * 3)(jnp.ones(7)))
        assert compiled
    finally:
        jax.monitoring.unregister_event_duration_listener(record)
    assert state.step == 2


def test_a_teacher_equal_to_the_student_leaves_nothing_to_learn(batch: Batch) -> None:
    options = replace(
        OFF,
        apply=functional(Plain).apply,
        perturb=identity,
        perturb_threshold=0.0,
        mix=partial(mix_masked, draw_mask=nothing),
        mix_threshold=0.0,
    )
    state = initial_state(functional(Plain).init(jax.random.key(0)))
    _, metrics = jitted(options, state, batch)
    # Teacher and student run in separate programs, which may round apart.
    assert max(metrics.perturb_loss, metrics.mix_loss) < 1e-12
    assert (metrics.perturb_confidence, metrics.mix_confidence) == (1, 1)
    unlike = state._replace(teacher=functional(Plain).init(jax.random.key(1)))
    _, metrics = jitted(options, unlike, batch)
    assert metrics.perturb_loss > 1e-3
    assert metrics.mix_loss > 1e-3


def test_the_loss_is_the_weighted_sum_of_its_terms(batch: Batch) -> None:
    state = start()
    _, metrics = jitted(PATHS["both"], state, batch)
    kernel = np.asarray(state.student.parameters["dense"]["kernel"], np.float64)
    total = metrics.labeled_loss + metrics.perturb_loss + 30 * metrics.mix_loss + 0.5 * 5e-4 * (kernel**2).sum()
    np.testing.assert_allclose(metrics.loss, total, rtol=1e-5)


def test_paths_that_are_off_report_zero_and_see_no_unlabeled_image(batch: Batch) -> None:
    state, metrics = jitted(OFF, start(), batch)
    assert (metrics.perturb_loss, metrics.perturb_confidence, metrics.mix_loss, metrics.mix_confidence) == (0, 0, 0, 0)
    elsewhere, _ = jitted(OFF, start(), batch._replace(unlabeled=-batch.unlabeled))
    jax.tree.map(np.testing.assert_array_equal, state, elsewhere)


@pytest.mark.parametrize(
    ("paths", "separate", "reads"),
    [
        ("perturb", {}, (True, False)),
        ("perturb", {"perturb_augment_separately": True}, (True, True)),
        ("mix", {}, (True, False)),
        ("mix", {"mix_augment_separately": True}, (True, True)),
    ],
)
def test_the_second_view_is_read_where_augmentation_is_separate(
    batch: Batch, paths: str, separate: dict[str, bool], reads: tuple[bool, bool]
) -> None:
    loss = f"{paths}_loss"
    options = replace(PATHS[paths], **separate)

    def measured(batch: Batch) -> float:
        return float(getattr(jitted(options, start(), batch)[1], loss))

    first, second = batch._replace(unlabeled=-batch.unlabeled), batch._replace(unlabeled_second=-batch.unlabeled_second)
    assert (measured(first) != measured(batch), measured(second) != measured(batch)) == reads


def test_permuting_the_labeled_batch_changes_nothing(batch: Batch) -> None:
    order = jnp.array([3, 1, 5, 0, 2, 4, 7, 6])
    permuted = batch._replace(labeled=batch.labeled[order], labels=batch.labels[order])
    jax.tree.map(
        partial(np.testing.assert_allclose, rtol=1e-4, atol=1e-5),
        jitted(PATHS["both"], start(), batch),
        jitted(PATHS["both"], start(), permuted),
    )


def test_permuting_the_unlabeled_batch_changes_nothing_where_nothing_is_mixed(batch: Batch) -> None:
    order = jnp.array([3, 1, 5, 0, 2, 4, 7, 6])
    permuted = batch._replace(unlabeled=batch.unlabeled[order])
    options = replace(PATHS["perturb"], perturb=identity, perturb_threshold=0.6)
    one, other = jitted(options, start(), batch), jitted(options, start(), permuted)
    assert 0 < one[1].perturb_confidence < 1
    jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-4, atol=1e-5), one, other)


def test_the_start_copies_the_student_into_the_teacher() -> None:
    student = functional(Normalized).init(jax.random.key(0))
    state = initial_state(student)
    jax.tree.map(np.testing.assert_array_equal, state.student, state.teacher)
    jax.tree.map(lambda leaf: np.testing.assert_array_equal(leaf, jnp.zeros_like(leaf)), state.momentum)
    pointers = [leaf.unsafe_buffer_pointer() for leaf in jax.tree.leaves((state.student, state.teacher))]
    assert len(set(pointers)) == len(pointers)
    assert state.step == 0


def test_f7_a_poisoned_batch_is_skipped(batch: Batch) -> None:
    options = replace(PATHS["both"], skip_non_finite=True)
    state = start()
    poisoned = batch._replace(labeled=batch.labeled.at[3, 0, 0, 0].set(jnp.nan))
    after, metrics = jitted(options, state, poisoned)
    assert not np.isfinite(metrics.loss)
    assert int(after.step) == 1
    assert_equal(after._replace(step=state.step), state)
    sound, _ = jitted(options, state, batch)
    expected, _ = jitted(PATHS["both"], state, batch)
    jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-7), sound, expected)


def test_f7_an_update_that_is_not_finite_is_skipped_and_told_by_the_loss(batch: Batch) -> None:
    options = replace(OFF, learning_rate=constant(jnp.inf), skip_non_finite=True)
    state = start()
    after, metrics = jitted(options, state, batch)
    assert np.isfinite(metrics.labeled_loss)
    assert np.isnan(metrics.loss)
    assert_equal(after._replace(step=state.step), state)


@pytest.mark.parametrize("what", ["halt", "skip", "continue"])
def test_f7_with_a_learning_rate_of_1e30_only_finite_states_are_kept(batch: Batch, tmp_path: Path, what: Any) -> None:
    options = replace(OFF, learning_rate=constant(1e30), skip_non_finite=what == "skip")
    dispatch = many_steps(lambda state, _: take(options, state, batch))
    program = Program(lambda state, count: dispatch(state, None, jnp.int32(count)), lambda *_: Score(0, 0, 0))

    def save(state: TrainState, step: int, _: object) -> CheckpointInfo:
        return checkpoints.save(tmp_path, state, step=step, facts={})

    plan = Plan(steps=12, evaluate_every=12, checkpoint_every=1, non_finite=what)
    events = list(run_steps(program, start(), plan, save, cancelled=lambda: False))
    saved = [event.step for event in events if isinstance(event, CheckpointInfo)]
    ended = events[-1]
    assert isinstance(ended, Ended)
    newest = checkpoints.newest_verified(tmp_path)
    assert newest.path is not None
    assert int(newest.path.name) == saved[-1]
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(checkpoints.load(newest.path, start())))
    if what == "skip":
        assert (ended.state, saved) == ("succeeded", list(range(1, 13)))
    else:
        assert (ended.state, ended.step) == ("failed", saved[-1] if what == "halt" else 12)
        assert ended.non_finite is not None


def assert_equal(left: TrainState, right: TrainState) -> None:
    jax.tree.map(np.testing.assert_array_equal, left, right)
