"""The digits, what the catalog says of them, and which of them are held out or keep their labels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedShuffleSplit

from cowmask_worker.data import digits
from cowmask_worker.data.catalog import CATALOG
from cowmask_worker.data.contents import UNLABELED
from cowmask_worker.data.splits import Splits, split, split_around

DIGITS = digits.load()


def drawn(
    labels: NDArray[np.int32] = DIGITS.train_labels,
    *,
    labeled: int = 40,
    seed: int = 12345,
    validation: int = 0,
    exclude_labeled: bool = False,
    own_validation: int = 0,
) -> Splits:
    return split(
        labels,
        labeled=labeled,
        seed=seed,
        validation=validation,
        validation_seed=131,
        exclude_labeled=exclude_labeled,
        own_validation=own_validation,
    )


def test_the_catalog_is_true() -> None:
    facts = CATALOG["digits"]
    assert DIGITS.train_images.shape == (facts.train, facts.height, facts.width, facts.channels)
    assert DIGITS.test_images.shape == (facts.test, facts.height, facts.width, facts.channels)
    assert set(DIGITS.train_labels) == set(DIGITS.test_labels) == set(range(len(facts.classes)))
    pixels = DIGITS.train_images.astype(np.float64) / 255
    assert [round(float(pixels.mean()), 4)] == list(facts.mean)
    assert [round(float(pixels.std()), 4)] == list(facts.std)


def test_training_and_test_images_are_all_images_once() -> None:
    values = load_digits(return_X_y=True)[0].reshape(-1, 8, 8)
    ours = np.concatenate([DIGITS.train_images, DIGITS.test_images])[..., 0]
    assert ours.dtype == np.uint8
    assert ours.max() == 255
    back = np.rint(ours.astype(np.float64) * 16 / 255)
    assert sorted(map(bytes, back.astype(np.uint8))) == sorted(map(bytes, values.astype(np.uint8)))
    shares = np.bincount(DIGITS.test_labels) / np.bincount(DIGITS.train_labels)
    assert shares.max() / shares.min() < 1.06


def test_the_labeled_subset_is_the_reference_s() -> None:
    labels = DIGITS.train_labels
    chosen = drawn(labels)
    _, expected = next(StratifiedShuffleSplit(1, test_size=40, random_state=12345).split(labels, labels))
    np.testing.assert_array_equal(chosen.labeled, expected)
    np.testing.assert_array_equal(np.bincount(labels[chosen.labeled]), [4] * 10)
    np.testing.assert_array_equal(chosen.unlabeled, np.arange(1437))
    assert chosen.validation.size == 0


def test_validation_images_are_neither_labeled_nor_unlabeled() -> None:
    chosen = drawn(validation=200)
    assert len(chosen.validation) == 200
    assert not np.isin(chosen.unlabeled, chosen.validation).any()
    assert np.isin(chosen.labeled, chosen.unlabeled).all()
    assert len(chosen.unlabeled) == 1237


@pytest.mark.parametrize("labeled", [10, 11, 1000, 1426, 1427, 1428, 1436, 1437])
def test_any_number_of_labels_from_one_a_class_to_all(labeled: int) -> None:
    chosen = drawn(labeled=labeled).labeled
    assert len(np.unique(chosen)) == labeled
    assert set(DIGITS.train_labels[chosen]) == set(range(10))


def test_another_seed_labels_other_images() -> None:
    first, second = (drawn(seed=seed).labeled for seed in (1, 2))
    assert len(np.intersect1d(first, second)) < 10


def some_unlabeled(every: int) -> NDArray[np.int32]:
    labels = DIGITS.train_labels.copy()
    labels[::every] = UNLABELED
    return labels


def test_labeled_images_can_be_left_out_of_the_pool() -> None:
    with_them, without = (drawn(validation=200, exclude_labeled=exclude) for exclude in (False, True))
    np.testing.assert_array_equal(without.labeled, with_them.labeled)
    np.testing.assert_array_equal(without.validation, with_them.validation)
    np.testing.assert_array_equal(without.unlabeled, np.setdiff1d(with_them.unlabeled, with_them.labeled))


def test_images_without_a_label_are_only_in_the_pool() -> None:
    labels = some_unlabeled(3)
    chosen = drawn(labels, validation=100, exclude_labeled=True)
    without = np.flatnonzero(labels == UNLABELED)
    assert np.isin(without, chosen.unlabeled).all()
    assert not np.isin(without, chosen.labeled).any()
    assert not np.isin(without, chosen.validation).any()
    # The draw is over those with a label, as if the others were not there.
    known = np.flatnonzero(labels != UNLABELED)
    alone = drawn(labels[known], validation=100)
    np.testing.assert_array_equal(chosen.labeled, known[alone.labeled])
    np.testing.assert_array_equal(chosen.validation, known[alone.validation])


def test_the_last_images_are_the_source_s_own_validation() -> None:
    chosen = drawn(own_validation=137)
    np.testing.assert_array_equal(chosen.validation, np.arange(1300, 1437))
    np.testing.assert_array_equal(chosen.unlabeled, np.arange(1300))
    np.testing.assert_array_equal(chosen.labeled, drawn(DIGITS.train_labels[:1300]).labeled)


def test_drawn_and_own_validation_exclude_each_other() -> None:
    with pytest.raises(ValueError, match=r"validation must be 0, as the source has put 137 images aside for it; got 5"):
        drawn(validation=5, own_validation=137)


def test_the_source_s_own_validation_has_labels() -> None:
    with pytest.raises(ValueError, match="45 of the 137 validation images of the source have no label"):
        drawn(some_unlabeled(3), own_validation=137)


@pytest.mark.parametrize(("labeled", "told"), [(5, "0 are allowed, and 10 to 1,437"), (1438, "there are 1,437")])
def test_counts_that_can_not_be_drawn_are_refused(labeled: int, told: str) -> None:
    with pytest.raises(ValueError, match=rf"{labeled:,} images can not be labeled: .*{told}"):
        drawn(labeled=labeled)


def test_a_class_with_one_image_keeps_its_label_only_with_all_others() -> None:
    labels = np.array([0, 0, 0, 1, 2, 2, UNLABELED], np.int32)
    everything = split(labels, labeled=6, seed=0, validation=0, validation_seed=0)
    np.testing.assert_array_equal(everything.labeled, np.arange(6))
    told = "class 1 has 1 labeled image, of which no share can be drawn; allowed are none or all 6, or give each class"
    with pytest.raises(ValueError, match=f"5 images can not be labeled: {told}"):
        split(labels, labeled=5, seed=0, validation=0, validation_seed=0)
    with pytest.raises(ValueError, match=f"3 images can not be held out for validation: {told}"):
        split(labels, labeled=3, seed=0, validation=3, validation_seed=0)


def partition(chosen: Splits, images: int, exclude_labeled: bool) -> None:
    """Every image is held out or in the pool, and the labeled ones are in it or make it whole."""
    parts = [chosen.validation, chosen.unlabeled, *([chosen.labeled] if exclude_labeled else [])]
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(images))
    assert exclude_labeled or np.isin(chosen.labeled, chosen.unlabeled).all()


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_every_possible_draw_is_a_partition(data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(2, 6), min_size=2, max_size=5))
    labels = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
    order = np.random.default_rng(data.draw(st.integers(0, 99))).permutation(len(labels) + 4)
    labels = np.concatenate([labels, np.full(4, UNLABELED, np.int32)])[order]
    own = data.draw(st.booleans()) and bool(labels[-1] != UNLABELED) and min(sizes) > 2
    exclude = data.draw(st.booleans())
    labeled = data.draw(st.integers(len(sizes), sum(sizes) - own))
    chosen = split(
        labels,
        labeled=labeled,
        seed=1,
        validation=0,
        validation_seed=2,
        exclude_labeled=exclude,
        own_validation=int(own),
    )
    assert len(chosen.labeled) == labeled
    assert (labels[chosen.labeled] != UNLABELED).all()
    partition(chosen, len(labels), exclude)


def test_validation_is_drawn_around_labeled_images_that_are_given() -> None:
    labels, given_ = some_unlabeled(3), np.array([700, 1, 2, 1300])
    chosen = split_around(labels, given_, validation=100, validation_seed=131, exclude_labeled=True)
    np.testing.assert_array_equal(chosen.labeled, given_)
    assert len(chosen.validation) == 100
    assert (labels[chosen.validation] != UNLABELED).all()
    partition(chosen, 1437, exclude_labeled=True)
    own = split_around(labels[:-1], given_, validation=0, validation_seed=131, own_validation=1)
    np.testing.assert_array_equal(own.validation, [1435])
    partition(own, 1436, exclude_labeled=False)


@pytest.mark.parametrize(
    ("given_", "told"),
    [
        ([1, 1], "must be different"),
        ([-1], "must be different"),
        ([1436], "first 1,436"),
        ([0, 1], "1 of the .* no label"),
    ],
)
def test_other_labeled_images_are_refused(given_: list[int], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        split_around(some_unlabeled(3), np.array(given_), validation=0, validation_seed=0, own_validation=1)
