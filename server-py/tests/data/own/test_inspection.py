"""A look at a source tells every fault by its value, writes nothing and raises for nothing but what is no source."""

import hashlib
import os
import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from own_images import noise, png, put, snapshot
from PIL import Image

from cowmask_worker.data import digits
from cowmask_worker.data.catalog import CATALOG
from cowmask_worker.data.damage import DatasetUnusable
from cowmask_worker.data.own.advice import Training, advise
from cowmask_worker.data.own.arrays import examined_arrays
from cowmask_worker.data.own.contact_sheet import COLUMNS, Row, contact_sheet, drawn, fitted
from cowmask_worker.data.own.folder import scan_folder
from cowmask_worker.data.own.inspection import (
    MOST_NAMED,
    ClassCounts,
    Found,
    Report,
    changed_since,
    decide,
    listing_of,
    look_at_arrays,
    look_at_images,
    look_at_listing,
    report_of,
)
from cowmask_worker.data.own.table import scan_table
from cowmask_worker.data.own.taken import Options, take_listing

TRAINING = Training(batch_size=256, sigma=(1, 4), mirrors=True)


def untold(*_: object) -> None:
    pass


def look(root: Path, options: Options | None = None, labeled: int | None = None) -> tuple[Found, Report]:
    scanned = scan_table(root) if root.suffix == ".csv" else scan_folder(root)
    found = look_at_listing(*scanned, untold)
    decision, refused = decide(found, options or Options())
    return found, report_of(found, decision, refused, labeled)


def codes(report: Report, training: Training = TRAINING) -> dict[str, str]:
    return {each.code: each.text for each in advise(report, training)}


def huge_png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    """Two classes, and every fault that a folder can have."""
    root = tmp_path / "faulty"
    put(root, *(f"labeled/cat/{number}.png" for number in range(12)), height=8, width=8)
    put(root, *(f"labeled/dog's house/{number}.png" for number in range(3)), height=10, width=20)
    put(root, *(f"unlabeled/{number}.png" for number in range(5)), height=8, width=8, channels=1)
    put(root, "test/cat/new.png", "test/dog's house/new.png", "validation/cat/other.png")
    (root / "labeled/ghost").mkdir()
    for name, copy in (
        ("labeled/cat/0.png", "unlabeled/copy.png"),
        ("labeled/cat/0.png", "test/cat/copy.png"),
        ("labeled/cat/1.png", "labeled/cat/c.png"),
        ("labeled/cat/2.png", "labeled/dog's house/cat.png"),
    ):
        (root / copy).write_bytes((root / name).read_bytes())
    (root / "labeled/cat/text.png").write_text("no image")
    (root / "labeled/cat/empty.png").touch()
    (root / "unlabeled/huge.png").write_bytes(huge_png(20_000, 20_000))
    photo = BytesIO()
    Image.fromarray(noise(1, 64, 64)).save(photo, "JPEG")
    (root / "unlabeled/whole.jpg").write_bytes(photo.getvalue())
    (root / "unlabeled/cut.jpg").write_bytes(photo.getvalue()[:-400])
    (root / "labeled/cat/notes.txt").write_text("seen by nobody")
    outside = tmp_path / "outside.png"
    outside.write_bytes(png(noise(2)))
    (root / "unlabeled/link.png").symlink_to(outside)
    return root


def test_every_fault_of_a_folder_is_told_and_nothing_is_written(faulty: Path) -> None:
    before = snapshot(faulty)
    _, report = look(faulty, labeled=12)
    assert snapshot(faulty) == before
    assert report.classes == (
        ClassCounts("cat", labeled=13, validation=1, test=2, held_out=0),
        ClassCounts("dog's house", labeled=4, validation=0, test=1, held_out=0),
        ClassCounts("ghost", labeled=0, validation=0, test=0, held_out=0),
    )
    assert (report.unlabeled, report.images, report.train) == (7, 28, 24)
    assert report.sizes is not None
    assert report.sizes == (3, (8, 8), (8, 8), (64, 64))
    assert report.modes == {"RGB": 23, "L": 5}
    assert report.formats == {"PNG": 27, "JPEG": 1}
    unusable = {Path(each.file.strip("'")).name: (each.expected, each.found) for each in report.unusable}
    assert unusable["text.png"] == ("a PNG, JPEG, WebP or BMP image", "something else")
    assert unusable["empty.png"] == ("a PNG, JPEG, WebP or BMP image", "an empty file")
    assert unusable["huge.png"] == ("at most 67,108,864 pixels", "far more")
    assert unusable["cut.jpg"][0] == "a whole image"
    assert unusable["link.png"][0] == "a file within the folder"
    assert len(unusable) == 5
    assert [(Path(each.file).name, each.found) for each in report.faults] == [("ghost", "none")]
    assert report.ignored == ("labeled/cat/notes.txt",)


