"""Arrays of the user's own: what is read, and what is refused before it does harm."""

import io
import os
import pickle
import struct
import sys
import tracemalloc
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from damaged_bytes import damaged
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from own_images import noise, snapshot

from cowmask_worker.data.damage import DatasetUnusable
from cowmask_worker.data.own import arrays as arrays_module
from cowmask_worker.data.own.arrays import Arrays, checked_arrays, read_arrays

type Named = dict[str, NDArray[Any]]

IMAGES = np.stack([noise(seed, 3, 4) for seed in range(5)])
LABELS = np.array([0, 1, -1, 1, 0])
FULL: Named = {
    "images": IMAGES,
    "labels": LABELS,
    "unlabeled": IMAGES[:2] // 2,
    "test_images": IMAGES[:3] // 3,
    "test_labels": np.array([1, 0, 1], np.uint8),
    "validation_images": IMAGES[:1] // 4,
    "validation_labels": np.array([1], np.int16),
    "classes": np.array(["cat", "Hündin"]),
}


def write(folder: Path, named: Mapping[str, NDArray[Any]], form: str = "npz") -> Path:
    match form:
        case "npz":
            np.savez(folder / "set.npz", **dict(named))  # pyright: ignore[reportArgumentType] - none is called so
        case "packed":
            np.savez_compressed(folder / "set.npz", **dict(named))  # pyright: ignore[reportArgumentType] - the same
        case _:
            (folder / "set").mkdir()
            for name, array in named.items():
                np.save(folder / "set" / f"{name}.npy", array)
            return folder / "set"
    return folder / "set.npz"


def npy(array: NDArray[Any], version: tuple[int, int] = (1, 0)) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version, allow_pickle=False)
    return buffer.getvalue()


def header(shape: str, descr: str = "'|u1'", fortran: str = "False") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(text)) + text


