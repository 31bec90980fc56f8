"""Named sets as TensorFlow Datasets prepares them, read without it: shards of records, each a `tf.train.Example` with
the features "image" (PNG) and "label".

Images come in the order of the shards and of the records in them, as TensorFlow Datasets reads a set of one shard,
which all of these are as published: over that order the authors drew their labels (small_image_data_source.py).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from cowmask_worker.data.catalog import DatasetFacts
from cowmask_worker.data.damage import DatasetDamaged, DatasetMissing
from cowmask_worker.data.digits import Images
from cowmask_worker.data.image_file import Channels, png_pixels
from cowmask_worker.data.official.record_files import read_array_record, read_tfrecord
from cowmask_worker.data.official.tf_example import Feature, parse_example
from cowmask_worker.data.progress import Progress

ADVICE = "Have TensorFlow Datasets prepare it again, or give the official files."

_NAMES = {"svhn": "svhn_cropped"}
_VERSION = re.compile(r"(\d{1,9})\.(\d{1,9})\.(\d{1,9})")
_FORMS = {"tfrecord": read_tfrecord, "array_record": read_array_record}
_MOST_SHARDS = 1024
_SHOWN = 5
_TOLD_EVERY = 500
# What a record needs beside its image: names, and the identifiers that TensorFlow Datasets adds.
_OTHER_BYTES = 1 << 16

type Split = Literal["train", "test"]
SPLITS: tuple[Split, ...] = ("train", "test")


class Shards(NamedTuple):
    """The files of a prepared set: under their split and their place in it, in order."""

    files: Mapping[str, Path]
    folder: Path


def find(name: str, folder: Path) -> Shards | None:
    """The shards of a set in `folder`, which is the version's, the dataset's or that of all data; None where there are
    none. The highest version of which there is a shard wins, and in it TFRecord wins over ArrayRecord.

    Raises `DatasetMissing` where shards are missing, `DatasetDamaged` where they do not belong together or are links to
    somewhere else.
    """
    called = _NAMES.get(name, name)
    for place in (folder, *_versions(folder), *_versions(folder / called)):
        shards = _shards(name, called, place)
        if shards is not None:
            _check_within(folder, shards)
            return Shards(shards, place)
    return None


def places(name: str, folder: Path) -> list[Path]:
    """What `find` looks for."""
    called = _NAMES.get(name, name)
    shard = f"{called}-train.tfrecord-00000-of-00001"
    return [folder / shard, folder / "*.*.*" / shard, folder / called / "*.*.*" / shard]


def read(files: Mapping[str, Path], folder: Path, facts: DatasetFacts, progress: Progress) -> Images:
    """The images of the shards that `find` gave. Raises `DatasetDamaged`."""

    def told(place: int) -> None:
        progress(f"read {folder}", min(place, total), total)

    total = facts.train + facts.test
    train = _part("train", files, folder, facts, facts.train, told)
    return Images(*train, *_part("test", files, folder, facts, facts.test, lambda place: told(facts.train + place)))


def _part(
    split: Split,
    files: Mapping[str, Path],
    folder: Path,
    facts: DatasetFacts,
    count: int,
    told: Callable[[int], None],
) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Images uint8 "n h w c" and labels int32 "n" of a split that should have `count` of them."""
    images = np.empty((count, facts.height, facts.width, facts.channels), np.uint8)
    labels = np.empty(count, np.int32)
    shards = [path for key, path in sorted(files.items()) if key.startswith(f"{split}/")]
    place = 0
    for path, record in _records(shards, facts):
        if place < count:
            images[place], labels[place] = _image(path, record, place, facts)
        place += 1
        if place % _TOLD_EVERY == 0:
            told(place)
    if place != count:
        expected = f"{count:,} images in its {split} shards"
        raise DatasetDamaged(folder, expected=expected, found=f"{place:,}", advice=ADVICE)
    return images, labels


def _records(shards: Sequence[Path], facts: DatasetFacts) -> Iterator[tuple[Path, bytes]]:
    most = 2 * facts.height * facts.width * facts.channels + _OTHER_BYTES
    for path in shards:
        read_records = _FORMS[_form(path)]
        try:
            for record in read_records(path, most_bytes=most):
                yield path, record
        except DatasetDamaged as damage:
            raise damage.advised(ADVICE) from damage


