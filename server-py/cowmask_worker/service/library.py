"""The datasets that this worker knows: those of the catalog, and those that were imported into its data folder."""

import difflib
import re
from collections.abc import Iterator
from pathlib import Path

from cowmask_worker.data.catalog import CATALOG, DatasetFacts
from cowmask_worker.data.damage import DatasetDamaged
from cowmask_worker.data.dataset_folder import MANIFEST
from cowmask_worker.data.imported_manifest import read_facts
from cowmask_worker.data.official.files import OFFICIAL
from cowmask_worker.runs.refusal import Refusal, Violation, invalid, refusal, shown

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_LONGEST_COMPARED = 100


class Library:
    """`data_folder` holds what was prepared and imported."""

    def __init__(self, data_folder: Path) -> None:
        self.data_folder = data_folder

    def has_imported(self, name: str) -> bool:
        """Whether there is an imported dataset of this name, sound or not."""
        return name not in CATALOG and is_dataset_name(name) and (self.data_folder / name / MANIFEST).is_file()

    def find(self, name: str) -> DatasetFacts | None:
        """None where there is none of this name. Raises `DATASET_DAMAGED`."""
        if name in CATALOG:
            return CATALOG[name]
        if not self.has_imported(name):
            return None
        try:
            return read_facts(self.data_folder / name)
        except DatasetDamaged as damage:
            raise refusal("DATASET_DAMAGED", str(damage), damage.advice) from damage

    def get(self, name: str, path: str) -> DatasetFacts:
        """Raises `INVALID_OPTION` that blames `path` where there is none of this name."""
        facts = self.find(name)
        if facts is None:
            raise invalid([self.unknown(name, path)])
        return facts

    def unknown(self, name: str, path: str) -> Violation:
        names = [facts.name for facts in self.all()]
        close = difflib.get_close_matches(name[:_LONGEST_COMPARED], names, n=1)
        reason = f"must be a dataset that is there: {', '.join(names)}; got {shown(name)}"
        return Violation(path, reason, nearest=close[0] if close else "")

    def all(self) -> Iterator[DatasetFacts]:
        """Those of the catalog, then the imported ones by name; damaged ones are left out."""
        yield from CATALOG.values()
        for manifest in sorted(self.data_folder.glob(f"*/{MANIFEST}")):
            name = manifest.parent.name
            if name in CATALOG or not is_dataset_name(name):
                continue
            try:
                yield read_facts(manifest.parent)
            except DatasetDamaged:
                continue

    def is_ready(self, facts: DatasetFacts) -> bool:
        """Whether the images are there; whether they are sound is seen when they are read."""
        return facts.name == "digits" or (self.data_folder / facts.name / MANIFEST).is_file()

    def check_ready(self, facts: DatasetFacts) -> None:
        """Raises `DATASET_NOT_PREPARED`, or `DATASET_CHANGED` where another dataset was imported under its name."""
        name = facts.name
        if self.is_ready(facts):
            there = self.find(name)
            if there is not None and there.digest != facts.digest:
                raise refusal(
                    "DATASET_CHANGED",
                    f"The dataset {name} was imported anew: the run began with {facts.digest[:12]}, there is "
                    f"{there.digest[:12]}.",
                    "Start another run on the dataset as it is now, or import what this run began with under its name.",
                )
            return
        missing = f"there is no {self.data_folder / name / MANIFEST}"
        if name not in OFFICIAL:
            raise self._gone(name, missing)
        raise refusal(
            "DATASET_NOT_PREPARED",
            f"{name} has not been prepared: {missing}.",
            f"Run `npx cowmask data prepare {name}` on the worker's machine, with --from FOLDER where the official "
            f"files are there already. Models for {name} can be imported, take single steps, predict and be exported "
            "without them.",
        )

    def _gone(self, name: str, missing: str) -> Refusal:
        return refusal(
            "DATASET_NOT_PREPARED",
            f"The imported dataset {name} is gone: {missing}.",
            "Import it again under this name.",
        )


def is_dataset_name(name: str) -> bool:
    """Such names become names of folders."""
    return _NAME.fullmatch(name) is not None
