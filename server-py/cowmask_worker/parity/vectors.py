"""A folder of recorded numbers: `manifest.json`, which says what was computed from what, and `.npz` files."""

import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

FORMAT = 1


class BadVectors(Exception):  # noqa: N818
    """Vectors that can not be used; the message says which and why."""


class Recorded(Mapping[str, NDArray[Any]]):
    """The arrays of one file; remembers which were read, so that none is passed over in silence."""

    def __init__(self, arrays: dict[str, NDArray[Any]]) -> None:
        self._arrays = arrays
        self._read: set[str] = set()

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self._arrays:
            raise BadVectors(f"the array {name} is missing")
        self._read.add(name)
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __contains__(self, name: object) -> bool:
        return name in self._arrays

    def unread(self) -> list[str]:
        return [name for name in self._arrays if name not in self._read]


class VectorFile(NamedTuple):
    """`entry` is what the manifest says of the file; `folder` holds it and what belongs to it."""

    name: str
    entry: dict[str, Any]
    arrays: Recorded
    folder: Path

    def leaves(self) -> dict[str, Any]:
        """The description of a network's leaves, a JSON file of the same name. Raises `BadVectors`."""
        return _json(self.folder / Path(self.name).with_suffix(".json"))


def read_manifest(folder: Path) -> dict[str, Any]:
    """Raises `BadVectors` unless it is one that this version understands."""
    manifest = _json(folder / "manifest.json")
    if manifest.get("format") != FORMAT:
        raise BadVectors(f"manifest.json has the format {manifest.get('format')!r}, this version reads {FORMAT}")
    files = manifest.get("files")
    if not isinstance(files, dict) or not all(isinstance(entry, dict) for entry in files.values()):
        raise BadVectors('manifest.json lacks "files", an object of objects')
    if not files:
        raise BadVectors("manifest.json lists no files")
    return manifest


def unlisted(folder: Path, manifest: dict[str, Any]) -> list[str]:
    """Vectors in the folder of which the manifest says nothing."""
    there = (str(path.relative_to(folder).as_posix()) for path in folder.rglob("*.npz"))
    return sorted(name for name in there if name not in manifest["files"])


def open_file(folder: Path, name: str, entry: dict[str, Any]) -> VectorFile:
    """Raises `BadVectors` where the file is missing, damaged, not what the manifest says, or not finite."""
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise BadVectors("the file lies outside of the folder")
    if not path.is_file():
        raise BadVectors("the file is missing")
    # NumPy takes whatever is no archive for a pickle, and says so.
    if not zipfile.is_zipfile(path):
        raise BadVectors("the file is no whole .npz archive")
    try:
        # Never unpickles: an array of objects is refused.
        with np.load(path, allow_pickle=False) as arrays:
            loaded = dict(arrays)
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise BadVectors(f"the file can not be read: {error}") from error
    _compare(loaded, entry.get("arrays", {}))
    return VectorFile(name, entry, Recorded(loaded), folder)


def _compare(loaded: dict[str, NDArray[Any]], listed: dict[str, Any]) -> None:
    for name, (dtype, shape) in listed.items():
        if name not in loaded:
            raise BadVectors(f"the array {name} is missing")
        found = loaded[name]
        if (found.dtype.name, list(found.shape)) != (dtype, list(shape)):
            raise BadVectors(
                f"the array {name} is {found.dtype.name} of the shape {list(found.shape)}, "
                f"the manifest says {dtype} of the shape {list(shape)}"
            )
    for name, array in loaded.items():
        if np.issubdtype(array.dtype, np.floating) and not np.isfinite(array).all():
            raise BadVectors(f"the array {name} holds values that are not finite")


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadVectors(f"{path.name} is missing") from None
    except (OSError, ValueError) as error:
        raise BadVectors(f"{path.name} can not be read: {error}") from error
    if not isinstance(content, dict):
        raise BadVectors(f"{path.name} is no JSON object")
    return content


def nested(leaves: dict[str, Any]) -> dict[str, Any]:
    """{"a/b": x} as {"a": {"b": x}}."""
    tree: dict[str, Any] = {}
    for path, leaf in leaves.items():
        *parents, last = path.split("/")
        branch = tree
        for parent in parents:
            branch = branch.setdefault(parent, {})
        branch[last] = leaf
    return tree
