"""Bernoulli draws equal those of jax, value for value."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export

from cowmask_worker.models.bernoulli import bernoulli


@pytest.mark.parametrize("partitionable", [True, False])
@pytest.mark.parametrize("shape", [(), (1,), (7, 3), (4, 5, 6, 7), (0, 2)])
@pytest.mark.parametrize("probability", [0.0, 0.1, 0.7, 1.0])
def test_equals_the_draws_of_jax(probability: float, shape: tuple[int, ...], partitionable: bool) -> None:
    with jax.threefry_partitionable(partitionable):
        for seed in range(3):
            key = jax.random.fold_in(jax.random.key(seed), 2**31 + seed)
            expected = jax.random.bernoulli(key, probability, shape)
            np.testing.assert_array_equal(bernoulli(key, probability, shape), expected)
            np.testing.assert_array_equal(jax.jit(bernoulli, static_argnums=(1, 2))(key, probability, shape), expected)


def test_more_elements_than_a_word_counts_are_left_to_jax() -> None:
    def draw(key: jax.Array) -> jax.Array:
        return bernoulli(key, 0.5, (2**20, 2**12))

    exported = export.export(jax.jit(draw), platforms=["cpu"])(jax.eval_shape(lambda: jax.random.key(0)))
    assert exported.out_avals[0].shape == (2**20, 2**12)
    assert "optimization_barrier" not in exported.mlir_module()


def test_a_gradient_keeps_the_draw() -> None:
    def loss(features: jax.Array) -> jax.Array:
        return jnp.where(bernoulli(jax.random.key(1), 0.5, features.shape), features, 0).sum()

    features = jnp.ones((64, 64))
    np.testing.assert_array_equal(jax.grad(loss)(features), jax.random.bernoulli(jax.random.key(1), 0.5, (64, 64)))
