"""Draws equal those of jax, value for value."""

from collections.abc import Callable, Iterator
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export

from cowmask_worker.threefry import bernoulli, normal

type Draw = Callable[[jax.Array, tuple[int, ...]], jax.Array]
_SHAPES = [(), (1,), (7, 3), (4, 5, 6, 7), (0, 2), (1, 32, 32, 64)]


@pytest.mark.parametrize("partitionable", [True, False])
@pytest.mark.parametrize("shape", _SHAPES)
@pytest.mark.parametrize("probability", [0.0, 0.1, 0.7, 1.0])
def test_bernoulli_draws_what_jax_draws(probability: float, shape: tuple[int, ...], partitionable: bool) -> None:
    def theirs(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
        return jax.random.bernoulli(key, probability, shape)

    def ours(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
        return bernoulli(key, probability, shape)

    with jax.threefry_partitionable(partitionable):
        _equal(ours, theirs, shape)


@pytest.mark.parametrize("partitionable", [True, False])
@pytest.mark.parametrize("shape", _SHAPES)
def test_normal_draws_what_jax_draws(shape: tuple[int, ...], partitionable: bool) -> None:
    with jax.threefry_partitionable(partitionable):
        _equal(normal, jax.random.normal, shape)


def test_keys_of_many_images_draw_what_each_draws_alone() -> None:
    keys = jax.random.split(jax.random.key(3), 4)
    together = jax.jit(jax.vmap(lambda key: normal(key, (8, 8))))(keys)
    np.testing.assert_array_equal(together, jax.vmap(lambda key: jax.random.normal(key, (8, 8)))(keys))


@pytest.mark.parametrize("draw", [partial(bernoulli, probability=0.5), normal])
def test_more_elements_than_a_word_counts_are_left_to_jax(draw: Callable[..., jax.Array]) -> None:
    shape = (2**20, 2**12)
    exported = export.export(jax.jit(lambda key: draw(key, shape=shape)), platforms=["cpu"])(
        jax.eval_shape(lambda: jax.random.key(0))
    )
    assert exported.out_avals[0].shape == shape
    # jax counts them in two words.
    assert "ui64" in exported.mlir_module()


def test_a_gradient_keeps_the_draw_of_bernoulli() -> None:
    def loss(features: jax.Array) -> jax.Array:
        return jnp.where(bernoulli(jax.random.key(1), 0.5, features.shape), features, 0).sum()

    features = jnp.ones((64, 64))
    np.testing.assert_array_equal(jax.grad(loss)(features), jax.random.bernoulli(jax.random.key(1), 0.5, (64, 64)))


def _equal(ours: Draw, theirs: Draw, shape: tuple[int, ...]) -> None:
    for key in _keys():
        expected = theirs(key, shape)
        np.testing.assert_array_equal(ours(key, shape), expected)
        np.testing.assert_array_equal(jax.jit(ours, static_argnums=1)(key, shape), expected)


def _keys() -> Iterator[jax.Array]:
    for seed in range(3):
        yield jax.random.fold_in(jax.random.key(seed), 2**31 + seed)
