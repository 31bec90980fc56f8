"""Files of records, one after the other: TFRecord and ArrayRecord.

TFRecord, as TensorFlow documents it: the length (uint64, little-endian) and its masked CRC-32C, the record and its
masked CRC-32C. ArrayRecord is left to its package, which checks hashes of its own; it has no wheels for Windows.
"""

import importlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cowmask_worker.data.damage import DatasetDamaged
from cowmask_worker.data.official.crc32c import crc32c

_LENGTH_BYTES = 8
_CRC_BYTES = 4
_MASK = 0xA282EAD8


def read_tfrecord(path: Path, *, most_bytes: int) -> Iterator[bytes]:
    """The records of a file, each no longer than `most_bytes`. Raises `DatasetDamaged`."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            number = 0
            while header := file.read(_LENGTH_BYTES + _CRC_BYTES):
                if len(header) < _LENGTH_BYTES + _CRC_BYTES:
                    raise _cut(path, f"the length of record {number:,}", _LENGTH_BYTES + _CRC_BYTES, len(header))
                _check(path, f"the length of record {number:,}", header)
                length = int.from_bytes(header[:_LENGTH_BYTES], "little")
                left = size - file.tell()
                if length + _CRC_BYTES > left:
                    raise _cut(path, f"record {number:,}", length + _CRC_BYTES, left)
                if length > most_bytes:
                    raise _too_long(path, number, length, most_bytes)
                record = file.read(length + _CRC_BYTES)
                _check(path, f"record {number:,}", record)
                yield record[:length]
                number += 1
    except OSError as error:
        found = f"an error ({error.strerror or error})"
        raise DatasetDamaged(path, expected="a file that can be read", found=found) from error


def read_array_record(path: Path, *, most_bytes: int) -> Iterator[bytes]:
    """The same of an ArrayRecord file. How long a record is, is seen only once it was unpacked."""
    reader = _array_record(path)
    try:
        # An absolute path can't be taken for an address, of which the reader knows some.
        file = reader(str(path.resolve()))
        for number in range(file.num_records()):
            record: bytes = file.read()
            if len(record) > most_bytes:
                raise _too_long(path, number, len(record), most_bytes)
            yield record
    except (RuntimeError, IndexError, ValueError) as error:
        found = f"one that its reader refuses ({(str(error).splitlines() or [type(error).__name__])[0][:200]})"
        raise DatasetDamaged(path, expected="an ArrayRecord file", found=found) from error


def _array_record(path: Path) -> Any:
    try:
        return importlib.import_module("array_record.python.array_record_module").ArrayRecordReader
    except ImportError as error:
        raise DatasetDamaged(
            path,
            expected="TFRecord files, as the package array_record is not there",
            found="an ArrayRecord file",
            advice="Prepare the set with file_format='tfrecord'; array_record has no wheels for Windows.",
        ) from error


def _check(path: Path, what: str, checked: bytes) -> None:
    """Holds bytes to the masked checksum at their end."""
    stands = int.from_bytes(checked[-_CRC_BYTES:], "little")
    unmasked = crc32c(checked[:-_CRC_BYTES])
    masked = ((unmasked >> 15 | unmasked << 17) + _MASK) & 0xFFFFFFFF
    if masked != stands:
        raise DatasetDamaged(
            path, expected=f"{what} to have the masked CRC-32C {stands:08x}, which stands there", found=f"{masked:08x}"
        )


def _cut(path: Path, what: str, expected: int, found: int) -> DatasetDamaged:
    return DatasetDamaged(path, expected=f"{expected:,} bytes for {what}", found=f"{found:,} until the file ends")


def _too_long(path: Path, number: int, found: int, most: int) -> DatasetDamaged:
    return DatasetDamaged(
        path, expected=f"records of at most {most:,} bytes", found=f"{found:,} bytes of record {number:,}"
    )