def test_equal_images_are_grouped_by_what_is_wrong_with_them(faulty: Path) -> None:
    _, report = look(faulty)
    first = (faulty / "labeled/cat/0.png").read_bytes()
    groups = {each.names: each for each in report.duplicates.first}
    across = ("labeled/cat/0.png", "test/cat/copy.png", "unlabeled/copy.png")
    assert set(groups) == {
        across,
        ("labeled/cat/1.png", "labeled/cat/c.png"),
        ("labeled/cat/2.png", "labeled/dog's house/cat.png"),
    }
    assert (report.duplicates.groups, report.duplicates.images) == (3, 7)
    assert groups[across].digest == hashlib.sha256(first).hexdigest()
    assert [each.names for each in report.crossing.first] == [across]
    assert [each.names for each in report.contradicting.first] == [("labeled/cat/2.png", "labeled/dog's house/cat.png")]


def test_the_advice_says_what_to_do(faulty: Path) -> None:
    _, report = look(faulty, labeled=12)
    told = codes(report)
    assert next(iter(told)) == "refused"
    assert "5 of 33 files" in told["unreadable"]
    assert "notes.txt" in told["ignored"]
    assert "labeled/cat/0.png" in told["train_test_duplicates"]
    assert "labeled/dog's house/cat.png" in told["contradicting_labels"]
    assert "4 images" in told["duplicates"]
    assert report.asked is not None
    assert report.asked == (12, 4, 17, 1, ("ghost",))
    assert '1 class, "ghost"' in told["few_labels"]
    assert "3.2 times" in told["imbalance"]
    assert "Say batchSize: 16 or less" in told["batch_size"]
    assert "sigma: [1, 4]" in told["mask_scale"]
    assert "27 of 28 images are smaller" in told["image_size"]
    assert "horizontal_flip" not in told


def test_an_import_decides_what_the_look_says(tmp_path: Path) -> None:
    put(tmp_path, *(f"labeled/{label}/{number}.png" for label in "pq" for number in range(10)), height=100, width=225)
    options = Options(channels=1)
    _, report = look(tmp_path, options)
    taken = take_listing("mine", scan_folder(tmp_path)[0], options, untold)
    assert report.decision is not None
    form = report.decision.form
    assert (form.height, form.width, form.channels, form.storage) == (96, 96, 1, "pixels")
    assert (taken.facts.height, taken.facts.channels, taken.facts.storage) == (96, 1, "pixels")
    assert report.train == taken.facts.train == 16
    assert [each.held_out for each in report.classes] == [2, 2]
    held = [look(tmp_path, options)[0].entries[index].name for index in report.decision.held_out]
    assert held == list(taken.contents.test.names)
    assert set(report.decision.notes) <= set(taken.facts.notes)
    told = codes(report)
    assert "leaves out 56% of it" in told["resize"]
    assert '"p", "q"' in told["horizontal_flip"]
    assert "horizontal_flip" not in codes(report, TRAINING._replace(mirrors=False))


def test_one_class_alone_and_no_image_at_all_are_findings(tmp_path: Path) -> None:
    put(tmp_path / "one", "labeled/only/1.png", "labeled/only/2.png")
    _, report = look(tmp_path / "one")
    assert [each.found for each in report.faults] == ["'only' alone"]
    assert report.decision is not None
    (tmp_path / "none/labeled/only").mkdir(parents=True)
    (tmp_path / "none/labeled/only/1.png").write_text("")
    found, report = look(tmp_path / "none")
    assert (report.images, report.sizes, report.decision, len(report.unusable)) == (0, None, None, 1)
    assert contact_sheet(found, report) == b""
    assert "refused" in codes(report)


def test_too_few_labeled_images_to_hold_some_out_are_a_finding_with_advice(tmp_path: Path) -> None:
    put(tmp_path, "labeled/a/1.png", "labeled/a/2.png", "labeled/b/1.png")
    _, report = look(tmp_path)
    assert [(each.expected, each.found) for each in report.faults] == [("two labeled images or more", "one")]
    assert "test images of your own" in report.faults[0].advice


def test_rows_of_a_table_that_are_wrong_are_findings(tmp_path: Path) -> None:
    put(tmp_path, *(f"{number}.png" for number in range(6)))
    rows = [f"{number}.png,{'ab'[number % 2]},{'test' if number > 3 else ''}" for number in range(6)]
    rows += ["0.png,a,", "../x.png,a,", "gone.png,a,", "5.png,a,sometimes"]
    table = tmp_path / "images.csv"
    table.write_text("path,label,split\n" + "\n".join(rows))
    _, report = look(table)
    assert [each.labeled for each in report.classes] == [2, 2]
    assert [each.test for each in report.classes] == [1, 1]
    assert len(report.faults) == 3
    assert [each.found for each in report.unusable] == ["no file"]


