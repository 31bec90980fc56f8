"""A folder of image files: `labeled/<class>/**`, `unlabeled/**`, and where wanted `validation/<class>/**` and
`test/<class>/**`.

Folders inside of a class's folder belong to the class. What begins with a dot is passed over, as are files whose name
is not that of an image. Links are followed to files within the folder only. Nothing is ever written there.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, Self

from cowmask_worker.data.damage import DatasetDamaged, DatasetUnusable
from cowmask_worker.data.image_file import SUFFIXES, Unreadable
from cowmask_worker.data.own.listing import Entry, Listing, Split, sorted_classes
from cowmask_worker.data.source_file import SourceFile, opened_folder

LABELED, UNLABELED = "labeled", "unlabeled"
_LABELED_PARTS: dict[str, Split] = {LABELED: "train", "validation": "validation", "test": "test"}
_PARTS = (*_LABELED_PARTS, UNLABELED)
_LAYOUT = "labeled/<class>/*, and where there are any unlabeled/*, validation/<class>/*, test/<class>/*"


class Found(NamedTuple):
    """A file below a folder."""

    path: Path
    parts: tuple[str, ...]
    """Its path relative to the folder."""


def list_folder(folder: Path) -> Listing:
    """Lists a folder. Raises `DatasetUnusable` where it has another layout or a class without an image."""
    listing, empty = scan_folder(folder)
    if empty:
        raise DatasetUnusable(f"{folder} has classes without images:", empty)
    return listing


def scan_folder(folder: Path) -> tuple[Listing, list[DatasetDamaged]]:
    """Lists a folder, a path without links, and its classes without an image. Raises `DatasetUnusable` where it has
    another layout."""
    root = folder
    if not os.path.isdir(root):
        found = "a file" if root.exists() else "nothing"
        raise DatasetUnusable(
            f"{folder} can not be read as a folder of images:",
            [DatasetDamaged(folder, expected="a folder", found=found)],
        )
    if not _is_folder(root / LABELED):
        raise DatasetUnusable(
            f"{folder} is laid out otherwise than a dataset:",
            [DatasetDamaged(folder, expected=f"a folder of {_LAYOUT}", found=_seen(root))],
            "Move each class's folder into a folder `labeled`, or write a table with the columns path, label, split.",
        )
    entries: list[Entry] = []
    unusable: list[DatasetDamaged] = []
    ignored: list[str] = []
    empty: list[DatasetDamaged] = []
    places: set[str] = set()

    def refuse(name: str, expected: str, found: str) -> None:
        unusable.append(Unreadable(repr(name), expected=expected, found=found))

    for part in _PARTS:
        if not _is_folder(root / part):
            if os.path.lexists(root / part):
                found = _link(root / part) if (root / part).is_symlink() else "a file"
                refuse(part, "a folder", found)
            continue
        classes = dict.fromkeys(_folders(root / part), 0) if part != UNLABELED else {}
        for found in walk(root, (part,), refuse):
            name = "/".join(found.parts)
            if not encodable(name):
                refuse(name, "a name in Unicode", "other bytes")
            elif found.path.suffix.lower() not in SUFFIXES:
                ignored.append(name)
            elif part == UNLABELED:
                entries.append(Entry(found.path, name, None, "train"))
            elif len(found.parts) == 2:
                refuse(name, f"a place in {part}/<class>/", "no class")
            else:
                classes[found.parts[1]] += 1
                entries.append(Entry(found.path, name, found.parts[1], _LABELED_PARTS[part]))
        places |= classes.keys()
        empty += [
            DatasetDamaged(root / part / name, expected="an image file at least", found="none")
            for name, count in classes.items()
            if count == 0
        ]
    entries.sort(key=lambda entry: entry.name)
    listing = Listing(root, tuple(entries), tuple(unusable), tuple(sorted(ignored)), sorted_classes(places))
    return listing, empty


def _seen(root: Path) -> str:
    """What a folder without `labeled` has instead."""
    if (root / LABELED).is_symlink():
        return f"a link `{LABELED}` to {os.readlink(root / LABELED)!r}"
    try:
        there = sorted(name for name in os.listdir(root) if _is_folder(root / name) and not name.startswith("."))
    except OSError as error:
        return error.strerror or str(error)
    return f"the folders {', '.join(map(repr, there[:10]))}" if there else "no folders"


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path) and not path.is_symlink()


def _link(path: Path | str) -> str:
    return f"a link to {os.readlink(path)!r}"


def _folders(folder: Path) -> Iterator[str]:
    # What can not be read is told by `walk`.
    with contextlib.suppress(OSError), os.scandir(folder) as children:
        for child in children:
            if not child.name.startswith(".") and child.is_dir(follow_symlinks=False) and encodable(child.name):
                yield child.name


type Refuse = Callable[[str, str, str], None]
"""Is told of what can't be used: its name relative to the root, what was expected, and what was found."""


def walk(root: Path, start: tuple[str, ...], refuse: Refuse) -> Iterator[Found]:
    """The files in the folder `start` of the root and below it, hidden ones left out, in no order. The root is a path
    without links; links lead to files below it, or are refused."""
    left = [start]
    while left:
        parts = left.pop()
        try:
            with opened_folder(root, root.joinpath(*parts)) as folder, os.scandir(folder) as scanned:
                children = [_Child.of(child) for child in scanned]
        except OSError as error:
            found = error.strerror or str(error)
            refuse("/".join(parts), "a folder that can be read", found)
            continue
        for child in sorted(children, key=lambda child: child.name, reverse=True):
            inner = (*parts, child.name)
            path = SourceFile(root, *inner)
            if child.name.startswith("."):
                continue
            if child.link and not _is_inner_file(root, path):
                refuse("/".join(inner), "a file within the folder", _link(path))
            elif child.folder:
                left.append(inner)
            elif child.file:
                yield Found(path, inner)
            else:
                refuse("/".join(inner), "a file", "something else")


class _Child(NamedTuple):
    """What a folder holds, as it was while the folder was open."""

    name: str
    link: bool
    folder: bool
    file: bool

    @classmethod
    def of(cls, found: os.DirEntry[str]) -> Self:
        if found.is_symlink():
            # Where it leads is judged by its path; asking for more fails for some.
            return cls(found.name, link=True, folder=False, file=True)
        return cls(found.name, link=False, folder=found.is_dir(), file=found.is_file())


def _is_inner_file(root: Path, link: Path) -> bool:
    return os.path.isfile(link) and link.resolve().is_relative_to(root)


def encodable(name: str) -> bool:
    """Whether the name is Unicode, as far as the file system can tell."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
