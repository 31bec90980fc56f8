"""SVHN's MATLAB files: their values, and what is refused."""

import io
import struct
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from damaged_bytes import damaged
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import savemat

from cowmask_worker.data.damage import DatasetDamaged
from cowmask_worker.data.official.svhn import read

GENERATOR = np.random.default_rng(0)
X = GENERATOR.integers(0, 256, (32, 32, 3, 3), np.uint8)
Y = np.array([[10], [1], [9]], np.uint8)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("svhn") / "train_32x32.mat"


def mat(variables: dict[str, Any], *, packed: bool = True) -> bytes:
    content = io.BytesIO()
    savemat(content, variables, do_compression=packed)
    return content.getvalue()


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("labels", [Y, Y.astype(np.float64)])
def test_values(file: Path, packed: bool, labels: Any) -> None:
    file.write_bytes(mat({"X": X, "other": np.arange(3), "y": labels}, packed=packed))
    images, found = read(file, 3)
    assert images.dtype == np.uint8
    assert images.flags.c_contiguous
    np.testing.assert_array_equal(images, np.moveaxis(X, 3, 0))
    assert images[1, 2, 3, 0] == X[2, 3, 0, 1]
    assert found.dtype == np.int32
    assert found.tolist() == [0, 1, 9]


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_file_byte_by_byte(file: Path, order: str) -> None:
    """Names and few labels share the 8 bytes of their tags, which are other bytes in the other order."""
    words = struct.Struct(f"{order}II").pack

    def short(kind: int, content: bytes) -> bytes:
        return struct.pack(f"{order}I", len(content) << 16 | kind) + content.ljust(4, b"\0")

    def matrix(name: bytes, sizes: list[int], values: bytes) -> bytes:
        shape = words(5, 4 * len(sizes)) + struct.pack(f"{order}{len(sizes)}i", *sizes)
        content = words(6, 8) + words(9, 0) + shape + short(1, name) + values
        return words(14, len(content)) + content

    plane = bytes(range(256)) * 4
    pixels = words(2, 6144) + (plane + b"\1" * 1024 + b"\2" * 1024) + bytes(3072)
    header = b"MATLAB 5.0".ljust(124) + struct.pack(f"{order}H", 0x0100) + (b"IM" if order == "<" else b"MI")
    file.write_bytes(header + matrix(b"X", [32, 32, 3, 2], pixels) + matrix(b"y", [2, 1], short(2, b"\x0a\x03")))
    images, labels = read(file, 2)
    assert labels.tolist() == [0, 3]
    # MATLAB writes a column after the other.
    assert images[0, :3, 0].tolist() == [[0, 1, 2], [1, 1, 2], [2, 1, 2]]
    assert images[0, 31, 7].tolist() == [255, 1, 2]
    assert not images[1].any()


def test_a_second_variable_of_a_name_is_refused(file: Path) -> None:
    content = mat({"X": X, "y": Y})
    file.write_bytes(content + mat({"y": Y})[128:])
    with pytest.raises(DatasetDamaged, match="found X uint8 32 x 32 x 3 x 3, y uint8 3 x 1, y uint8 3 x 1"):
        read(file, 3)


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({"X": X}, "X uint8 32 x 32 x 3 x 3"),
        ({"y": Y}, "y uint8 3 x 1"),
        ({"other": Y}, "neither"),
        ({"X": X[..., :2], "y": Y}, "X uint8 32 x 32 x 3 x 2"),
        ({"X": X, "y": Y.T}, "y uint8 1 x 3"),
        ({"X": X.astype(np.int16), "y": Y}, "X is int16, stored as int16, not uint8"),
        ({"X": X, "y": np.array([[10], [1], [0]])}, "the label 0 at record 2"),
        ({"X": X, "y": np.array([[10], [11], [9]])}, "the label 11 at record 1"),
        ({"X": X, "y": np.array([[1.5], [1], [9]])}, "the label 1.5 at record 0"),
        ({"X": X, "y": np.array([[np.nan], [1], [9]])}, "the label nan at record 0"),
        ({"X": X, "y": np.array([["a"], ["b"], ["c"]], object)}, "y is of class 1, stored as"),
        ({"X": X, "y": Y + 1j}, "y is complex double, stored as"),
        ({"X": X, "y": Y, "other": np.zeros(1 << 20)}, "it holds more than images and labels"),
        ({"X": scipy.sparse.csr_array(X[..., 0, 0]), "y": Y}, "X of class 5 32 x 32"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_other_variables_are_refused(file: Path, variables: dict[str, Any], found: str, packed: bool) -> None:
    file.write_bytes(mat(variables, packed=packed))
    with pytest.raises(DatasetDamaged) as caught:
        read(file, 3)
    assert found in caught.value.found
    assert str(file) in str(caught.value)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("cut", [1, 8, 60, 3072])
def test_a_file_that_is_cut_is_refused(file: Path, cut: int, packed: bool) -> None:
    content = mat({"X": X, "y": Y}, packed=packed)
    file.write_bytes(content[:-cut])
    with pytest.raises(
        DatasetDamaged, match=rf"can not be read \(it has {len(content) - cut:,} bytes where its parts take"
    ):
        read(file, 3)


def test_swapped_files_are_noticed_by_their_counts(file: Path) -> None:
    file.write_bytes(mat({"X": X, "y": Y}))
    with pytest.raises(DatasetDamaged, match=r"32 x 32 x 3 x 7, and y, 7 x 1, found X uint8 32 x 32 x 3 x 3"):
        read(file, 7)


@pytest.mark.parametrize("content", [b"", b"\x00" * 200, b"\x89HDF\r\n\x1a\n" + b"\x00" * 504, b"MATLAB 5.0"])
def test_other_formats_are_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(DatasetDamaged, match="found a file without the header of one"):
        read(file, 3)


def test_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetDamaged, match="found no file"):
        read(tmp_path, 3)


def test_s7_a_bomb_is_refused(file: Path) -> None:
    bomb = zlib.compress(struct.pack("<II", 14, 64 << 20) + bytes(64 << 20), 1)
    file.write_bytes(mat({})[:128] + struct.pack("<II", 15, len(bomb)) + bomb)
    with pytest.raises(DatasetDamaged, match="it holds more than images and labels"):
        read(file, 3)


ONE = {"X": X[..., :1], "y": Y[:1]}


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=64).map(lambda content: mat({})[:128] + content),
        damaged(mat(ONE), 160),
        damaged(mat(ONE, packed=False), 220),
        damaged(mat({"y": ONE["y"], "X": ONE["X"]}, packed=False), 280),
    )
)
def test_nothing_else_is_raised(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with suppress(DatasetDamaged):
        images, labels = read(file, 1)
        assert images.shape == (1, 32, 32, 3)
        assert labels.shape == (1,)
