"""Which training images are held out and which keep their labels, by scikit-learn's stratified shuffle split."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cowmask_worker.data.contents import UNLABELED
from cowmask_worker.data.stratified import Indices, stratified_shuffle_split


class Splits(NamedTuple):
    """Indices into the training arrays. `unlabeled` is all that is not held out, the labeled images included unless
    they were asked to be left out; it ascends. The order of `labeled` is that of the draw, and decides the batches."""

    labeled: Indices
    unlabeled: Indices
    validation: Indices


def split(
    labels: NDArray[np.int32],
    *,
    labeled: int,
    seed: int,
    validation: int,
    validation_seed: int,
    exclude_labeled: bool = False,
    own_validation: int = 0,
) -> Splits:
    """Takes the validation images from all that have a label, then the labeled ones from what is left, both in
    proportion to the classes; size and seed are `test_size` and `random_state`, as in the authors' code.

    `labels` are int32 [n], `UNLABELED` for an image without one, which is always in the unlabeled pool. `labeled` says
    how many keep their labels: from the number of classes to what the validation leaves. `validation` may be 0, and
    must be where the last `own_validation` images are the validation set, which the source put aside.

    Raises `ValueError` for a count that can't be drawn. All images with a label or none are no draw, so they always
    can; any other count is at least that of the classes, and needs two images of each.
    """
    training, own = _own(labels, validation, own_validation)
    with_label = training[labels[training] != UNLABELED]
    held_out = with_label[_stratified(labels[with_label], validation, validation_seed, "held out for validation")]
    rest = np.setdiff1d(with_label, held_out)
    chosen = rest[_stratified(labels[rest], labeled, seed, "labeled")]
    return _splits(training, chosen, held_out, own, exclude_labeled)


def split_around(
    labels: NDArray[np.int32],
    chosen: Indices,
    *,
    validation: int,
    validation_seed: int,
    exclude_labeled: bool = False,
    own_validation: int = 0,
) -> Splits:
    """The same for labeled images that somebody else has chosen: the validation images come from the others that have
    a label. `chosen` are int64 [m], unique, with a label and not put aside by the source.

    Raises `ValueError` for another `chosen`, and for a `validation` that can't be drawn.
    """
    training, own = _own(labels, validation, own_validation)
    if not np.isin(chosen, training).all() or len(np.unique(chosen)) != len(chosen):
        raise ValueError(f"the labeled images must be different ones among the first {len(training):,}")
    if (labels[chosen] == UNLABELED).any():
        raise ValueError(f"{(labels[chosen] == UNLABELED).sum():,} of the images chosen as labeled have no label")
    others = np.setdiff1d(training[labels[training] != UNLABELED], chosen)
    held_out = others[_stratified(labels[others], validation, validation_seed, "held out for validation")]
    return _splits(training, chosen, held_out, own, exclude_labeled)


def _own(labels: NDArray[np.int32], validation: int, own_validation: int) -> tuple[Indices, Indices]:
    """What can be trained on, and what the source put aside."""
    if not 0 <= own_validation <= len(labels):
        raise ValueError(f"{own_validation:,} images put aside by the source, of {len(labels):,}")
    if validation and own_validation:
        raise ValueError(
            f"validation must be 0, as the source has put {own_validation:,} images aside for it; got {validation:,}"
        )
    training, own = np.split(np.arange(len(labels)), [len(labels) - own_validation])
    if (labels[own] == UNLABELED).any():
        without = (labels[own] == UNLABELED).sum()
        raise ValueError(f"{without:,} of the {own_validation:,} validation images of the source have no label")
    return training, own


def _splits(training: Indices, chosen: Indices, held_out: Indices, own: Indices, exclude_labeled: bool) -> Splits:
    pool = np.setdiff1d(training, held_out)
    if exclude_labeled:
        pool = np.setdiff1d(pool, chosen)
    return Splits(chosen, pool, own if len(own) else held_out)


def _stratified(labels: NDArray[np.int32], count: int, seed: int, purpose: str) -> Indices:
    everything = np.arange(len(labels))
    if count in (0, len(labels)):
        return everything[:count]
    present, sizes = np.unique(labels, return_counts=True)
    classes = len(present)
    _check_drawable(labels, present, sizes, count, purpose)
    # scikit-learn makes no split that leaves fewer images than classes: a smaller one is drawn and filled up.
    fill = min(classes, count - classes) if len(labels) - count < classes else 0
    rest, chosen = stratified_shuffle_split(labels, count - fill, seed)
    return np.concatenate([chosen, rest[: count - len(chosen)]])


def _check_drawable(
    labels: NDArray[np.int32], present: NDArray[np.int32], sizes: NDArray[np.int64], count: int, purpose: str
) -> None:
    images, classes = len(labels), len(present)
    asked = f"{count:,} images can not be {purpose}"
    if not 0 < count < images:
        raise ValueError(f"{asked}: there are {images:,} with a label to choose from")
    if count < classes:
        raise ValueError(f"{asked}: there are {classes} classes; 0 are allowed, and {classes} to {images:,}")
    if sizes.min() < 2:
        single = present[sizes.argmin()]
        raise ValueError(
            f"{asked}: class {single} has 1 labeled image, of which no share can be drawn; allowed are none or all "
            f"{images:,}, or give each class at least 2"
        )
