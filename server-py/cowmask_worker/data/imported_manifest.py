"""The facts of an imported dataset in its manifest. Imports no numpy, so the control process may read them."""

import math
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cowmask_worker.data import dataset_folder
from cowmask_worker.data.catalog import DatasetFacts
from cowmask_worker.data.damage import DatasetDamaged
from cowmask_worker.data.dataset_folder import MANIFEST

KIND = "imported"
FORMAT = 2
ADVICE = "Import it again with replace: true (--replace)."


def described(facts: DatasetFacts) -> dict[str, Any]:
    """What the manifest says of the dataset."""
    return {"format": FORMAT, "kind": KIND, **asdict(facts)}


def read_facts(folder: Path) -> DatasetFacts:
    """Raises `DatasetDamaged` where the manifest is not that of an imported dataset of the folder's name."""
    manifest = dataset_folder.read_manifest(folder, advice=ADVICE)
    expected = {"format": FORMAT, "kind": KIND, "name": folder.name}
    for key, value in expected.items():
        if manifest.get(key) != value:
            found = repr(manifest.get(key))[:80]
            raise DatasetDamaged(folder / MANIFEST, expected=f"{key} to be {value!r}", found=found, advice=ADVICE)
    given: dict[str, Any] = {key: manifest.get(key) for key in DatasetFacts.__dataclass_fields__}
    for key, value in given.items():
        if not _IS[key](value):
            found = f"{key} {value!r}"[:80]
            raise DatasetDamaged(folder / MANIFEST, expected="every fact of a dataset", found=found, advice=ADVICE)
    given |= {key: tuple(value) for key, value in given.items() if isinstance(value, list)}
    return DatasetFacts(**given)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 32


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _list_of(kind: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(map(kind, value))


_IS: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("name", "description", "digest"), _is_text),
    **dict.fromkeys(("height", "width", "channels", "train", "test", "validation", "shift"), _is_whole),
    **dict.fromkeys(("classes", "notes"), _list_of(_is_text)),
    **dict.fromkeys(("mean", "std"), _list_of(_is_number)),
    "label_counts": _list_of(_is_whole),
    "horizontal_flip": _is_flag,
    "parity_horizontal_flip": lambda value: value is None or _is_flag(value),
    "storage": lambda value: value in ("pixels", "files"),
    "resize": lambda value: value in ("crop", "stretch", "pad"),
}
