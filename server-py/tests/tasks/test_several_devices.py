"""A run on several devices is the same run, resumes as exactly, and tells of them."""

import re
from pathlib import Path
from typing import Any

import attempts
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from attempts import Events, digests, losses
from photos import Photos, photo_config
from settings import DATASET, config

from cowmask.internal.v1 import tasks_pb2
from cowmask.v1 import event_pb2
from cowmask_worker.data.catalog import CATALOG
from cowmask_worker.tasks import assembly, train
from cowmask_worker.tasks.networks import dataset_network
from cowmask_worker.training.dispatch import many_steps
from cowmask_worker.training.layout import most_that_divide, over_devices


def attempt(folder: Path, asked: Any, *, devices: int, **more: Any) -> Events:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "usable_devices", lambda: jax.local_devices()[:devices])
        events = attempts.attempt(folder, asked, **more)
    assert events[-1].finished.state != event_pb2.RUN_STATE_FAILED, events[-1].finished.cause.traceback
    return events


def scores(events: Events) -> list[float]:
    told = [event.evaluation for event in events if event.HasField("evaluation")]
    return [score.loss for each in told for score in (each.student, each.teacher)]


def devices_told(events: Events) -> list[int]:
    return [event.progress.devices for event in events if event.progress.HasField("devices")]


def codes(events: Events) -> list[str]:
    return [event.warning.code for event in events if event.HasField("warning")]


@pytest.fixture(scope="module")
def on_two(tmp_path_factory: pytest.TempPathFactory) -> Events:
    return attempt(tmp_path_factory.mktemp("two"), config(), devices=2)


def test_it_learns_what_it_learns_on_one(on_two: Events, tmp_path: Path) -> None:
    on_one = attempt(tmp_path, config(), devices=1)
    assert (devices_told(on_one), devices_told(on_two)) == ([1], [2])
    # Rounding of the first step grows with every step after it.
    np.testing.assert_allclose(losses(on_two), losses(on_one), rtol=1e-3)
    np.testing.assert_allclose(scores(on_two), scores(on_one), rtol=1e-3)
    assert digests(on_two).keys() == digests(on_one).keys() == {4, 8, 12}


def test_each_computes_its_half_of_a_batch() -> None:
    layout = over_devices(jax.local_devices()[:2])
    asked = config()
    dataset = assembly.load_dataset(CATALOG["digits"], Path())
    model = dataset_network(asked.model, dataset.facts)
    data = assembly.step_data(asked, dataset.images, assembly.splits(asked, dataset), layout)
    state = layout.put(assembly.compiled_new_state(model)(data.root))
    step = many_steps(assembly.one_step(asked, dataset.facts, model, layout))
    program = step.lower(state, data, jnp.int32(1)).compile().as_text()  # pyright: ignore[reportFunctionMemberAccess]
    of_images = {int(each) for each in re.findall(r"= f32\[(\d+),(?:8,8|4,4|2,2),\d+\]\S* convolution\(", program)}
    assert of_images == {asked.batch_size // 2}


def test_it_goes_on_bit_for_bit(on_two: Events, tmp_path: Path) -> None:
    first = attempt(tmp_path, config(), devices=2, cancel_at=1)
    assert first[-1].finished.step < 12
    second = attempt(tmp_path, config(), devices=2, resume=True)
    assert "environment_changed" not in codes(second)
    assert digests(second)[12] == digests(on_two)[12]


def test_it_goes_on_on_another_number_of_devices_and_that_is_told(on_two: Events, tmp_path: Path) -> None:
    attempt(tmp_path, config(), devices=2, cancel_at=1)
    second = attempt(tmp_path, config(), devices=1, resume=True)
    (warning,) = [event.warning for event in second if event.warning.code == "environment_changed"]
    assert "the device count changed from 2 to 1" in warning.message
    np.testing.assert_allclose(losses(second), losses(on_two)[-len(losses(second)) :], rtol=1e-3)


def test_image_files_are_divided_as_well(tmp_path: Path) -> None:
    photos = Photos(tmp_path)
    ran = [
        attempt(tmp_path / str(count), photo_config(), devices=count, dataset=photos.message, data=photos.data)
        for count in (1, 2)
    ]
    assert [devices_told(each) for each in ran] == [[1], [2]]
    np.testing.assert_allclose(losses(ran[1]), losses(ran[0]), rtol=1e-3)
    np.testing.assert_allclose(scores(ran[1]), scores(ran[0]), rtol=1e-3)


def test_who_has_no_equal_part_to_compute_waits_and_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "usable_devices", lambda: jax.local_devices()[:2])
    command = tasks_pb2.Train(
        config=config(batch_size=15, unlabeled_batch_size=20), checkpoint_folder=str(tmp_path), dataset=DATASET
    )
    first = next(train.training(command, Path(), lambda: False))
    assert first.warning.code == "devices_idle"
    assert "1 of 2 devices compute" in first.warning.message
    assert "batchSize and unlabeledBatchSize that 2 divides" in first.warning.message


@pytest.mark.parametrize(
    ("devices", "batches", "used"),
    [(1, (7, 9), 1), (8, (64, 64), 8), (8, (96, 36), 6), (6, (64, 64), 4), (4, (7, 7), 1), (16, (10, 10), 10)],
)
def test_as_many_devices_compute_as_divide_all_batches(devices: int, batches: tuple[int, int], used: int) -> None:
    assert most_that_divide(devices, *batches) == used