def archive(path: Path, members: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as written:
        for name, content in members.items():
            written.writestr(name, content)
    return path


def checked(named: Mapping[str, NDArray[Any]], classes: tuple[str, ...] = ()) -> Arrays:
    return checked_arrays(named, classes, "these")


def unreadable(source: Path) -> str:
    with pytest.raises(DatasetUnusable) as caught:
        read_arrays(source)
    assert str(source) in str(caught.value)
    (problem,) = caught.value.problems
    return str(problem)


def wrong(named: Mapping[str, NDArray[Any]], classes: tuple[str, ...] = ()) -> list[tuple[str, str, str]]:
    with pytest.raises(DatasetUnusable) as caught:
        checked(named, classes)
    return [(each.file.removeprefix("these: "), each.expected, each.found) for each in caught.value.problems]


@pytest.mark.parametrize("form", ["npz", "packed", "folder"])
def test_values(tmp_path: Path, form: str) -> None:
    source = write(tmp_path, FULL, form)
    before = snapshot(tmp_path)
    named = read_arrays(source)
    assert named.keys() == FULL.keys()
    for name, array in FULL.items():
        np.testing.assert_array_equal(named[name], array)
        assert named[name].dtype == array.dtype
    found = checked(named)
    np.testing.assert_array_equal(found.images, np.concatenate([IMAGES, IMAGES[:2] // 2]))
    np.testing.assert_array_equal(found.labels, [0, 1, -1, 1, 0, -1, -1])
    np.testing.assert_array_equal(found.test_images, IMAGES[:3] // 3)
    np.testing.assert_array_equal(found.test_labels, [1, 0, 1])
    np.testing.assert_array_equal(found.validation_images, IMAGES[:1] // 4)
    np.testing.assert_array_equal(found.validation_labels, [1])
    assert found.classes == ("cat", "Hündin")
    for part in (found.images, found.test_images, found.validation_images):
        assert part.dtype == np.uint8
    for part in (found.labels, found.test_labels, found.validation_labels):
        assert part.dtype == np.int32
    assert snapshot(tmp_path) == before, "nothing is written"


def test_images_and_labels_suffice() -> None:
    found = checked({"images": IMAGES, "labels": LABELS})
    assert found.classes == ("0", "1")
    assert (found.test_images.shape, found.validation_images.shape) == ((0, 3, 4, 3), (0, 3, 4, 3))
    assert (found.test_labels.shape, found.validation_labels.shape) == ((0,), (0,))


def test_gray_images_need_no_channels() -> None:
    gray = IMAGES[..., 0]
    found = checked(
        {"images": gray, "labels": LABELS, "unlabeled": gray[:1, ..., None], "test_images": gray[:2]}
        | {"test_labels": LABELS[:2]}
    )
    assert found.images.shape == (6, 3, 4, 1)
    np.testing.assert_array_equal(found.images[:5, ..., 0], gray)
    assert found.test_images.shape == (2, 3, 4, 1)


def test_parts_may_be_empty(tmp_path: Path) -> None:
    empty = {"unlabeled": IMAGES[:0], "test_images": IMAGES[:0], "test_labels": LABELS[:0]}
    found = checked(read_arrays(write(tmp_path, {"images": IMAGES, "labels": LABELS} | empty)))
    assert (len(found.images), len(found.test_images)) == (5, 0)


@pytest.mark.parametrize("form", ["npz", "folder"])
def test_any_order_of_memory_and_bytes_is_read(tmp_path: Path, form: str) -> None:
    named = {
        "images": np.asfortranarray(IMAGES),
        "labels": LABELS.astype(">i8"),
        "classes": np.array([b"cat", b"dog"]),
    }
    found = checked(read_arrays(write(tmp_path, named, form)))
    np.testing.assert_array_equal(found.images, IMAGES)
    np.testing.assert_array_equal(found.labels, LABELS)
    assert found.classes == ("cat", "dog")


def test_a_second_version_of_the_format_is_read(tmp_path: Path) -> None:
    source = archive(tmp_path / "set.npz", {"images.npy": npy(IMAGES, (2, 0)), "labels.npy": npy(LABELS, (2, 0))})
    np.testing.assert_array_equal(read_arrays(source)["images"], IMAGES)
    (tmp_path / "set.npz").unlink()
    archive(source, {"images.npy": npy(IMAGES, (3, 0))})
    assert "expected a .npy file of version 1 or 2, found version 3.0" in unreadable(source)


def test_classes_of_the_call_go_before_those_of_the_file() -> None:
    assert checked(FULL, ("a", "b", "c")).classes == ("a", "b", "c")


class Hostile:
    """Writes a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self._file),)


@pytest.mark.parametrize("form", ["npz", "folder"])
def test_s6_pickles_are_refused_and_never_run(tmp_path: Path, form: str) -> None:
    trap = tmp_path / "sprung"
    objects = np.array([Hostile(trap), None], object)
    for name in ("images", "classes"):
        source = write(tmp_path, {"images": IMAGES} | {name: objects}, form)
        assert "found pickled objects, which are never read" in unreadable(source)
        if form == "folder":
            for file in source.iterdir():
                file.unlink()
            source.rmdir()
    # A plain pickle in the place of an array is no better.
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "images.npy").write_bytes(pickle.dumps(Hostile(trap)))
    assert "an .npz file, or a folder of .npy files" in unreadable(tmp_path / "plain")
    (tmp_path / "images.npz").write_bytes(pickle.dumps(Hostile(trap)))
    unreadable(tmp_path / "images.npz")
    assert not trap.exists()
    pickle.loads(pickle.dumps(Hostile(trap)))
    assert trap.exists(), "it would have worked"


BOMBS = {
    "many elements": (header("(1000000000000,)"), "8,589,934,592 bytes of arrays at most"),
    "many dimensions": (header("(1000000, 1000, 1000)"), "8,589,934,592 bytes of arrays at most"),
    "large elements": (header("(10,)", "'|S2000000000'"), "8,589,934,592 bytes of arrays at most"),
    "a negative size, which would read everything": (header("(-1, 4)") + bytes(50_000_000), "without negative"),
    "two negative sizes": (header("(-10, -10)") + bytes(100), "without negative"),
    "more than it says": (header("(10,)") + bytes(50_000_000), "10 bytes of numbers"),
    "a long header": (b"\x93NUMPY\x02\0" + struct.pack("<I", 2**32 - 1) + b" " * 50_000_000, "at most 10,000 bytes"),
    "a deep header": (header("(" * 3_000), "the header of a .npy file"),
    "an odd header": (header("(1,)", "'|u1', '"), "the header of a .npy file"),
    "no numbers": (header("(1,)", "[('a', '|u1'), ('a', '|u1')]"), "the header of a .npy file"),
    "a huge number": (header(f"(0, {10**30})"), "an .npz file, or a folder"),
}


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize("form", ["npz", "folder"])
def test_s7_bombs_are_refused_before_they_unfold(tmp_path: Path, bomb: str, form: str) -> None:
    content, expected = BOMBS[bomb]
    if form == "npz":
        source = archive(tmp_path / "set.npz", {"images.npy": content})
        assert source.stat().st_size < 200_000
    else:
        source = tmp_path
        (tmp_path / "images.npy").write_bytes(content)
    tracemalloc.start()
    told = unreadable(source)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert expected in told
    assert peak < 4e6
    assert len(told) < 500


def test_all_arrays_together_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write(tmp_path, {"images": IMAGES, "labels": LABELS})
    monkeypatch.setattr(arrays_module, "MOST_BYTES", IMAGES.nbytes + LABELS.nbytes)
    assert len(read_arrays(source)) == 2
    monkeypatch.setattr(arrays_module, "MOST_BYTES", IMAGES.nbytes + LABELS.nbytes - 1)
    assert "bytes of arrays at most, found more" in unreadable(source)


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_to_pack_are_refused(tmp_path: Path, compression: int) -> None:
    source = archive(tmp_path / "set.npz", {"images.npy": npy(IMAGES)}, compression)
    assert f"found compression {compression}" in unreadable(source)


def test_an_archive_that_is_locked_is_refused(tmp_path: Path) -> None:
    source = archive(tmp_path / "set.npz", {"images.npy": npy(IMAGES)}, zipfile.ZIP_STORED)
    content = bytearray(source.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + at] |= 1
    source.write_bytes(content)
    assert "encrypted" in unreadable(source)


@pytest.mark.parametrize(
    "names", [("images", "lables"), ("image",), ("labels",), ("../images",), ("images", "images.txt"), ()]
)
def test_unknown_names_are_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    source = archive(tmp_path / "set.npz", {f"{name}.npy": npy(IMAGES) for name in names})
    told = unreadable(source)
    assert "arrays named images, labels, unlabeled, test_images" in told
    assert all(repr(name) in told for name in names)


def test_a_name_may_come_once(tmp_path: Path) -> None:
    source = archive(tmp_path / "set.npz", {"images.npy": npy(IMAGES), "images": npy(IMAGES)})
    assert "expected every array once" in unreadable(source)


@pytest.mark.skipif(sys.platform == "win32", reason="links take privileges on Windows")
def test_s5_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    source = write(tmp_path, {"images": IMAGES}, "folder")
    np.save(tmp_path / "labels.npy", LABELS)
    (source / "labels.npy").symlink_to("../labels.npy")
    assert f"a link to {str(tmp_path / 'labels.npy')!r}" in unreadable(source)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "File is not a zip file"),
        (b"This is a text.", "File is not a zip file"),
        (npy(IMAGES), "File is not a zip file"),
    ],
)
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes, found: str) -> None:
    (tmp_path / "set.npz").write_bytes(content)
    assert found in unreadable(tmp_path / "set.npz")


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "found No such file or directory" in unreadable(tmp_path / "set.npz")
    assert "found none" in unreadable(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "set.npz")
        assert "found something else" in unreadable(tmp_path / "set.npz")


@pytest.mark.parametrize("form", ["npz", "packed"])
def test_an_archive_that_is_cut_is_refused(tmp_path: Path, form: str) -> None:
    source = write(tmp_path, {"images": IMAGES, "labels": LABELS}, form)
    whole = source.read_bytes()
    for length in range(0, len(whole), 7):
        source.write_bytes(whole[:length])
        unreadable(source)


def test_a_file_that_is_cut_or_too_long_is_refused(tmp_path: Path) -> None:
    whole = npy(IMAGES)
    for content in [whole[:length] for length in range(len(whole))] + [whole + b"\0"]:
        (tmp_path / "images.npy").write_bytes(content)
        unreadable(tmp_path)


FORM = "uint8 of [count, height, width, 1, 3 or 4], edges up to 1,024"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"images": IMAGES / 255}, ("images", FORM, "float64 of [5, 3, 4, 3]")),
        ({"images": IMAGES.astype(np.int16)}, ("images", FORM, "int16 of [5, 3, 4, 3]")),
        ({"images": IMAGES[..., :2]}, ("images", FORM, "uint8 of [5, 3, 4, 2]")),
        ({"images": IMAGES[0, 0]}, ("images", FORM, "uint8 of [4, 3]")),
        ({"images": IMAGES[None]}, ("images", FORM, "uint8 of [1, 5, 3, 4, 3]")),
        ({"images": IMAGES[:, :0]}, ("images", FORM, "uint8 of [5, 0, 4, 3]")),
        ({"images": np.zeros((1, 1025, 1), np.uint8)}, ("images", FORM, "uint8 of [1, 1025, 1, 1]")),
        ({"images": None}, ("images", "an array", "nothing")),
        ({"labels": None}, ("labels", "whole numbers, 5 of them", "nothing")),
        ({"labels": LABELS[:4]}, ("labels", "whole numbers, 5 of them", "int64 of [4]")),
        ({"labels": LABELS[:, None]}, ("labels", "whole numbers, 5 of them", "int64 of [5, 1]")),
        ({"labels": LABELS.astype(float)}, ("labels", "whole numbers, 5 of them", "float64 of [5]")),
        ({"labels": LABELS > 0}, ("labels", "whole numbers, 5 of them", "bool of [5]")),
        ({"labels": LABELS - 1}, ("labels", "labels from -1 (none) to 99,999", "-2 to 0")),
        ({"labels": LABELS * 100_000}, ("labels", "labels from -1 (none) to 99,999", "-100000 to 100000")),
        (
            {"labels": np.full(5, 2**64 - 1, np.uint64)},
            ("labels", "labels from -1 (none) to 99,999", "18446744073709551615 to 18446744073709551615"),
        ),
        ({"labels": LABELS + 1}, ("labels", "labels of 0 to 1, the 2 classes", "2")),
        ({"test_labels": np.array([0, 2, 1])}, ("test_labels", "labels of 0 to 1, the 2 classes", "2")),
        ({"test_labels": np.array([0, -1, 1])}, ("test_labels", "a label for every image", "1 without one")),
        ({"validation_labels": np.array([-1])}, ("validation_labels", "a label for every image", "1 without one")),
        ({"test_labels": None}, ("test_labels", "whole numbers, 3 of them", "nothing")),
        ({"test_images": None}, ("test_images", "images for test_labels", "nothing")),
        ({"validation_images": None}, ("validation_images", "images for validation_labels", "nothing")),
        ({"test_images": IMAGES[:3, :2]}, ("test_images", "images of [3, 4, 3], as `images`", "[2, 4, 3]")),
        ({"unlabeled": IMAGES[..., :1]}, ("unlabeled", "images of [3, 4, 3], as `images`", "[3, 4, 1]")),
        ({"unlabeled": IMAGES / 255}, ("unlabeled", FORM, "float64 of [5, 3, 4, 3]")),
        ({"classes": np.array([1, 2])}, ("classes", "a list of texts", "int64 of [2]")),
        ({"classes": np.array([["a", "b"]])}, ("classes", "a list of texts", "<U1 of [1, 2]")),
        ({"classes": np.array(["a", "a"])}, ("classes", "every name once", "one twice")),
        (
            {"classes": np.array(["a", ""])},
            ("classes", "at most 100,000 names of 1 to 300 characters", "2 names of 0 to 1"),
        ),
        (
            {"classes": np.array(["a", "b" * 301])},
            ("classes", "at most 100,000 names of 1 to 300 characters", "2 names of 1 to 301"),
        ),
        ({"lables": LABELS}, ("'lables'", "arrays named " + ", ".join(arrays_module.NAMES), "another name")),
    ],
)
def test_arrays_that_do_not_fit_are_refused(
    changes: dict[str, NDArray[Any] | None], problem: tuple[str, str, str]
) -> None:
    merged = FULL | changes
    assert wrong({name: array for name, array in merged.items() if array is not None}) == [problem]


@pytest.mark.parametrize(
    "classes",
    [
        np.array([b"\xff", b"a"]),
        np.array([0xD800, 0x61], "<u4").view("<U1"),
        np.array([0x110000, 0x61], "<u4").view("<U1"),
    ],
)
def test_classes_are_in_unicode(classes: NDArray[Any]) -> None:
    ((name, expected, _),) = wrong(FULL | {"classes": classes})
    assert (name, expected) == ("classes", "texts in Unicode")


def test_all_that_is_wrong_is_told() -> None:
    problems = wrong(FULL | {"labels": LABELS[:4], "test_labels": np.array([5, 5, 5]), "unlabeled": IMAGES / 2})
    assert [name for name, *_ in problems] == ["unlabeled", "labels", "test_labels"]


SMALL: Named = {"images": IMAGES[:2, :1, :2], "labels": LABELS[:2], "classes": np.array(["a", "b"])}


def _archived(packed: bool) -> bytes:
    buffer = io.BytesIO()
    (np.savez_compressed if packed else np.savez)(buffer, **SMALL)  # pyright: ignore[reportArgumentType] - as above
    return buffer.getvalue()


@settings(max_examples=400, deadline=None)
@given(content=st.one_of(damaged(_archived(packed=False)), damaged(_archived(packed=True)), st.binary(max_size=60)))
def test_damaged_archives_are_arrays_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    source = tmp_path_factory.getbasetemp() / "damaged.npz"
    source.write_bytes(content)
    with suppress(DatasetUnusable):
        checked(read_arrays(source))


@settings(max_examples=500, deadline=None)
@given(data=st.data())
def test_damaged_files_are_arrays_or_refused(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.getbasetemp() / "damaged"
    folder.mkdir(exist_ok=True)
    for name, array in SMALL.items():
        (folder / f"{name}.npy").write_bytes(data.draw(damaged(npy(array), 128)))
    with suppress(DatasetUnusable):
        checked(read_arrays(folder))
