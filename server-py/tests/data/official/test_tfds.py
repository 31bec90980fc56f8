"""Named sets as TensorFlow Datasets prepares them: where they are found, what order they get, what is refused."""

import json
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from damaged_bytes import damaged
from hypothesis import given, settings
from official_formats import (
    CIFAR10,
    FASHION,
    SVHN,
    assert_same,
    cifar10_files,
    example,
    made_up,
    png,
    records_of,
    tfds_files,
    tfds_records,
    tfrecord,
    written,
)

from cowmask_worker.data.damage import DatasetDamaged, DatasetMissing
from cowmask_worker.data.dataset_folder import MANIFEST
from cowmask_worker.data.digits import Images
from cowmask_worker.data.official import tfds
from cowmask_worker.data.official.prepared import load_prepared, prepare
from cowmask_worker.data.official.record_files import read_array_record, read_tfrecord

TEN = made_up(CIFAR10)
OTHER = made_up(CIFAR10, seed=1)
FILES = tfds_files("cifar10", "3.0.2", TEN)
TRAIN, TEST = FILES
RECORDS = tfds_records(TEN.train_images[:3], TEN.train_labels[:3])
"""Three records, for tests that damage one of them."""
MOST = 1 << 16


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return written(tmp_path / "source", FILES)


def prepared(source: Path) -> Images:
    prepare("cifar10", source, source.parent / "data", facts=CIFAR10)
    return load_prepared("cifar10", source.parent / "data", facts=CIFAR10)


# Where and in what order ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["", "cifar10", "cifar10/3.0.2"])
def test_any_of_three_folders_is_given(source: Path, place: str) -> None:
    assert_same(prepared(source / place), TEN)


def test_svhn_has_another_name_and_an_extra_part_that_is_passed_over(tmp_path: Path) -> None:
    images = made_up(SVHN)
    files = tfds_files("svhn_cropped", "3.1.0", images)
    extra = {"svhn_cropped/3.1.0/svhn_cropped-extra.tfrecord-00000-of-00001": b"never read"}
    source = written(tmp_path / "source", files | extra | {"svhn_cropped/3.1.0/features.json": b"{}"})
    prepare("svhn", source, tmp_path / "data", facts=SVHN)
    assert_same(load_prepared("svhn", tmp_path / "data", facts=SVHN), images)


def test_the_highest_version_with_shards_wins(source: Path) -> None:
    written(source, tfds_files("cifar10", "3.0.10", OTHER))
    written(source, {"cifar10/3.1.0/dataset_info.json": b"{}", "cifar10/9.0.0.incomplete/features.json": b"{}"})
    assert_same(prepared(source), OTHER)


def test_official_files_win_and_tfrecord_wins_over_array_record(source: Path) -> None:
    folder = source / "cifar10" / "3.0.2"
    written(folder, {Path(TRAIN).name.replace("tfrecord", "array_record"): b"never read"})
    assert_same(prepared(folder), TEN)
    written(source, cifar10_files(OTHER))
    with pytest.raises(DatasetDamaged, match="which have none"):
        prepared(source)
    prepare("cifar10", source, source.parent / "data", check_digests=False, facts=CIFAR10)
    assert_same(load_prepared("cifar10", source.parent / "data", facts=CIFAR10), OTHER)


@pytest.mark.parametrize("form", ["tfrecord", "array_record"])
def test_shards_are_read_in_order(tmp_path: Path, form: str) -> None:
    source = written(tmp_path / "source", tfds_files("cifar10", "3.0.2", TEN, shards=12, form=form))
    assert_same(prepared(source), TEN)


def test_the_manifest_says_how_it_was_read_and_progress_is_told(source: Path) -> None:
    told: list[tuple[str, int, int]] = []
    folder = prepare("cifar10", source, source.parent / "data", facts=CIFAR10, progress=lambda *step: told.append(step))
    manifest = json.loads((folder / MANIFEST).read_bytes())
    assert manifest["read_as"] == "tfds"
    assert [(origin["path"], origin["official"]) for origin in manifest["sources"]] == [
        (str(source / TEST), False),
        (str(source / TRAIN), False),
    ]
    assert (f"read {source / 'cifar10' / '3.0.2'}", 1, 1) in told


# Files that are missing or do not belong together ---------------------------------------------------------------------


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    source = written(tmp_path / "source", tfds_files("cifar10", "3.0.2", TEN, shards=3))
    missing = source / "cifar10" / "3.0.2" / "cifar10-train.tfrecord-00001-of-00003"
    missing.unlink()
    with pytest.raises(DatasetMissing, match="Have TensorFlow Datasets prepare it again") as caught:
        prepared(source)
    assert caught.value.looked_at == (missing,)


def test_a_missing_part_is_named(source: Path) -> None:
    (source / TEST).unlink()
    with pytest.raises(DatasetMissing) as caught:
        prepared(source)
    assert caught.value.looked_at == (source / TEST,)


