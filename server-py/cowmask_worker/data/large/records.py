"""What a large dataset is to the loader: where its images are and what they show, in few arrays."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from cowmask_worker.data.source_file import SourceFile


class Records(NamedTuple):
    """Image files under a folder, with their labels.

    A million paths of 40 characters take 50 MB, and processes that map the same files (`save`, `load`) share them.
    """

    root: str
    names: NDArray[np.uint8]
    """The paths below `root`, as the file system has them, one after the other."""
    ends: NDArray[np.int64]
    """[n]: where in `names` each path ends."""
    labels: NDArray[np.int32]
    """[n]: classes from 0, or `contents.UNLABELED`."""

    def path(self, index: int) -> Path:
        start = int(self.ends[index - 1]) if index else 0
        return SourceFile(Path(self.root), os.fsdecode(self.names[start : int(self.ends[index])].tobytes()))

    def save(self, folder: Path) -> None:
        """Writes the arrays as .npy files, named after their fields, for `load`."""
        for name in ("names", "ends", "labels"):
            np.save(folder / f"{name}.npy", getattr(self, name), allow_pickle=False)
        (folder / "root").write_bytes(os.fsencode(self.root))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote, mapped: nothing is read before it is asked for, and readers share the memory."""
        arrays = (mapped(folder / f"{name}.npy") for name in ("names", "ends", "labels"))
        return cls(os.fsdecode((folder / "root").read_bytes()), *arrays)


def records(root: Path, paths: Iterable[str | Path], labels: Iterable[int]) -> Records:
    """Records of files by their paths relative to `root`; both are read once, so that generators do.

    Raises `ValueError` where there are not as many labels as paths.
    """
    names = bytearray()
    ends: list[int] = []
    for path in paths:
        names += os.fsencode(path)
        ends.append(len(names))
    classes = np.fromiter(labels, np.int32)
    if len(classes) != len(ends):
        raise ValueError(f"{len(ends)} paths, but {len(classes)} labels.")
    return Records(str(root.resolve()), np.frombuffer(bytes(names), np.uint8), np.array(ends, np.int64), classes)


def mapped(file: Path) -> NDArray[Any]:
    """A .npy file's array, read as it is used."""
    try:
        return np.asarray(np.load(file, mmap_mode="r", allow_pickle=False))
    except ValueError:
        # An empty array can't be mapped and needn't be.
        return np.load(file, allow_pickle=False)
