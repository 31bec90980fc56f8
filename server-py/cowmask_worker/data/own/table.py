"""A table of image files: CSV in UTF-8 with the columns `path`, `label` and, where wanted, `split`.

`path` is relative to the table's folder. An empty label is none. `split` is train (also when it is empty), validation
or test. Other columns are passed over.
"""

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from cowmask_worker.data.damage import DatasetDamaged, DatasetUnusable
from cowmask_worker.data.image_file import Unreadable
from cowmask_worker.data.own.listing import Entry, Listing
from cowmask_worker.data.source_file import SourceFile, opened_file

_SPLITS = ("train", "validation", "test")
_REQUIRED = ("path", "label")
_LONGEST_FIELD = 100_000
_LONGEST_LABEL = 300
_SHOWN = 200


def list_table(table: Path) -> Listing:
    """Lists what a table names. Raises `DatasetUnusable` with every row that is wrong, and for a class of training
    images none of which is there.

    Other files that are missing or lead out of the folder are left to the caller, as the listing's `unusable`.
    """
    listing, wrong = scan_table(table)
    if wrong:
        raise DatasetUnusable(f"{table} has rows that can not be used:", [*wrong, *listing.unusable])
    return listing


def scan_table(table: Path) -> tuple[Listing, list[DatasetDamaged]]:
    """Lists what a table, a path without links, names, and which rows and classes are wrong. Raises `DatasetUnusable`
    for what is no table."""
    root = table.parent
    entries: dict[str, Entry] = {}
    lines: dict[str, int] = {}
    wrong: list[DatasetDamaged] = []
    unusable: list[DatasetDamaged] = []
    taught: set[str] = set()
    for line, row in _rows(table):
        where = f"{table}, line {line:,}"
        name, label, split = row["path"], row["label"], row.get("split") or "train"
        pure = PurePosixPath(name)
        if not name or "\0" in name or pure.is_absolute() or ".." in pure.parts:
            wrong.append(DatasetDamaged(where, expected="a path relative to the table's folder", found=_shown(name)))
        elif split not in _SPLITS:
            wrong.append(DatasetDamaged(where, expected=f"a split of {', '.join(_SPLITS)}", found=_shown(split)))
        elif split != "train" and not label:
            wrong.append(DatasetDamaged(where, expected=f"a label for an image of {split}", found="none"))
        elif len(label) > _LONGEST_LABEL:
            expected = f"a label of {_LONGEST_LABEL} characters at most"
            wrong.append(DatasetDamaged(where, expected=expected, found=f"{len(label):,}"))
        elif (key := str(pure)) in lines:
            expected = "every path once"
            wrong.append(DatasetDamaged(where, expected=expected, found=f"{_shown(name)} as in line {lines[key]:,}"))
        else:
            lines[key] = line
            path = SourceFile(root, pure)
            if split == "train" and label:
                taught.add(label)
            if not os.path.isfile(path):
                unusable.append(Unreadable(where, expected=f"the file {_shown(name)}", found="no file"))
            elif not (target := path.resolve()).is_relative_to(root):
                found = f"{_shown(name)}, a link to {str(target)!r}"
                unusable.append(Unreadable(where, expected=f"a file within {root}", found=found))
            else:
                entries[key] = Entry(path, key, label or None, split)
    wrong += [
        DatasetDamaged(f"{table}, class {label!r}", expected="an image file at least", found="none")
        for label in sorted(taught - {entry.label for entry in entries.values() if entry.split == "train"})
    ]
    return Listing(root, tuple(entries[name] for name in sorted(entries)), tuple(unusable)), wrong


def _shown(field: str) -> str:
    text = repr(field)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _rows(table: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Every row with the number of its last line."""

    def refuse(expected: str, found: str, line: int | None = None) -> DatasetUnusable:
        where = table if line is None else f"{table}, line {line:,}"
        return DatasetUnusable(
            f"{table} is no table of images:", [DatasetDamaged(where, expected=expected, found=found)]
        )

    try:
        with (
            opened_file(SourceFile(table.parent, table.name)) as content,
            io.TextIOWrapper(content, encoding="utf-8-sig", newline="") as stream,
        ):
            reader = csv.reader(stream, strict=True)
            header = [column.strip() for column in next(reader, [])]
            missing = [column for column in _REQUIRED if column not in header]
            twice = [column for column in (*_REQUIRED, "split") if header.count(column) > 1]
            if missing or twice:
                expected = "a first line with the columns path, label and, where wanted, split, each once"
                raise refuse(expected, _shown(", ".join(header)) if header else "nothing", 1)
            for fields in reader:
                if not fields:
                    continue
                if len(fields) != len(header):
                    raise refuse(f"{len(header)} fields, as in the first line", f"{len(fields)}", reader.line_num)
                if max(map(len, fields)) > _LONGEST_FIELD:
                    raise refuse(f"fields of {_LONGEST_FIELD:,} characters at most", "a longer one", reader.line_num)
                row = dict(zip(header, (field.strip() for field in fields), strict=True))
                # A path may begin or end with a space.
                row["path"] = fields[header.index("path")]
                yield reader.line_num, row
    except (csv.Error, UnicodeDecodeError) as error:
        raise refuse("CSV in UTF-8", str(error)) from error
    except OSError as error:
        raise refuse("a file that can be read", error.strerror or str(error)) from error
