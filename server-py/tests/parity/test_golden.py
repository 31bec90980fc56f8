"""What we compute equals what the authors' code gave: every file of recorded numbers that is checked in seconds."""

from pathlib import Path

import pytest

from cowmask_worker.parity.benchmark import compare_file
from cowmask_worker.parity.vectors import read_manifest, unlisted

VECTORS = Path(__file__).parents[3] / "test" / "parity"
FILES = read_manifest(VECTORS)["files"]
ROWS = {
    "masks_cow.npz": 5,
    "masks_box.npz": 2,
    "regularizers.npz": 5,
    "losses_direct.npz": 3,
    "schedules.npz": 2,
    "arch/shake.npz": 5,
    "arch/wrn26_2.npz": 6,
    "arch/wrn26_2_shakeshake.npz": 6,
    "train/probe.npz": 22,
    "train/wrn26_2_nodropout_cowmix.npz": 4,
}
"""How many rows each gives, so that none goes missing in silence. The others take `npm run parity`."""


@pytest.mark.parametrize("name", ROWS)
def test_equals_the_references(name: str) -> None:
    rows = list(compare_file(VECTORS, name, FILES[name], quick=False))
    assert {row.name: row.detail for row in rows if not row.ok} == {}
    assert len(rows) == ROWS[name]


def test_every_recorded_file_is_listed() -> None:
    assert unlisted(VECTORS, {"files": FILES}) == []
    assert [name for name in FILES if not (VECTORS / name).is_file()] == []
