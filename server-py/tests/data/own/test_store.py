"""Imported datasets on the disk: what is stored comes back, what was touched is refused."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from own_images import noise, put, snapshot

from cowmask_worker.data import dataset_folder
from cowmask_worker.data.catalog import DatasetFacts
from cowmask_worker.data.contents import Contents, Part
from cowmask_worker.data.damage import DatasetDamaged
from cowmask_worker.data.dataset_folder import IMAGES, MANIFEST
from cowmask_worker.data.imported_manifest import read_facts
from cowmask_worker.data.own.arrays import checked_arrays
from cowmask_worker.data.own.folder import list_folder
from cowmask_worker.data.own.store import CONTENTS, DatasetChanged, load, store
from cowmask_worker.data.own.taken import Options, Taken, take_arrays, take_listing


def silent(*_: object) -> None:
    pass


def of_folder(root: Path, **options: Any) -> Taken:
    """Two cats, two dogs named oddly, one without a label, one put aside, one for testing."""
    names = ("labeled/cat/1.png", "labeled/cat/2.png", "labeled/dog/1.png", 'labeled/dog/q"ü\n.png', "unlabeled/1.png")
    put(root, *names, "validation/cat/1.png", "test/dog/1.png", height=4, width=6)
    return take_listing("mine", list_folder(root), Options(**options), silent)


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Taken:
    return of_folder(tmp_path_factory.mktemp("photos"))


@pytest.fixture(scope="module")
def stored(taken: Taken, tmp_path_factory: pytest.TempPathFactory) -> tuple[DatasetFacts, Path]:
    """Facts and data folder of a dataset that nobody changes."""
    data = tmp_path_factory.mktemp("data") / "not yet" / "there"
    return store(taken, data), data


@pytest.fixture
def mine(stored: tuple[DatasetFacts, Path], tmp_path: Path) -> tuple[DatasetFacts, Path]:
    """A copy of it."""
    facts, data = stored
    shutil.copytree(data, tmp_path / "data")
    return facts, tmp_path / "data"


def assert_same(one: Contents, other: Contents) -> None:
    assert (one.dataset, one.classes, one.own_validation) == (other.dataset, other.classes, other.own_validation)
    for part, like in ((one.train, other.train), (one.test, other.test)):
        assert (list(part.names), list(part.digests)) == (list(like.names), list(like.digests))
        np.testing.assert_array_equal(part.labels, like.labels)
        assert part.labels.dtype == np.int32


def test_what_is_stored_comes_back(taken: Taken, stored: tuple[DatasetFacts, Path]) -> None:
    facts, data = stored
    assert facts == replace(taken.facts, digest=facts.digest)
    assert facts.imported
    assert facts == read_facts(data / "mine")
    assert sorted(path.name for path in (data / "mine").iterdir()) == sorted([CONTENTS, IMAGES, MANIFEST])
    assert [path.name for path in data.iterdir()] == ["mine"], "nothing is left of the writing"
    images, contents, root = load(facts, data)
    for one, other in zip(images, taken.images, strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype
    assert_same(contents, taken.contents)
    assert root is None


def test_files_that_stay_where_they_are_come_back(tmp_path: Path) -> None:
    taken = of_folder(tmp_path / "photos", storage="files")
    before = snapshot(tmp_path / "photos")
    facts = store(taken, tmp_path / "data")
    assert sorted(path.name for path in (tmp_path / "data" / "mine").iterdir()) == sorted([CONTENTS, MANIFEST])
    images, contents, root = load(facts, tmp_path / "data")
    assert root == tmp_path / "photos"
    assert (facts.storage, images.train_images.shape, images.test_images.shape) == (
        "files",
        (0, 32, 32, 3),
        (0, 32, 32, 3),
    )
    np.testing.assert_array_equal(images.train_labels, taken.images.train_labels)
    assert_same(contents, taken.contents)
    assert snapshot(tmp_path / "photos") == before


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux only")
def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    root = tmp_path / os.fsdecode(b"\xff\xfe")
    facts = store(of_folder(root, storage="files"), tmp_path / "data")
    assert load(facts, tmp_path / "data").root == root


def test_a_dataset_of_arrays_without_anything_aside_comes_back(tmp_path: Path) -> None:
    images = np.stack([noise(seed, channels=1) for seed in range(4)])
    labels = np.array([0, 1, 0, 1])
    taken = take_arrays("mine", checked_arrays({"images": images, "labels": labels}, (), "these"), Options(), silent)
    facts = store(taken, tmp_path)
    found = load(facts, tmp_path)
    np.testing.assert_array_equal(found.images.train_images, taken.images.train_images)
    assert_same(found.contents, taken.contents)


def test_the_digest_is_that_of_everything_that_matters(taken: Taken, tmp_path: Path) -> None:
    def digest(changed: Taken) -> str:
        return store(changed, tmp_path).digest

    def of_facts(**changes: Any) -> Taken:
        return taken._replace(facts=replace(taken.facts, **changes))

    def of_contents(**changes: Any) -> Taken:
        return taken._replace(contents=taken.contents._replace(**changes))

    first = digest(taken)
    assert len(first) == 64
    assert digest(taken) == first
    assert digest(of_facts(notes=("Something else.",))) == first
    assert digest(of_facts(description="Something else.")) == first
    assert digest(taken._replace(root=Path("/elsewhere"))) == first

    train, test, images = taken.contents.train, taken.contents.test, taken.images
    other_image = images.train_images.copy()
    other_image[0, 0, 0, 0] ^= 1
    changed = [
        of_facts(classes=("cat", "wolf")),
        of_facts(mean=(0.1, 0.2, 0.3)),
        of_facts(std=(0.1, 0.2, 0.3)),
        of_facts(height=6, width=4),
        of_facts(shift=2),
        of_facts(horizontal_flip=False),
        of_facts(label_counts=(1, 3)),
        of_facts(validation=0),
        of_facts(resize="pad"),
        of_contents(train=train._replace(names=["other", *train.names[1:]])),
        of_contents(train=train._replace(digests=["0" * 64, *train.digests[1:]])),
        of_contents(train=train._replace(labels=train.labels[::-1])),
        of_contents(train=Part(train.names[:-1], train.digests[:-1], train.labels[:-1])),
        of_contents(test=test._replace(labels=1 - test.labels)),
        of_contents(train=test, test=train),
        taken._replace(images=images._replace(train_images=other_image)),
        taken._replace(images=images._replace(test_labels=1 - images.test_labels)),
    ]
    digests = [digest(each) for each in changed]
    assert len({first, *digests}) == len(changed) + 1


def test_the_place_of_the_files_is_no_part_of_the_digest(tmp_path: Path) -> None:
    one, other = (of_folder(tmp_path / name, storage="files") for name in ("one", "other"))
    assert store(one, tmp_path / "data").digest == store(other, tmp_path / "data").digest


def test_another_dataset_under_the_name_is_noticed(mine: tuple[DatasetFacts, Path], tmp_path: Path) -> None:
    facts, data = mine
    again = store(of_folder(tmp_path / "photos", image_size=5), data)
    assert again.digest != facts.digest
    with pytest.raises(DatasetChanged, match=f"mine was imported anew.*{facts.digest[:12]}.*{again.digest[:12]}"):
        load(facts, data)
    assert load(again, data)
    same = store(of_folder(tmp_path / "photos"), data)
    assert same.digest == facts.digest
    assert load(facts, data), "the same dataset, imported again, is no other"


FILES = (CONTENTS, IMAGES, MANIFEST)


def changed(content: bytes, way: str) -> bytes | None:
    middle = len(content) // 2
    match way:
        case "flip":
            return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        case "cut":
            return content[:-1]
        case "halve":
            return content[:middle]
        case "empty":
            return b""
        case "more":
            return content + b"\0"
        case _:
            return None


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("way", ["flip", "halve", "empty", "more", "delete"])
def test_f6_a_file_that_was_touched_is_refused(mine: tuple[DatasetFacts, Path], name: str, way: str) -> None:
    facts, data = mine
    file = data / "mine" / name
    content = changed(file.read_bytes(), way)
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(DatasetDamaged) as caught:
        load(facts, data)
    assert str(data / "mine") in caught.value.file
    assert "replace" in caught.value.advice


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_f6_any_other_byte_is_refused_or_said_in_sentences(
    stored: tuple[DatasetFacts, Path], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    facts, whole = stored
    folder = tmp_path_factory.getbasetemp() / "touched"
    shutil.copytree(whole, folder, dirs_exist_ok=True)
    file = folder / "mine" / data.draw(st.sampled_from(FILES))
    content = bytearray(file.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    file.write_bytes(content)
    try:
        found = load(facts, folder)
    except DatasetDamaged:
        return
    assert file.name == MANIFEST
    there = read_facts(folder / "mine")
    assert replace(there, notes=(), description="") == replace(facts, notes=(), description="")
    assert_same(found.contents, load(facts, whole).contents)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", 1),
        ("format", None),
        ("kind", "prepared"),
        ("name", "other"),
        ("train", -1),
        ("train", 1 << 32),
        ("train", True),
        ("height", "4"),
        ("mean", [float("nan"), 0, 0]),
        ("mean", None),
        ("classes", "cat"),
        ("classes", [1, 2]),
        ("label_counts", [1.5]),
        ("storage", "elsewhere"),
        ("notes", [{}]),
        ("digest", None),
        ("horizontal_flip", 1),
        ("files", None),
        ("files", {CONTENTS: None}),
        ("mean", [0.1, 0.2, 0.3]),
        ("train", 4),
    ],
)
def test_a_manifest_with_other_facts_is_refused(mine: tuple[DatasetFacts, Path], key: str, value: Any) -> None:
    facts, data = mine
    file = data / "mine" / MANIFEST
    manifest = json.loads(file.read_bytes())
    assert key in manifest
    file.write_text(json.dumps(manifest | {key: value}))
    with pytest.raises(DatasetDamaged, match="manifest"):
        load(facts, data)


@pytest.mark.parametrize("content", ["[]", "null", "{}", "{", "[" * 100_000, '{"a": 1' + " " * 17_000_000 + "}"])
def test_what_is_no_manifest_is_refused(mine: tuple[DatasetFacts, Path], content: str) -> None:
    facts, data = mine
    (data / "mine" / MANIFEST).write_text(content)
    with pytest.raises(DatasetDamaged, match="manifest"):
        load(facts, data)


@pytest.mark.skipif(sys.platform == "win32", reason="links take privileges on Windows")
@pytest.mark.parametrize("name", [*FILES, ""])
def test_s5_links_out_of_the_data_folder_are_refused(
    mine: tuple[DatasetFacts, Path], tmp_path: Path, name: str
) -> None:
    facts, data = mine
    path = data / "mine" / name
    path.rename(tmp_path / "outside")
    path.symlink_to(tmp_path / "outside")
    with pytest.raises(DatasetDamaged, match=f"expected nothing outside {data}, found a link to"):
        load(facts, data)


@pytest.mark.skipif(sys.platform == "win32", reason="links take privileges on Windows")
@pytest.mark.parametrize("there", [True, False])
def test_a_link_in_the_place_of_the_dataset_is_replaced_not_followed(taken: Taken, tmp_path: Path, there: bool) -> None:
    outside = tmp_path / "outside"
    if there:
        put(outside, "photo.png")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/mine").symlink_to(outside)
    before = snapshot(outside) if there else {}
    facts = store(taken, tmp_path / "data")
    assert load(facts, tmp_path / "data")
    assert outside.exists() == there
    if there:
        assert snapshot(outside) == before


class _KilledError(BaseException):
    """As of a signal: nothing that code which expects errors would catch."""


def _dies_at(step: int, of: Callable[..., Any]) -> Callable[..., Any]:
    calls = 0

    def call(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == step:
            raise _KilledError
        return of(*arguments)

    return call


@pytest.mark.parametrize(
    ("function", "step"),
    [
        ("write_durably", 1),
        ("write_durably", 2),
        ("write_durably", 3),
        ("flush_folder", 1),
        ("rename", 1),
        ("rename", 2),
    ],
)
@pytest.mark.parametrize("before", [True, False])
def test_what_ends_in_the_middle_leaves_the_old_one(
    mine: tuple[DatasetFacts, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    function: str,
    step: int,
    before: bool,
) -> None:
    facts, data = mine
    other = of_folder(tmp_path / "photos", image_size=5)
    if not before:
        shutil.rmtree(data / "mine")
        step = 1 if function == "rename" else step
    with monkeypatch.context() as patch:
        if function == "rename":
            patch.setattr(Path, "rename", _dies_at(step, Path.rename))
        else:
            patch.setattr(dataset_folder, function, _dies_at(step, getattr(dataset_folder, function)))
        with pytest.raises(_KilledError):
            store(other, data)
    assert [path.name for path in data.iterdir()] == (["mine"] if before else [])
    if before:
        assert load(facts, data)
    assert load(store(other, data), data)


def test_what_a_killed_process_left_is_removed_in_time(taken: Taken, tmp_path: Path) -> None:
    old, young, other = (tmp_path / name for name in (".mine.old", ".mine.young", ".mine2.old"))
    for path in (old, young, other):
        path.mkdir()
        (path / "half").touch()
    for path in (old, other):
        os.utime(path, (0, 0))
    store(taken, tmp_path)
    assert (old.exists(), young.exists(), other.exists()) == (False, True, True)


def test_a_removed_dataset_is_gone(mine: tuple[DatasetFacts, Path]) -> None:
    facts, data = mine
    dataset_folder.remove(data / "mine")
    assert list(data.iterdir()) == []
    with pytest.raises(DatasetDamaged, match="found no file"):
        load(facts, data)
