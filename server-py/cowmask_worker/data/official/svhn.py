"""SVHN's cropped digits as published: MATLAB v5 files with X, uint8 "32 32 3 n", and y, "n 1", where 10 means 0.

Format: MathWorks, "MAT-File Format", level 5. Only arrays of numbers are read, and not by scipy, whose `loadmat` ends
the process for some files of a stranger's making (1.18, fuzzed); tests compare with what scipy writes.
"""

import os
import zlib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cowmask_worker.data.damage import DatasetDamaged

_HEADER_BYTES = 128
_TAG_BYTES = 8
_Order = Literal["little", "big"]
_ORDERS: dict[bytes, _Order] = {b"\x00\x01IM": "little", b"\x01\x00MI": "big"}
# Kinds of elements, and the types of numbers that they hold.
_INT8, _INT32, _UINT32, _MATRIX, _COMPRESSED = 1, 5, 6, 14, 15
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
# What an array is in MATLAB, whatever its numbers are stored as.
_CLASSES = dict(enumerate(("double", "single", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64"), 6))
_COMPLEX = 0x08
_IMAGE = (32, 32, 3)
_IMAGE_BYTES = 32 * 32 * 3
# A label is stored as a byte, or as a double by whoever saved the file again.
_LABEL_BYTES = 8
_OTHER_BYTES = 1 << 16
_PIECE_BYTES = 1 << 20
_TEN = 10


class _Element(NamedTuple):
    kind: int
    content: memoryview
    end: int
    """Where the next one begins."""


class _Variable(NamedTuple):
    name: str
    type: str
    shape: tuple[int, ...]
    parts: memoryview
    """Its numbers, as elements."""


def read(path: Path, count: int) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Images uint8 "n 32 32 3" and labels int32 "n" of 0..9, for n = `count`. Raises `DatasetDamaged`."""
    expected = f"a MATLAB v5 file of X, uint8 {_sizes((*_IMAGE, count))}, and y, {_sizes((count, 1))}"
    if not path.is_file():
        raise DatasetDamaged(path, expected=expected, found="no file")
    try:
        with path.open("rb") as file:
            order = _ORDERS.get(file.read(_HEADER_BYTES)[124:])
            if order is None:
                raise DatasetDamaged(path, expected=expected, found="a file without the header of one")
            most = count * (_IMAGE_BYTES + _LABEL_BYTES) + _OTHER_BYTES
            variables = [_variable(content, order) for content in _matrices(file, order, most)]
        wanted = sorted((one for one in variables if one.name in ("X", "y")), key=lambda one: one.name)
        if [(name, shape) for name, _, shape, _ in wanted] != [("X", (*_IMAGE, count)), ("y", (count, 1))]:
            found = ", ".join(f"{name} {kind} {_sizes(shape)}" for name, kind, shape, _ in wanted)
            raise DatasetDamaged(path, expected=expected, found=found or "neither")
        return _images(wanted[0], order), _labels(path, wanted[1], order)
    except (OSError, ValueError, zlib.error) as error:
        raise DatasetDamaged(path, expected=expected, found=f"one that can not be read ({error})") from error


def _matrices(file: BinaryIO, order: _Order, most: int) -> Iterator[memoryview]:
    """The content of every variable. A compressed element holds exactly one other; it is unpacked piece by piece, so
    that a bomb is noticed before it fills the memory. Raises `ValueError` for more than `most` bytes."""
    size = os.fstat(file.fileno()).st_size
    while tag := file.read(_TAG_BYTES):
        kind, length = (int.from_bytes(tag[at : at + 4], order) for at in (0, 4))
        end = file.tell() + length
        if len(tag) < _TAG_BYTES or end > size:
            raise ValueError(f"it has {size:,} bytes where its parts take {end:,} or more")
        pieces: list[bytes] = []
        for piece in _inflated(file, end) if kind == _COMPRESSED else chain((tag,), _pieces(file, end)):
            pieces.append(piece)
            most -= len(piece)
            if most < 0:
                raise ValueError("it holds more than images and labels")
        matrix = _element(memoryview(b"".join(pieces)), 0, order)
        if matrix.kind != _MATRIX:
            raise ValueError(f"it holds something of kind {matrix.kind}, which is no variable")
        yield matrix.content


def _pieces(file: BinaryIO, end: int) -> Iterator[bytes]:
    while piece := file.read(min(_PIECE_BYTES, end - file.tell())):
        yield piece


def _inflated(file: BinaryIO, end: int) -> Iterator[bytes]:
    inflater = zlib.decompressobj()
    for packed in _pieces(file, end):
        yield inflater.decompress(packed, _PIECE_BYTES)
        while inflater.unconsumed_tail:
            yield inflater.decompress(inflater.unconsumed_tail, _PIECE_BYTES)
    yield inflater.flush()
    if not inflater.eof:
        raise zlib.error("a compressed part ends too early")


def _element(content: memoryview, at: int, order: _Order) -> _Element:
    """The element that begins at `at`: kind, length, values, and padding to a multiple of 8.

    Up to 4 bytes of values may share the 8 of the tag; then the first two of it are their length.
    """
    kind, length = (int.from_bytes(content[at + place : at + place + 4], order) for place in (0, 4))
    start = at + _TAG_BYTES
    end = start + length + -length % 8
    if kind >> 16:
        kind, length = kind & 0xFFFF, kind >> 16
        start, end = at + 4, at + 8
    if start + length > min(end, len(content)):
        raise ValueError(f"a part takes {length:,} bytes more than there are")
    return _Element(kind, content[start : start + length], end)


def _variable(content: memoryview, order: _Order) -> _Variable:
    flags = _element(content, 0, order)
    shape = _element(content, flags.end, order)
    name = _element(content, shape.end, order)
    if [flags.kind, len(flags.content), shape.kind, name.kind] != [_UINT32, 8, _INT32, _INT8] or len(shape.content) % 4:
        raise ValueError("a variable does not begin as one")
    word = int.from_bytes(flags.content[:4], order)
    kind = _CLASSES.get(word & 0xFF, f"of class {word & 0xFF}")
    return _Variable(
        name=bytes(name.content).decode("latin1"),
        type=f"complex {kind}" if word >> 8 & _COMPLEX else kind,
        shape=tuple(int.from_bytes(shape.content[at : at + 4], order) for at in range(0, len(shape.content), 4)),
        parts=content[name.end :],
    )


def _numbers(variable: _Variable, order: _Order) -> NDArray[np.generic]:
    """In MATLAB's order: the first index runs fastest."""
    part = _element(variable.parts, 0, order)
    if variable.type not in _CLASSES.values() or part.kind not in _NUMBERS:
        raise ValueError(f"{variable.name} is {variable.type}, stored as kind {part.kind}: no real numbers")
    dtype = np.dtype(_NUMBERS[part.kind]).newbyteorder(order)
    return np.frombuffer(part.content, dtype).reshape(variable.shape, order="F")


def _images(variable: _Variable, order: _Order) -> NDArray[np.uint8]:
    values = _numbers(variable, order)
    if variable.type != "uint8" or values.dtype != np.uint8:
        raise ValueError(f"X is {variable.type}, stored as {values.dtype}, not uint8")
    return np.ascontiguousarray(values.astype(np.uint8, copy=False).transpose(3, 0, 1, 2))


def _labels(path: Path, variable: _Variable, order: _Order) -> NDArray[np.int32]:
    labels = _numbers(variable, order)[:, 0]
    outside = np.flatnonzero(~np.isin(labels, np.arange(1, _TEN + 1)))
    if outside.size:
        found = f"the label {labels[outside[0]]} at record {outside[0]:,}"
        raise DatasetDamaged(path, expected="labels of 1 to 10, which stands for 0", found=found)
    return labels.astype(np.int32) % _TEN


def _sizes(shape: tuple[int, ...]) -> str:
    return " x ".join(f"{size:,}" for size in shape)
