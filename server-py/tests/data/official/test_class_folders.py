"""ImageNet as a tree of class folders: what is listed, what is refused, what is kept of it."""

import hashlib
import io
import json
import os
import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from damaged_bytes import damaged
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cowmask_worker.data.catalog import CATALOG
from cowmask_worker.data.contents import Part
from cowmask_worker.data.contents_file import CONTENTS, Listed, decoded, encoded
from cowmask_worker.data.damage import DatasetDamaged, DatasetMissing
from cowmask_worker.data.dataset_folder import MANIFEST
from cowmask_worker.data.official.prepared import load_prepared_files, prepare
from cowmask_worker.data.own.store import Stored
from cowmask_worker.tasks.prepare import main

FACTS = replace(CATALOG["imagenet"], classes=tuple("012"), train=7, test=3, height=16, width=16)
# In an order that is not that of their numbers of images.
WNIDS = ("n01440764", "n01443537", "n15075141")
TRAIN = [f"{wnid}/{wnid}_{index}.JPEG" for wnid, count in zip(WNIDS, (3, 1, 3), strict=True) for index in range(count)]
VAL = [f"{wnid}/ILSVRC2012_val_{index:08}.JPEG" for index, wnid in enumerate(WNIDS, 1)]
NAMES = [*(f"train/{name}" for name in TRAIN), *(f"val/{name}" for name in VAL)]


def photo(number: int, *, form: str = "JPEG", mode: str = "RGB") -> bytes:
    written = io.BytesIO()
    Image.new(mode, (20 + number, 30), number).save(written, form)
    return written.getvalue()


def write_tree(folder: Path) -> Path:
    """Among the images one that is CMYK and one that is PNG, as among the published ones."""
    for number, name in enumerate(NAMES):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(photo(number, form="PNG" if number == 2 else "JPEG", mode="CMYK" if number == 4 else "RGB"))
    return folder


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "source")


def prepared(source: Path) -> Stored:
    folder = prepare("imagenet", source, source.parent / "data", facts=FACTS)
    return load_prepared_files(FACTS, folder.parent)


def test_images_stay_where_they_are(source: Path) -> None:
    before = {path: path.read_bytes() for path in source.rglob("*") if path.is_file()}
    images, contents, root = prepared(source)
    assert {path: path.read_bytes() for path in source.rglob("*") if path.is_file()} == before
    assert root == source
    assert (contents.dataset, contents.classes) == ("imagenet", WNIDS)
    assert [*contents.train.names, *contents.test.names] == NAMES
    digests = [hashlib.sha256((source / name).read_bytes()).hexdigest() for name in NAMES]
    assert [*contents.train.digests, *contents.test.digests] == digests
    assert images.train_labels.tolist() == [0, 0, 0, 1, 2, 2, 2]
    assert images.test_labels.tolist() == [0, 1, 2]
    assert images.train_images.shape == images.test_images.shape == (0, 16, 16, 3)
    data = source.parent / "data" / "imagenet"
    assert sorted(path.name for path in data.iterdir()) == [CONTENTS, MANIFEST]
    manifest = json.loads((data / MANIFEST).read_bytes())
    assert manifest["read_as"] == "class-folders"
    assert manifest["wnids"] == list(WNIDS)
    [origin] = manifest["sources"]
    assert origin == {"path": str(source), "images": 10, "bytes": sum(map(len, before.values()))}


def test_progress_is_told(source: Path) -> None:
    told: list[tuple[str, int, int]] = []
    prepare("imagenet", source, source.parent / "data", facts=FACTS, progress=lambda *step: told.append(step))
    assert (f"read {source}", 10, 10) in told


def test_what_is_no_image_is_passed_over(source: Path) -> None:
    (source / "train" / ".DS_Store").write_bytes(b"")
    (source / "train" / WNIDS[0] / "._hidden.JPEG").write_bytes(b"")
    (source / "val" / "valprep.sh").write_text("mkdir")
    (source / "LOC_val_solution.csv").write_text("ImageId")
    assert len(prepared(source).contents.train.names) == 7


def test_a_link_to_the_folder_is_followed_once(source: Path, tmp_path: Path) -> None:
    (tmp_path / "linked").symlink_to(source)
    assert prepared(tmp_path / "linked").root == source


