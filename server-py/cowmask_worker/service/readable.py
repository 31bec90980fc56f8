"""Refuses what would need the images of a dataset that this version does not read."""

from cowmask_worker.data.catalog import CATALOG
from cowmask_worker.runs.refusal import refusal


def check_readable(name: str) -> None:
    """Raises `DATASET_NOT_READABLE`."""
    if not CATALOG[name].readable:
        there = ", ".join(facts.name for facts in CATALOG.values() if facts.readable)
        raise refusal(
            "DATASET_NOT_READABLE",
            f"This version does not read the images of {name}.",
            f"It trains and scores on {there}. Models for {name} can be imported, take single steps, predict and be "
            "exported.",
        )
