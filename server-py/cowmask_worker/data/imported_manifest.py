"""The facts of an imported dataset in its manifest. Imports no numpy, so the control process may read them."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from cowmask_worker.data import dataset_folder
from cowmask_worker.data.catalog import DatasetFacts
from cowmask_worker.data.damage import DatasetDamaged
from cowmask_worker.data.dataset_folder import MANIFEST

KIND = "imported"
FORMAT = 1
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
    try:
        given: dict[str, Any] = {key: manifest[key] for key in DatasetFacts.__dataclass_fields__}
        given |= {key: tuple(given[key]) for key in ("classes", "mean", "std", "label_counts", "notes")}
        return DatasetFacts(**given)
    except (KeyError, TypeError) as error:
        what = f"what stands for {error}"
        raise DatasetDamaged(folder / MANIFEST, expected="every fact", found=what, advice=ADVICE) from error
