"""Writes small files in the formats in which the makers of datasets publish theirs."""

import gzip
import importlib
import io
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cowmask_worker.data.catalog import CATALOG, DatasetFacts
from cowmask_worker.data.digits import Images

# Every class once or more in each file, so that the parts are balanced.
CIFAR10 = replace(CATALOG["cifar10"], train=50, test=10)
CIFAR100 = replace(CATALOG["cifar100"], train=100, test=100)
SVHN = replace(CATALOG["svhn"], train=13, test=7)
FASHION = DatasetFacts(
    name="fashion_mnist",
    description="",
    classes=tuple("0123456789"),
    height=28,
    width=28,
    channels=1,
    train=20,
    test=10,
    mean=(0.2860,),
    std=(0.3530,),
    shift=2,
    horizontal_flip=True,
)


def made_up(facts: DatasetFacts, seed: int = 0) -> Images:
    """Random pixels, and as many labels of each class as there can be, in random order within each ten or hundred."""
    generator = np.random.default_rng(seed)
    classes = len(facts.classes)

    def part(count: int) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
        shape = (count, facts.height, facts.width, facts.channels)
        labels = np.concatenate([generator.permutation(classes) for _ in range(-(-count // classes))])[:count]
        return generator.integers(0, 256, shape, np.uint8), labels.astype(np.int32)

    return Images(*part(facts.train), *part(facts.test))


def idx(values: NDArray[np.uint8]) -> bytes:
    """Magic number, sizes, values."""
    sizes = b"".join(size.to_bytes(4) for size in values.shape)
    return bytes((0, 0, 8, values.ndim)) + sizes + values.tobytes()


def fashion_files(images: Images) -> dict[str, bytes]:
    parts = {
        "train-images-idx3-ubyte": images.train_images[..., 0],
        "train-labels-idx1-ubyte": images.train_labels.astype(np.uint8),
        "t10k-images-idx3-ubyte": images.test_images[..., 0],
        "t10k-labels-idx1-ubyte": images.test_labels.astype(np.uint8),
    }
    return {f"{name}.gz": gzip.compress(idx(values), 1, mtime=0) for name, values in parts.items()}


def records(images: NDArray[np.uint8], *labels: NDArray[np.int32]) -> bytes:
    """Binary records: labels, then a plane for each channel."""
    planes = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
    return np.concatenate([*(label[:, None].astype(np.uint8) for label in labels), planes], axis=1).tobytes()


def cifar10_files(images: Images) -> dict[str, bytes]:
    parts = zip(np.split(images.train_images, 5), np.split(images.train_labels, 5), strict=True)
    files = {f"data_batch_{number}.bin": records(*part) for number, part in enumerate(parts, 1)}
    return files | {"test_batch.bin": records(images.test_images, images.test_labels)}


def cifar100_files(images: Images) -> dict[str, bytes]:
    return {
        "train.bin": records(images.train_images, images.train_labels // 5, images.train_labels),
        "test.bin": records(images.test_images, images.test_labels // 5, images.test_labels),
    }


def cifar10_pickles(images: Images) -> dict[str, bytes]:
    parts = zip(np.split(images.train_images, 5), np.split(images.train_labels, 5), strict=True)
    files = {
        f"data_batch_{number}": python2_batch(f"training batch {number} of 5", *part, "labels")
        for number, part in enumerate(parts, 1)
    }
    test = python2_batch("testing batch 1 of 1", images.test_images, images.test_labels, "labels")
    return files | {"test_batch": test}


def cifar100_pickles(images: Images) -> dict[str, bytes]:
    return {
        "train": python2_batch("training batch 1 of 1", images.train_images, images.train_labels, "fine_labels"),
        "test": python2_batch("testing batch 1 of 1", images.test_images, images.test_labels, "fine_labels"),
    }


def python2_batch(title: str, images: NDArray[np.uint8], labels: NDArray[np.int32], key: str) -> bytes:
    """What Python 2's cPickle writes with protocol 2 for a batch and an array of numpy 1."""
    rows = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
    names = b"".join(_text(f"image_s_{number:06}.png") for number in range(len(images)))
    numbers = b"".join(b"K" + bytes([label]) for label in labels.tolist())
    return b"".join(
        (
            b"\x80\x02}q\x01(",
            *(_text("batch_label"), b"q\x02", _text(title), b"q\x03"),
            *(_text(key), b"q\x04]q\x05(", numbers, b"e"),
            *(_text("data"), b"q\x06", _python2_array(rows), b"q\x0b"),
            *(_text("filenames"), b"q\x0c]q\x0d(", names, b"e"),
            b"u.",
        )
    )


def _python2_array(rows: NDArray[np.uint8]) -> bytes:
    sizes = b"".join(b"J" + size.to_bytes(4, "little") for size in rows.shape)
    return b"".join(
        (
            b"cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08K\x00\x85U\x01b\x87Rq\x09(K\x01",
            *(
                sizes,
                b"\x86cnumpy\ndtype\nq\x0aU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xff",
            ),
            *(b"K\x00tb\x89T", rows.nbytes.to_bytes(4, "little"), rows.tobytes(), b"tb"),
        )
    )


def tfds_files(name: str, version: str, images: Images, *, shards: int = 1, form: str = "tfrecord") -> dict[str, bytes]:
    """What TensorFlow Datasets makes of a set, under paths within its data folder."""
    parts = {"train": images[:2], "test": images[2:]}
    return {
        f"{name}/{version}/{name}-{split}.{form}-{index:05}-of-{shards:05}": records_of(form, piece)
        for split, (pixels, labels) in parts.items()
        for index, piece in enumerate(_divided(tfds_records(pixels, labels), shards))
    }


def _divided(records: list[bytes], shards: int) -> list[list[bytes]]:
    size = -(-len(records) // shards)
    return [records[size * index : size * (index + 1)] for index in range(shards)]


def tfds_records(pixels: NDArray[np.uint8], labels: NDArray[np.int32]) -> list[bytes]:
    """As of CIFAR: a record has the image's identifier, too."""
    return [
        example({"id": [f"image_{index:05}".encode()], "image": [png(image)], "label": [int(label)]})
        for index, (image, label) in enumerate(zip(pixels, labels, strict=True))
    ]


def example(features: Mapping[str, Sequence[bytes] | Sequence[int]], *, packed: bool = True) -> bytes:
    """A tf.train.Example."""
    entries = [_delimited(1, name.encode()) + _delimited(2, _kind(packed, values)) for name, values in features.items()]
    return _delimited(1, b"".join(_delimited(1, entry) for entry in entries))


def _kind(packed: bool, values: Sequence[bytes] | Sequence[int]) -> bytes:
    if values and isinstance(values[0], bytes):
        return _delimited(1, b"".join(_delimited(1, value) for value in values if isinstance(value, bytes)))
    numbers = [varint(value) for value in values if isinstance(value, int)]
    listed = _delimited(1, b"".join(numbers)) if packed else b"".join(varint(1 << 3) + number for number in numbers)
    return _delimited(3, listed)


def _delimited(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(value: int) -> bytes:
    """Seven bits a byte; negative numbers as 64 bits in two's complement."""
    value %= 1 << 64
    low = bytearray()
    while value >= 0x80:
        low.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(low) + bytes([value])


def png(pixels: NDArray[np.uint8]) -> bytes:
    written = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(written, "PNG")
    return written.getvalue()


def records_of(form: str, records: list[bytes]) -> bytes:
    if form == "tfrecord":
        return b"".join(map(tfrecord, records))
    with tempfile.TemporaryDirectory() as folder:
        writer: Any = importlib.import_module("array_record.python.array_record_module")
        file = Path(folder, "records")
        open_file = writer.ArrayRecordWriter(str(file), "group_size:1")
        for record in records:
            open_file.write(record)
        open_file.close()
        return file.read_bytes()


def tfrecord(record: bytes) -> bytes:
    """Length, its checksum, the record, its checksum."""
    length = len(record).to_bytes(8, "little")
    return length + masked_crc32c(length) + record + masked_crc32c(record)


def masked_crc32c(content: bytes) -> bytes:
    crc = slow_crc32c(content)
    return ((crc >> 15 | crc << 17 & 0xFFFFFFFF) + 0xA282EAD8 & 0xFFFFFFFF).to_bytes(4, "little")


def slow_crc32c(content: bytes) -> int:
    """Bit by bit, as the polynomial is divided by hand."""
    register = 0xFFFFFFFF
    for byte in content:
        register = register >> 8 ^ _remainder(register & 0xFF ^ byte)
    return register ^ 0xFFFFFFFF


@cache
def _remainder(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return value


def _text(text: str) -> bytes:
    return b"U" + bytes([len(text)]) + text.encode()


def tar(folder: str, files: Mapping[str, bytes], *others: tarfile.TarInfo) -> bytes:
    """An archive .tar.gz as published: a folder, its files, and what a test adds."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz", compresslevel=1, format=tarfile.GNU_FORMAT) as archive:
        archive.addfile(member(folder, type=tarfile.DIRTYPE))
        archive.addfile(member(f"{folder}/readme.html", size=9), io.BytesIO(b"read this"))
        for name, content in files.items():
            archive.addfile(member(f"{folder}/{name}", size=len(content)), io.BytesIO(content))
        for other in others:
            archive.addfile(other, io.BytesIO(bytes(other.size)))
    return written.getvalue()


def member(name: str, **facts: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    for fact, value in facts.items():
        setattr(info, fact, value)
    return info


def written(folder: Path, files: Mapping[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def assert_same(found: Images, expected: Images) -> None:
    for name, values in found._asdict().items():
        np.testing.assert_array_equal(values, getattr(expected, name), name)
        assert values.dtype == getattr(expected, name).dtype
