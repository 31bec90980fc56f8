"""ImageNet (ILSVRC 2012) as a tree of class folders, `train/<wnid>/*.JPEG` and `val/<wnid>/*.JPEG`, read where it lies.

A wnid is n and eight digits, the number of a synset of WordNet; classes are numbered in the order of their wnids. A few
of the published files are CMYK, one is a PNG image in spite of its name; both are images as any other.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cowmask_worker.data.catalog import DatasetFacts
from cowmask_worker.data.contents import Part
from cowmask_worker.data.damage import DatasetDamaged, DatasetMissing
from cowmask_worker.data.image_file import SUFFIXES, Content, content_of, probe
from cowmask_worker.data.image_threads import usable
from cowmask_worker.data.own.folder import encodable, walk
from cowmask_worker.data.progress import Progress

TRAIN, VAL = "train", "val"
_WNID = re.compile(r"n[0-9]{8}")
_TOLD_EVERY = 64
_SHOWN = 5
_FLAT = (
    "Sort them into folders of their classes: the development kit (ILSVRC2012_devkit_t12.tar.gz) tells the class of "
    "each, and torchvision.datasets.ImageNet(DIR, 'val') or valprep.sh of soumith/imagenetloader.torch moves them."
)


class ClassFolders(NamedTuple):
    """Names of images are their paths below `root`, sorted; labels are places in `wnids`."""

    root: Path
    wnids: tuple[str, ...]
    train: Part
    test: Part
    """The images of `val`: those of the test part have no published labels."""
    bytes: int


def read(folder: Path, facts: DatasetFacts, progress: Progress, *, advice: str) -> ClassFolders:
    """Lists the images, holds them to the counts and classes of `facts`, and reads every header and every byte.

    Takes threads, and memory for the names and digests alone. Raises `DatasetMissing` without the two folders,
    `DatasetDamaged` for anything else than one image file below each name.
    """
    root = folder.resolve()
    missing = [folder / part for part in (TRAIN, VAL) if not (root / part).is_dir()]
    if missing:
        raise DatasetMissing(facts.name, looked_at=missing, advice=advice)
    total = facts.train + facts.test
    train = _names(root, TRAIN, lambda count: progress(f"list {folder}", min(count, total), total))
    val = _names(root, VAL, lambda count: progress(f"list {folder}", min(len(train) + count, total), total))
    wnids = _checked_classes(folder, train, val, facts)
    read_all = _read_all(root, [*train, *val], progress)
    return ClassFolders(
        root,
        wnids,
        _part(train, [each.sha256 for each in read_all[: len(train)]], wnids),
        _part(val, [each.sha256 for each in read_all[len(train) :]], wnids),
        sum(each.bytes for each in read_all),
    )


def _names(root: Path, part: str, told: Callable[[int], None]) -> list[str]:
    """The images of a part, sorted; what is not named as an image is passed over."""
    if not (root / part).resolve().is_relative_to(root):
        found = f"a link to {(root / part).resolve()}"
        raise DatasetDamaged(root / part, expected="a folder within the one that is given", found=found)

    def refuse(name: str, expected: str, found: str) -> None:
        raise DatasetDamaged(f"{root}, {name!r}", expected=expected, found=found)

    names: list[str] = []
    for found in walk(root, (part,), refuse):
        name = "/".join(found.parts)
        if not encodable(name):
            refuse(name, "a name in Unicode", "other bytes")
        if found.path.suffix.lower() not in SUFFIXES:
            continue
        if len(found.parts) == 2:
            expected = f"folders {part}/<wnid>/, such as {part}/n01440764/"
            raise DatasetDamaged(found.path, expected=expected, found=f"images in {part} itself", advice=_FLAT)
        if len(found.parts) != 3 or not _WNID.fullmatch(found.parts[1]):
            refuse(name, f"a place in {part}/<wnid>/, where the wnid is n and eight digits", "another")
        names.append(name)
        if len(names) % _TOLD_EVERY == 0:
            told(len(names))
    return sorted(names)


def _checked_classes(folder: Path, train: Sequence[str], val: Sequence[str], facts: DatasetFacts) -> tuple[str, ...]:
    for part, names, count in ((TRAIN, train, facts.train), (VAL, val, facts.test)):
        classes = {_wnid(name) for name in names}
        if len(classes) != len(facts.classes):
            expected = f"{len(facts.classes):,} class folders with images"
            raise DatasetDamaged(folder / part, expected=expected, found=f"{len(classes):,}")
        if len(names) != count:
            raise DatasetDamaged(folder / part, expected=f"{count:,} images", found=f"{len(names):,}")
    taught, asked = ({_wnid(name) for name in names} for names in (train, val))
    if taught != asked:
        alone = sorted(asked - taught)
        others = f" and {len(alone) - 1:,} others" if len(alone) > 1 else ""
        raise DatasetDamaged(folder / VAL, expected="the classes of train", found=f"{alone[0]}{others}, which it lacks")
    return tuple(sorted(taught))


def _read_all(root: Path, names: Sequence[str], progress: Progress) -> list[Content]:
    """Digests and sizes, once every file has the header of an image."""

    def one(name: str) -> Content:
        probe(root / name)
        return content_of(root / name)

    unusable: list[DatasetDamaged] = []
    there = [content for _, content in usable(one, names, unusable, f"read {root}", progress)]
    if unusable:
        first, others = unusable[0], [each.file for each in unusable[1:]]
        more = f"; {len(others):,} others can not be used either: {', '.join(others[:_SHOWN])}" if others else ""
        raise DatasetDamaged(first.file, expected=first.expected, found=f"{first.found}{more}")
    return there


def _part(names: Sequence[str], digests: Sequence[str], wnids: Sequence[str]) -> Part:
    place = {wnid: index for index, wnid in enumerate(wnids)}
    return Part(names, digests, np.fromiter((place[_wnid(name)] for name in names), np.int32, len(names)))


def _wnid(name: str) -> str:
    return name.split("/")[1]
