"""Which datasets can be read here and now; refuses what would need the images of others."""

from pathlib import Path

from cowmask_worker.data.catalog import CATALOG
from cowmask_worker.data.official_files import OFFICIAL
from cowmask_worker.data.prepared_files import MANIFEST
from cowmask_worker.runs.refusal import refusal


class Readable:
    """`data_folder` holds the prepared datasets."""

    def __init__(self, data_folder: Path) -> None:
        self._data_folder = data_folder

    def is_ready(self, name: str) -> bool:
        """Whether the images are there; whether they are sound is seen when they are read."""
        if not CATALOG[name].readable:
            return False
        return name not in OFFICIAL or (self._data_folder / name / MANIFEST).is_file()

    def check(self, name: str) -> None:
        """Raises `DATASET_NOT_READABLE` or `DATASET_NOT_PREPARED`."""
        use = f"Models for {name} can be imported, take single steps, predict and be exported."
        if not CATALOG[name].readable:
            there = ", ".join(facts.name for facts in CATALOG.values() if facts.readable)
            message = f"This version does not read the images of {name}."
            raise refusal("DATASET_NOT_READABLE", message, f"It trains and scores on {there}. {use}")
        if not self.is_ready(name):
            raise refusal(
                "DATASET_NOT_PREPARED",
                f"{name} has not been prepared: there is no {self._data_folder / name / MANIFEST}.",
                f"Run `npx cowmask data prepare {name}` on the worker's machine, with --from FOLDER where the official "
                f"files are there already. {use}",
            )
