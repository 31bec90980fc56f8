"""Batches of large images: which images, which pixels, and that nothing but (keys, step) decides on them."""

import contextlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from image_folder import COUNT, KEYS, OPTIONS, assert_same, numbers, pool

from cowmask_worker.data.image_file import Unreadable, opened, upright_size
from cowmask_worker.data.large.crops import Box
from cowmask_worker.data.large.host_random import Words
from cowmask_worker.data.large.host_share import Host, share
from cowmask_worker.data.large.large_batches import HostBatch, LargeBatchOptions, LargePool, large_batches
from cowmask_worker.data.large.views import View, random_view


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> LargePool:
    return pool(tmp_path_factory.mktemp("images"))


def made(
    images: LargePool, count: int, options: LargeBatchOptions = OPTIONS, first_step: int = 0, workers: int = 0
) -> list[HostBatch]:
    with contextlib.closing(large_batches(images, options, KEYS, first_step=first_step, workers=workers)) as batches:
        return list(islice(batches, count))


def test_labels_belong_to_their_images_and_both_streams_keep_to_their_images(images: LargePool) -> None:
    for batch in made(images, 4):
        assert (np.array(numbers(batch.labeled)) * 10 == batch.labels).all()
        assert set(numbers(batch.labeled)) <= {2, 5, 9}
        assert min(numbers(batch.unlabeled)) >= 3
        assert numbers(batch.unlabeled) == numbers(batch.unlabeled_second)
        assert batch.labeled.shape == (5, 8, 8, 3)
        assert batch.labels.dtype == np.int32


def test_a_set_smaller_than_a_batch_is_repeated_within_it_and_all_images_come_equally_often(images: LargePool) -> None:
    batches = made(images, 6)
    labeled = [number for batch in batches for number in numbers(batch.labeled)]
    unlabeled = [number for batch in batches for number in numbers(batch.unlabeled)]
    assert np.bincount(labeled)[[2, 5, 9]].tolist() == [10, 10, 10]
    assert np.bincount(unlabeled, minlength=COUNT)[3:].tolist() == [3] * 8
    for start in range(0, 30, 3):
        assert set(labeled[start : start + 3]) == {2, 5, 9}
    passes = [unlabeled[start : start + 8] for start in (0, 8, 16)]
    assert all(sorted(each) == list(range(3, COUNT)) for each in passes)
    assert passes[0] != passes[1] != passes[2]


@pytest.mark.parametrize("second_view", [False, True])
def test_stopping_anywhere_gives_the_same_tail(images: LargePool, second_view: bool) -> None:
    options = OPTIONS._replace(second_view=second_view)
    whole = made(images, 8, options)
    for step in range(8):
        for taken, expected in zip(made(images, 8 - step, options, first_step=step), whole[step:], strict=True):
            assert_same(taken, expected)


def test_worker_processes_make_the_same_batches(images: LargePool) -> None:
    expected = made(images, 9)
    for workers in (1, 3):
        taken = made(images, 9 - workers, workers=workers, first_step=workers)
        for batch, other in zip(taken, expected[workers:], strict=True):
            assert_same(batch, other)


def test_hosts_together_make_what_one_would(images: LargePool) -> None:
    options = OPTIONS._replace(labeled=6)
    whole = made(images, 3, options)
    hosts = [
        list(islice(large_batches(images, options, KEYS, workers=0, host=Host(number, 2)), 3)) for number in range(2)
    ]
    for batch, parts in zip(whole, zip(*hosts, strict=True), strict=True):
        joined = HostBatch(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
        assert_same(joined, batch)


def test_the_stream_does_not_depend_on_the_batch_size(images: LargePool) -> None:
    threes = made(images, 4, OPTIONS._replace(unlabeled=3))
    fours = made(images, 3, OPTIONS._replace(labeled=0))
    np.testing.assert_array_equal(
        np.concatenate([batch.unlabeled for batch in threes]), np.concatenate([batch.unlabeled for batch in fours])
    )
    assert fours[0].labeled.shape == (0, 8, 8, 3)


def test_views_are_independent_and_one_serves_both_unless_two_are_asked_for(images: LargePool) -> None:
    (two,), (one,) = made(images, 1), made(images, 1, OPTIONS._replace(second_view=False))
    assert one.unlabeled_second is one.unlabeled
    np.testing.assert_array_equal(one.unlabeled, two.unlabeled)
    for first, second in zip(two.unlabeled, two.unlabeled_second, strict=True):
        assert (first != second).any()
    # The same image is cut differently in the next pass.
    nine, again = made(images, 2, OPTIONS._replace(labeled=3))
    for number in (2, 5, 9):
        first = nine.labeled[numbers(nine.labeled).index(number)]
        assert (first != again.labeled[numbers(again.labeled).index(number)]).any()


def test_pixels_are_those_of_the_random_view(images: LargePool) -> None:
    (batch,) = made(images, 1)
    for position, number in enumerate(numbers(batch.unlabeled)):
        with opened(images.records.path(number)) as image:
            height, width = upright_size(image)
            box, mirrored = random_view(KEYS.unlabeled_augment, position, height, width, OPTIONS.augmentation)
            expected = image.resize((8, 8), 3, box=(box.left, box.top, box.left + box.width, box.top + box.height))
        taken = batch.unlabeled[position]
        np.testing.assert_array_equal(taken[:, ::-1] if mirrored else taken, np.asarray(expected))


def test_the_views_of_a_run_are_frozen() -> None:
    views = [random_view(Words(1, 2), position, 375, 500, OPTIONS.augmentation) for position in (0, 1, 2**40)]
    assert views == [
        View(Box(126, 50, 162, 163), mirrored=True),
        View(Box(0, 17, 346, 369), mirrored=False),
        View(Box(116, 227, 141, 145), mirrored=False),
    ]


def test_half_of_the_views_are_mirrored_unless_none_is_to_be() -> None:
    options = OPTIONS.augmentation
    flips = [random_view(Words(1, 1), position, 9, 9, options).mirrored for position in range(2000)]
    assert 900 < sum(flips) < 1100
    assert not any(random_view(Words(1, 1), each, 9, 9, options._replace(flip=False)).mirrored for each in range(99))


@pytest.mark.parametrize("workers", [0, 2])
def test_an_unreadable_file_is_told_by_its_name(tmp_path: Path, workers: int) -> None:
    images = pool(tmp_path)
    images.records.path(5).write_bytes(b"no image")
    batches = large_batches(images, OPTIONS, KEYS, workers=workers)
    with pytest.raises(Unreadable, match="expected a PNG, JPEG, WebP or BMP image, found something else") as told:
        list(batches)
    assert told.value.file == str(images.records.path(5))
    assert next(batches, None) is None


def test_what_cannot_be_is_refused_before_anything_starts(images: LargePool) -> None:
    with pytest.raises(ValueError, match="no labeled image to make batches of 5 from"):
        large_batches(images._replace(labeled=np.array([], np.int64)), OPTIONS, KEYS)
    with pytest.raises(ValueError, match="A batch of 5 images can't be divided among 2 hosts"):
        large_batches(images, OPTIONS, KEYS, host=Host(0, 2))
    with pytest.raises(ValueError, match="no host 2 among 2"):
        share(4, Host(2, 2))


@pytest.fixture(autouse=True)
def _nothing_is_left(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield
    assert list(folder.iterdir()) == []