def test_shards_of_several_numbers_are_refused(source: Path) -> None:
    written(source, tfds_files("cifar10", "3.0.2", TEN, shards=2))
    with pytest.raises(
        DatasetDamaged, match=r"cifar10-train.tfrecord-\*: expected shards of one number, found shards of 1"
    ):
        prepared(source)


@pytest.mark.parametrize("name", ["00001-of-00001", "00000-of-01025", "00000-of-999999999"])
def test_impossible_numbers_of_shards_are_refused(tmp_path: Path, name: str) -> None:
    source = written(tmp_path / "source", {f"cifar10-train.tfrecord-{name}": b""})
    with pytest.raises(DatasetDamaged, match="expected at most 1,024 shards, numbered from 0, found the shard"):
        prepared(source)


def test_links_out_of_the_folder_are_refused(source: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (source / TEST).rename(elsewhere)
    (source / TEST).symlink_to(elsewhere)
    with pytest.raises(DatasetDamaged, match=r"cifar10-test.*expected a file within .*, found a link to"):
        prepared(source)
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "cifar10").symlink_to(source / "cifar10")
    with pytest.raises(DatasetDamaged, match=r"expected a file within .*, found a link to"):
        prepared(linked)


def test_a_link_to_the_folder_and_links_within_it_are_followed(source: Path, tmp_path: Path) -> None:
    (source / TEST).rename(source / "test")
    (source / TEST).symlink_to(source / "test")
    (tmp_path / "linked").symlink_to(source)
    assert_same(prepared(tmp_path / "linked"), TEN)


def test_a_folder_in_place_of_a_shard_is_refused(source: Path) -> None:
    (source / TEST).unlink()
    (source / TEST).mkdir()
    with pytest.raises(DatasetDamaged, match="expected a file, found something else"):
        prepared(source)


def test_array_records_without_their_package_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = written(tmp_path / "source", tfds_files("cifar10", "3.0.2", TEN, form="array_record"))
    monkeypatch.setitem(sys.modules, "array_record.python.array_record_module", None)
    with pytest.raises(DatasetDamaged, match=r"expected TFRecord files, as the package .* file_format='tfrecord'"):
        prepared(source)


# Files that are damaged -----------------------------------------------------------------------------------------------


def flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda content: content[:-1], "bytes for record 2, found"),
        (lambda content: content + b"\x01", r"12 bytes for the length of record 3, found 1 until the file ends"),
        (lambda content: flipped(content, 0), "the length of record 0 to have the masked CRC-32C"),
        (lambda content: flipped(content, 8), "the length of record 0 to have the masked CRC-32C"),
        (
            lambda content: flipped(content, 12),
            r"expected record 0 to have the masked CRC-32C [0-9a-f]{8}, which .*, found",
        ),
        (lambda content: flipped(content, len(content) - 1), "record 2 to have the masked CRC-32C"),
        (lambda content: content + tfrecord(b"")[:8] + tfrecord(b"x")[8:12], "the length of record 3"),
        (lambda content: content + tfrecord(bytes(MOST + 1)), "at most 65,536 bytes, found 65,537 bytes of record 3"),
        (lambda content: content + tfrecord(bytes(999))[:12], r"1,003 bytes for record 3, found 0 until the file ends"),
    ],
)
def test_a_tfrecord_that_is_damaged(tmp_path: Path, spoil: Callable[[bytes], bytes], message: str) -> None:
    file = tmp_path / "file"
    content = records_of("tfrecord", RECORDS)
    file.write_bytes(content)
    assert list(read_tfrecord(file, most_bytes=MOST)) == RECORDS
    file.write_bytes(spoil(content))
    with pytest.raises(DatasetDamaged, match=message):
        list(read_tfrecord(file, most_bytes=MOST))


def test_a_length_past_the_end_of_the_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    length = (1 << 62).to_bytes(8, "little")
    file.write_bytes(length + tfrecord(length)[12 + 8 : 12 + 12])
    with pytest.raises(
        DatasetDamaged, match="4,611,686,018,427,387,908 bytes for record 0, found 0 until the file ends"
    ):
        list(read_tfrecord(file, most_bytes=MOST))


@pytest.mark.parametrize("count", [49, 51])
def test_a_file_cut_at_the_edge_of_a_record_and_one_that_is_too_long(source: Path, count: int) -> None:
    records = [*tfds_records(*TEN[:2]), RECORDS[0]][:count]
    (source / TRAIN).write_bytes(records_of("tfrecord", records))
    with pytest.raises(DatasetDamaged, match=rf"expected 50 images in its train shards, found {count}"):
        prepared(source)


def test_shards_that_were_swapped_are_refused(source: Path) -> None:
    content = (source / TRAIN).read_bytes()
    (source / TRAIN).write_bytes((source / TEST).read_bytes())
    (source / TEST).write_bytes(content)
    with pytest.raises(DatasetDamaged, match=r"expected 50 images in its train shards, found 10\. Have TensorFlow"):
        prepared(source)


