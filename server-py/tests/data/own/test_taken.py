"""Images taken as a dataset: sizes, channels, statistics, what is held out, and what is said of it all."""

import hashlib
import os
import threading
import tracemalloc
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from own_images import noise, png, put, snapshot
from PIL import Image

from cowmask_worker.data import image_threads
from cowmask_worker.data.damage import DatasetUnusable
from cowmask_worker.data.image_file import Channels
from cowmask_worker.data.own import taken as taken_module
from cowmask_worker.data.own.arrays import Arrays, checked_arrays
from cowmask_worker.data.own.folder import list_folder
from cowmask_worker.data.own.table import list_table
from cowmask_worker.data.own.taken import Options, Resize, Taken, read_pixels, take_arrays, take_listing

MIRRORED = (
    "Training mirrors half of the images and shifts them by up to 1 pixel: say `augmentation.horizontalFlip: false` "
    "where left and right mean something, as in digits and texts."
)


def silent(what: str, done: int, total: int) -> None:
    assert what
    assert 0 <= done <= total


def take(root: Path, **options: Any) -> Taken:
    return take_listing("mine", list_folder(root), Options(**options), silent)


def refused(call: Callable[[], object]) -> DatasetUnusable:
    with pytest.raises(DatasetUnusable) as caught:
        call()
    return caught.value


def write(root: Path, name: str, pixels: NDArray[np.uint8]) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png(pixels))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Five cats and five dogs of 8 x 8 pixels, three unlabeled images, a test image and a validation image of each."""
    folder = tmp_path / "photos"
    for label in ("cat", "dog"):
        put(folder, *(f"labeled/{label}/{number}.png" for number in range(5)))
        put(folder, f"test/{label}/1.png", f"validation/{label}/1.png")
    put(folder, *(f"unlabeled/{number}.png" for number in range(3)))
    return folder


def read(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def test_every_part_by_value(root: Path) -> None:
    before = snapshot(root)
    taken = take(root)
    assert snapshot(root) == before, "nothing is written"
    names = [f"labeled/{label}/{number}.png" for label in ("cat", "dog") for number in range(5)]
    names += [f"unlabeled/{number}.png" for number in range(3)]
    aside = ["validation/cat/1.png", "validation/dog/1.png"]
    test = ["test/cat/1.png", "test/dog/1.png"]
    contents, images, facts = taken.contents, taken.images, taken.facts
    assert list(contents.train.names) == [*names, *aside]
    assert list(contents.test.names) == test
    assert contents.own_validation == 2
    np.testing.assert_array_equal(images.train_images, np.stack([read(root / name) for name in [*names, *aside]]))
    np.testing.assert_array_equal(images.test_images, np.stack([read(root / name) for name in test]))
    np.testing.assert_array_equal(images.train_labels, [0] * 5 + [1] * 5 + [-1] * 3 + [0, 1])
    np.testing.assert_array_equal(images.test_labels, [0, 1])
    np.testing.assert_array_equal(contents.train.labels, images.train_labels)
    assert list(contents.test.digests) == [hashlib.sha256((root / name).read_bytes()).hexdigest() for name in test]
    assert [array.dtype for array in images] == [np.uint8, np.int32, np.uint8, np.int32]
    assert taken.root is None

    assert (facts.name, facts.classes) == ("mine", ("cat", "dog"))
    assert (facts.height, facts.width, facts.channels, facts.storage) == (8, 8, 3, "pixels")
    assert (facts.train, facts.test, facts.validation, facts.label_counts) == (13, 2, 2, (5, 5))
    assert (facts.labeled, facts.shift, facts.horizontal_flip) == (10, 1, True)
    assert facts.description == ("Imported: 8x8 color pixels, 2 classes, 10 labeled and 3 unlabeled images")
    assert facts.notes == (
        "Images keep their size, 8 x 8.",
        "Images are red, green and blue: 17 of 17 images have colors.",
        MIRRORED,
    )


def test_statistics_are_those_of_the_training_pool(root: Path) -> None:
    """The labeled and the unlabeled images, without those that are tested or validated with."""
    for part in ("test", "validation"):
        for label in ("cat", "dog"):
            write(root, f"{part}/{label}/1.png", np.full((8, 8, 3), 255, np.uint8))
    pool = np.stack([read(path) for path in root.rglob("*.png") if path.parts[-3] not in ("test", "validation")])
    assert len(pool) == 13
    facts = take(root).facts
    scaled = pool.astype(np.float64) / 255
    np.testing.assert_allclose(facts.mean, scaled.mean((0, 1, 2)), rtol=0, atol=6e-7)
    np.testing.assert_allclose(facts.std, scaled.std((0, 1, 2)), rtol=0, atol=6e-7)


def test_held_out_images_are_no_part_of_the_statistics(root: Path) -> None:
    without_test(root)
    taken = take(root)
    scaled = taken.images.train_images[: taken.facts.train].astype(np.float64) / 255
    assert len(scaled) == 11
    np.testing.assert_allclose(taken.facts.mean, scaled.mean((0, 1, 2)), rtol=0, atol=6e-7)
    np.testing.assert_allclose(taken.facts.std, scaled.std((0, 1, 2)), rtol=0, atol=6e-7)


def test_a_channel_that_never_varies_is_not_divided_by_nothing(tmp_path: Path) -> None:
    colors = np.array([7, 100, 255], np.uint8)
    for name in ("labeled/a/1.png", "labeled/b/1.png", "test/a/1.png"):
        write(tmp_path, name, np.broadcast_to(colors, (4, 4, 3)).copy())
    facts = take(tmp_path).facts
    np.testing.assert_allclose(facts.mean, colors / 255, atol=1e-6)
    assert facts.std == (1, 1, 1)


def test_sums_of_bright_images_are_exact() -> None:
    """In eight bytes, more of which a wide image's squares need than of 32 bits."""
    bright = np.full((2, 300, 300, 1), 255, np.uint8)
    bright[0, 0, 0] = 0
    labels = np.array([0, 1], np.int32)
    facts = take_arrays("mine", arrays_of(bright, labels, test=(bright, labels)), Options(image_size=300), silent).facts
    scaled = bright / 255
    np.testing.assert_allclose([facts.mean, facts.std], [[scaled.mean()], [scaled.std()]], rtol=0, atol=6e-7)


