"""A folder of image files: `labeled/<class>/**`, `unlabeled/**`, and where wanted `validation/<class>/**` and
`test/<class>/**`.

Folders inside of a class's folder belong to the class. What begins with a dot is passed over, as are files whose name
is not that of an image. Links are followed to files within the folder only. Nothing is ever written there.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cowmask_worker.data.damage import DatasetDamaged, DatasetUnusable
from cowmask_worker.data.image_file import SUFFIXES, Unreadable
from cowmask_worker.data.own.listing import Entry, Listing, Split

LABELED, UNLABELED = "labeled", "unlabeled"
_LABELED_PARTS: dict[str, Split] = {LABELED: "train", "validation": "validation", "test": "test"}
_PARTS = (*_LABELED_PARTS, UNLABELED)
_LAYOUT = "labeled/<class>/*, and where there are any unlabeled/*, validation/<class>/*, test/<class>/*"


class _Found(NamedTuple):
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
    """Lists a folder, and its classes without an image. Raises `DatasetUnusable` where it has another layout."""
    root = folder.resolve()
    if not root.is_dir():
        found = "a file" if root.exists() else "nothing"
        raise DatasetUnusable(
            f"{folder} can not be read as a folder of images:",
            [DatasetDamaged(folder, expected="a folder", found=found)],
        )
    if not (root / LABELED).is_dir():
        there = sorted(child.name for child in root.iterdir() if child.is_dir() and not child.name.startswith("."))
        found = f"the folders {', '.join(map(repr, there[:10]))}" if there else "no folders"
        raise DatasetUnusable(
            f"{folder} is laid out otherwise than a dataset:",
            [DatasetDamaged(folder, expected=f"a folder of {_LAYOUT}", found=found)],
            "Move each class's folder into a folder `labeled`, or write a table with the columns path, label, split.",
        )
    entries: list[Entry] = []
    unusable: list[DatasetDamaged] = []
    ignored: list[str] = []
    empty: list[DatasetDamaged] = []
    for part in _PARTS:
        if not (root / part).exists():
            continue
        classes = dict.fromkeys(_folders(root / part), 0) if part != UNLABELED else {}
        for found in _walk(root, root / part, (part,), unusable):
            name = "/".join(found.parts)
            if not _encodable(name):
                unusable.append(Unreadable(repr(name), expected="a name in Unicode", found="other bytes"))
            elif found.path.suffix.lower() not in SUFFIXES:
                ignored.append(name)
            elif part == UNLABELED:
                entries.append(Entry(found.path, name, None, "train"))
            elif len(found.parts) == 2:
                unusable.append(Unreadable(name, expected=f"a place in {part}/<class>/", found="no class"))
            else:
                classes[found.parts[1]] += 1
                entries.append(Entry(found.path, name, found.parts[1], _LABELED_PARTS[part]))
        empty += [
            DatasetDamaged(root / part / name, expected="an image file at least", found="none")
            for name, count in classes.items()
            if count == 0
        ]
    entries.sort(key=lambda entry: entry.name)
    return Listing(root, tuple(entries), tuple(unusable), tuple(sorted(ignored))), empty


def _folders(folder: Path) -> Iterator[str]:
    with os.scandir(folder) as children:
        for child in children:
            if not child.name.startswith(".") and child.is_dir(follow_symlinks=False) and _encodable(child.name):
                yield child.name


def _walk(root: Path, folder: Path, parts: tuple[str, ...], unusable: list[DatasetDamaged]) -> Iterator[_Found]:
    try:
        children = sorted(os.scandir(folder), key=lambda child: child.name)
    except OSError as error:
        found = error.strerror or str(error)
        unusable.append(Unreadable("/".join(parts), expected="a folder that can be read", found=found))
        return
    for child in children:
        if child.name.startswith("."):
            continue
        inner = (*parts, child.name)
        path = Path(child.path)
        if child.is_symlink() and not (path.is_file() and path.resolve().is_relative_to(root)):
            found = f"a link to {os.readlink(child.path)!r}"
            unusable.append(Unreadable(repr("/".join(inner)), expected="a file within the folder", found=found))
        elif child.is_dir():
            yield from _walk(root, path, inner, unusable)
        else:
            yield _Found(path, inner)


def _encodable(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
