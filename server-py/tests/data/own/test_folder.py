"""Folders of images: what is listed, what is left out, what is refused."""

import os
import sys
from pathlib import Path

import pytest
from own_images import put, snapshot

from cowmask_worker.data.damage import DatasetUnusable
from cowmask_worker.data.own.folder import list_folder
from cowmask_worker.data.own.listing import Listing, check_classes, class_names

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux only")
LINKS = pytest.mark.skipif(sys.platform == "win32", reason="links take privileges on Windows")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two classes of two images, one unlabeled image."""
    folder = tmp_path / "photos"
    put(folder, "labeled/cat/1.png", "labeled/cat/2.png", "labeled/dog/1.png", "labeled/dog/2.png", "unlabeled/1.png")
    return folder


def listed(listing: Listing) -> list[tuple[str, str | None, str]]:
    return [(entry.name, entry.label, entry.split) for entry in listing.entries]


def names(listing: Listing) -> list[str]:
    return [entry.name for entry in listing.entries]


def refused(folder: Path) -> DatasetUnusable:
    with pytest.raises(DatasetUnusable) as caught:
        check_classes(folder, list_folder(folder).entries)
    assert str(folder) in str(caught.value)
    return caught.value


def test_every_part_is_listed_in_the_order_of_names(root: Path) -> None:
    put(root, "validation/cat/v.png", "test/dog/t.png", "unlabeled/a/b/deep.png")
    listing = list_folder(root)
    assert listed(listing) == [
        ("labeled/cat/1.png", "cat", "train"),
        ("labeled/cat/2.png", "cat", "train"),
        ("labeled/dog/1.png", "dog", "train"),
        ("labeled/dog/2.png", "dog", "train"),
        ("test/dog/t.png", "dog", "test"),
        ("unlabeled/1.png", None, "train"),
        ("unlabeled/a/b/deep.png", None, "train"),
        ("validation/cat/v.png", "cat", "validation"),
    ]
    assert (listing.root, listing.unusable, listing.ignored) == (root, (), ())
    assert [entry.path for entry in listing.entries] == [root / entry.name for entry in listing.entries]
    assert check_classes(root, listing.entries) == ("cat", "dog")


def test_labeled_alone_suffices(root: Path) -> None:
    (root / "unlabeled/1.png").unlink()
    (root / "unlabeled").rmdir()
    assert len(list_folder(root).entries) == 4


def test_folders_inside_of_a_class_belong_to_it(root: Path) -> None:
    put(root, "labeled/cat/kittens/small/1.png", "labeled/dog/labeled/cat/1.png")
    inner = [entry for entry in list_folder(root).entries if entry.name.count("/") > 2]
    assert [(entry.name, entry.label) for entry in inner] == [
        ("labeled/cat/kittens/small/1.png", "cat"),
        ("labeled/dog/labeled/cat/1.png", "dog"),
    ]


def test_very_deep_folders_are_no_trouble(root: Path) -> None:
    deep = root / "labeled/cat"
    for _ in range(1_200):
        deep /= "d"
        deep.mkdir()
    put(deep, "1.png")
    assert f"{deep.relative_to(root)}/1.png" in names(list_folder(root))


def test_hidden_files_and_folders_are_passed_over(root: Path) -> None:
    put(root, "labeled/cat/.1.png", "labeled/.bird/1.png", "labeled/dog/.thumbs/1.png", ".trash/1.png", ".hidden.png")
    listing = list_folder(root)
    assert len(listing.entries) == 5
    assert (listing.unusable, listing.ignored) == ((), ())
    assert class_names(listing.entries) == ("cat", "dog")


def test_files_that_are_no_images_by_their_name_are_told(root: Path) -> None:
    put(root, "labeled/cat/UPPER.PNG", "labeled/cat/photo.JpEg")
    for name in ("labeled/cat/notes.txt", "labeled/Thumbs.db", "unlabeled/clip.gif", "labeled/dog/png"):
        (root / name).write_bytes(b"")
    put(root, "beside.png", "other/1.png")
    listing = list_folder(root)
    assert listing.ignored == ("labeled/Thumbs.db", "labeled/cat/notes.txt", "labeled/dog/png", "unlabeled/clip.gif")
    assert {"labeled/cat/UPPER.PNG", "labeled/cat/photo.JpEg"} < set(names(listing))
    assert len(listing.entries) == 7, "what lies beside the known folders is none of ours"


@pytest.mark.parametrize(
    ("classes", "order"),
    [
        (["10", "9", "1"], ("1", "9", "10")),
        (["10", "9", "1", "x"], ("1", "10", "9", "x")),
        (["01", "1", "2"], ("01", "1", "2")),
        (["b", "B", "a"], ("B", "a", "b")),
        (["٣", "2"], ("2", "٣")),
        (["-1", "1"], ("-1", "1")),
    ],
)
def test_numbers_are_ordered_by_their_value(tmp_path: Path, classes: list[str], order: tuple[str, ...]) -> None:
    put(tmp_path, *(f"labeled/{name}/1.png" for name in classes))
    assert class_names(list_folder(tmp_path).entries) == order


@LINUX
def test_names_may_be_anything_in_unicode(root: Path) -> None:
    odd = [
        "a b",
        " lead",
        "it's",
        '"quoted"',
        "zwei\nZeilen",
        "tab\t",
        "猫",
        "e\u0301",
        "back\\slash",
        "*?[x]",
        "-x",
        "…",
    ]
    put(root, *(f"labeled/{name}/{name}.png" for name in odd))
    listing = list_folder(root)
    assert {entry.label for entry in listing.entries} == {None, "cat", "dog", *odd}
    assert {f"labeled/{name}/{name}.png" for name in odd} < set(names(listing))
    assert listing.unusable == ()


@LINUX
def test_names_that_are_no_unicode_are_told(root: Path) -> None:
    os.mkdir(os.fsencode(root) + b"/labeled/\xff")
    for name in (b"/labeled/cat/\xe9t\xe9.png", b"/labeled/\xff/1.png", b"/unlabeled/\xff.png"):
        with open(os.fsencode(root) + name, "xb"):
            pass
    listing = list_folder(root)
    assert len(listing.entries) == 5
    told = [str(each) for each in listing.unusable]
    assert told == [
        "'labeled/cat/\\udce9t\\udce9.png': expected a name in Unicode, found other bytes.",
        "'labeled/\\udcff/1.png': expected a name in Unicode, found other bytes.",
        "'unlabeled/\\udcff.png': expected a name in Unicode, found other bytes.",
    ]
    assert all(line.isascii() for line in told)


@LINKS
def test_links_to_files_within_the_folder_are_followed(root: Path) -> None:
    (root / "labeled/dog/same.png").symlink_to("../cat/1.png")
    (root / "labeled/dog/absolute.png").symlink_to(root / "labeled/cat/1.png")
    listing = list_folder(root)
    assert {"labeled/dog/same.png", "labeled/dog/absolute.png"} < set(names(listing))
    assert listing.unusable == ()


@LINKS
def test_other_links_are_told(root: Path, tmp_path: Path) -> None:
    put(tmp_path, "outside/1.png")
    links = {
        "out.png": tmp_path / "outside" / "1.png",
        "up.png": Path("../../../outside/1.png"),
        "folder": tmp_path / "outside",
        "inner": Path("../cat"),
        "loop.png": Path("loop.png"),
        "parent": Path(".."),
        "gone.png": Path("nothing.png"),
        "long.png": Path("n" * 300),
    }
    for name, target in links.items():
        (root / "labeled/dog" / name).symlink_to(target)
    (root / "labeled/bird").symlink_to(tmp_path / "outside")
    listing = list_folder(root)
    assert len(listing.entries) == 5
    told = {each.file: each.found for each in listing.unusable}
    expected = {f"'labeled/dog/{name}'": f"a link to {str(target)!r}" for name, target in links.items()}
    assert told == expected | {"'labeled/bird'": f"a link to {str(tmp_path / 'outside')!r}"}


@LINKS
@pytest.mark.parametrize("part", ["unlabeled", "test", "validation"])
def test_a_part_that_is_a_link_is_not_followed(root: Path, tmp_path: Path, part: str) -> None:
    put(tmp_path, "outside/cat/1.png", "outside/dog/1.png")
    if part == "unlabeled":
        (root / "unlabeled").rename(root / "kept")
    (root / part).symlink_to(tmp_path / "outside")
    listing = list_folder(root)
    assert {entry.name.split("/")[0] for entry in listing.entries} <= {"labeled", "unlabeled"}
    (problem,) = listing.unusable
    assert (problem.file, problem.found) == (repr(part), f"a link to {str(tmp_path / 'outside')!r}")


@LINKS
def test_labeled_must_be_no_link(root: Path, tmp_path: Path) -> None:
    (root / "labeled").rename(tmp_path / "outside")
    (root / "labeled").symlink_to(tmp_path / "outside")
    (problem,) = refused(root).problems
    assert problem.found == f"a link `labeled` to {str(tmp_path / 'outside')!r}"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes")
def test_a_pipe_is_not_waited_for(root: Path) -> None:
    os.mkfifo(root / "labeled/cat/pipe.png")
    (problem,) = list_folder(root).unusable
    assert (problem.file, problem.expected) == ("'labeled/cat/pipe.png'", "a file")


@pytest.mark.parametrize("part", ["unlabeled", "test"])
def test_a_file_in_the_place_of_a_part_is_told(root: Path, part: str) -> None:
    if part == "unlabeled":
        (root / "unlabeled").rename(root / "kept")
    (root / part).write_bytes(b"")
    (problem,) = list_folder(root).unusable
    assert (problem.file, problem.expected, problem.found) == (repr(part), "a folder", "a file")


def test_an_image_without_a_class_is_told(root: Path) -> None:
    put(root, "labeled/1.png", "test/2.png", "test/cat/1.png")
    assert [str(each) for each in list_folder(root).unusable] == [
        "'labeled/1.png': expected a place in labeled/<class>/, found no class.",
        "'test/2.png': expected a place in test/<class>/, found no class.",
    ]


def test_one_class_is_refused(root: Path) -> None:
    (root / "labeled/dog").rename(root / "dog")
    (problem,) = refused(root).problems
    assert problem.expected == "labeled training images of two classes or more"
    assert problem.found == "'cat' alone"


def test_no_class_is_refused(tmp_path: Path) -> None:
    (tmp_path / "labeled").mkdir()
    assert refused(tmp_path).problems[0].found == "none"


def test_classes_without_an_image_are_refused(root: Path) -> None:
    for name in ("labeled/bird", "labeled/fish/small", "test/cat"):
        (root / name).mkdir(parents=True)
    (root / "labeled/fish/small/readme.txt").touch()
    assert sorted(each.file for each in refused(root).problems) == [
        str(root / "labeled/bird"),
        str(root / "labeled/fish"),
        str(root / "test/cat"),
    ]


@pytest.mark.parametrize("part", ["test", "validation"])
def test_a_class_that_is_not_taught_is_refused(root: Path, part: str) -> None:
    put(root, f"{part}/bird/1.png")
    (problem,) = refused(root).problems
    assert problem.file == f"{root}, {part} class 'bird'"


def test_another_layout_is_refused_with_advice(tmp_path: Path) -> None:
    put(tmp_path, "cat/1.png", "dog/1.png", ".git/1.png")
    error = refused(tmp_path)
    assert error.problems[0].found == "the folders 'cat', 'dog'"
    assert "labeled" in error.advice
    assert "no folders" in refused(tmp_path / "cat").problems[0].found


def test_what_is_no_folder_is_refused(root: Path) -> None:
    assert refused(root / "labeled/cat/1.png").problems[0].found == "a file"
    assert refused(root / "nothing").problems[0].found == "nothing"


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="every folder may be read")
@pytest.mark.parametrize("folder", ["labeled", "labeled/cat/inner", "unlabeled"])
def test_a_folder_that_may_not_be_read_is_told(root: Path, folder: str) -> None:
    (root / folder).mkdir(exist_ok=True)
    (root / folder).chmod(0)
    try:
        (problem,) = list_folder(root).unusable
    finally:
        (root / folder).chmod(0o700)
    assert (problem.file, problem.found) == (repr(folder), "Permission denied")


def test_nothing_is_written(root: Path) -> None:
    put(root, "test/cat/1.png")
    (root / "labeled/cat/notes.txt").touch()
    before = snapshot(root)
    list_folder(root)
    assert snapshot(root) == before
