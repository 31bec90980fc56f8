"""Splits that are kept: `<data folder>/.splits/<dataset>/<fingerprint>.json`.

They lie beside the datasets, so that importing one anew or removing it takes no split away. Each is verified whenever
it is read. Imports no numpy, so the control process may read them.
"""

import os
import re
import tempfile
from pathlib import Path

from cowmask_worker.data.split_file import MOST_BYTES, SplitDamaged, SplitFile, decode_file, encode
from cowmask_worker.durable_files import flush_folder, write_durably

_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_SUFFIX = ".json"
_ADVICE = "Create it with the options that made it, or import its file again: that puts it in its place."


class SplitMissing(Exception):  # noqa: N818
    """There is no split of this fingerprint; `there` are those of the dataset."""

    def __init__(self, dataset: str, fingerprint: str, there: tuple[str, ...]) -> None:
        super().__init__(f"{dataset} has no split {fingerprint}.")
        self.there = there


def fingerprints(data_folder: Path, dataset: str) -> tuple[str, ...]:
    """Of the splits that are kept of a dataset, ascending; whether they are sound is seen when they are read."""
    try:
        names = [path.stem for path in _folder(data_folder, dataset).iterdir() if path.suffix == _SUFFIX]
    except FileNotFoundError:
        return ()
    return tuple(sorted(name for name in names if _FINGERPRINT.fullmatch(name)))


def read(data_folder: Path, dataset: str, fingerprint: str) -> SplitFile:
    """Raises `SplitMissing`, and `SplitDamaged` where the file is not what was kept."""
    file = _path(data_folder, dataset, fingerprint)
    if not _FINGERPRINT.fullmatch(fingerprint) or not file.is_file():
        raise SplitMissing(dataset, fingerprint, fingerprints(data_folder, dataset))
    try:
        return _decoded(file)
    except SplitDamaged as damage:
        raise damage.advised(_ADVICE) from damage


def keep(split_file: SplitFile, data_folder: Path) -> SplitFile:
    """Writes a split down, and answers what is kept under its fingerprint.

    A sound one that is there already stays, as runs may be under way on it: it has the same images, though perhaps in
    another order or under another rule. Raises `ValueError` for a split that is too large.
    """
    folder = _folder(data_folder, split_file.dataset)
    file = _path(data_folder, split_file.dataset, split_file.fingerprint)
    try:
        return read(data_folder, split_file.dataset, split_file.fingerprint)
    except (SplitMissing, SplitDamaged):
        pass
    content = encode(split_file).encode()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=folder) as aside:
        fresh = Path(aside, file.name)
        write_durably(fresh, content)
        os.replace(fresh, file)
    flush_folder(folder)
    return split_file


def _decoded(file: Path) -> SplitFile:
    try:
        size = file.stat().st_size
        if size > MOST_BYTES:
            raise SplitDamaged(file, expected=f"at most {MOST_BYTES:,} bytes", found=f"{size:,}")
        content = file.read_bytes()
    except OSError as error:
        found = f"a file that can not be read ({error.strerror})"
        raise SplitDamaged(file, expected="a split", found=found) from error
    split_file = decode_file(content, str(file))
    if split_file.fingerprint != file.stem:
        found = f"the split {split_file.fingerprint}"
        raise SplitDamaged(file, expected=f"the split {file.stem}, as the file is called", found=found)
    return split_file


def _folder(data_folder: Path, dataset: str) -> Path:
    return data_folder / ".splits" / dataset


def _path(data_folder: Path, dataset: str, fingerprint: str) -> Path:
    return _folder(data_folder, dataset) / f"{fingerprint}{_SUFFIX}"