PNG = png(TEN.train_images[0])
GOOD: dict[str, Sequence[bytes] | Sequence[int]] = {"image": [PNG], "label": [3]}


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (b"\x08\x01", "expected a tf.train.Example, found Example with field 1 of the wire type 0"),
        (example({"label": [3]}), "expected one bytes value of 'image', found 'label'"),
        (b"", "expected one bytes value of 'image', found no features"),
        (example({"image": [PNG]}), "expected one int64 value of 'label', found 'image'"),
        (example(GOOD | {"label": [3, 4]}), "expected one int64 value of 'label', found 2 of the kind int64"),
        (example(GOOD | {"label": [b"3"]}), "expected one int64 value of 'label', found 1 of the kind bytes"),
        (example(GOOD | {"image": [7]}), "expected one bytes value of 'image', found 1 of the kind int64"),
        (example(GOOD | {"label": [10]}), "expected a label of 0 to 9, found 10"),
        (example(GOOD | {"label": [-1]}), "expected a label of 0 to 9, found -1"),
        (
            example(GOOD | {"image": [b"\x89PNG"]}),
            "expected a PNG image of 32 x 32 pixels, RGB, found something else",
        ),
        (
            example(GOOD | {"image": [PNG[:-200]]}),
            "expected a PNG image of 32 x 32 pixels, RGB, found a damaged one",
        ),
        (
            example(GOOD | {"image": [png(np.zeros((32, 31, 3), np.uint8))]}),
            "expected a PNG image of 32 x 32 pixels, RGB, found one of 32 x 31 pixels, RGB",
        ),
        (
            example(GOOD | {"image": [png(np.zeros((32, 32, 1), np.uint8))]}),
            "expected a PNG image of 32 x 32 pixels, RGB, found one of 32 x 32 pixels, L",
        ),
        (
            example(GOOD | {"image": [png(np.zeros((20_000, 20_000, 1), np.uint8))[:60_000]]}),
            "expected a PNG image of 32 x 32 pixels, RGB, found a far larger one",
        ),
    ],
)
def test_a_record_that_is_not_an_image_with_its_label(source: Path, record: bytes, message: str) -> None:
    records = tfds_records(*TEN[:2])
    records[2] = record
    (source / TRAIN).write_bytes(records_of("tfrecord", records))
    with pytest.raises(DatasetDamaged, match=rf"00000-of-00001, image 2 of its split: {message}.*Have TensorFlow"):
        prepared(source)


def test_labels_and_images_may_be_in_either_form(tmp_path: Path) -> None:
    """Unpacked labels, and an image that is not compressed as we do it."""
    images = made_up(FASHION)
    files = tfds_files("fashion_mnist", "3.0.1", images)
    records = [
        example({"label": [int(label)], "image": [png(image)]}, packed=False)
        for image, label in zip(images.train_images, images.train_labels, strict=True)
    ]
    source = written(tmp_path / "source", files | {next(iter(files)): records_of("tfrecord", records)})
    prepare("fashion_mnist", source, tmp_path / "data", facts=FASHION)
    assert_same(load_prepared("fashion_mnist", tmp_path / "data", facts=FASHION), images)


@settings(max_examples=150, deadline=None)
@given(damaged(records_of("tfrecord", RECORDS), near=60))
def test_any_bytes_are_the_first_records_or_damage(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "damaged.tfrecord"
    file.write_bytes(content)
    read: list[bytes] = []
    with suppress(DatasetDamaged):
        read.extend(read_tfrecord(file, most_bytes=MOST))
    assert read == RECORDS[: len(read)]


ARRAY_RECORDS = records_of("array_record", RECORDS)


@settings(max_examples=200, deadline=None)
@given(damaged(ARRAY_RECORDS, near=300))
def test_any_bytes_are_array_records_or_damage(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "damaged.array_record"
    file.write_bytes(content)
    with suppress(DatasetDamaged):
        read = list(read_array_record(file, most_bytes=MOST))
        # To the reader a file of a few bytes has no records; that they are missing is seen when they are counted.
        assert read in (RECORDS, [])


def test_an_array_record_that_is_too_long_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(records_of("array_record", [*RECORDS, bytes(MOST + 1)]))
    with pytest.raises(DatasetDamaged, match="at most 65,536 bytes, found 65,537 bytes of record 3"):
        list(read_array_record(file, most_bytes=MOST))


@settings(max_examples=300, deadline=None)
@given(damaged(RECORDS[0], near=80))
def test_any_record_with_right_checksums_is_an_image_or_damage(
    tmp_path_factory: pytest.TempPathFactory, record: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "cifar10-train.tfrecord-00000-of-00001"
    file.write_bytes(tfrecord(record))
    with suppress(DatasetDamaged):
        images = tfds.read({"train/00000": file}, file.parent, replace(CIFAR10, train=1, test=0), lambda *_: None)
        assert 0 <= images.train_labels[0] < 10
        assert images.test_images.shape == (0, 32, 32, 3)
