"""Losses, confidence and evaluation by value."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from cowmask_worker.training.evaluation import evaluate
from cowmask_worker.training.losses import confidence_weight, consistency, cross_entropy, l2_penalty
from cowmask_worker.training.state import Tree, Variables


def test_cross_entropy_by_hand() -> None:
    odds = jnp.array([[1.0, 3.0], [4.0, 4.0], [1.0, 0.0]])
    losses = cross_entropy(jnp.log(odds + 1e-30), jnp.array([0, 1, 0]))
    np.testing.assert_allclose(losses, [np.log(4), np.log(2), 0], atol=1e-6)


@pytest.mark.parametrize(
    ("threshold", "average", "weight", "rate"),
    [
        (0.5, False, [0, 1, 0, 1], 0.5),
        (0.5, True, [0.5, 0.5, 0.5, 0.5], 0.5),
        (0.9, True, [0.25, 0.25, 0.25, 0.25], 0.25),
        (0.0, True, [1, 1, 1, 1], 1),
        (-1.0, False, [1, 1, 1, 1], 1),
    ],
)
def test_confidence_weighs_what_is_above_the_threshold(
    threshold: float, average: bool, weight: list[float], rate: float
) -> None:
    # Equal to the threshold is not above it.
    confidence = jnp.array([0.5, 0.75, 0.25, 1.0])
    weighted = confidence_weight(confidence, threshold=threshold, average=average)
    np.testing.assert_array_equal(weighted.weight, np.asarray(weight, np.float32))
    assert weighted.rate == rate


@pytest.mark.parametrize("batch_size", [1, 3, 4, 10, 16])
def test_evaluation_is_exact_over_a_ragged_last_batch(batch_size: int) -> None:
    images = jax.random.randint(jax.random.key(0), (10, 2, 2, 1), 0, 256).astype(jnp.uint8)
    labels = jax.random.randint(jax.random.key(1), (10,), 0, 4)

    def apply(variables: Variables, images: Array, *, train: bool, key: Array | None) -> tuple[Array, Tree]:
        del key
        assert not train
        return images.reshape(-1, 4) * variables.parameters["scale"], variables.statistics

    found = evaluate(
        apply,
        Variables({"scale": jnp.float32(3.0)}, {}),
        images,
        labels,
        normalize=lambda pixels: pixels.astype(jnp.float32) / 255,
        batch_size=batch_size,
    )
    logits = np.asarray(images, np.float64).reshape(-1, 4) / 255 * 3
    losses = np.log(np.exp(logits).sum(1)) - logits[np.arange(10), labels]
    np.testing.assert_allclose(found.loss, losses.mean(), rtol=1e-6)
    np.testing.assert_allclose(found.error, (logits.argmax(1) != labels).mean(), rtol=1e-6)


def test_consistency_is_zero_where_student_equals_teacher() -> None:
    answers = jax.nn.softmax(jax.random.normal(jax.random.key(0), (6, 4)))
    assert consistency(answers, answers, jnp.ones(6)) == 0


def test_consistency_by_hand() -> None:
    student, teacher = jnp.array([[1.0, 0.0], [0.5, 0.5]]), jnp.array([[0.0, 1.0], [0.25, 0.75]])
    np.testing.assert_allclose(consistency(student, teacher, jnp.array([0.5, 2.0])), (0.5 * 2 + 2 * 0.125) / 2)


def test_l2_penalty_leaves_out_vectors() -> None:
    parameters = {"dense": {"kernel": jnp.array([[3.0, 4.0]]), "bias": jnp.array([100.0])}, "scale": jnp.array([7.0])}
    assert l2_penalty(parameters) == 12.5
