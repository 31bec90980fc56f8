"""The order of images on the host: a permutation each pass, another one for every pass and key."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import chi2

from cowmask_worker.data.large.host_order import streamed_index
from cowmask_worker.data.large.host_random import Words, uniforms

KEY = Words(1, 2)


def passes(words: Words, count: int, turns: int) -> NDArray[np.int64]:
    return streamed_index(words, np.arange(turns * count), count).reshape(turns, count)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 9, 40, 64, 65, 1437])
def test_every_pass_is_a_permutation(count: int) -> None:
    for order in passes(KEY, count, 4):
        assert sorted(order) == list(range(count))


@given(count=st.integers(2000, 2**31 - 1), turn=st.integers(0, 2**31), high=st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_no_image_stands_twice_in_a_pass_of_any_length(count: int, turn: int, high: int) -> None:
    places = np.linspace(0, count - 1, 2000).astype(np.int64)
    order = streamed_index(Words(high, 7), turn * count + places, count)
    assert len(np.unique(order)) == len(places)
    assert 0 <= order.min() <= order.max() < count


def test_a_pass_says_nothing_of_another_pass_or_key() -> None:
    first = passes(KEY, 1437, 2)
    # Two independent permutations agree at one place on average; twelve would be one in 10^9.
    for words in (Words(1, 3), Words(2, 2), Words(2, 1)):
        other = passes(words, 1437, 2)
        for left, right in [(first[0], first[1]), (first[0], other[0]), (first[1], other[0])]:
            assert (left == right).sum() < 12
            assert abs(np.corrcoef(left, right)[0, 1]) < 0.13


@pytest.mark.parametrize("count", [3, 10, 40])
def test_every_image_is_as_likely_at_every_place(count: int) -> None:
    turns = 4000
    order = passes(KEY, count, turns)
    table = np.stack([np.bincount(order[:, place], minlength=count) for place in range(count)])
    statistic = ((table - turns / count) ** 2 / (turns / count)).sum()
    assert statistic < chi2.isf(1e-6, (count - 1) ** 2)


def test_a_part_of_the_stream_is_the_stream() -> None:
    whole = streamed_index(KEY, np.arange(100), 7)
    for start, stop in [(0, 3), (5, 30), (99, 100)]:
        np.testing.assert_array_equal(streamed_index(KEY, np.arange(start, stop), 7), whole[start:stop])


def test_the_order_of_a_run_is_frozen() -> None:
    # Every run ever started relies on this: resume would otherwise go on with other images.
    assert passes(Words(0, 0), 10, 2).tolist() == [[2, 0, 3, 4, 6, 1, 9, 8, 5, 7], [2, 1, 5, 9, 7, 8, 0, 4, 6, 3]]


def test_the_random_numbers_of_a_run_are_frozen() -> None:
    np.testing.assert_allclose(
        uniforms(Words(3, 4), 5, 3), [0.6373813880052901, 0.4813241412116763, 0.7351198914170706], rtol=1e-15
    )
    np.testing.assert_array_equal(uniforms(Words(3, 4), 5, 400)[:3], uniforms(Words(3, 4), 5, 3))
    # Neither neighbors nor swapped words share numbers.
    others = [uniforms(Words(3, 4), 6, 400), uniforms(Words(4, 3), 5, 400)]
    assert not np.isin(uniforms(Words(3, 4), 5, 400), others).any()
