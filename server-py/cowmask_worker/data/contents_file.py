"""The file that tells what a stored dataset holds: name, SHA-256 and label of each image, and where image files lie."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cowmask_worker.data.contents import Part
from cowmask_worker.data.damage import DatasetDamaged

CONTENTS = "contents.json"

_DIGEST = re.compile(r"[0-9a-f]{64}")

type Row = tuple[str, str, int]
"""Name, SHA-256 in hexadecimal, label."""


class Listed(NamedTuple):
    """`root` is the folder below which the names lie; None where pixels are kept."""

    root: Path | None
    train: Part
    test: Part


def rows(part: Part) -> Iterator[Row]:
    return zip(part.names, part.digests, part.labels.tolist(), strict=True)


def encoded(listed: Listed) -> bytes:
    """The content of the file: JSON, an image a line."""
    # A folder's name need not be Unicode, which escapes can tell.
    text = bytearray(f'{{"root": {json.dumps(None if listed.root is None else str(listed.root))}'.encode())
    # Piece by piece: a million rows as objects would take several times what their text does.
    for name, part in (("train", listed.train), ("test", listed.test)):
        text += f',\n"{name}": ['.encode()
        for index, row in enumerate(rows(part)):
            text += f"{',' if index else ''}\n{json.dumps(row)}".encode()
        text += b"]"
    text += b"}\n"
    return bytes(text)


def decoded(content: bytes, file: Path, *, advice: str) -> Listed:
    """What `encoded` wrote. Raises `DatasetDamaged` that blames `file` for anything else."""
    try:
        listed = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DatasetDamaged(file, expected="JSON", found=f"something else ({error})", advice=advice) from error
    root = listed.get("root") if isinstance(listed, dict) else 0
    if not isinstance(root, str | None):
        raise DatasetDamaged(file, expected="root, train and test", found="something else", advice=advice)
    train, test = (_part(listed.get(name), name, file, advice) for name in ("train", "test"))
    return Listed(None if root is None else Path(root), train, test)


def _part(listed: Any, name: str, file: Path, advice: str) -> Part:
    found = listed if isinstance(listed, list) else [None]
    wrong = next((index for index, row in enumerate(found) if not _is_row(row)), None)
    if wrong is not None:
        expected = "a list of [name, SHA-256, label], names below the root"
        seen = f"something else at {name}[{wrong}]"
        raise DatasetDamaged(file, expected=expected, found=seen, advice=advice)
    names, digests, labels = zip(*found, strict=True) if found else ((), (), ())
    return Part(names, digests, np.array(labels, np.int32))


def _is_row(row: Any) -> bool:
    if type(row) is not list or len(row) != 3:
        return False
    name, digest, label = row
    below = type(name) is str and not name.startswith("/") and ".." not in name.split("/")
    return (
        below and type(digest) is str and bool(_DIGEST.fullmatch(digest)) and type(label) is int and -1 <= label < 2**31
    )
