"""Tables of images: what is listed, and what is refused with its line."""

import csv
import io
import os
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from damaged_bytes import damaged
from hypothesis import given, settings
from hypothesis import strategies as st
from own_images import put, snapshot

from cowmask_worker.data.damage import DatasetUnusable
from cowmask_worker.data.own.listing import Listing, class_names
from cowmask_worker.data.own.table import list_table

LINKS = pytest.mark.skipif(sys.platform == "win32", reason="links take privileges on Windows")
FILES = ("a.png", "b.png", "in/c.png", "in/d e.png")
TABLE = "path,label,split\na.png,cat,train\nb.png,dog,\nin/c.png,,train\nin/d e.png,cat,test\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with four images."""
    put(tmp_path / "photos", *FILES)
    return tmp_path / "photos"


def table_of(root: Path, content: str | bytes) -> Path:
    path = root / "images.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def listed(root: Path, content: str | bytes) -> Listing:
    return list_table(table_of(root, content))


def rows(listing: Listing) -> list[tuple[str, str | None, str]]:
    return [(entry.name, entry.label, entry.split) for entry in listing.entries]


def told(root: Path, content: str | bytes) -> list[tuple[str, str, str]]:
    """Of every reason why a table is refused: where, what was expected, what was found."""
    table = table_of(root, content)
    with pytest.raises(DatasetUnusable) as caught:
        list_table(table)
    assert str(table) in str(caught.value)
    assert all(each.file.startswith(str(table)) for each in caught.value.problems)
    return [(each.file[len(str(table)) :], each.expected, each.found) for each in caught.value.problems]


def test_every_row_is_listed_in_the_order_of_names(root: Path) -> None:
    listing = listed(root, TABLE)
    expected = [
        ("a.png", "cat", "train"),
        ("b.png", "dog", "train"),
        ("in/c.png", None, "train"),
        ("in/d e.png", "cat", "test"),
    ]
    assert rows(listing) == expected
    assert (listing.root, listing.unusable, listing.ignored) == (root, (), ())
    assert [entry.path for entry in listing.entries] == [root / name for name in FILES]
    first, *others = TABLE.splitlines(keepends=True)
    assert listed(root, "".join([first, *reversed(others)])) == listing
    for same in (
        "\ufeff" + TABLE,
        TABLE.replace("\n", "\r\n"),
        TABLE.rstrip("\n"),
        TABLE.replace("\n", "\n\n"),
        TABLE.replace("in/d e.png", '"in/d e.png"').replace("cat", '"cat"'),
        TABLE.replace("cat", "  cat\t").replace("train", " train "),
        TABLE.replace("path,label,split", " path , label,split "),
    ):
        assert listed(root, same) == listing, same


def test_columns_may_come_in_any_order_among_others(root: Path) -> None:
    listing = listed(root, "who,label,path,note,note\nme,cat,a.png,1,2\nyou,,b.png,,\n")
    assert rows(listing) == [("a.png", "cat", "train"), ("b.png", None, "train")]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_names_may_be_anything(root: Path) -> None:
    names = [
        " lead.png",
        "trail.png ",
        'q"uote.png',
        "com,ma.png",
        "zwei\nZeilen.png",
        "猫.png",
        "back\\slash.png",
        "-",
    ]
    put(root, *names)
    buffer = io.StringIO()
    csv.writer(buffer).writerows([("path", "label"), *((name, f"of {name}") for name in names)])
    listing = listed(root, buffer.getvalue())
    assert rows(listing) == [(name, f"of {name}".strip(), "train") for name in sorted(names)]


def test_numbers_are_ordered_by_their_value(root: Path) -> None:
    assert class_names(listed(root, "path,label\na.png,10\nb.png,9\nin/c.png,1\n").entries) == ("1", "9", "10")


COLUMNS = "a first line with the columns path, label and, where wanted, split, each once"
RELATIVE = "a path relative to the table's folder"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", (", line 1", COLUMNS, "nothing")),
        ("\n" + TABLE, (", line 1", COLUMNS, "nothing")),
        ("path,split\na.png,train\n", (", line 1", COLUMNS, "'path, split'")),
        ("Path,Label\na.png,cat\n", (", line 1", COLUMNS, "'Path, Label'")),
        ("a.png,cat\n", (", line 1", COLUMNS, "'a.png, cat'")),
        ("path,label,path\na.png,cat,b.png\n", (", line 1", COLUMNS, "'path, label, path'")),
        ("path,label,label\na.png,cat,dog\n", (", line 1", COLUMNS, "'path, label, label'")),
        ("path;label\na.png;cat\n", (", line 1", COLUMNS, "'path;label'")),
        (TABLE + "a2.png,cat\n", (", line 6", "3 fields, as in the first line", "2")),
        (TABLE + "a2.png,cat,train,\n", (", line 6", "3 fields, as in the first line", "4")),
        (TABLE + ",cat,train\n", (", line 6", RELATIVE, "''")),
        (TABLE + "../photos/a.png,cat,train\n", (", line 6", RELATIVE, "'../photos/a.png'")),
        (TABLE + "in/../b.png,cat,train\n", (", line 6", RELATIVE, "'in/../b.png'")),
        (TABLE + "/etc/passwd,cat,train\n", (", line 6", RELATIVE, "'/etc/passwd'")),
        (TABLE + "a\0.png,cat,train\n", (", line 6", RELATIVE, r"'a\x00.png'")),
        (TABLE + "x.png,cat,training\n", (", line 6", "a split of train, validation, test", "'training'")),
        (TABLE + "x.png,cat,Test\n", (", line 6", "a split of train, validation, test", "'Test'")),
        (TABLE + "x.png, ,test\n", (", line 6", "a label for an image of test", "none")),
        (TABLE + "x.png,,validation\n", (", line 6", "a label for an image of validation", "none")),
        (TABLE + f"x.png,{'l' * 301},\n", (", line 6", "a label of 300 characters at most", "301")),
        (TABLE + "a.png,cat,train\n", (", line 6", "every path once", "'a.png' as in line 2")),
        (TABLE + "./a.png,dog,test\n", (", line 6", "every path once", "'./a.png' as in line 2")),
        (TABLE + "in//./c.png,dog,train\n", (", line 6", "every path once", "'in//./c.png' as in line 4")),
        ('path,label\n"two\nlines.png",cat\n../x,\n', (", line 4", RELATIVE, "'../x'")),
        (TABLE + f"{'n' * 100_001},cat,train\n", (", line 6", "fields of 100,000 characters at most", "a longer one")),
    ],
)
def test_rows_that_are_wrong_are_refused_with_their_line(
    root: Path, content: str, problem: tuple[str, str, str]
) -> None:
    assert told(root, content)[:1] == [problem]


