"""Losses, confidence and evaluation counts equal the authors'; the rest by value."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from cowmask_worker.training.evaluation import evaluate, tally
from cowmask_worker.training.losses import confidence_weight, consistency, cross_entropy, l2_penalty
from cowmask_worker.training.state import Tree, Variables

type Arrays = dict[str, np.ndarray]
type Golden = Callable[[str], Arrays]


@pytest.fixture
def direct(golden: Golden) -> Arrays:
    return golden("losses_direct.npz")


def test_cross_entropy_equals_the_references(direct: Arrays) -> None:
    losses = cross_entropy(jnp.asarray(direct["ce/logits"]), jnp.asarray(direct["ce/labels"]))
    np.testing.assert_allclose(losses.mean(), direct["ce/loss"], rtol=1e-6)
    np.testing.assert_allclose(losses.mean(), direct["train_metrics/loss"], rtol=1e-6)


@pytest.mark.parametrize("threshold", [0.0, -1.0, 0.5, 0.6, 0.97])
@pytest.mark.parametrize("average", [False, True])
def test_confidence_equals_the_references(direct: Arrays, threshold: float, average: bool) -> None:
    confidence = jnp.asarray(direct["conf/confidence"][:, 0])
    weighted = confidence_weight(confidence, threshold=threshold, average=average)
    name = f"conf/t{threshold}_{'avg' if average else 'each'}"
    expected = np.broadcast_to(direct[f"{name}_weight"].reshape(-1), weighted.weight.shape)
    np.testing.assert_allclose(weighted.weight, expected, rtol=1e-6)
    np.testing.assert_allclose(weighted.rate, direct[f"{name}_rate"], rtol=1e-6)


def test_tally_equals_the_references_and_skips_padding(direct: Arrays) -> None:
    counted = tally(jnp.asarray(direct["eval/logits"]), jnp.asarray(direct["eval/labels"]))
    np.testing.assert_allclose(counted.loss, direct["eval/loss_sum"], rtol=1e-6)
    assert (int(counted.wrong), int(counted.images)) == (direct["eval/error_count"], direct["eval/sample_count"])
    np.testing.assert_allclose(counted.evaluation().loss, direct["eval/loss"], rtol=1e-6)
    np.testing.assert_allclose(counted.evaluation().error, direct["eval/error_rate"], rtol=1e-6)


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
