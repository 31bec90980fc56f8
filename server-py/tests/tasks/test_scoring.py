"""Scores of models: every labeled image counts once, however many there are and wherever they come from."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from task_call import said
from trained_model import CONFIG, DIGITS, STEP, checkpoint, state

from cowmask.internal.v1 import tasks_pb2
from cowmask.v1 import models_pb2
from cowmask_worker.data import digits
from cowmask_worker.data.augmentation import normalize
from cowmask_worker.data.catalog import DatasetFacts
from cowmask_worker.data.digits import Images
from cowmask_worker.data.large.records import records
from cowmask_worker.data.large.views import read_evaluation_view
from cowmask_worker.data.own.arrays import checked_arrays
from cowmask_worker.data.own.store import store
from cowmask_worker.data.own.taken import Options, take_arrays
from cowmask_worker.runs.dataset_facts import dataset_message
from cowmask_worker.runs.refusal import Refusal
from cowmask_worker.tasks import scoring
from cowmask_worker.tasks.assembly import EVALUATION_BATCH, Dataset, Files
from cowmask_worker.tasks.file_run import batch_tally, shape_of
from cowmask_worker.tasks.models import evaluate
from cowmask_worker.tasks.networks import dataset_network
from cowmask_worker.tasks.scoring import Scored, labeled, score_batches, split_batches, whole_split

ALL = EVALUATION_BATCH + 1
_COLORS = replace(DIGITS, height=16, width=16, channels=3, mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.25))
FILES = replace(_COLORS, name="photos", classes=("a", "b", "c"), storage="files")


@pytest.fixture(scope="module")
def pixels() -> Dataset:
    images = digits.load()
    return Dataset(DIGITS, images._replace(test_images=images.test_images[:ALL], test_labels=images.test_labels[:ALL]))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Test images of which one in five is "b" and one in ten is "c"."""
    folder = tmp_path_factory.mktemp("photos")
    noise = np.random.default_rng(0)
    names = [f"{number}.png" for number in range(ALL)]
    for name in names:
        tint = noise.integers(0, 256, 3)
        image = (tint + noise.integers(0, 256, (20 + len(name), 24, 3))) // 2
        Image.fromarray(image.astype(np.uint8)).save(folder / name)
    labels = np.array([2 if number % 10 == 9 else number % 5 == 0 for number in range(ALL)], np.int32)
    none = np.empty((0, 16, 16, 3), np.uint8)
    images = Images(none, np.empty(0, np.int32), none, labels)
    return Dataset(FILES, images, Files(records(folder, [], []), records(folder, names, labels.tolist())))


