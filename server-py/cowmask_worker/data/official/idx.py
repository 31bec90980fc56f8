"""IDX files, the format of MNIST and Fashion-MNIST: a magic number, sizes as big-endian integers, then the values.

Format: "THE IDX FILE FORMAT" on the page of MNIST (LeCun, Cortes, Burges). Compressed files are told by their first
bytes, not by their names.
"""

import gzip
import math
import os
import zlib
from pathlib import Path
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray

from cowmask_worker.data.damage import DatasetDamaged

_GZIP = b"\x1f\x8b"
_UNSIGNED_BYTES = 0x08
# The published files shrink to a half; deflate can shrink to a thousandth, which only a bomb does.
_LARGEST_RATIO = 100
_ANY_RATIO_BYTES = 1 << 20


def read_images(path: Path) -> NDArray[np.uint8]:
    """Images uint8 "n h w 1" of a file with three sizes, plain or compressed. Raises `DatasetDamaged`."""
    return _read(path, "images", dimensions=3)[..., None]


def read_labels(path: Path) -> NDArray[np.int32]:
    """Labels int32 "n" of a file with one size, plain or compressed. Raises `DatasetDamaged`."""
    return _read(path, "labels", dimensions=1).astype(np.int32)


def _read(path: Path, kind: str, dimensions: int) -> NDArray[np.uint8]:
    if not path.is_file():
        raise DatasetDamaged(path, expected=f"an IDX file of {kind}", found="no file")
    try:
        with path.open("rb") as file:
            packed = file.read(len(_GZIP)) == _GZIP
            file.seek(0)
            size = os.fstat(file.fileno()).st_size
            most = max(_ANY_RATIO_BYTES, size * _LARGEST_RATIO) if packed else size
            stream = cast(IO[bytes], gzip.GzipFile(fileobj=file)) if packed else file
            shape = _shape(path, kind, stream.read(4 + 4 * dimensions), dimensions)
            return _values(path, kind, stream, shape, most)
    except (OSError, EOFError, zlib.error) as error:
        found = f"one that can not be read to its end ({error})"
        raise DatasetDamaged(path, expected=f"an IDX file of {kind}", found=found) from error


def _shape(path: Path, kind: str, header: bytes, dimensions: int) -> tuple[int, ...]:
    magic = bytes((0, 0, _UNSIGNED_BYTES, dimensions))
    if len(header) != 4 + 4 * dimensions or header[:4] != magic:
        expected = f"an IDX file of {kind}, which begins with {magic.hex(' ')} and {dimensions} sizes"
        raise DatasetDamaged(path, expected=expected, found=f"{len(header)} bytes that begin with {_start(header)}")
    shape = tuple(int.from_bytes(header[at : at + 4]) for at in range(4, len(header), 4))
    if 0 in shape:
        raise DatasetDamaged(path, expected=f"{kind} of at least one byte", found=f"the sizes {_sizes(shape)}")
    return shape


def _values(path: Path, kind: str, stream: IO[bytes], shape: tuple[int, ...], most: int) -> NDArray[np.uint8]:
    size = math.prod(shape)
    expected = f"{size:,} bytes of {kind} after the header, which says {_sizes(shape)}"
    if size > most:
        # Nothing of that size is asked for, so that a few wrong bytes do not take all memory.
        raise DatasetDamaged(path, expected=expected, found=f"a file that can hold {most:,} bytes at most")
    # One byte more than there should be: shows what is too long, and has gzip check its sums at the end.
    content = stream.read(size + 1)
    if len(content) != size:
        found = "more" if len(content) > size else f"{len(content):,} bytes"
        raise DatasetDamaged(path, expected=expected, found=found)
    return np.frombuffer(content, np.uint8).reshape(shape)


def _sizes(shape: tuple[int, ...]) -> str:
    return " x ".join(f"{size:,}" for size in shape)


def _start(header: bytes) -> str:
    return header[:4].hex(" ") or "nothing"