# What is refused ------------------------------------------------------------------------------------------------------


def test_a_flat_val_is_told_how_to_be_sorted(source: Path) -> None:
    for path in list((source / "val").glob("*/*")):
        path.rename(source / "val" / path.name)
    with pytest.raises(DatasetDamaged, match=r"found images in val itself\. Sort them into .*valprep\.sh"):
        prepared(source)


def test_a_part_that_is_missing_is_named(source: Path) -> None:
    shutil.rmtree(source / "val")
    with pytest.raises(DatasetMissing, match=r"unpack it to train/<wnid>/\*\.JPEG and val/<wnid>/\*\.JPEG") as caught:
        prepared(source)
    assert caught.value.looked_at == (source / "val",)


@pytest.mark.parametrize("name", ["cat", "n0144076", "n014407640", "n0144076x", "n01440764/inner"])
def test_folders_with_another_name_are_refused(source: Path, name: str) -> None:
    other = source / "train" / name
    other.mkdir()
    (other / "1.JPEG").write_bytes(photo(1))
    with pytest.raises(DatasetDamaged, match=rf"train/{name}/1\.JPEG.*where the wnid is n and eight digits, found"):
        prepared(source)


def test_another_number_of_classes_or_images_is_refused(source: Path) -> None:
    aside = source.parent / "aside"
    (source / "train" / WNIDS[1]).rename(aside)
    with pytest.raises(DatasetDamaged, match=r"train: expected 3 class folders with images, found 2"):
        prepared(source)
    (source / "train" / WNIDS[1]).mkdir()
    with pytest.raises(DatasetDamaged, match=r"train: expected 3 class folders with images, found 2"):
        prepared(source)
    aside.rename(source / "train" / WNIDS[1] / "aside")
    (source / "train" / WNIDS[1] / "aside" / f"{WNIDS[1]}_0.JPEG").rename(source / "train" / WNIDS[1] / "0.JPEG")
    assert len(prepared(source).contents.train.names) == 7
    (source / "val" / VAL[0]).rename(source / "train" / TRAIN[0].replace("_0", "_9"))
    with pytest.raises(DatasetDamaged, match=r"train: expected 7 images, found 8"):
        prepared(source)


def test_other_classes_in_val_are_named(source: Path) -> None:
    (source / "val" / WNIDS[1]).rename(source / "val" / "n00000001")
    with pytest.raises(DatasetDamaged, match=r"val: expected the classes of train, found n00000001, which it lacks"):
        prepared(source)


def test_every_file_that_is_no_image_is_named(source: Path) -> None:
    first, second, third = (source / name for name in (NAMES[1], NAMES[3], NAMES[9]))
    first.write_bytes(b"no image")
    second.write_bytes(b"")
    third.write_bytes(photo(1)[:20])
    with pytest.raises(DatasetDamaged) as caught:
        prepared(source)
    assert caught.value.file == str(first)
    assert f"something else; 2 others can not be used either: {second}, {third}" in str(caught.value)
    assert not (source.parent / "data").exists()


@pytest.mark.parametrize("name", [NAMES[0], f"train/{WNIDS[0]}", "train"])
def test_links_out_of_the_folder_are_refused(source: Path, name: str) -> None:
    elsewhere = source.parent / "elsewhere"
    (source / name).rename(elsewhere)
    (source / name).symlink_to(elsewhere)
    with pytest.raises(DatasetDamaged, match=r"expected a (file|folder) within the .*, found a link to"):
        prepared(source)


def test_pipes_are_refused(source: Path) -> None:
    (source / NAMES[0]).unlink()
    os.mkfifo(source / NAMES[0])
    with pytest.raises(DatasetDamaged, match="expected a file, found something else"):
        prepared(source)


def test_it_is_not_fetched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main("imagenet", None, tmp_path, check_digests=True) == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "DATASET_NOT_PREPARED"
    assert error["message"].startswith("imagenet can not be fetched. Get it from https://image-net.org")
    assert "npx cowmask data prepare imagenet --from DIR" in error["message"]


# What was prepared ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the set in it, for tests that put back what they spoil."""
    folder = tmp_path_factory.mktemp("ready")
    prepare("imagenet", write_tree(folder / "source"), folder / "data", facts=FACTS)
    return folder / "data"


