"""The order of images: a permutation each pass, another one for every pass and key, whatever the batch size."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import Array
from scipy.stats import chi2

from cowmask_worker.data.order import Position, batch_positions, permuted_index


@partial(jax.jit, static_argnums=(1, 2))
def passes(key: Array, count: int, turns: int) -> Array:
    places = np.arange(turns * count, dtype=np.uint32)
    return permuted_index(key, Position(jnp.asarray(places // count), jnp.asarray(places % count)), count)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 9, 40, 64, 65, 1437])
def test_every_pass_is_a_permutation(count: int) -> None:
    for order in np.asarray(passes(jax.random.key(3), count, 4)).reshape(4, count):
        assert sorted(order) == list(range(count))


@partial(jax.jit, static_argnums=2)
def indices(key: Array, position: Position, count: int) -> Array:
    return permuted_index(key, position, count)


@given(count=st.integers(2000, 2**30 - 1), turn=st.integers(0, 2**32 - 1), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=6, deadline=None)
def test_no_image_stands_twice_in_a_pass_of_any_length(count: int, turn: int, seed: int) -> None:
    places = np.linspace(0, count - 1, 2000).astype(np.uint32)
    position = Position(jnp.asarray(np.full_like(places, turn)), jnp.asarray(places))
    order = np.asarray(indices(jax.random.key(seed), position, count))
    assert len(np.unique(order)) == len(places)
    assert 0 <= order.min() <= order.max() < count


def test_a_pass_says_nothing_of_another_pass_or_key() -> None:
    first = np.asarray(passes(jax.random.key(0), 1437, 2)).reshape(2, 1437)
    other = np.asarray(passes(jax.random.key(1), 1437, 2)).reshape(2, 1437)
    # Two independent permutations agree at one place on average; twelve would be one in 10^9.
    for left, right in [(first[0], first[1]), (first[0], other[0]), (first[1], other[0])]:
        assert (left == right).sum() < 12
        assert abs(np.corrcoef(left, right)[0, 1]) < 0.13


@pytest.mark.parametrize("count", [3, 10, 40])
def test_every_image_is_as_likely_at_every_place(count: int) -> None:
    turns = 4000
    order = np.asarray(passes(jax.random.key(7), count, turns)).reshape(turns, count)
    table = np.stack([np.bincount(order[:, place], minlength=count) for place in range(count)])
    statistic = ((table - turns / count) ** 2 / (turns / count)).sum()
    assert statistic < chi2.isf(1e-6, (count - 1) ** 2)


def test_neighbors_are_as_likely_as_any_pair() -> None:
    count, turns = 10, 6000
    order = np.asarray(passes(jax.random.key(8), count, turns)).reshape(turns, count)
    table = np.zeros((count, count))
    np.add.at(table, (order[:, 0], order[:, 1]), 1)
    pairs = table[~np.eye(count, dtype=bool)]
    expected = turns / len(pairs)
    assert ((pairs - expected) ** 2 / expected).sum() < chi2.isf(1e-6, len(pairs) - 1)


@pytest.mark.parametrize("batch", [1, 3, 64, 100])
def test_the_stream_does_not_depend_on_the_batch_size(batch: int) -> None:
    key, count = jax.random.key(5), 40
    expected = np.asarray(passes(key, count, 8))

    def drawn(step: Array) -> Array:
        return permuted_index(key, batch_positions(step, batch, count), count)

    steps = range(-(-len(expected) // batch))
    stream = np.concatenate([np.asarray(jax.jit(drawn)(jnp.int32(step))) for step in steps])
    np.testing.assert_array_equal(stream[: len(expected)], expected)


@partial(jax.jit, static_argnums=(1, 2))
def positions(step: Array, batch: int, count: int) -> Position:
    return batch_positions(step, batch, count)


@pytest.mark.parametrize("batch", [1, 64, 65535])
@pytest.mark.parametrize("count", [1, 40, 50_000, 2**30 - 1])
@given(step=st.integers(0, 10**8))
@settings(max_examples=20, deadline=None)
def test_positions_are_exact_beyond_32_bits(step: int, batch: int, count: int) -> None:
    position = positions(jnp.int32(step), batch, count)
    turns, places = np.asarray(position.turn), np.asarray(position.place)
    for place in {0, batch // 2, batch - 1}:
        turn, rest = divmod(step * batch + place, count)
        assert (turns[place], places[place]) == (turn % 2**32, rest)


def test_the_order_of_a_run_is_frozen() -> None:
    # Every run ever started relies on this: resume would otherwise go on with other images.
    assert np.asarray(passes(jax.random.key(0), 10, 2)).reshape(2, 10).tolist() == [
        [7, 4, 0, 5, 8, 3, 2, 6, 1, 9],
        [6, 7, 0, 3, 8, 1, 9, 2, 4, 5],
    ]
