"""What a source of image files holds, before any of them is opened."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from cowmask_worker.data.damage import DatasetDamaged, DatasetUnusable

type Split = Literal["train", "validation", "test"]

FEWEST_CLASSES = 2


class Entry(NamedTuple):
    """An image file. `name` is its path relative to the source's folder, parts separated by "/"."""

    path: Path
    name: str
    label: str | None
    """Name of its class; None for an unlabeled image."""
    split: Split


class Listing(NamedTuple):
    """Entries in the order of their names. `unusable` are those that can't be entries, such as links that lead out of
    the folder; `ignored` are names of files that do not pretend to be images; `classes` are those that there is a place
    for, even if it is empty."""

    root: Path
    entries: tuple[Entry, ...]
    unusable: tuple[DatasetDamaged, ...] = ()
    ignored: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()


def class_names(entries: Iterable[Entry]) -> tuple[str, ...]:
    """The classes of the labeled training images, sorted; numbers by their value."""
    names = {entry.label for entry in entries if entry.label is not None and entry.split == "train"}
    return sorted_classes(names)


def sorted_classes(names: Iterable[str]) -> tuple[str, ...]:
    listed = list(names)
    if all(name.isascii() and name.isdecimal() for name in listed):
        return tuple(sorted(listed, key=lambda name: (int(name), name)))
    return tuple(sorted(listed))


def check_classes(root: Path, entries: Sequence[Entry]) -> tuple[str, ...]:
    """The classes. Raises `DatasetUnusable` for fewer than two, and where test or validation know other ones."""
    classes = class_names(entries)
    if len(classes) < FEWEST_CLASSES:
        found = f"{classes[0]!r} alone" if classes else "none"
        problem = DatasetDamaged(root, expected="labeled training images of two classes or more", found=found)
        raise DatasetUnusable(f"{root} can not be learned from:", [problem])
    unknown = sorted({(entry.label, entry.split) for entry in entries if entry.label not in (None, *classes)})
    if unknown:
        problems = [
            DatasetDamaged(
                f"{root}, {split} class {label!r}", expected="labeled training images of this class, too", found="none"
            )
            for label, split in unknown
        ]
        raise DatasetUnusable(f"{root} asks for what it does not teach:", problems)
    return classes