def test_arrays_are_looked_at_as_far_as_they_are_sound() -> None:
    images = np.stack([noise(number, channels=1)[..., 0] for number in range(10)])
    images[9] = images[0]
    test = {"test_images": images[:3], "test_labels": np.array([0, 1, 7])}
    given = {"images": images, "labels": np.arange(10) % 2, **test}
    arrays, faults = examined_arrays(given, (), "arrays.npz")
    found = look_at_arrays(arrays, faults, Path("arrays.npz"))
    report = report_of(found, *decide(found, Options(), arrays))
    assert [(each.file, each.found) for each in report.faults] == [("arrays.npz: test_labels", "7")]
    assert [each.labeled for each in report.classes] == [5, 5]
    assert report.formats == {"array": 13}
    assert report.duplicates.groups == report.crossing.groups == 3
    assert report.contradicting.first[0].names[:2] == ("images/0", "images/9")
    with pytest.raises(DatasetUnusable, match="images"):
        examined_arrays({"images": images.astype(float)}, (), "arrays.npz")


def test_named_files_are_cut_and_counted(tmp_path: Path) -> None:
    put(tmp_path, *(f"labeled/{label}/{number}.png" for label in "ab" for number in range(2)))
    for number in range(MOST_NAMED + 5):
        for copy in "xy":
            (tmp_path / f"labeled/a/{number}{copy}.png").write_bytes(png(noise(number)))
    _, report = look(tmp_path)
    assert (report.duplicates.groups, len(report.duplicates.first)) == (MOST_NAMED + 5, MOST_NAMED)


def test_a_dataset_under_a_name_and_the_files_of_an_imported_one(tmp_path: Path) -> None:
    facts, images = CATALOG["digits"], digits.load()
    report = report_of(look_at_images(facts, images), None)
    assert (sum(each.labeled for each in report.classes), sum(each.test for each in report.classes)) == (1437, 360)

    names = [f"labeled/{label}/{number}.png" for label in "ab" for number in range(5)]
    put(tmp_path, *names, "validation/a/v.png")
    taken = take_listing("mine", scan_folder(tmp_path)[0], Options(storage="files"), untold)
    (tmp_path / names[3]).write_bytes(png(noise(77)))
    os.remove(tmp_path / names[4])
    found = look_at_listing(listing_of(taken.contents, tmp_path), (), untold)
    changed = changed_since(taken.contents, found)
    report = report_of(found, None, changed)
    assert [Path(each.file).name for each in report.faults] == ["3.png"]
    assert [Path(each.file).name for each in report.unusable] == ["4.png"]
    assert [each.validation for each in report.classes] == [1, 0]
    assert sum(each.labeled + each.test for each in report.classes) == 9


def test_a_contact_sheet_shows_the_pixels_of_training_beside_their_class(tmp_path: Path) -> None:
    for label, color in (("red", (255, 0, 0)), ("blue", (0, 0, 255))):
        for number in range(3):
            path = tmp_path / f"labeled/{label}/{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (40, 40), color).save(path)
    path = tmp_path / "unlabeled/green.png"
    path.parent.mkdir()
    Image.new("RGB", (40, 40), (0, 255, 0)).save(path)
    sheet = Image.open(BytesIO(contact_sheet(*look(tmp_path))))
    pixels = np.asarray(sheet)
    left = sheet.width - COLUMNS * 68
    rows = [pixels[4 + row * 68 + 32, left + 32].tolist() for row in range(3)]
    assert rows == [[0, 0, 255], [255, 0, 0], [0, 255, 0]]
    assert (pixels[:, left - 4 :] != 255).any(axis=(1, 2)).sum() > 0
    # A name stands in the margin of every row.
    assert all((pixels[4 + row * 68 : 68 + row * 68, :left] < 128).any() for row in range(3))


def test_names_that_no_font_draws_are_escaped_and_long_ones_cut() -> None:
    assert fitted("a\nb", 500) == "a\\nb"
    assert fitted("\u202eab", 500) == "\\u202eab"
    assert fitted("  ", 500) == "'  '"
    long = fitted("w" * 300, 100)
    assert long.endswith("...")
    assert 3 < len(long) < 30
    assert drawn([Row("\uffff", "", [noise(1, 500, 20, 4), noise(2, 1, 1, 1)])])[:4] == b"\x89PNG"
