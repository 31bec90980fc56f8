"""Arrays as a dataset: `.npz`, a folder of `.npy` files, or what a script has sent.

`images` (uint8, [count, height, width, channels], gray ones also without the last) and `labels` (whole numbers, -1 for
none) are required; `unlabeled` (as images), `test_images`, `test_labels`, `validation_images`, `validation_labels` and
`classes` (names of the classes) may come with them. Nothing is ever unpickled.
"""

import io
import math
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cowmask_worker.data.contents import UNLABELED
from cowmask_worker.data.damage import DatasetDamaged, DatasetUnusable
from cowmask_worker.data.source_file import SourceFile, opened_file

MOST_BYTES = 8 << 30
"""All arrays together."""

NAMES = (
    "images",
    "labels",
    "unlabeled",
    "test_images",
    "test_labels",
    "validation_images",
    "validation_labels",
    "classes",
)
_LONGEST_EDGE = 1024
_MOST_CLASSES = 100_000
_LONGEST_CLASS_NAME = 300
_LONGEST_HEADER = 10_000
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class Arrays(NamedTuple):
    """`images` and `labels` are those of training, with the unlabeled ones at the end; `labels` are int32."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int32]
    validation_images: NDArray[np.uint8]
    validation_labels: NDArray[np.int32]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int32]
    classes: tuple[str, ...]


def read_arrays(source: Path) -> dict[str, NDArray[Any]]:
    """The arrays of an `.npz` file or of a folder of `.npy` files, a path without links. Raises `DatasetUnusable`."""
    try:
        if source.is_dir():
            found = {path.stem: path for path in sorted(source.glob("*.npy")) if path.is_file()}
            _check_names(source, found)
            budget = _Budget(source)
            arrays: dict[str, NDArray[Any]] = {}
            for name, path in found.items():
                if not (target := path.resolve()).is_relative_to(source):
                    raise _refused(path, "a file within the folder", f"a link to {str(target)!r}")
                with opened_file(SourceFile(source, path.name)) as stream:
                    arrays[name] = budget.read(stream, path)
            return arrays
        if source.exists() and not source.is_file():
            raise _refused(source, "a file or a folder", "something else")
        with opened_file(SourceFile(source.parent, source.name)) as content, zipfile.ZipFile(content) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            if len(members) != len(archive.infolist()):
                raise _refused(source, "every array once", "two of one name")
            _check_names(source, members)
            budget = _Budget(source)
            arrays = {}
            for name, info in members.items():
                if info.compress_type not in _PACKED:
                    found = f"compression {info.compress_type}"
                    raise _refused(source, "members packed as NumPy does it, or not at all", found)
                with archive.open(info) as stream:
                    arrays[name] = budget.read(stream, Path(f"{source}: {info.filename}"))
            return arrays
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, NotImplementedError, RuntimeError) as error:
        found = f"something else ({_line(error)})"
        raise _refused(source, "an .npz file, or a folder of .npy files", found) from error
    except OSError as error:
        raise _refused(source, "a file that can be read", error.strerror or str(error)) from error


def checked_arrays(given: Mapping[str, NDArray[Any]], classes: tuple[str, ...], where: str) -> Arrays:
    """The arrays with every part in place. Raises `DatasetUnusable` with all that is wrong."""
    arrays, wrong = examined_arrays(given, classes, where)
    if wrong:
        raise DatasetUnusable(f"{where} is no dataset:", wrong)
    return arrays


def examined_arrays(
    given: Mapping[str, NDArray[Any]], classes: tuple[str, ...], where: str
) -> tuple[Arrays, list[DatasetDamaged]]:
    """What there is in the arrays, and all that is wrong: a part that is, counts as empty, a label as none.

    Raises `DatasetUnusable` where `images` are no images.
    """
    wrong: list[DatasetDamaged] = []

    def refuse(name: str, expected: str, found: str) -> None:
        wrong.append(DatasetDamaged(f"{where}: {name}", expected=expected, found=found))

    def images(name: str) -> NDArray[np.uint8] | None:
        array = given.get(name)
        if array is None:
            return None
        if array.ndim == 3:
            array = array[..., None]
        sound = array.dtype == np.uint8 and array.ndim == 4 and array.shape[-1] in (1, 3, 4)
        if not sound or not all(1 <= edge <= _LONGEST_EDGE for edge in array.shape[1:3]):
            expected = f"uint8 of [count, height, width, 1, 3 or 4], edges up to {_LONGEST_EDGE:,}"
            refuse(name, expected, f"{array.dtype} of {list(array.shape)}")
            return None
        return array

    def labels(name: str, count: int) -> NDArray[np.int32]:
        array = given.get(name)
        if array is None or array.shape != (count,) or array.dtype.kind not in "iu":
            found = "nothing" if array is None else f"{array.dtype} of {list(array.shape)}"
            refuse(name, f"whole numbers, {count:,} of them", found)
            return np.full(count, UNLABELED, np.int32)
        if count and not (array.min() >= -1 and array.max() < _MOST_CLASSES):
            refuse(name, f"labels from -1 (none) to {_MOST_CLASSES - 1:,}", f"{array.min()} to {array.max()}")
            return np.full(count, UNLABELED, np.int32)
        return array.astype(np.int32)

    unknown = [name for name in given if name not in NAMES]
    if unknown:
        refuse(repr(unknown[0]), f"arrays named {', '.join(NAMES)}", "another name")
    if "images" not in given:
        refuse("images", "an array", "nothing")
    first = images("images")
    if first is None:
        raise DatasetUnusable(f"{where} is no dataset:", wrong)
    empty = first[:0]

    def like_first(name: str) -> NDArray[np.uint8]:
        part = images(name)
        if part is None or part.shape[1:] == first.shape[1:]:
            return empty if part is None else part
        refuse(name, f"images of {list(first.shape[1:])}, as `images`", str(list(part.shape[1:])))
        return empty

    unlabeled, validation, test = map(like_first, ("unlabeled", "validation_images", "test_images"))
    train_labels = labels("labels", len(first))

    def labels_beside(name: str, part: NDArray[np.uint8]) -> NDArray[np.int32]:
        beside = given.get(f"{name}_images")
        if beside is None:
            if f"{name}_labels" in given:
                refuse(f"{name}_images", f"images for {name}_labels", "nothing")
            return np.empty(0, np.int32)
        # Images that were refused have labels all the same.
        return labels(f"{name}_labels", len(beside) if beside.ndim else 0)[: len(part)]

    validation_labels, test_labels = labels_beside("validation", validation), labels_beside("test", test)
    names = classes or _class_names(given.get("classes"), refuse)
    highest = int(train_labels.max(initial=-1))
    names = names or tuple(map(str, range(highest + 1)))
    blamed = {each.file for each in wrong}
    for name, part in (("validation_labels", validation_labels), ("test_labels", test_labels)):
        if (part == UNLABELED).any() and f"{where}: {name}" not in blamed:
            refuse(name, "a label for every image", f"{int((part == UNLABELED).sum()):,} without one")
    for name, part in (
        ("labels", train_labels),
        ("validation_labels", validation_labels),
        ("test_labels", test_labels),
    ):
        if part.max(initial=-1) >= len(names):
            refuse(name, f"labels of 0 to {len(names) - 1}, the {len(names)} classes", str(part.max()))
            part[part >= len(names)] = UNLABELED
    if len(set(names)) != len(names):
        refuse("classes", "every name once", "one twice")
    arrays = Arrays(
        np.concatenate([first, unlabeled]),
        np.concatenate([train_labels, np.full(len(unlabeled), UNLABELED, np.int32)]),
        validation,
        validation_labels,
        test,
        test_labels,
        names,
    )
    return arrays, wrong


def _class_names(array: NDArray[Any] | None, refuse: Any) -> tuple[str, ...]:
    if array is None:
        return ()
    if array.ndim != 1 or array.dtype.kind not in "US":
        refuse("classes", "a list of texts", f"{array.dtype} of {list(array.shape)}")
        return ()
    try:
        names = tuple(name.decode() if isinstance(name, bytes) else str(name) for name in array.tolist())
        lengths = [len(name.encode()) and len(name) for name in names]
    except (ValueError, SystemError) as error:  # bytes, and numbers, that stand for no text
        refuse("classes", "texts in Unicode", f"something else ({_line(error)})")
        return ()
    if len(names) > _MOST_CLASSES or not all(1 <= length <= _LONGEST_CLASS_NAME for length in lengths):
        expected = f"at most {_MOST_CLASSES:,} names of 1 to {_LONGEST_CLASS_NAME} characters"
        refuse("classes", expected, f"{len(names):,} names of {min(lengths, default=0)} to {max(lengths, default=0):,}")
        return ()
    return names


class _Budget:
    """Reads arrays whose headers promise no more than what is left of `MOST_BYTES`."""

    def __init__(self, source: Path) -> None:
        self._source = source
        self._left = MOST_BYTES

    def read(self, stream: IO[bytes], where: Path) -> NDArray[Any]:
        shape, fortran, dtype = _header(stream, where)
        if dtype.hasobject:
            raise _refused(where, "numbers or texts", "pickled objects, which are never read")
        size = math.prod(shape) * dtype.itemsize
        if size > self._left:
            raise _refused(self._source, f"{MOST_BYTES:,} bytes of arrays at most", "more")
        self._left -= size
        content = stream.read(size)
        if len(content) != size or stream.read(1):
            raise _refused(where, f"{size:,} bytes of numbers", "another number of them")
        array = np.frombuffer(content, dtype).reshape(shape[::-1] if fortran else shape)
        return array.T if fortran else array


def _header(stream: IO[bytes], where: Path) -> tuple[tuple[int, ...], bool, "np.dtype[Any]"]:
    """Shape, whether the first axis varies fastest, and type."""
    format_ = np.lib.format
    version = format_.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise _refused(where, "a .npy file of version 1 or 2", f"version {version[0]}.{version[1]}")
    prefix = stream.read(2 * version[0])
    length = int.from_bytes(prefix, "little")
    if length > _LONGEST_HEADER:
        raise _refused(where, f"a header of at most {_LONGEST_HEADER:,} bytes", f"{length:,}")
    header = io.BytesIO(prefix + stream.read(length))
    read = format_.read_array_header_1_0 if version == (1, 0) else format_.read_array_header_2_0
    try:
        with warnings.catch_warnings(action="ignore"):
            shape, fortran, dtype = read(header)
    except Exception as error:  # NumPy tells of what is no header in many ways
        raise _refused(where, "the header of a .npy file", f"something else ({_line(error)})") from error
    if min(shape, default=0) < 0:
        raise _refused(where, "a shape without negative numbers", str(shape))
    return shape, fortran, dtype


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:120]


def _check_names(source: Path, found: Mapping[str, object]) -> None:
    unknown = [name for name in found if name not in NAMES]
    if unknown or "images" not in found:
        told = ", ".join(repr(name) for name in list(found)[:10]) or "none"
        raise _refused(source, f"arrays named {', '.join(NAMES)}, `images` among them", told)


def _refused(where: Path, expected: str, found: str) -> DatasetUnusable:
    return DatasetUnusable(
        f"{where} can not be read as arrays:", [DatasetDamaged(where, expected=expected, found=found)]
    )
