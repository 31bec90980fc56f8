"""Writes small files in the formats in which the makers of datasets publish theirs."""

import gzip
import io
import tarfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

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
        (folder / name).write_bytes(content)
    return folder


def assert_same(found: Images, expected: Images) -> None:
    for name, values in found._asdict().items():
        np.testing.assert_array_equal(values, getattr(expected, name), name)
        assert values.dtype == getattr(expected, name).dtype
