"""What kind of source a path names."""

from pathlib import Path
from typing import Literal

from cowmask_worker.data.damage import DatasetDamaged, DatasetUnusable

type SourceKind = Literal["folder", "table", "arrays"]


def source_kind(source: Path) -> SourceKind:
    """Raises `DatasetUnusable` for what is nothing of the kind."""
    suffix = source.suffix.lower()
    if source.is_dir():
        return "arrays" if any(source.glob("*.npy")) else "folder"
    if suffix == ".csv":
        return "table"
    if suffix == ".npz":
        return "arrays"
    expected = "a folder of images or .npy files, a .csv table, or an .npz file"
    raise DatasetUnusable(
        f"{source} is nothing that can be imported:",
        [DatasetDamaged(source, expected=expected, found=f"a file {source.name!r}")],
    )