def test_nothing_prepared_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetMissing) as caught:
        load_prepared_files(FACTS, tmp_path)
    assert caught.value.looked_at == (tmp_path / "imagenet" / MANIFEST, tmp_path / "imagenet" / CONTENTS)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_what_was_spoiled_is_refused_or_says_the_same(ready: Path, draws: st.DataObject) -> None:
    good = load_prepared_files(FACTS, ready).contents
    path = ready / "imagenet" / draws.draw(st.sampled_from([CONTENTS, MANIFEST]))
    content = path.read_bytes()
    path.write_bytes(draws.draw(damaged(content, 300)))
    try:
        with suppress(DatasetDamaged):
            contents = load_prepared_files(FACTS, ready).contents
            assert contents.train.names == good.train.names
            assert contents.train.digests == good.train.digests
            np.testing.assert_array_equal(contents.train.labels, good.train.labels)
    finally:
        path.write_bytes(content)


def test_contents_of_other_images_are_refused(ready: Path, tmp_path: Path) -> None:
    """A manifest with the right SHA-256 of wrong contents, as nobody but a stranger would write."""
    folder = Path(shutil.copytree(ready / "imagenet", tmp_path / "imagenet"))
    manifest = json.loads((folder / MANIFEST).read_bytes())
    listed = decoded((folder / CONTENTS).read_bytes(), folder, advice="")
    fewer = Part(listed.train.names[1:], listed.train.digests[1:], listed.train.labels[1:])
    outside = listed.train._replace(labels=listed.train.labels + 1)
    for other, message in (
        (listed._replace(train=fewer), "7 training and 3 test images with labels of these, found 3 wnids, 6 training"),
        (listed._replace(train=outside), "with labels of these"),
        (listed._replace(root=None), "expected a root"),
    ):
        content = encoded(other)
        (folder / CONTENTS).write_bytes(content)
        entry = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        (folder / MANIFEST).write_text(json.dumps(manifest | {"files": {CONTENTS: entry}}))
        with pytest.raises(DatasetDamaged, match=message):
            load_prepared_files(FACTS, tmp_path)


# The file of contents -------------------------------------------------------------------------------------------------

PARTS = st.lists(
    st.tuples(
        st.text(max_size=9).filter(lambda name: name[:1] != "/" and ".." not in name), st.integers(-1, 2**31 - 1)
    ),
    max_size=4,
).map(
    lambda rows: Part(
        tuple(name for name, _ in rows),
        tuple(hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest() for name, _ in rows),
        np.array([label for _, label in rows], np.int32),
    )
)


@given(st.one_of(st.none(), st.just(Path("/a b\n\udcff"))), PARTS, PARTS)
def test_what_is_written_is_read(root: Path | None, train: Part, test: Part) -> None:
    content = encoded(Listed(root, train, test))
    assert len(content.splitlines()) == 3 + len(train.names) + len(test.names)
    listed = decoded(content, Path("contents.json"), advice="")
    assert listed.root == root
    for found, expected in ((listed.train, train), (listed.test, test)):
        assert (found.names, found.digests) == (expected.names, expected.digests)
        np.testing.assert_array_equal(found.labels, expected.labels)


@pytest.mark.parametrize(
    "content",
    [
        *("", "[]", "{}", "7", "[" * 100_000, '{"root": 7, "train": [], "test": []}', '{"root": null, "train": []}'),
        *(
            json.dumps({"root": "/", "train": [row], "test": []})
            for row in (
                *(
                    7,
                    [],
                    ["a", "0" * 64],
                    ["a", "0" * 64, 0, 0],
                    ["a", "0" * 63, 0],
                    ["a", "g" * 64, 0],
                    [7, "0" * 64, 0],
                ),
                *(["a", "0" * 64, "0"], ["a", "0" * 64, True], ["a", "0" * 64, -2], ["a", "0" * 64, 2**31]),
                *(["/etc/passwd", "0" * 64, 0], ["../a", "0" * 64, 0], ["a/../../b", "0" * 64, 0]),
            )
        ),
    ],
)
def test_other_contents_are_refused(content: str) -> None:
    with pytest.raises(DatasetDamaged, match="Import it again"):
        decoded(content.encode(), Path("contents.json"), advice="Import it again.")
