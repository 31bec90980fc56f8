"""Between a dataset's images and the file of a split: writes down a split of a dataset, and finds its images again."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NoReturn, cast

import numpy as np

from cowmask_worker.data.contents import UNLABELED, Contents, Part
from cowmask_worker.data.split_file import (
    ALL_TEST,
    SHOWN,
    WITHOUT_LABELED,
    ImageSet,
    ListedImage,
    Rule,
    SplitFile,
    SplitMismatch,
    check_sound,
    few,
    legible,
    more,
    pool_rule,
)
from cowmask_worker.data.splits import Indices, Splits


def made(contents: Contents, splits: Splits, rule: Rule) -> SplitFile:
    """Writes down `splits` of a dataset, and how they came about.

    Raises `ValueError` where that can't be told: no labeled image, a labeled or validation image without a label, a
    pool that is neither all that is not held out nor that without the labeled images, or numbers that are not those
    of the rule.
    """
    train = contents.train
    for part in (train, contents.test):
        if not len(part.names) == len(part.digests) == len(part.labels):
            sizes = f"{len(part.names):,} names, {len(part.digests):,} digests and {len(part.labels):,} labels"
            raise ValueError(f"{contents.dataset}: as many names as digests and labels are needed, not {sizes}")
    listed = np.concatenate([splits.labeled, splits.validation])
    if len(np.unique(listed)) != len(listed):
        raise ValueError("an image is listed twice among the labeled and validation images")
    if (train.labels[listed] == UNLABELED).any():
        raise ValueError("every labeled and every validation image must have a label")
    own = np.arange(len(train.labels) - contents.own_validation, len(train.labels))
    if contents.own_validation and not np.array_equal(np.sort(splits.validation), own):
        raise ValueError(f"the validation set must be the last {len(own):,} images, which the source has put aside")
    if rule.own_validation != contents.own_validation:
        raise ValueError(
            f"the source has put {contents.own_validation:,} images aside for validation, "
            f"and the rule says {rule.own_validation:,}"
        )
    if not np.array_equal(splits.unlabeled, _pool(len(train.labels), splits, rule.exclude_labeled)):
        raise ValueError(f"the unlabeled images must be, in ascending order, {pool_rule(rule)}")
    split_file = SplitFile(
        dataset=contents.dataset,
        classes=contents.classes,
        rule=rule,
        labeled=_listed(contents, splits.labeled),
        validation=_listed(contents, splits.validation),
        unlabeled=ImageSet(pool_rule(rule), len(splits.unlabeled), _pool_digest(train, splits.unlabeled)),
        test=ImageSet(ALL_TEST, len(contents.test.labels), _test_digest(contents.test)),
    )
    check_sound(split_file, _raise_value_error)
    return split_file


def members(split_file: SplitFile, contents: Contents) -> Splits:
    """Finds the images of a split in a dataset: by name and content, or, where the name is gone or has other content,
    by content that only one training image has. The order of labeled and validation images is the file's.

    Raises `SplitMismatch`, with names and counts, for classes that are other ones, images that are missing or have
    changed in content or label, and a pool or test set that is another one.
    """
    what = f"the split of {split_file.dataset}, on {contents.dataset}"
    if contents.classes != split_file.classes:
        raise SplitMismatch(
            what,
            expected=f"the classes {few(split_file.classes)}",
            found=few(contents.classes) if set(contents.classes) != set(split_file.classes) else "another order",
        )
    listed = (*split_file.labeled, *split_file.validation)
    found = _found(listed, contents, what)
    labeled, validation = np.split(found, [len(split_file.labeled)])
    size, own = len(contents.train.labels), contents.own_validation
    if own and not np.array_equal(np.sort(validation), np.arange(size - own, size)):
        raise SplitMismatch(
            what,
            expected=f"{len(validation):,} images held out for validation",
            found=f"{own:,} that the source has put aside for it, and they are other ones",
        )
    splits = Splits(labeled, np.empty(0, np.int64), validation)
    pool = _pool(size, splits, split_file.unlabeled.rule == WITHOUT_LABELED)
    _compare(what, "unlabeled", split_file.unlabeled, len(pool), _pool_digest(contents.train, pool))
    test = contents.test
    _compare(what, "test", split_file.test, len(test.labels), _test_digest(test))
    return splits._replace(unlabeled=pool)


def _pool(size: int, splits: Splits, exclude_labeled: bool) -> Indices:
    in_pool = np.ones(size, np.bool_)
    in_pool[splits.validation] = False
    if exclude_labeled:
        in_pool[splits.labeled] = False
    return np.flatnonzero(in_pool)


def _listed(contents: Contents, indices: Indices) -> tuple[ListedImage, ...]:
    train = contents.train
    places, labels = cast(list[int], indices.tolist()), cast(list[int], train.labels[indices].tolist())
    return tuple(
        ListedImage(train.names[index], contents.classes[label], train.digests[index])
        for index, label in zip(places, labels, strict=True)
    )


def _pool_digest(train: Part, pool: Indices) -> str:
    digests, places = train.digests, cast(list[int], pool.tolist())
    return _digest_of_lines(digests[index] for index in places)


def _test_digest(test: Part) -> str:
    return _digest_of_lines(
        f"{digest} {label}" for digest, label in zip(test.digests, test.labels.tolist(), strict=True)
    )


def _digest_of_lines(lines: Iterable[str]) -> str:
    return hashlib.sha256("".join(f"{line}\n" for line in sorted(lines)).encode()).hexdigest()


def _raise_value_error(expected: str, found: str) -> NoReturn:
    raise ValueError(f"expected {expected}, found {found}")


def _found(listed: Sequence[ListedImage], contents: Contents, what: str) -> Indices:
    """Where the images stand in the training arrays."""
    train = contents.train
    by_name = _places(train.names, frozenset(image.name for image in listed))
    found = np.full(len(listed), -1, np.int64)
    for place, image in enumerate(listed):
        index = next((it for it in by_name.get(image.name, ()) if train.digests[it] == image.digest), None)
        if index is not None:
            found[place] = index
    lost = np.flatnonzero(found < 0).tolist()
    if lost:
        by_digest = _places(train.digests, frozenset(listed[place].digest for place in lost))
        taken = set(found[found >= 0].tolist())
        claims = Counter(listed[place].digest for place in lost)
        missing: list[str] = []
        changed: list[str] = []
        ambiguous: list[str] = []
        for place in lost:
            image = listed[place]
            same = by_digest.get(image.digest, [])
            if len(same) == 1 and same[0] not in taken and claims[image.digest] == 1:
                found[place] = same[0]
            elif len(same) > 1:
                ambiguous.append(image.name)
            elif image.name in by_name:
                changed.append(image.name)
            else:
                missing.append(image.name)
        if missing or changed or ambiguous:
            told = [
                f"{len(names):,} {text}: {few(names)}"
                for names, text in (
                    (missing, "that are missing"),
                    (changed, "with other content"),
                    (ambiguous, "whose name is gone or has other content, and whose content several images have"),
                )
                if names
            ]
            expected = f"the {len(listed):,} labeled and validation images of the split"
            raise SplitMismatch(what, expected=expected, found="; ".join(told))
    _check_labels(listed, found, contents, what)
    return found


def _check_labels(listed: Sequence[ListedImage], found: Indices, contents: Contents, what: str) -> None:
    places = {name: label for label, name in enumerate(contents.classes)}
    stated = np.fromiter((places[image.label] for image in listed), np.int32, len(listed))
    actual = contents.train.labels[found]
    wrong = np.flatnonzero(stated != actual).tolist()
    if wrong:
        told = [
            f"{legible(listed[place].name)} (was {listed[place].label}, is {_class_of(int(actual[place]), contents)})"
            for place in wrong[:SHOWN]
        ]
        raise SplitMismatch(
            what,
            expected=f"{len(listed):,} labeled and validation images with the labels of the split",
            found=f"{len(wrong):,} with another label: {', '.join(told)}{more(len(wrong))}",
        )


def _class_of(label: int, contents: Contents) -> str:
    return "without a label" if label == UNLABELED else contents.classes[label]


def _places(values: Sequence[str], wanted: frozenset[str]) -> Mapping[str, list[int]]:
    """At which places the wanted ones stand, ascending."""
    places: dict[str, list[int]] = {}
    for index, value in enumerate(values):
        if value in wanted:
            places.setdefault(value, []).append(index)
    return places


def _compare(what: str, part: str, expected: ImageSet, count: int, digest: str) -> None:
    if (expected.images, expected.digest) != (count, digest):
        same = count == expected.images
        raise SplitMismatch(
            what,
            expected=f"{expected.images:,} {part} images, {expected.rule}",
            found="as many, but other ones: images or labels were changed or replaced" if same else f"{count:,}",
        )
