import os
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from own_images import put

from cowmask_worker.data.damage import DatasetUnusable
from cowmask_worker.data.image_file import Unreadable, content_of, probe
from cowmask_worker.data.own.arrays import read_arrays
from cowmask_worker.data.own.folder import list_folder
from cowmask_worker.data.own.images_below import images_below
from cowmask_worker.data.own.table import list_table
from cowmask_worker.data.source_file import SourceFile, opened_file

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links take privileges on Windows")
OPENED = 3_000


@pytest.fixture
def swapped(tmp_path: Path) -> tuple[Path, Path]:
    """A folder of images, and another outside with files of the same names."""
    for height, folder in enumerate(("root", "outside"), 8):
        put(tmp_path / folder, "labeled/cat/0.png", "labeled/dog/0.png", height=height)
    return tmp_path / "root", tmp_path / "outside"


def swap(path: Path, outside: Path) -> None:
    path.rename(path.with_name("was-" + path.name))
    path.symlink_to(outside)


@pytest.mark.parametrize("place", ["labeled/cat/0.png", "labeled/cat", "labeled", "."])
def test_s5_a_link_that_is_put_in_place_after_the_listing_is_not_followed(
    place: str, swapped: tuple[Path, Path]
) -> None:
    root, outside = swapped
    entry = next(entry for entry in list_folder(root).entries if entry.name == "labeled/cat/0.png")
    assert probe(entry.path).width
    swap(root / place, outside / place)
    assert entry.path.read_bytes() == (outside / "labeled/cat/0.png").read_bytes()
    for read in (probe, content_of):
        with pytest.raises(Unreadable, match=f"found something outside {root}"):
            read(entry.path)


@pytest.mark.parametrize("place", ["labeled", "."])
def test_s5_a_folder_that_became_a_link_is_not_listed(place: str, swapped: tuple[Path, Path]) -> None:
    root, outside = swapped
    assert len(images_below(root).names) > 1
    swap(root / place, outside / place)
    assert [name for name in images_below(root).names if not name.problem and name.name.startswith("labeled")] == []
    with pytest.raises(DatasetUnusable):
        list_folder(root)


def test_s5_tables_and_arrays_that_became_links_are_not_read(swapped: tuple[Path, Path], tmp_path: Path) -> None:
    root, outside = swapped
    (outside / "secret.csv").write_text("path,label\nlabeled/cat/0.png,secret\n")
    np.savez(outside / "secret.npz", images=np.zeros((1, 2, 2, 1), np.uint8))
    for name, read in (("secret.csv", list_table), ("secret.npz", read_arrays)):
        (root / name).symlink_to(outside / name)
        with pytest.raises(DatasetUnusable, match=f"found something outside {root}"):
            read(root / name)
    (tmp_path / "arrays").mkdir()
    np.save(tmp_path / "arrays" / "images.npy", np.zeros((1, 2, 2, 1), np.uint8))
    assert set(read_arrays(tmp_path / "arrays")) == {"images"}


def test_s5_whoever_swaps_while_it_is_opened_gains_nothing(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    for folder in (root / "kept", outside):
        folder.mkdir(parents=True)
        (folder / "file").write_text(folder.name)
    (root / "link").symlink_to(outside)
    done = threading.Event()

    def swapping() -> None:
        while not done.is_set():
            for name in ("kept", "link"):
                os.rename(root / name, root / "here")
                os.rename(root / "here", root / name)

    thread = threading.Thread(target=swapping)
    thread.start()
    seen: set[bytes] = set()
    refused = 0
    try:
        while refused + len(seen) < OPENED and not (refused > 5 and b"kept" in seen):
            try:
                with opened_file(SourceFile(root, "here", "file")) as stream:
                    seen.add(stream.read())
            except PermissionError:
                refused += 1
            except FileNotFoundError:
                continue
    finally:
        done.set()
        thread.join()
    # Both were in place while it was opened, and only one was ever read.
    assert refused > 5
    assert seen == {b"kept"}


def test_a_pipe_is_no_file_and_nobody_waits_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="no file"), opened_file(tmp_path / "pipe"):
        pass
