"""IDX files: their values, and what is refused."""

import gzip
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from damaged_bytes import damaged
from hypothesis import given, settings
from hypothesis import strategies as st
from official_formats import idx

from cowmask_worker.data.damage import DatasetDamaged
from cowmask_worker.data.official.idx import read_images, read_labels

# Two images of 2x3 pixels, and three labels, byte by byte.
IMAGES = bytes.fromhex("00000803 00000002 00000002 00000003  000102030405 fafbfcfdfeff")
LABELS = bytes.fromhex("00000801 00000003  070009")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("idx") / "file"


def pack(content: bytes, packed: bool) -> bytes:
    return gzip.compress(content, mtime=0) if packed else content


@pytest.mark.parametrize("packed", [False, True])
def test_values(file: Path, packed: bool) -> None:
    file.write_bytes(pack(IMAGES, packed))
    images = read_images(file)
    assert images.dtype == np.uint8
    assert images.tolist() == [[[[0], [1], [2]], [[3], [4], [5]]], [[[250], [251], [252]], [[253], [254], [255]]]]
    file.write_bytes(pack(LABELS, packed))
    labels = read_labels(file)
    assert labels.dtype == np.int32
    assert labels.tolist() == [7, 0, 9]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("content", "expected", "found"),
    [
        (IMAGES[:-1], "12 bytes of images after the header, which says 2 x 2 x 3", "11 bytes"),
        (IMAGES[:-6], "12 bytes of images", "6 bytes"),
        (IMAGES[:16], "12 bytes of images", "0 bytes"),
        (IMAGES[:15], "which begins with 00 00 08 03 and 3 sizes", "15 bytes that begin with 00 00 08 03"),
        (b"", "begins with 00 00 08 03", "begin with nothing"),
        (IMAGES + b"\0", "12 bytes of images", "more"),
        (LABELS, "an IDX file of images", "11 bytes that begin with 00 00 08 01"),
        (IMAGES.replace(b"\x08", b"\x0d", 1), "begins with 00 00 08 03", "begin with 00 00 0d 03"),
        (IMAGES[:4] + bytes(4) + IMAGES[8:16], "at least one byte", "0 x 2 x 3"),
        (IMAGES[:4] + b"\xff" * 12, "4,294,967,295 x 4,294,967,295", "a file that can hold"),
    ],
)
def test_bad_files_are_refused(file: Path, packed: bool, content: bytes, expected: str, found: str) -> None:
    file.write_bytes(pack(content, packed))
    with pytest.raises(DatasetDamaged) as caught:
        read_images(file)
    assert expected in caught.value.expected
    assert found in caught.value.found
    assert str(file) in str(caught.value)


def test_images_are_no_labels(file: Path) -> None:
    file.write_bytes(IMAGES)
    with pytest.raises(DatasetDamaged, match=r"expected an IDX file of labels.*found 8 bytes.*00 00 08 03"):
        read_labels(file)


@pytest.mark.parametrize("cut", [1, 4, 8, 9])
def test_a_compressed_file_that_is_cut_is_refused(file: Path, cut: int) -> None:
    file.write_bytes(gzip.compress(IMAGES)[:-cut])
    with pytest.raises(DatasetDamaged, match="can not be read to its end"):
        read_images(file)


def test_a_wrong_sum_is_noticed(file: Path) -> None:
    content = bytearray(gzip.compress(IMAGES))
    content[-5] ^= 1
    file.write_bytes(content)
    with pytest.raises(DatasetDamaged, match="CRC check failed"):
        read_images(file)


def test_s7_a_bomb_is_refused(file: Path) -> None:
    file.write_bytes(gzip.compress(idx(np.zeros((3000, 50, 50), np.uint8))))
    with pytest.raises(DatasetDamaged, match=r"expected 7,500,000 bytes.*found a file that can hold 1,048,576 bytes"):
        read_images(file)


def test_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetDamaged, match="found no file"):
        read_images(tmp_path)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=64), damaged(IMAGES, 16), damaged(gzip.compress(IMAGES, mtime=0), 12)))
def test_nothing_else_is_raised(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    for read in (read_images, read_labels):
        with suppress(DatasetDamaged):
            read(file)