def without_test(root: Path) -> None:
    for path in sorted((root / "test").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (root / "test").rmdir()


def sized(root: Path, *sizes: tuple[int, int], channels: int = 3) -> Path:
    """Images of these heights and widths, by turns of two classes, with a test image of the first size."""
    for number, (height, width) in enumerate(sizes):
        write(root, f"labeled/{'ab'[number % 2]}/{number:02}.png", noise(number, height, width, channels))
    write(root, "test/a/0.png", noise(99, *sizes[0], channels))
    return root


@pytest.mark.parametrize(
    ("sizes", "expected", "storage"),
    [
        ([(8, 8)] * 2, (8, 8), "pixels"),
        ([(96, 96)] * 2, (96, 96), "pixels"),
        ([(20, 30)] * 2, (20, 30), "pixels"),
        ([(96, 97)] * 2, (96, 96), "pixels"),
        ([(97, 97)] * 2, (96, 96), "pixels"),
        ([(127, 300)] * 2, (96, 96), "pixels"),
        ([(128, 300)] * 2, (128, 128), "files"),
        ([(500, 300)] * 2, (224, 224), "files"),
        ([(10, 11), (10, 12)], (32, 32), "pixels"),
        ([(63, 64), (64, 64), (64, 70)], (48, 48), "pixels"),
        ([(64, 64), (63, 90), (64, 70)], (64, 64), "pixels"),
        ([(200, 40), (40, 200), (300, 300)], (32, 32), "pixels"),
    ],
)
def test_sizes_are_chosen_from_what_is_there(
    tmp_path: Path, sizes: list[tuple[int, int]], expected: tuple[int, int], storage: str
) -> None:
    facts = take(sized(tmp_path, *sizes)).facts
    assert ((facts.height, facts.width), facts.storage) == (expected, storage)
    assert facts.shift == (max(1, round(min(expected) / 8)) if storage == "pixels" else 0)


def test_choices_are_said(tmp_path: Path) -> None:
    assert take(sized(tmp_path / "1", (50, 70), (50, 60), channels=1)).facts.notes[:3] == (
        "Images get 48 x 48 pixels: half of the 3 images have a shorter side of 50 or less. `imageSize` says "
        "otherwise.",
        "Resized: the shorter side is fitted and the middle of the longer one kept (`resize: 'crop'`).",
        "All images are gray.",
    )
    notes = take(sized(tmp_path / "2", (9, 9), (9, 9), channels=4), image_size=4, resize="stretch").facts.notes
    assert notes == (
        "Resized: both sides are fitted, whatever the shape (`resize: 'stretch'`).",
        "Images are red, green and blue: 3 of 3 images have colors.",
        "3 images have alpha and are laid on white.",
        MIRRORED,
    )
    notes = take(sized(tmp_path / "3", (9, 9), (9, 9)), image_size=9, channels=3).facts.notes
    assert notes == (MIRRORED,), "what was asked for is no choice"
    notes = take(sized(tmp_path / "4", (9, 9), (9, 9)), image_size=12, resize="pad", channels=1, storage="files")
    assert notes.facts.notes == (
        "Resized: the longer side is fitted and gray fills the rest (`resize: 'pad'`).",
        "The files are read in training and must stay where they are (`storage: 'files'`).",
        "Training mirrors half of the images: say `augmentation.horizontalFlip: false` where left and right mean "
        "something, as in digits and texts.",
    )


@pytest.mark.parametrize(("kinds", "expected"), [((1, 1), 1), ((1, 3), 3), ((3, 3), 3), ((4, 4), 3), ((1, 4), 3)])
def test_channels_are_chosen_from_what_is_there(tmp_path: Path, kinds: tuple[int, int], expected: int) -> None:
    for label, kind in zip("ab", kinds, strict=True):
        write(tmp_path, f"labeled/{label}/1.png", noise(kind, channels=kind))
        write(tmp_path, f"test/{label}/1.png", noise(kind + 10, channels=kind))
    taken = take(tmp_path)
    assert taken.facts.channels == expected
    assert taken.images.train_images.shape == (2, 8, 8, expected)
    assert len(taken.facts.mean) == len(taken.facts.std) == expected


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_channels_may_be_asked_for(root: Path, channels: Channels) -> None:
    taken = take(root, channels=channels)
    assert taken.images.train_images.shape[1:] == (8, 8, channels)
    assert (taken.facts.channels, len(taken.facts.mean)) == (channels, channels)


def resized(pixels: NDArray[np.uint8], size: int, resize: Resize, tmp_path: Path) -> NDArray[np.uint8]:
    channels: Any = pixels.shape[-1]
    write(tmp_path, "image.png", pixels)
    return read_pixels(tmp_path / "image.png", size, size, channels, resize)


def blocks(rows: Sequence[Sequence[int]], scale: int) -> NDArray[np.uint8]:
    """A gray picture of squares."""
    return np.kron(np.array(rows, np.uint8), np.ones((scale, scale), np.uint8))[..., None]


def test_crop_keeps_the_middle(tmp_path: Path) -> None:
    """Squares of one color keep theirs in the middle, whatever the filter."""
    wide = blocks([[0, 100, 200, 0], [0, 150, 250, 0]], 16)
    for picture in (wide, wide.swapaxes(0, 1)):
        small = resized(picture, 8, "crop", tmp_path)[..., 0]
        inner = small if picture is wide else small.T
        np.testing.assert_allclose(inner[[1, 1, 6, 6], [2, 5, 2, 5]], [100, 200, 150, 250], atol=1)
        # Nothing is left of what lies beside.
        np.testing.assert_allclose(inner.mean(), 175, atol=3)


def test_crop_of_a_whole_multiple_is_exact(tmp_path: Path) -> None:
    picture = noise(0, 8, 12)
    np.testing.assert_array_equal(resized(picture, 8, "crop", tmp_path), picture[:, 2:10])


def test_stretch_uses_everything(tmp_path: Path) -> None:
    picture = blocks([[0, 100, 200, 50]], 32)
    small = resized(picture, 16, "stretch", tmp_path)[..., 0]
    np.testing.assert_allclose(small[8, [1, 6, 9, 14]], [0, 100, 200, 50], atol=1)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_pad_fills_with_gray(tmp_path: Path, channels: int) -> None:
    picture = noise(0, 4, 8, channels)
    small = resized(picture, 8, "pad", tmp_path)
    np.testing.assert_array_equal(small[2:6], picture)
    assert (small[[0, 1, 6, 7]] == 128).all()
    np.testing.assert_array_equal(
        resized(np.ascontiguousarray(picture.swapaxes(0, 1)), 8, "pad", tmp_path), small.swapaxes(0, 1)
    )


@pytest.mark.parametrize("resize", ["crop", "stretch", "pad"])
@pytest.mark.parametrize("shape", [(1, 1000), (1000, 1), (1, 1)])
def test_very_narrow_images_are_resized(tmp_path: Path, resize: Resize, shape: tuple[int, int]) -> None:
    picture = np.full((*shape, 3), 200, np.uint8)
    small = resized(picture, 16, resize, tmp_path)
    assert small.shape == (16, 16, 3)
    assert (small == 200).any()
    labels = np.array([0, 1], np.int32)
    two = np.stack([picture, picture])
    form = Options(image_size=16, resize=resize)
    taken = take_arrays("mine", arrays_of(two, labels, test=(two, labels)), form, silent)
    np.testing.assert_array_equal(taken.images.test_images[1], small)


def test_rotated_photographs_are_upright_before_they_are_resized(tmp_path: Path) -> None:
    picture = noise(0, 4, 8)
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(picture).save(tmp_path / "image.png", exif=exif)
    np.testing.assert_array_equal(read_pixels(tmp_path / "image.png", 8, 8, 3, "pad")[:, 2:6], np.rot90(picture, -1))


def test_large_jpegs_are_decoded_no_larger_than_needed(tmp_path: Path) -> None:
    smooth = np.linspace(0, 255, 1600).astype(np.uint8)
    Image.fromarray(np.broadcast_to(smooth, (1600, 1600)).copy()).save(tmp_path / "image.jpg", quality=95)
    small = read_pixels(tmp_path / "image.jpg", 32, 32, 1, "crop")[..., 0].astype(int)
    np.testing.assert_allclose(small, np.broadcast_to(np.arange(32) * 8 + 4, (32, 32)), atol=3)


def arrays_of(
    images: NDArray[np.uint8],
    labels: NDArray[Any],
    test: tuple[NDArray[np.uint8], NDArray[Any]] | None = None,
    **others: NDArray[Any],
) -> Arrays:
    named: dict[str, NDArray[Any]] = {"images": images, "labels": labels, **others}
    if test is not None:
        named |= {"test_images": test[0], "test_labels": test[1]}
    return checked_arrays(named, (), "arrays")


@pytest.mark.parametrize("with_test", [True, False])
def test_arrays_give_the_same_as_files(root: Path, with_test: bool) -> None:
    if not with_test:
        without_test(root)
    of_files = take(root)

    def part(*folders: str) -> NDArray[np.uint8]:
        return np.stack([read(path) for folder in folders for path in sorted((root / folder).rglob("*.png"))])

    # A label of -1 within the labeled images is as good as an image of `unlabeled`.
    images, unlabeled = part("labeled"), part("unlabeled")
    mixed = np.concatenate([images[:5], unlabeled[:1], images[5:]])
    named = {
        "images": mixed,
        "labels": np.array([0] * 5 + [-1] + [1] * 5),
        "unlabeled": unlabeled[1:],
        "validation_images": part("validation"),
        "validation_labels": np.array([0, 1]),
    }
    if with_test:
        named |= {"test_images": part("test"), "test_labels": np.array([0, 1])}
    of_arrays = take_arrays("mine", checked_arrays(named, ("cat", "dog"), "arrays"), Options(), silent)
    for one, other in zip(of_arrays.images, of_files.images, strict=True):
        np.testing.assert_array_equal(one, other)
    for key in ("classes", "height", "width", "channels", "train", "test", "mean", "std", "shift", "label_counts"):
        assert getattr(of_arrays.facts, key) == getattr(of_files.facts, key), key
    assert of_arrays.facts.validation == of_files.facts.validation == 2
    assert of_arrays.contents.own_validation == 2
    names = of_arrays.contents.train.names
    assert len({*names, *of_arrays.contents.test.names}) == len(names) + of_arrays.facts.test
    assert of_arrays.contents.train.digests[0] == hashlib.sha256(of_arrays.images.train_images[0].data).hexdigest()


def test_arrays_that_are_resized_are_as_files_that_are(tmp_path: Path) -> None:
    labels = np.array([0, 1], np.int32)
    for channels in (1, 3, 4):
        images = np.stack([noise(seed, 9, 13, channels) for seed in range(2)])
        form = Options(image_size=6)
        taken = take_arrays("mine", arrays_of(images, labels, test=(images, labels)), form, silent)
        assert taken.facts.channels == channels
        for index in range(2):
            expected = resized(images[index], 6, "crop", tmp_path)
            np.testing.assert_array_equal(taken.images.train_images[index], expected)
    gray = take_arrays("mine", arrays_of(images, labels, test=(images, labels)), form._replace(channels=1), silent)
    assert gray.images.train_images.shape == (2, 6, 6, 1)


def numbered(root: Path, counts: dict[str, int]) -> Path:
    for label, count in counts.items():
        put(root, *(f"labeled/{label}/{number:03}.png" for number in range(count)), height=2, width=2)
    return root


@pytest.mark.parametrize(
    ("counts", "share", "expected"),
    [
        ({"a": 10, "b": 20}, None, {"a": 2, "b": 4}),
        ({"a": 10, "b": 20}, 0.5, {"a": 5, "b": 10}),
        ({"a": 2, "b": 2}, None, {"a": 1, "b": 1}),
        ({"a": 2, "b": 100}, None, {"a": 1, "b": 20}),
        ({"a": 2, "b": 100}, 0.9, {"a": 1, "b": 90}),
        ({"a": 2, "b": 100}, 0.001, {"a": 1, "b": 1}),
        ({"a": 3, "b": 4, "c": 5}, 0.5, {"a": 2, "b": 2, "c": 3}),
    ],
)
def test_a_share_of_every_class_is_held_out(
    tmp_path: Path, counts: dict[str, int], share: float | None, expected: dict[str, int]
) -> None:
    put(numbered(tmp_path, counts), "unlabeled/1.png", height=2, width=2)
    taken = take(tmp_path, test_share=share)
    train, test = taken.contents.train, taken.contents.test
    assert Counter(taken.facts.classes[label] for label in test.labels) == expected
    left = {label: counts[label] - expected[label] for label in counts}
    assert dict(zip(taken.facts.classes, taken.facts.label_counts, strict=True)) == left
    assert all(name.startswith("labeled/") for name in test.names)
    assert not set(train.names) & set(test.names)
    assert len(train.names) + len(test.names) == sum(counts.values()) + 1
    count, total = sum(expected.values()), sum(counts.values())
    assert (
        f"There are no test images: {count} of the {total} labeled ones, the same share of every class, are held out "
        "for testing." in taken.facts.notes
    )


def test_the_same_images_are_held_out_every_time(tmp_path: Path) -> None:
    numbered(tmp_path, {"a": 20, "b": 20})
    first, again = take(tmp_path), take(tmp_path)
    assert list(first.contents.test.names) == list(again.contents.test.names)
    # On any machine, with any version.
    held_out = {"a": (3, 10, 12, 17), "b": (3, 14, 15, 19)}
    expected = [f"labeled/{label}/{number:03}.png" for label, numbers in held_out.items() for number in numbers]
    assert list(first.contents.test.names) == expected
    put(tmp_path, "unlabeled/1.png", "validation/a/1.png", height=2, width=2)
    assert list(take(tmp_path).contents.test.names) == list(first.contents.test.names)


def test_a_class_of_one_image_can_not_be_held_out(tmp_path: Path) -> None:
    numbered(tmp_path, {"a": 5, "b": 1, "c": 1})
    error = refused(lambda: take(tmp_path))
    assert [each.file for each in error.problems] == [f"{tmp_path}, class 'b'", f"{tmp_path}, class 'c'"]
    assert "test images of your own" in error.advice
    put(tmp_path, "test/a/1.png", height=2, width=2)
    assert take(tmp_path).facts.label_counts == (5, 1, 1)
    one = arrays_of(np.zeros((3, 2, 2, 1), np.uint8), np.array([0, 0, 1]))
    assert "class '1'" in str(refused(lambda: take_arrays("mine", one, Options(), silent)))


def spoil(root: Path, *names: str) -> None:
    for name in names:
        content = (root / name).read_bytes()
        (root / name).write_bytes(content[: len(content) // 2])


def test_every_image_that_can_not_be_read_is_told(root: Path) -> None:
    spoil(root, "labeled/cat/1.png", "unlabeled/2.png")
    (root / "test/dog/1.png").write_bytes(b"")
    (root / "labeled/dog/text.png").write_text("no image")
    put(root, "labeled/lost.png")
    error = refused(lambda: take(root))
    told = {each.file.removeprefix(f"{root}/"): each.found for each in error.problems}
    assert told.keys() == {
        "labeled/cat/1.png",
        "labeled/dog/text.png",
        "'labeled/lost.png'",
        "test/dog/1.png",
        "unlabeled/2.png",
    }
    assert told["test/dog/1.png"] == "an empty file"
    assert told["labeled/dog/text.png"] == "something else"
    assert "skip" in error.advice


def test_damage_that_shows_in_the_pixels_only_is_told(root: Path) -> None:
    """A JPEG file's header is read, then its end is not there."""
    Image.fromarray(noise(0, 64, 64)).save(root / "labeled/cat/1.jpg")
    content = (root / "labeled/cat/1.jpg").read_bytes()
    (root / "labeled/cat/1.jpg").write_bytes(content[:-300])
    (problem,) = refused(lambda: take(root)).problems
    assert problem.file == str(root / "labeled/cat/1.jpg")
    taken = take(root, on_unreadable="skip")
    assert taken.facts.train == 13
    assert any(note.startswith("1 files were skipped") for note in taken.facts.notes)


def test_what_is_skipped_is_counted(root: Path) -> None:
    spoil(root, "labeled/cat/1.png", "unlabeled/2.png")
    put(root, "labeled/lost.png")
    taken = take(root, on_unreadable="skip")
    assert (taken.facts.train, taken.facts.label_counts) == (11, (4, 5))
    (note,) = [note for note in taken.facts.notes if "skipped" in note]
    assert note.startswith("3 files were skipped: ")
    for name in ("labeled/cat/1.png", "unlabeled/2.png", "labeled/lost.png"):
        assert name in note
        assert name not in taken.contents.train.names


@pytest.mark.parametrize("spoiled", ["header", "pixels"])
def test_a_class_that_skipping_would_lose_is_refused(root: Path, spoiled: str) -> None:
    put(root, "labeled/bird/1.png", "labeled/bird/2.png")
    for number in (1, 2):
        path = root / f"labeled/bird/{number}.png"
        if spoiled == "header":
            path.write_bytes(b"no image")
        else:
            spoil(root, f"labeled/bird/{number}.png")
    error = refused(lambda: take(root, on_unreadable="skip"))
    assert error.problems[0].file == f"{root}, class 'bird'"
    assert [each.file for each in error.problems[1:]] == [str(root / f"labeled/bird/{n}.png") for n in (1, 2)]


def test_a_source_with_nothing_to_read_is_refused(root: Path) -> None:
    for path in root.rglob("*.png"):
        path.write_bytes(b"")
    assert len(refused(lambda: take(root)).problems) == 17
    assert "class 'cat'" in str(refused(lambda: take(root, on_unreadable="skip")))


def test_files_that_were_passed_over_are_told(root: Path) -> None:
    for number in range(7):
        (root / f"labeled/cat/{number}.txt").touch()
    assert (
        '7 files are no images by their name: "labeled/cat/0.txt", "labeled/cat/1.txt", "labeled/cat/2.txt", '
        '"labeled/cat/3.txt", "labeled/cat/4.txt", ....' in take(root).facts.notes
    )


def test_images_in_training_and_test_both_are_told(root: Path) -> None:
    assert not [note for note in take(root).facts.notes if "both" in note]
    (root / "test/cat/copy.png").write_bytes((root / "labeled/cat/1.png").read_bytes())
    (root / "test/dog/copy.png").write_bytes((root / "unlabeled/1.png").read_bytes())
    assert (
        '2 images stand in training and test both, "test/cat/copy.png" among them: the test error will be too good.'
        in take(root).facts.notes
    )
    images = np.stack([noise(0), noise(1)])
    labels = np.array([0, 1])
    notes = take_arrays("mine", arrays_of(images, labels, test=(images, labels)), Options(), silent).facts.notes
    assert any(note.startswith("2 images stand in training and test both") for note in notes)


def test_files_that_are_read_in_training_leave_no_pixels(root: Path) -> None:
    taken = take(root, storage="files")
    assert taken.root == root
    assert (taken.facts.storage, taken.facts.shift) == ("files", 0)
    assert taken.images.train_images.shape == taken.images.test_images.shape == (0, 8, 8, 3)
    of_pixels = take(root, storage="pixels")
    assert of_pixels.root is None
    assert taken.contents.train.names == of_pixels.contents.train.names
    assert taken.contents.train.digests == of_pixels.contents.train.digests
    np.testing.assert_array_equal(taken.images.train_labels, of_pixels.images.train_labels)
    assert (taken.facts.mean, taken.facts.std) == (of_pixels.facts.mean, of_pixels.facts.std)


def test_pixels_that_are_not_kept_take_no_memory(tmp_path: Path) -> None:
    for number in range(60):
        write(tmp_path, f"labeled/{number % 2}/{number}.png", np.full((8, 8, 3), number, np.uint8))
    one = 256 * 256 * 3
    held: list[int] = []

    def progress(_: str, done: int, total: int) -> None:
        if done == total:
            held.append(tracemalloc.get_traced_memory()[0])

    tracemalloc.start()
    taken = take_listing("mine", list_folder(tmp_path), Options(image_size=256, storage="files"), progress)
    tracemalloc.stop()
    assert taken.facts.train + taken.facts.test == 60
    assert len(held) == 2
    assert held[-1] - held[0] < 15 * one, "most of what was read before the last image is gone"


def test_only_so_many_images_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numbered(tmp_path, {"a": 40, "b": 40})
    monkeypatch.setattr(image_threads, "_WAITING", 8)
    under_way, most = 0, 0
    workers: set[int] = set()
    count = threading.Lock()
    pools: list[int | None] = []

    class Pool(ThreadPoolExecutor):
        def __init__(self, workers: int | None) -> None:
            pools.append(workers)
            super().__init__(workers)

    def read_slowly(*arguments: Any) -> NDArray[np.uint8]:
        nonlocal under_way, most
        with count:
            under_way += 1
            most = max(most, under_way)
            workers.add(threading.get_ident())
        return read_pixels(*arguments)

    def progress(what: str, *_: int) -> None:
        nonlocal under_way
        if what == "read images":
            with count:
                under_way = max(0, under_way - 8)

    monkeypatch.setattr(taken_module, "read_pixels", read_slowly)
    monkeypatch.setattr(image_threads, "ThreadPoolExecutor", Pool)
    take_listing("mine", list_folder(tmp_path), Options(), progress)
    assert most <= 17
    assert all(number == os.cpu_count() for number in pools)
    assert len(workers) <= (os.cpu_count() or 1)


def test_work_that_is_given_up_ends(tmp_path: Path) -> None:
    class GivenUpError(Exception):
        pass

    numbered(tmp_path, {"a": 100, "b": 100})

    def progress(what: str, *_: int) -> None:
        if what == "read images":
            raise GivenUpError

    before = threading.active_count()
    with pytest.raises(GivenUpError):
        take_listing("mine", list_folder(tmp_path), Options(), progress)
    assert threading.active_count() == before


def test_more_pixels_than_can_be_kept_are_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = np.array([0, 1])
    two = arrays_of(np.stack([noise(0), noise(1)]), labels, test=(noise(2)[None], labels[:1]))
    monkeypatch.setattr(taken_module, "MOST_PIXEL_BYTES", 17 * 64 * 3)
    assert take(root).facts.train == 13
    error = refused(lambda: take(root, image_size=9))
    assert (error.problems[0].expected, error.problems[0].found) == ("at most 3,264 bytes of pixels", "4,131")
    assert "storage: 'files'" in error.advice
    assert take(root, image_size=9, storage="files").facts.height == 9
    assert take_arrays("mine", two, Options(), silent)
    assert "3,264 bytes" in str(refused(lambda: take_arrays("mine", two, Options(image_size=30), silent)))


def test_classes_of_arrays_have_images_to_learn_from() -> None:
    images = np.zeros((4, 2, 2, 1), np.uint8)

    def told(labels: Sequence[int], classes: tuple[str, ...]) -> list[str]:
        named = {"images": images, "labels": np.array(labels)}
        arrays = checked_arrays(named, classes, "arrays")
        return [each.file for each in refused(lambda: take_arrays("mine", arrays, Options(), silent)).problems]

    assert told([0, 0, 2, 2], ("a", "b", "c", "d")) == ["mine, class 'b'", "mine, class 'd'"]
    assert told([0, 0, 0, 0], ("a",)) == ["mine"]
    assert told([-1, -1, -1, -1], ()) == ["mine"]


def test_a_table_may_split_as_it_likes(root: Path) -> None:
    table = root / "set.csv"
    table.write_text(
        "path,label,split\n"
        "labeled/cat/1.png,x,train\n"
        "labeled/cat/2.png,y,\n"
        "labeled/dog/1.png,x,test\n"
        "labeled/dog/2.png,,\n"
        "unlabeled/1.png,y,validation\n"
        "unlabeled/9.png,y,train\n"
    )
    error = refused(lambda: take_listing("mine", list_table(table), Options(), silent))
    assert error.problems[0].file == f"{table}, line 7"
    taken = take_listing("mine", list_table(table), Options(on_unreadable="skip"), silent)
    assert list(taken.contents.train.names) == [
        "labeled/cat/1.png",
        "labeled/cat/2.png",
        "labeled/dog/2.png",
        "unlabeled/1.png",
    ]
    assert list(taken.contents.train.labels) == [0, 1, -1, 1]
    assert list(taken.contents.test.names) == ["labeled/dog/1.png"]
    assert taken.contents.own_validation == 1


def test_progress_is_told(root: Path) -> None:
    told: list[tuple[str, int, int]] = []
    take_listing("mine", list_folder(root), Options(), lambda *each: told.append(each))
    assert told == [("read headers", 1, 17), ("read headers", 17, 17), ("read images", 1, 17), ("read images", 17, 17)]