def _image(path: Path, record: bytes, place: int, facts: DatasetFacts) -> tuple[NDArray[np.uint8], int]:
    """The image at a place of its split, "h w c", and its label."""
    where = f"{path}, image {place:,} of its split"
    try:
        features = parse_example(record)
    except ValueError as error:
        raise DatasetDamaged(where, expected="a tf.train.Example", found=str(error), advice=ADVICE) from error
    image, label = _single(where, features, "image", "bytes"), _single(where, features, "label", "int64")
    if not 0 <= cast(int, label) < len(facts.classes):
        expected = f"a label of 0 to {len(facts.classes) - 1}"
        raise DatasetDamaged(where, expected=expected, found=str(label), advice=ADVICE)
    size = (facts.height, facts.width, cast(Channels, facts.channels))
    try:
        return png_pixels(cast(bytes, image), where, *size), cast(int, label)
    except DatasetDamaged as damage:
        raise damage.advised(ADVICE) from damage


def _single(where: str, features: Mapping[str, Feature], name: str, kind: str) -> bytes | float:
    feature = features.get(name)
    if feature is None or feature.kind != kind or len(feature.values) != 1:
        if feature is None:
            found = ", ".join(repr(other[:60]) for other in islice(features, _SHOWN)) or "no features"
        else:
            found = f"{len(feature.values):,} of the kind {feature.kind}"
        raise DatasetDamaged(where, expected=f"one {kind} value of {name!r}", found=found, advice=ADVICE)
    return feature.values[0]


def _form(path: Path) -> str:
    return path.name.split("-")[1].split(".")[1]


def _versions(folder: Path) -> list[Path]:
    """The folders of versions, the highest first."""
    found: list[tuple[tuple[int, ...], Path]] = []
    for child in _children(folder):
        numbers = _VERSION.fullmatch(child.name)
        if numbers is not None and child.is_dir():
            found.append((tuple(map(int, numbers.groups())), child))
    return [path for _, path in sorted(found, reverse=True)]


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _shards(name: str, called: str, folder: Path) -> dict[str, Path] | None:
    """The shards in a folder, of the form that is preferred; None where there are none."""
    pattern = re.compile(rf"{called}-(train|test)\.(tfrecord|array_record)-(\d{{5,9}})-of-(\d{{5,9}})")
    there: dict[str, dict[str, dict[int, dict[int, Path]]]] = {}
    for child in _children(folder):
        matched = pattern.fullmatch(child.name)
        if matched is not None:
            split, form, index, count = matched.groups()
            there.setdefault(form, {}).setdefault(split, {}).setdefault(int(count), {})[int(index)] = child
    form = next((form for form in _FORMS if form in there), None)
    if form is None:
        return None
    shards: dict[str, Path] = {}
    for split in SPLITS:
        stem = f"{called}-{split}.{form}"
        counts = there[form].get(split, {1: {}})
        if len(counts) > 1:
            found = " and ".join(f"shards of {count:,}" for count in sorted(counts))
            raise DatasetDamaged(folder / f"{stem}-*", expected="shards of one number", found=found, advice=ADVICE)
        [(count, present)] = counts.items()
        if count > _MOST_SHARDS or max(present, default=0) >= count:
            expected = f"at most {_MOST_SHARDS:,} shards, numbered from 0"
            found = f"the shard {max(present):,} of {count:,}"
            raise DatasetDamaged(folder / f"{stem}-*", expected=expected, found=found, advice=ADVICE)
        missing = [folder / f"{stem}-{index:05}-of-{count:05}" for index in range(count) if index not in present]
        if missing:
            raise DatasetMissing(name, looked_at=missing[:_SHOWN], advice=ADVICE)
        shards |= {f"{split}/{index:05}": present[index] for index in range(count)}
    return shards


def _check_within(folder: Path, shards: Mapping[str, Path]) -> None:
    root = folder.resolve()
    for path in shards.values():
        if not path.resolve().is_relative_to(root):
            found = f"a link to {path.resolve()}"
            raise DatasetDamaged(path, expected=f"a file within {folder}", found=found, advice=ADVICE)
        if not path.is_file():
            raise DatasetDamaged(path, expected="a file", found="something else", advice=ADVICE)
