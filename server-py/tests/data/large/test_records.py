"""A large dataset's list of files."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cowmask_worker.data.contents import UNLABELED
from cowmask_worker.data.large.records import Records, records

NAMES = st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))


@given(NAMES)
def test_any_name_comes_back(names: list[str]) -> None:
    kept = records(Path("/images"), names, [UNLABELED] * len(names))
    assert [kept.path(index) for index in range(len(names))] == [Path("/images", name) for name in names]


def test_a_name_that_is_no_unicode_comes_back(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.png")
    kept = records(tmp_path, [name], [0])
    kept.save(tmp_path)
    assert os.fsencode(Records.load(tmp_path).path(0)) == os.fsencode(tmp_path) + b"/caf\xe9.png"


@pytest.mark.parametrize("count", [0, 1, 1000])
def test_saved_records_are_mapped_as_they_were(tmp_path: Path, count: int) -> None:
    kept = records(tmp_path, (f"{number}.png" for number in range(count)), range(count))
    kept.save(tmp_path)
    loaded = Records.load(tmp_path)
    assert loaded.root == str(tmp_path)
    for one, other in zip(loaded[1:], kept[1:], strict=True):
        np.testing.assert_array_equal(one, other)
        assert not one.flags.writeable or not count


def test_a_million_images_take_few_megabytes() -> None:
    count = 1_281_167
    kept = records(
        Path("/imagenet"), (f"n{number % 1000:08}/n_{number:09}.JPEG" for number in range(count)), [0] * count
    )
    assert sum(array.nbytes for array in kept[1:]) < 60 * 2**20
    assert kept.path(count - 1) == Path("/imagenet/n00000166/n_001281166.JPEG")
    assert len(pickle.dumps(kept)) < 60 * 2**20


def test_every_path_has_a_label() -> None:
    with pytest.raises(ValueError, match="2 paths, but 1 labels"):
        records(Path("/images"), ["a", "b"], [1])
