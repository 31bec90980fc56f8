"""The stratified shuffle split draws what scikit-learn's does."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedShuffleSplit

from cowmask_worker.data.stratified import stratified_shuffle_split


@st.composite
def _draws(draw: st.DrawFn) -> tuple[list[int], int, int]:
    """Labels, a count and a seed of which scikit-learn makes a split."""
    sizes = draw(st.lists(st.integers(2, 40), min_size=1, max_size=12))
    names = draw(st.lists(st.integers(0, 1000), min_size=len(sizes), max_size=len(sizes), unique=True))
    labels = [name for name, size in zip(names, sizes, strict=True) for _ in range(size)]
    count = draw(st.integers(len(sizes), len(labels) - len(sizes)))
    return draw(st.permutations(labels)), count, draw(st.integers(0, 2**32 - 1))


@given(_draws())
def test_draws_what_scikit_learn_draws(drawn: tuple[list[int], int, int]) -> None:
    labels, count, seed = np.array(drawn[0], np.int32), *drawn[1:]
    theirs = StratifiedShuffleSplit(n_splits=1, test_size=count, random_state=seed).split(labels, labels)
    for ours, expected in zip(stratified_shuffle_split(labels, count, seed), next(theirs), strict=True):
        np.testing.assert_array_equal(ours, expected)


@pytest.mark.parametrize("count", [40, 250, 4000, 49_000])
def test_draws_of_50_000_images_are_scikit_learn_s(count: int) -> None:
    labels = np.random.default_rng(7).integers(0, 10, 50_000).astype(np.int32)
    theirs = StratifiedShuffleSplit(n_splits=1, test_size=count, random_state=12345).split(labels, labels)
    for ours, expected in zip(stratified_shuffle_split(labels, count, 12345), next(theirs), strict=True):
        np.testing.assert_array_equal(ours, expected)


def test_a_draw_stays_what_it_is() -> None:
    labels = (np.arange(1000) ** 2 % 7).astype(np.int32)
    _, chosen = stratified_shuffle_split(labels, 100, 12345)
    digest = hashlib.sha256(chosen.astype("<i8").tobytes()).hexdigest()
    assert digest == "1cc7f209a024e667e965161074fb421ed6a8c7996d1f9edf2ad5ee8af4b4d9ad"
