"""The digits, what the catalog says of them, and which of them are held out or keep their labels."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedShuffleSplit

from cowmask_worker.data import digits
from cowmask_worker.data.catalog import CATALOG
from cowmask_worker.data.splits import split

DIGITS = digits.load()
DEFAULTS = {"labeled": 40, "seed": 12345, "validation": 0, "validation_seed": 131}


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
    chosen = split(labels, **DEFAULTS)
    _, expected = next(StratifiedShuffleSplit(1, test_size=40, random_state=12345).split(labels, labels))
    np.testing.assert_array_equal(chosen.labeled, expected)
    np.testing.assert_array_equal(np.bincount(labels[chosen.labeled]), [4] * 10)
    np.testing.assert_array_equal(chosen.unlabeled, np.arange(1437))
    assert chosen.validation.size == 0


def test_validation_images_are_neither_labeled_nor_unlabeled() -> None:
    chosen = split(DIGITS.train_labels, **(DEFAULTS | {"validation": 200}))
    assert len(chosen.validation) == 200
    assert not np.isin(chosen.unlabeled, chosen.validation).any()
    assert np.isin(chosen.labeled, chosen.unlabeled).all()
    assert len(chosen.unlabeled) == 1237


@pytest.mark.parametrize("labeled", [10, 11, 1000, 1426, 1427, 1428, 1436, 1437])
def test_any_number_of_labels_from_one_a_class_to_all(labeled: int) -> None:
    chosen = split(DIGITS.train_labels, **(DEFAULTS | {"labeled": labeled})).labeled
    assert len(np.unique(chosen)) == labeled
    assert set(DIGITS.train_labels[chosen]) == set(range(10))


def test_another_seed_labels_other_images() -> None:
    first, second = (split(DIGITS.train_labels, **(DEFAULTS | {"seed": seed})).labeled for seed in (1, 2))
    assert len(np.intersect1d(first, second)) < 10