def seen(dataset: Dataset, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The test images as the network gets them, read one by one."""
    if dataset.files is None:
        return dataset.images.test_images[indices]
    shape = shape_of(dataset.facts, CONFIG)
    return np.stack([read_evaluation_view(dataset.files.test.path(index), shape) for index in indices.tolist()])


def logits(facts: DatasetFacts, images: NDArray[np.uint8]) -> NDArray[np.float64]:
    model = dataset_network(CONFIG.model, facts)
    apply: Any = jax.jit(partial(model.apply, train=False, key=None))
    answers, _ = apply(state(facts).student, normalize(jnp.asarray(images), facts.mean, facts.std))
    return np.asarray(answers, np.float64)


def scored(dataset: Dataset, indices: NDArray[np.int64]) -> Scored:
    model = dataset_network(CONFIG.model, dataset.facts)
    batches = split_batches("test", dataset, indices, CONFIG)
    tally: Any = jax.jit(batch_tally(dataset.facts, model))
    variables = state(dataset.facts).student
    return score_batches(tally, variables, batches, len(dataset.facts.classes), lambda: None)


def check(dataset: Dataset, indices: NDArray[np.int64]) -> None:
    """Compares a score with what all images at once give."""
    answers, labels = logits(dataset.facts, seen(dataset, indices)), dataset.images.test_labels[indices]
    shifted = answers - answers.max(1, keepdims=True)
    losses = np.log(np.exp(shifted).sum(1)) - shifted[np.arange(len(labels)), labels]
    confusion = np.zeros((len(dataset.facts.classes),) * 2, int)
    for label, answer in zip(labels.tolist(), answers.argmax(1).tolist(), strict=True):
        confusion[label, answer] += 1
    score = scored(dataset, indices)
    assert score.confusion is not None
    np.testing.assert_array_equal(score.confusion, confusion)
    assert score.confusion.sum() == len(indices)
    assert score.evaluation.error == pytest.approx(1 - np.trace(confusion) / len(indices), abs=1e-7)
    assert score.evaluation.loss == pytest.approx(losses.mean(), rel=1e-5, abs=1e-6)
    five = np.argsort(-answers, axis=1)[:, :5]
    top5_error = 1 - (five == labels[:, None]).any(1).mean()
    assert score.evaluation.top5_error == pytest.approx(top5_error, abs=1e-7)


@pytest.mark.parametrize("count", [1, EVALUATION_BATCH - 1, EVALUATION_BATCH, ALL])
def test_pixels_count_once_whether_or_not_they_fill_the_last_batch(pixels: Dataset, count: int) -> None:
    check(pixels, np.arange(ALL)[-count:])


@pytest.mark.parametrize("count", [1, EVALUATION_BATCH - 1, EVALUATION_BATCH, ALL])
def test_files_count_once_whether_or_not_they_fill_the_last_batch(files: Dataset, count: int) -> None:
    check(files, np.arange(ALL)[-count:])


def test_the_models_of_these_tests_tell_images_apart(pixels: Dataset, files: Dataset) -> None:
    for dataset in (pixels, files):
        answers = logits(dataset.facts, seen(dataset, np.arange(ALL))).argmax(1)
        assert len(np.unique(answers)) > 1


def test_rare_classes_have_a_row_of_their_own(files: Dataset) -> None:
    confusion = scored(files, np.arange(ALL)).confusion
    assert confusion is not None
    assert confusion.sum(1).tolist() == np.bincount(files.images.test_labels).tolist() == [91, 26, 12]


def test_a_matrix_that_no_message_could_hold_is_left_out(files: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "MOST_CONFUSED", 2)
    score = scored(files, np.arange(3))
    assert score.confusion is None
    assert 0 <= score.evaluation.error <= 1


def own(data_folder: Path, images: NDArray[np.uint8] | None = None) -> DatasetFacts:
    """Digits with another mean and deviation, as a dataset of its own, in which some images have no label."""
    train_images, train_labels, test_images, test_labels = digits.load()
    labels = train_labels[:60].copy()
    labels[40:] = -1
    arrays = {
        "images": train_images[:60] // 2 if images is None else images,
        "labels": labels.astype(np.int32),
        "validation_images": train_images[60:70],
        "validation_labels": train_labels[60:70].astype(np.int32),
        "test_images": test_images[:30],
        "test_labels": test_labels[:30].astype(np.int32),
    }
    checked = checked_arrays(arrays, DIGITS.classes, "arrays")
    return store(take_arrays("mine", checked, Options(), lambda *_: None), data_folder)


def asked(model: tasks_pb2.CheckpointFiles, data_folder: Path, **options: Any) -> models_pb2.EvaluateResponse:
    options = {"split": "test"} | options
    (answer,) = said(evaluate, data_folder, evaluate=tasks_pb2.Evaluate(model=model, **options))
    return answer.evaluate


def expected(facts: DatasetFacts, images: NDArray[np.uint8], labels: NDArray[np.int32]) -> list[int]:
    answers = logits(facts, images).argmax(1)
    return np.histogram2d(labels, answers, bins=[np.arange(11)] * 2)[0].astype(int).reshape(-1).tolist()


def test_another_dataset_is_scored_with_the_mean_that_the_model_was_trained_with(tmp_path: Path) -> None:
    model, facts = checkpoint(tmp_path / "run"), own(tmp_path)
    assert facts.mean != DIGITS.mean
    images = digits.load()
    halved = images.train_images[:60] // 2
    shown = {
        "test": (images.test_images[:30], images.test_labels[:30]),
        "validation": (images.train_images[60:70], images.train_labels[60:70]),
        "train": (halved[:40], images.train_labels[:40]),
    }
    for split, (pixels, labels) in shown.items():
        answer = asked(model, tmp_path, split=split, dataset=dataset_message(facts))
        assert (answer.count, answer.step, tuple(answer.classes)) == (len(labels), STEP, DIGITS.classes)
        assert list(answer.confusion) == expected(DIGITS, pixels, labels)
        right = sum(list(answer.confusion)[:: len(DIGITS.classes) + 1])
        assert answer.score.error == pytest.approx(1 - right / answer.count, abs=1e-6)
    # Whoever trained on it gets another mean.
    trained = checkpoint(tmp_path / "other", facts)
    assert list(asked(trained, tmp_path).confusion) == expected(facts, *shown["test"])


def test_images_without_a_label_are_not_scored(tmp_path: Path) -> None:
    facts = own(tmp_path)
    model = checkpoint(tmp_path / "run", facts)
    model.config.dataset.labeled = 20
    assert asked(model, tmp_path, split="train").count == 40
    assert asked(model, tmp_path, split="validation").count == 10


def test_a_split_without_a_labeled_image_is_refused(tmp_path: Path) -> None:
    model = checkpoint(tmp_path / "run")
    with pytest.raises(Refusal, match="split: must have labeled images; digits has none for validation"):
        asked(model, tmp_path, split="validation", dataset=dataset_message(DIGITS))


def test_whole_splits_are_apart(pixels: Dataset) -> None:
    labels = np.array([0, -1, 1, 1], np.int32)
    images = pixels.images._replace(train_labels=labels, test_labels=np.array([1, 0, -1], np.int32))
    dataset = Dataset(replace(DIGITS, validation=1), images)
    found = [labeled(name, dataset, whole_split(name, dataset)).tolist() for name in ("train", "validation", "test")]
    assert found == [[0, 2], [3], [0, 1]]