def test_all_that_is_wrong_is_told(root: Path) -> None:
    problems = told(root, TABLE + "../x,cat,train\na.png,cat,train\n/y,cat,what\n")
    assert [where for where, *_ in problems] == [", line 6", ", line 7", ", line 8"]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (TABLE.encode() + b"\xff.png,cat,train\n", "invalid start byte"),
        (TABLE.encode("utf-16"), "invalid start byte"),
        (TABLE + 'x.png,"cat,train\n', "unexpected end of data"),
        (TABLE + 'x.png,"cat"s,train\n', "expected after"),
        (TABLE + "x" * 200_000 + ",cat,train\n", "field larger than field limit"),
    ],
)
def test_what_is_no_table_is_refused(root: Path, content: str | bytes, found: str) -> None:
    ((where, expected, said),) = told(root, content)
    assert (where, expected) == ("", "CSV in UTF-8")
    assert found in said


def test_a_table_that_is_not_there_is_refused(root: Path) -> None:
    for path, found in ((root / "none.csv", "No such file or directory"), (root, "Is a directory")):
        with pytest.raises(DatasetUnusable) as caught:
            list_table(path)
        assert caught.value.problems[0].found == found


@pytest.mark.parametrize("name", ["gone.png", "in", ".", "n" * 300 + ".png", "d/" * 3000 + "1.png", "a.png/b.png"])
def test_missing_files_are_left_to_the_caller(root: Path, name: str) -> None:
    listing = listed(root, TABLE + f"{name},cat,train\n")
    assert len(listing.entries) == 4
    (problem,) = listing.unusable
    assert (problem.file, problem.found) == (f"{root / 'images.csv'}, line 6", "no file")
    assert name[:50] in problem.expected
    assert len(problem.expected) < 250


@LINKS
def test_links_that_lead_out_are_left_to_the_caller(root: Path, tmp_path: Path) -> None:
    put(tmp_path, "outside/1.png")
    (root / "file.png").symlink_to(tmp_path / "outside/1.png")
    (root / "folder").symlink_to("../outside")
    (root / "inner.png").symlink_to("in/c.png")
    (root / "loop.png").symlink_to("loop.png")
    listing = listed(root, TABLE + "".join(f"{name},cat,\n" for name in ("file.png", "folder/1.png", "inner.png")))
    assert [entry.name for entry in listing.entries] == ["a.png", "b.png", "in/c.png", "in/d e.png", "inner.png"]
    target = repr(str(tmp_path / "outside/1.png"))
    assert [each.found for each in listing.unusable] == [
        f"'file.png', a link to {target}",
        f"'folder/1.png', a link to {target}",
    ]
    assert listed(root, TABLE + "loop.png,cat,\n").unusable[0].found == "no file"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes")
def test_a_pipe_is_not_waited_for(root: Path) -> None:
    os.mkfifo(root / "pipe.png")
    assert listed(root, TABLE + "pipe.png,cat,\n").unusable[0].found == "no file"


def test_a_class_of_which_no_file_is_there_is_refused(root: Path) -> None:
    problems = told(root, TABLE + "x.png,bird,train\ny.png,bird,\nz.png,cat,\n")
    assert problems[0] == (", class 'bird'", "an image file at least", "none")
    assert [where for where, *_ in problems[1:]] == [", line 6", ", line 7", ", line 8"]


def test_nothing_is_written(root: Path) -> None:
    table = table_of(root, TABLE)
    before = snapshot(root)
    list_table(table)
    assert snapshot(root) == before


@settings(max_examples=300, deadline=None)
@given(content=st.one_of(st.binary(max_size=80), damaged(TABLE.encode(), 20), st.text(max_size=60).map(str.encode)))
def test_any_bytes_are_a_listing_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    root = tmp_path_factory.getbasetemp() / "any"
    if not root.exists():
        put(root, *FILES)
    with suppress(DatasetUnusable):
        listing = listed(root, content)
        assert {entry.name for entry in listing.entries} <= {*FILES, "images.csv"}
