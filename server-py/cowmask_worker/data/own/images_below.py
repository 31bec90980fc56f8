"""Image files in any folder and below it, or one file, to be looked at and not learned from."""

from pathlib import Path
from typing import NamedTuple

from cowmask_worker.data.image_file import SUFFIXES
from cowmask_worker.data.own.folder import encodable, walk


class ImageName(NamedTuple):
    """`name` is relative to the folder, parts separated by "/"; quoted and escaped where it is no Unicode."""

    name: str
    problem: str = ""
    """Why it can't be read, where that is known without opening it."""


class Below(NamedTuple):
    """`names` in their order, relative to `root`. `ignored` counts the files that do not pretend to be images."""

    root: Path
    names: list[ImageName]
    ignored: int


def images_below(source: Path) -> Below:
    """Lists a folder; a file is taken for an image, whatever its name. `source` is a path without links."""
    if not source.is_dir():
        return Below(source.parent, [_named(source.name)], 0)
    names: list[ImageName] = []
    ignored = 0

    def refuse(name: str, expected: str, found: str) -> None:
        names.append(ImageName(_shown(name) or ".", f"expected {expected}, found {found}"))

    for found in walk(source, (), refuse):
        if found.path.suffix.lower() in SUFFIXES:
            names.append(_named("/".join(found.parts)))
        else:
            ignored += 1
    return Below(source, sorted(names), ignored)


def _named(name: str) -> ImageName:
    problem = "" if encodable(name) else "expected a name in Unicode, found other bytes"
    return ImageName(_shown(name), problem)


def _shown(name: str) -> str:
    return name if encodable(name) else repr(name)
