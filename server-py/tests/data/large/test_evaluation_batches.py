"""Batches to judge a model by: every image once, in order, by its middle."""

from pathlib import Path

import numpy as np
import pytest
from image_folder import SHAPE, numbered, numbers

from cowmask_worker.data.contents import UNLABELED
from cowmask_worker.data.image_file import Unreadable, opened
from cowmask_worker.data.large.crops import evaluation_crop
from cowmask_worker.data.large.evaluation_batches import EvaluationBatch, evaluation_batches
from cowmask_worker.data.large.host_share import Host
from cowmask_worker.data.large.records import Records

ORDER = [4, 0, 10, 10, 3, 7, 1]


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Records:
    return numbered(tmp_path_factory.mktemp("images"))


def batches(images: Records, batch: int, workers: int = 0, host: Host = Host()) -> list[EvaluationBatch]:  # noqa: B008
    return list(evaluation_batches(images, np.array(ORDER), SHAPE, batch=batch, workers=workers, host=host))


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize(("batch", "reals"), [(3, [3, 3, 1]), (7, [7]), (10, [7])])
def test_each_image_once_in_order_and_a_last_batch_that_tells_its_length(
    images: Records, batch: int, reals: list[int], workers: int
) -> None:
    taken = batches(images, batch, workers)
    assert [each.real for each in taken] == reals
    assert [number for each in taken for number in numbers(each.images[: each.real])] == ORDER
    assert [label for each in taken for label in each.labels[: each.real].tolist()] == [10 * each for each in ORDER]
    for each in taken:
        assert each.images.shape == (batch, 8, 8, 3)
        assert not each.images[each.real :].any()
        assert (each.labels[each.real :] == UNLABELED).all()


def test_the_middle_of_an_image_is_shown(images: Records) -> None:
    (first, *_) = batches(images, 3)
    with opened(images.path(4)) as image:
        box = evaluation_crop(image.height, image.width, 8)
        corners = (box.left, box.top, box.left + box.width, box.top + box.height)
        np.testing.assert_array_equal(first.images[0], np.asarray(image.resize((8, 8), 3, box=corners)))


def test_hosts_together_see_every_image_once(images: Records) -> None:
    hosts = [batches(images, 4, host=Host(number, 2)) for number in range(2)]
    assert [[each.real for each in host] for host in hosts] == [[2, 2], [2, 1]]
    for whole, *parts in zip(batches(images, 4), *hosts, strict=True):
        np.testing.assert_array_equal(np.concatenate([part.images for part in parts]), whole.images)
        np.testing.assert_array_equal(np.concatenate([part.labels for part in parts]), whole.labels)
        assert sum(part.real for part in parts) == whole.real


def test_no_image_is_no_batch(images: Records) -> None:
    assert list(evaluation_batches(images, np.array([], np.int64), SHAPE, batch=4, workers=0)) == []


def test_an_unreadable_file_is_told(tmp_path: Path) -> None:
    images = numbered(tmp_path)
    images.path(3).write_bytes(b"")
    with pytest.raises(Unreadable, match="found an empty file"):
        list(evaluation_batches(images, np.arange(5), SHAPE, batch=5, workers=1))
