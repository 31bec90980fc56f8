"""CIFAR-10 and CIFAR-100 as published: the binary archive, its files once somebody unpacked them, or Python's archive.

A binary record is its labels, a byte each (CIFAR-100: the coarse one, then the fine one, which we take), and 3,072
pixels: red, green, blue, each row by row. Format: cifar.html, "Dataset layout" (Krizhevsky, 2009).
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cowmask_worker.data.catalog import DatasetFacts
from cowmask_worker.data.damage import DatasetDamaged
from cowmask_worker.data.digits import Images
from cowmask_worker.data.official.archive_members import Member, MemberSize, read_members
from cowmask_worker.data.official.restricted_pickle import array, load

_PIXELS = 32 * 32 * 3
_COARSE_CLASSES = 20
# What a pickle needs beside the pixels of an image, for its labels and its file name, at most (published: 33).
_PICKLED_BYTES = 128
_PICKLE_BYTES = 1 << 16


class _Layout(NamedTuple):
    """Which files hold the parts, in order. `label_bytes` are those of a binary record, `labels` a pickle's key."""

    folder: str
    train: tuple[str, ...]
    test: str
    label_bytes: int
    labels: str

    def member(self, name: str) -> str:
        return f"{self.folder}/{name}"


_BINARY = {
    "cifar10": _Layout(
        "cifar-10-batches-bin", tuple(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin", 1, ""
    ),
    "cifar100": _Layout("cifar-100-binary", ("train.bin",), "test.bin", 2, ""),
}
_PYTHON = {
    "cifar10": _Layout(
        "cifar-10-batches-py", tuple(f"data_batch_{number}" for number in range(1, 6)), "test_batch", 0, "labels"
    ),
    "cifar100": _Layout("cifar-100-python", ("train",), "test", 0, "fine_labels"),
}


class _Batch(NamedTuple):
    """Where the images of a file go, and what a pickle of it calls itself."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int32]
    title: str


def extracted_files(name: str) -> tuple[str, ...]:
    """What `tar` makes of the binary archive, beside readme and names: its folder, then the files in it."""
    layout = _BINARY[name]
    return (layout.folder, *layout.train, layout.test)


def read_binary(path: Path, facts: DatasetFacts) -> Images:
    """The images of a binary archive, or of a folder that holds its files, in the published order.

    `facts` say which of the two sets it is and how many records it should have. Raises `DatasetDamaged`.
    """
    layout = _BINARY[facts.name]
    images, batches = _empty(layout, facts)
    record = layout.label_bytes + _PIXELS
    sizes = {name: MemberSize(*2 * (len(batch.labels) * record,)) for name, batch in batches.items()}
    members = _files(path, layout, sizes) if path.is_dir() else read_members(path, sizes)
    for name, content in members:
        file = str(path / Path(name).name if path.is_dir() else f"{path}: {name}")
        records = np.frombuffer(content, np.uint8).reshape(-1, record)
        if layout.label_bytes > 1:
            _check_labels(file, records[:, 0], _COARSE_CLASSES)
        labels = records[:, layout.label_bytes - 1]
        _check_labels(file, labels, len(facts.classes))
        batches[name].labels[:] = labels
        batches[name].images[:] = _pixels_last(records[:, layout.label_bytes :])
    return images


def read_python(archive: Path, facts: DatasetFacts) -> Images:
    """The same from Python's archive, whose pickles are read by `restricted_pickle` only."""
    layout = _PYTHON[facts.name]
    images, batches = _empty(layout, facts)
    sizes = {name: _pickle_size(len(batch.labels)) for name, batch in batches.items()}
    for name, content in read_members(archive, sizes):
        file, batch = f"{archive}: {name}", batches[name]
        loaded = load(content, file)
        title = loaded.get("batch_label")
        if title not in (batch.title, batch.title.encode()):
            raise DatasetDamaged(file, expected=f'the batch "{batch.title}"', found=_shown(title))
        labels = _integers(file, loaded.get(layout.labels), len(batch.labels), len(facts.classes))
        batch.images[:] = _pixels_last(array(loaded.get("data"), file, (len(labels), _PIXELS)))
        batch.labels[:] = labels
    return images


def _empty(layout: _Layout, facts: DatasetFacts) -> tuple[Images, Mapping[str, _Batch]]:
    """Room for all images, and which part of it belongs to which file."""
    shape = (facts.height, facts.width, facts.channels)
    images = Images(
        np.empty((facts.train, *shape), np.uint8),
        np.empty(facts.train, np.int32),
        np.empty((facts.test, *shape), np.uint8),
        np.empty(facts.test, np.int32),
    )
    files = len(layout.train)
    image_parts, label_parts = np.split(images.train_images, files), np.split(images.train_labels, files)
    batches = {
        layout.member(name): _Batch(image_parts[at], label_parts[at], f"training batch {at + 1} of {files}")
        for at, name in enumerate(layout.train)
    }
    batches[layout.member(layout.test)] = _Batch(images.test_images, images.test_labels, "testing batch 1 of 1")
    return images, batches


def _files(folder: Path, layout: _Layout, sizes: Mapping[str, MemberSize]) -> Iterable[Member]:
    for name, size in sizes.items():
        file = folder / Path(name).name
        record = layout.label_bytes + _PIXELS
        expected = f"{size.largest:,} bytes ({size.largest // record:,} records of {record:,})"
        try:
            found = file.stat().st_size if file.is_file() else None
            content = file.read_bytes() if found == size.largest else b""
        except OSError as error:
            raise DatasetDamaged(file, expected=expected, found=f"a file that can not be read ({error})") from error
        if len(content) != size.largest:
            raise DatasetDamaged(file, expected=expected, found="no file" if found is None else f"{found:,} bytes")
        yield Member(name, content)


def _pickle_size(records: int) -> MemberSize:
    return MemberSize(records * _PIXELS, records * (_PIXELS + _PICKLED_BYTES) + _PICKLE_BYTES)


def _pixels_last(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Rows "n 3072", a plane per channel, as a view "n 32 32 3"."""
    return rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)


def _integers(file: str, values: Any, count: int, classes: int) -> NDArray[np.int32]:
    if type(values) is not list or len(values) != count or not all(type(value) is int for value in values):
        found = f"{len(values):,}" if type(values) is list else _shown(values)
        raise DatasetDamaged(file, expected=f"a list of {count:,} labels", found=found)
    outside = next(((at, value) for at, value in enumerate(values) if not 0 <= value < classes), None)
    if outside is not None:
        raise _label(file, *outside, classes)
    return np.asarray(values, np.int32)


def _check_labels(file: str, labels: NDArray[np.uint8], classes: int) -> None:
    outside = np.flatnonzero(labels >= classes)
    if outside.size:
        raise _label(file, int(outside[0]), int(labels[outside[0]]), classes)


def _label(file: str, record: int, label: int, classes: int) -> DatasetDamaged:
    return DatasetDamaged(
        file, expected=f"labels of 0 to {classes - 1}", found=f"the label {label} at record {record:,}"
    )


def _shown(value: object) -> str:
    """What a pickle gave, shortened, for it may be long."""
    return repr(value[:60]) if isinstance(value, str | bytes) else f"a {type(value).__name__}"
