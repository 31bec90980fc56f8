"""Datasets that are prepared from their official files: what is found, what is refused, what is kept."""

import errno
import gzip
import hashlib
import json
import os
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from damaged_bytes import damaged
from hypothesis import given, settings
from hypothesis import strategies as st
from official_formats import (
    CIFAR10,
    CIFAR100,
    FASHION,
    SVHN,
    assert_same,
    cifar10_files,
    cifar10_pickles,
    cifar100_files,
    cifar100_pickles,
    fashion_files,
    made_up,
    tar,
    tfds_files,
    written,
)
from scipy.io import savemat

from cowmask_worker.data.catalog import CATALOG, DatasetFacts
from cowmask_worker.data.damage import DatasetDamaged, DatasetMissing
from cowmask_worker.data.dataset_folder import IMAGES, MANIFEST
from cowmask_worker.data.digits import Images
from cowmask_worker.data.official import prepared
from cowmask_worker.data.official import sources as official_sources
from cowmask_worker.data.official.files import OFFICIAL, OfficialDataset, Unpacked
from cowmask_worker.data.official.idx import read_images, read_labels
from cowmask_worker.data.official.prepared import load_prepared, prepare

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
SMALL = {facts.name: made_up(facts) for facts in (CIFAR10, CIFAR100, SVHN, FASHION)}
TEN = SMALL["cifar10"]


def write_svhn(folder: Path, images: Images) -> None:
    for part, pixels, labels in (("train", *images[:2]), ("test", *images[2:])):
        values = {"X": np.moveaxis(pixels, 0, 3), "y": np.where(labels == 0, 10, labels)[:, None].astype(np.uint8)}
        savemat(folder / f"{part}_32x32.mat", values, do_compression=True)


