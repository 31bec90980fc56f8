"""A small folder of vectors, cut out of the recorded ones, to be spoiled."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from cowmask_worker.parity.benchmark import Progress, compare
from cowmask_worker.parity.row import Row
from cowmask_worker.parity.vectors import read_manifest

RECORDED = Path(__file__).parents[3] / "test" / "parity"

_FILES = read_manifest(RECORDED)["files"]
_CASES = {"masks_cow.npz": ("odd",), "schedules.npz": ("stepped_small_warm", "ema_stepped")}
_ARRAYS: dict[str, Callable[[str], bool]] = {
    "masks_box.npz": lambda array: array.startswith("rect_random_size_aspect_s0_"),
    "masks_cow.npz": lambda array: array.startswith("odd_s0_"),
    "schedules.npz": lambda array: array.rpartition("_")[0] in _CASES["schedules.npz"],
    "arch/wrn26_2.npz": lambda array: not array.startswith("train_"),
}
"""What a small file keeps; where nothing is said, all."""


class VectorFolder:
    """Files and what the manifest says of them, which is written when the folder is compared."""

    def __init__(self, path: Path, *names: str) -> None:
        self.path = path
        self.files: dict[str, Any] = {}
        path.mkdir()
        for name in names:
            self._copy(name)

    def _copy(self, name: str) -> None:
        entry = json.loads(json.dumps(_FILES[name]))
        kept = _ARRAYS.get(name, lambda _: True)
        with np.load(RECORDED / name) as recorded:
            arrays = {array: recorded[array] for array in recorded if kept(array)}
        if name in _CASES:
            entry["cases"] = {case: entry["cases"][case] for case in _CASES[name]}
        if name == "masks_cow.npz":
            entry["cases"]["odd"]["seeds"] = [0]
        self.files[name] = entry
        self.store(name, arrays)
        leaves = Path(name).with_suffix(".json")
        if (RECORDED / leaves).is_file():
            shutil.copyfile(RECORDED / leaves, self.path / leaves)

    def load(self, name: str) -> dict[str, Any]:
        with np.load(self.path / name) as arrays:
            return dict(arrays)

    def store(self, name: str, arrays: dict[str, Any], *, listed: bool = True) -> None:
        """Replaces a file, and with `listed` what the manifest says of its arrays."""
        (self.path / name).parent.mkdir(exist_ok=True)
        np.savez_compressed(self.path / name, **arrays)
        if listed:
            self.files[name]["arrays"] = {
                array: [np.asarray(values).dtype.name, list(np.shape(values))] for array, values in arrays.items()
            }

    def write_manifest(self) -> None:
        (self.path / "manifest.json").write_text(json.dumps({"format": 1, "files": self.files}))

    def rows(self, *, quick: bool = False) -> list[Row]:
        self.write_manifest()
        return [row for row in compare(self.path, quick=quick) if not isinstance(row, Progress)]