def source_of(facts: DatasetFacts, folder: Path, form: str) -> Path:
    images = SMALL[facts.name]
    folder.mkdir()
    match facts.name, form:
        case "cifar10", "binary":
            written(folder, {"cifar-10-binary.tar.gz": tar("cifar-10-batches-bin", cifar10_files(images))})
        case "cifar10", "python":
            written(folder, {"cifar-10-python.tar.gz": tar("cifar-10-batches-py", cifar10_pickles(images))})
        case "cifar10", "extracted":
            written(folder / "cifar-10-batches-bin", cifar10_files(images))
        case "cifar10", "files":
            written(folder, cifar10_files(images))
        case "cifar100", "binary":
            written(folder, {"cifar-100-binary.tar.gz": tar("cifar-100-binary", cifar100_files(images))})
        case "cifar100", "python":
            written(folder, {"cifar-100-python.tar.gz": tar("cifar-100-python", cifar100_pickles(images))})
        case name, "tfds" | "tfds-array":
            called = {"svhn": "svhn_cropped"}.get(name, name)
            form = "tfrecord" if form == "tfds" else "array_record"
            written(folder, tfds_files(called, "3.0.2", images, form=form))
        case "fashion_mnist", "packed":
            written(folder, fashion_files(images))
        case "fashion_mnist", "plain":
            files = {name[:-3]: gzip.decompress(content) for name, content in fashion_files(images).items()}
            written(folder, files)
        case _:
            write_svhn(folder, images)
    return folder


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return source_of(CIFAR10, tmp_path / "source", "binary")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with CIFAR-10 in it, for tests that put back what they spoil."""
    folder = tmp_path_factory.mktemp("ready")
    source = source_of(CIFAR10, folder / "source", "binary")
    prepare("cifar10", source, folder / "data", check_digests=False, facts=CIFAR10)
    return folder / "data"


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


FORMS = [
    *((CIFAR10, form, f"cifar-{kind}") for form, kind in (("binary", "binary"), ("python", "python"))),
    *((CIFAR10, "extracted", "cifar-extracted"), (CIFAR10, "files", "cifar-extracted")),
    *((CIFAR100, "binary", "cifar-binary"), (CIFAR100, "python", "cifar-python")),
    *((FASHION, "packed", "idx"), (FASHION, "plain", "idx"), (SVHN, "mat", "svhn-mat")),
    *((facts, "tfds", "tfds") for facts in (CIFAR10, CIFAR100, SVHN, FASHION)),
    *((facts, "tfds-array", "tfds") for facts in (CIFAR10, FASHION)),
]


@pytest.mark.parametrize(("facts", "form", "read_as"), FORMS)
def test_every_form_is_prepared_and_loaded(
    tmp_path: Path, data: Path, facts: DatasetFacts, form: str, read_as: str
) -> None:
    source = source_of(facts, tmp_path / "source", form)
    before = snapshot(source)
    folder = prepare(facts.name, source, data, check_digests=False, facts=facts)
    assert folder == data / facts.name
    assert_same(load_prepared(facts.name, data, facts=facts), SMALL[facts.name])
    assert snapshot(source) == before
    assert sorted(path.name for path in folder.iterdir()) == [IMAGES, MANIFEST]
    assert [path.name for path in data.iterdir()] == [facts.name]
    manifest = json.loads((folder / MANIFEST).read_bytes())
    content = (folder / IMAGES).read_bytes()
    assert manifest["files"] == {IMAGES: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}}
    assert manifest["read_as"] == read_as
    assert (manifest["format"], manifest["train"], manifest["test"]) == (2, facts.train, facts.test)
    for origin in manifest["sources"]:
        content = Path(origin["path"]).read_bytes()
        assert origin["md5"] == hashlib.md5(content).hexdigest()
        assert origin["sha256"] == hashlib.sha256(content).hexdigest()
        assert origin["bytes"] == len(content)
        assert origin["official"] is False
    assert {origin["path"] for origin in manifest["sources"]} == set(before)


def test_the_binary_archive_is_preferred(source: Path, data: Path) -> None:
    (source / "cifar-10-python.tar.gz").write_bytes(b"never opened")
    prepare("cifar10", source, data, check_digests=False, facts=CIFAR10)
    assert_same(load_prepared("cifar10", data, facts=CIFAR10), TEN)


def test_progress_is_told(source: Path, data: Path) -> None:
    told: list[tuple[str, int, int]] = []
    prepare("cifar10", source, data, check_digests=False, facts=CIFAR10, progress=lambda *step: told.append(step))
    size = (source / "cifar-10-binary.tar.gz").stat().st_size
    assert told == [
        ("check cifar-10-binary.tar.gz", size, size),
        *((f"read {source}", done, 1) for done in (0, 1)),
        *((f"write {data / 'cifar10'}", done, 1) for done in (0, 1)),
    ]


# Digests --------------------------------------------------------------------------------------------------------------


def official_as(monkeypatch: pytest.MonkeyPatch, name: str, source: Path, unpacked: Mapping[str, bytes]) -> None:
    """Makes the files of a folder the official ones."""
    official = OFFICIAL[name]
    editions: list[OfficialDataset] = []
    for edition in official.editions:
        files = dict(edition.files)
        for role, file in files.items():
            path = source / file.name
            if path.is_file():
                content = path.read_bytes()
                plain = unpacked.get(file.name)
                held = None if plain is None else Unpacked(len(plain), hashlib.sha256(plain).hexdigest())
                md5 = hashlib.md5(content).hexdigest()
                files[role] = replace(file, md5=md5, bytes=len(content), unpacked=held)
        editions.append(replace(official, editions=(replace(edition, files=files),)))
    changed = replace(official, editions=tuple(one.editions[0] for one in editions))
    for module in (official_sources, prepared):
        monkeypatch.setattr(module, "OFFICIAL", {**OFFICIAL, name: changed})


def test_f6_a_wrong_digest_is_refused(source: Path, data: Path) -> None:
    size = (source / "cifar-10-binary.tar.gz").stat().st_size
    message = (
        rf"cifar-10-binary\.tar\.gz: expected the 170,052,171 bytes with MD5 c32a1d4ab5d03f1284b67883e8d87530 that its "
        rf"makers publish, found {size:,} bytes with MD5 [0-9a-f]{{32}}\. Get it again from https://"
    )
    with pytest.raises(DatasetDamaged, match=message):
        prepare("cifar10", source, data, facts=CIFAR10)
    assert not data.exists()


def test_the_right_digest_is_noted(monkeypatch: pytest.MonkeyPatch, source: Path, data: Path) -> None:
    official_as(monkeypatch, "cifar10", source, {})
    manifest = json.loads((prepare("cifar10", source, data, facts=CIFAR10) / MANIFEST).read_bytes())
    assert [origin["official"] for origin in manifest["sources"]] == [True]
    assert manifest["sources"][0]["url"].startswith("https://")


@pytest.mark.parametrize("form", ["as published", "compressed anew", "plain", "cut", "another"])
def test_files_that_hold_the_published_ones(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, data: Path, form: str
) -> None:
    source = source_of(FASHION, tmp_path / "source", "packed")
    plain = {path.name: gzip.decompress(path.read_bytes()) for path in source.iterdir()}
    official_as(monkeypatch, "fashion_mnist", source, plain)
    for name, content in plain.items():
        match form:
            case "compressed anew":
                (source / name).write_bytes(gzip.compress(content, 9))
            case "plain":
                (source / name).unlink()
                (source / name.removesuffix(".gz")).write_bytes(content)
            case "cut":
                (source / name).write_bytes(gzip.compress(content, 9)[:-1])
            case "another":
                (source / name).write_bytes(gzip.compress(content + b"\0"))
            case _:
                pass
    if form in ("cut", "another"):
        with pytest.raises(DatasetDamaged, match=r"t10k-images.*that its makers publish, found"):
            prepare("fashion_mnist", source, data, facts=FASHION)
    else:
        prepare("fashion_mnist", source, data, facts=FASHION)
        assert_same(load_prepared("fashion_mnist", data, facts=FASHION), SMALL["fashion_mnist"])


def test_extracted_files_have_no_digest_to_check(tmp_path: Path, data: Path) -> None:
    source = source_of(CIFAR10, tmp_path / "source", "extracted")
    message = r"have none\. Give the archive itself \(cifar-10-binary.tar.gz, cifar-10-python.tar.gz\), or say"
    with pytest.raises(DatasetDamaged, match=message):
        prepare("cifar10", source, data, facts=CIFAR10)


def test_the_official_facts() -> None:
    assert list(OFFICIAL) == [name for name in CATALOG if name != "digits"]
    files = [file for official in OFFICIAL.values() for edition in official.editions for file in edition.files.values()]
    assert len({file.md5 for file in files}) == len(files) == 10
    for file in files:
        assert len(file.md5) == 32
        assert int(file.md5, 16)
        assert file.url.startswith("https://")
        assert file.url.endswith(f"/{file.name}")


# Damage ---------------------------------------------------------------------------------------------------------------


def swap(folder: Path, first: str, second: str) -> None:
    aside = folder / "aside"
    (folder / first).rename(aside)
    (folder / second).rename(folder / first)
    aside.rename(folder / second)


@pytest.mark.parametrize(
    ("facts", "form", "first", "second", "message"),
    [
        (
            *(FASHION, "packed", "train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte.gz"),
            r"training images to be uint8 \[20, 28, 28, 1\], found uint8 \[10, 28, 28, 1\]",
        ),
        (
            *(FASHION, "plain", "train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte"),
            r"training labels to be int32 \[20\], found int32 \[10\]",
        ),
        (
            *(FASHION, "packed", "train-labels-idx1-ubyte.gz", "train-images-idx3-ubyte.gz"),
            "train-images.*an IDX file of images.*found 16 bytes that begin with 00 00 08 01",
        ),
        (SVHN, "mat", "train_32x32.mat", "test_32x32.mat", r"32 x 32 x 3 x 13.*found X uint8 32 x 32 x 3 x 7"),
    ],
)
def test_f6_swapped_files_are_refused(
    tmp_path: Path, data: Path, facts: DatasetFacts, form: str, first: str, second: str, message: str
) -> None:
    source = source_of(facts, tmp_path / "source", form)
    swap(source, first, second)
    with pytest.raises(DatasetDamaged, match=rf"(?s){message}.*Get it again from https://"):
        prepare(facts.name, source, data, check_digests=False, facts=facts)
    assert not data.exists()


def test_swapped_batches_of_equal_size_show_in_their_classes(tmp_path: Path, data: Path) -> None:
    images = made_up(CIFAR10)
    # As in the real set: only the five batches together have equally many images of each class.
    images.train_labels[:20] = np.sort(images.train_labels[:20])
    source = written(tmp_path / "source", cifar10_files(images))
    swap(source, "data_batch_1.bin", "test_batch.bin")
    with pytest.raises(DatasetDamaged, match=r"5 training images of each class, found 4 to 6: files may be swapped"):
        prepare("cifar10", source, data, check_digests=False, facts=CIFAR10)


def test_f6_a_label_outside_of_the_classes_is_refused(tmp_path: Path, data: Path) -> None:
    images = made_up(FASHION)
    images.test_labels[3] = 10
    source = written(tmp_path / "source", fashion_files(images))
    with pytest.raises(DatasetDamaged, match="test labels of 0 to 9, found the label 10 at record 3"):
        prepare("fashion_mnist", source, data, check_digests=False, facts=FASHION)


def test_what_is_not_there_is_named_with_every_place(tmp_path: Path, data: Path) -> None:
    source = tmp_path / "source"
    with pytest.raises(DatasetMissing) as caught:
        prepare("cifar10", source, data)
    message = str(caught.value)
    for place in (
        *("cifar-10-binary.tar.gz", "cifar-10-python.tar.gz"),
        *("data_batch_3.bin", "cifar-10-batches-bin/test_batch.bin"),
    ):
        assert str(source / place) in message
    assert "npx cowmask data prepare cifar10 --from DIR" in message
    written(source, fashion_files(SMALL["fashion_mnist"]))
    (source / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DatasetMissing) as caught:
        prepare("fashion_mnist", source, data, facts=FASHION)
    shard = "fashion_mnist-train.tfrecord-00000-of-00001"
    assert caught.value.looked_at == (
        *(source / "t10k-labels-idx1-ubyte.gz", source / "t10k-labels-idx1-ubyte"),
        *(source / shard, source / "*.*.*" / shard, source / "fashion_mnist" / "*.*.*" / shard),
    )
    assert "apt install dataset-fashion-mnist, which puts them into /usr/share/datasets/fashion-mnist" in str(
        caught.value
    )
    assert not data.exists()


def test_nothing_prepared_is_named_with_every_place(data: Path) -> None:
    with pytest.raises(DatasetMissing) as caught:
        load_prepared("svhn", data)
    assert caught.value.looked_at == (data / "svhn" / MANIFEST, data / "svhn" / IMAGES)
    assert "Get train_32x32.mat, test_32x32.mat from https://ufldl.stanford.edu/housenumbers/" in str(caught.value)
    assert "npx cowmask data prepare svhn --from DIR" in str(caught.value)


@pytest.mark.parametrize("name", ["digits", "../cifar10", "", ".", "/etc", "a\0b", "x" * 300])
def test_other_names_are_refused(tmp_path: Path, name: str) -> None:
    for call in (lambda: prepare(name, tmp_path, tmp_path), lambda: load_prepared(name, tmp_path)):
        with pytest.raises(ValueError, match="has no official files to prepare; these have: fashion_mnist, cifar10"):
            call()


def test_nothing_is_written_in_the_source(source: Path, tmp_path: Path) -> None:
    for data in (source, source / "data", source / ".." / "source"):
        with pytest.raises(ValueError, match="where nothing is written: choose another data folder"):
            prepare("cifar10", source, data, check_digests=False, facts=CIFAR10)
    inside = shutil.copytree(source, tmp_path / "data" / "cifar10" / "source")
    with pytest.raises(ValueError, match="where nothing is written"):
        prepare("cifar10", inside, tmp_path / "data", check_digests=False, facts=CIFAR10)
    assert [path.name for path in source.iterdir()] == ["cifar-10-binary.tar.gz"]


# What was prepared ----------------------------------------------------------------------------------------------------


def test_preparing_again_replaces(tmp_path: Path, data: Path, source: Path) -> None:
    prepare("cifar10", source, data, check_digests=False, facts=CIFAR10)
    other = made_up(CIFAR10, seed=1)
    second = written(tmp_path / "second", {"cifar-10-binary.tar.gz": tar("cifar-10-batches-bin", cifar10_files(other))})
    prepare("cifar10", second, data, check_digests=False, facts=CIFAR10)
    assert_same(load_prepared("cifar10", data, facts=CIFAR10), other)
    assert [path.name for path in data.iterdir()] == ["cifar10"]


@pytest.mark.parametrize("failing", ["fsync", "rename"])
def test_a_disk_that_refuses_leaves_what_was_there(
    monkeypatch: pytest.MonkeyPatch, data: Path, source: Path, failing: str
) -> None:
    prepare("cifar10", source, data, check_digests=False, facts=CIFAR10)
    before = snapshot(data)
    rename = Path.rename

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    if failing == "fsync":
        monkeypatch.setattr(os, "fsync", refuse)
    else:
        monkeypatch.setattr(
            Path, "rename", lambda path, target: refuse() if path.name == "new" else rename(path, target)
        )
    with pytest.raises(OSError, match="No space left"):
        prepare("cifar10", source, data, check_digests=False, facts=CIFAR10)
    assert snapshot(data) == before
    assert [path.name for path in data.iterdir()] == ["cifar10"]


def test_what_was_left_behind_long_ago_goes(data: Path, source: Path) -> None:
    old, new = data / ".cifar10.old", data / ".cifar10.new"
    for leftover in (old, new):
        leftover.mkdir(parents=True)
    os.utime(old, (time.time() - 7200, time.time() - 7200))
    prepare("cifar10", source, data, check_digests=False, facts=CIFAR10)
    assert sorted(path.name for path in data.iterdir()) == [".cifar10.new", "cifar10"]


def test_the_facts_of_another_size_are_refused(ready: Path) -> None:
    with pytest.raises(
        DatasetDamaged, match=r"manifest\.json: expected train to be 50000, found 50\. Prepare it again"
    ):
        load_prepared("cifar10", ready)


@pytest.mark.parametrize("file", [IMAGES, MANIFEST])
def test_f6_files_that_are_cut_or_gone_are_refused(ready: Path, file: str) -> None:
    path = ready / "cifar10" / file
    content = path.read_bytes()
    try:
        for spoiled in (content[:-1], content[:-3073], b"", content + b"\0", None):
            path.unlink()
            if spoiled is not None:
                path.write_bytes(spoiled)
            if spoiled == content[:-1] and file == MANIFEST:
                # That was the end of a line.
                continue
            with pytest.raises(DatasetDamaged, match=r"Prepare it again: npx cowmask data prepare cifar10 --from DIR"):
                load_prepared("cifar10", ready, facts=CIFAR10)
            path.touch()
    finally:
        path.write_bytes(content)


def test_s5_links_out_of_the_data_folder_are_refused(tmp_path: Path, ready: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "cifar10").symlink_to(ready / "cifar10")
    with pytest.raises(DatasetDamaged, match=r"expected nothing outside .*, found a link to"):
        load_prepared("cifar10", data, facts=CIFAR10)
    (data / "cifar10").unlink()
    shutil.copytree(ready / "cifar10", data / "cifar10")
    load_prepared("cifar10", data, facts=CIFAR10)
    (data / "cifar10" / IMAGES).unlink()
    (data / "cifar10" / IMAGES).symlink_to(ready / "cifar10" / IMAGES)
    with pytest.raises(DatasetDamaged, match=rf"{IMAGES}: expected nothing outside"):
        load_prepared("cifar10", data, facts=CIFAR10)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_f6_any_other_byte_in_the_images_is_refused(ready: Path, draws: st.DataObject) -> None:
    path = ready / "cifar10" / IMAGES
    content = path.read_bytes()
    spoiled = bytearray(content)
    spoiled[draws.draw(st.integers(0, len(content) - 1))] ^= draws.draw(st.integers(1, 255))
    path.write_bytes(spoiled)
    try:
        with pytest.raises(DatasetDamaged, match="expected the SHA-256"):
            load_prepared("cifar10", ready, facts=CIFAR10)
    finally:
        path.write_bytes(content)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_another_manifest_is_refused_or_says_the_same(ready: Path, draws: st.DataObject) -> None:
    path = ready / "cifar10" / MANIFEST
    content = path.read_bytes()
    path.write_bytes(draws.draw(st.one_of(st.binary(max_size=40), damaged(content, 300))))
    try:
        with suppress(DatasetDamaged):
            assert_same(load_prepared("cifar10", ready, facts=CIFAR10), TEN)
    finally:
        path.write_bytes(content)


def test_images_that_are_no_images_are_refused(ready: Path, tmp_path: Path) -> None:
    """A manifest with the right SHA-256 of the wrong file, as nobody but a stranger would write."""
    folder = Path(shutil.copytree(ready / "cifar10", tmp_path / "cifar10"))
    manifest = json.loads((folder / MANIFEST).read_bytes())
    few = TEN._replace(test_images=TEN.test_images[:9])
    wide = TEN._replace(train_labels=TEN.train_labels.astype(np.int64))
    outside = TEN._replace(train_labels=np.where(np.arange(50) == 7, -1, TEN.train_labels).astype(np.int32))
    for content, message in (
        (b"nothing", "a safetensors file"),
        (prepared.encode({"train_images": TEN.train_images}), "expected train_images, train_labels"),
        (prepared.encode(few._asdict()), r"test images to be uint8 \[10, 32, 32, 3\], found uint8 \[9"),
        (prepared.encode(wide._asdict()), r"training labels to be int32 \[50\], found int64 \[50\]"),
        (prepared.encode(outside._asdict()), "the label -1 at record 7"),
    ):
        (folder / IMAGES).write_bytes(content)
        entry = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        changed = manifest | {"files": {IMAGES: entry}}
        (folder / MANIFEST).write_text(json.dumps(changed))
        with pytest.raises(DatasetDamaged, match=message):
            load_prepared("cifar10", tmp_path, facts=CIFAR10)


# Real images ----------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not DEBIAN.is_dir(), reason=f"needs Debian's package dataset-fashion-mnist ({DEBIAN})")
def test_the_real_fashion_mnist(data: Path) -> None:
    facts = replace(CATALOG.get("fashion_mnist", FASHION), train=60_000, test=10_000)
    folder = prepare("fashion_mnist", DEBIAN, data, facts=facts)
    manifest = json.loads((folder / MANIFEST).read_bytes())
    assert [origin["official"] for origin in manifest["sources"]] == [True] * 4
    images = load_prepared("fashion_mnist", data, facts=facts)
    np.testing.assert_array_equal(
        images.train_images[:, ::9], read_images(DEBIAN / "train-images-idx3-ubyte.gz")[:, ::9]
    )
    np.testing.assert_array_equal(images.test_labels, read_labels(DEBIAN / "t10k-labels-idx1-ubyte.gz"))
    assert images.train_labels[:10].tolist() == [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]
    assert np.bincount(images.train_labels).tolist() == [6000] * 10
    assert np.bincount(images.test_labels).tolist() == [1000] * 10
    pixels = images.train_images.astype(np.float32) / 255
    assert round(float(pixels.mean(dtype=np.float64)), 4) == facts.mean[0]
    assert round(float(pixels.std(dtype=np.float64)), 4) == facts.std[0]
