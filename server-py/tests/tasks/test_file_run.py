"""Training on images that are read from their files: exact resume, exact scores, honest ends."""

import multiprocessing
from dataclasses import replace
from pathlib import Path

import attempts
import jax
import numpy as np
import pytest
from attempts import Events, digests
from photos import SIZE, STEPS, Photos, photo_config
from PIL import Image

from cowmask.v1 import event_pb2
from cowmask_worker.data.catalog import CATALOG
from cowmask_worker.data.damage import DatasetDamaged
from cowmask_worker.data.official.prepared import prepare
from cowmask_worker.tasks import assembly, file_run
from cowmask_worker.tasks.file_run import FileScorer
from cowmask_worker.tasks.networks import dataset_network
from cowmask_worker.tasks.scoring import split_batches, whole_split


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Photos:
    return Photos(tmp_path_factory.mktemp("photos"))


def attempt(photos: Photos, folder: Path, *, resume: bool = False, cancel_at: int | None = None) -> Events:
    return attempts.attempt(
        folder, photo_config(), dataset=photos.message, data=photos.data, resume=resume, cancel_at=cancel_at
    )


@pytest.fixture(scope="module")
def unbroken(photos: Photos, tmp_path_factory: pytest.TempPathFactory) -> list[event_pb2.Event]:
    return attempt(photos, tmp_path_factory.mktemp("unbroken"))


def test_a_run_on_files_succeeds_and_leaves_no_process(unbroken: list[event_pb2.Event]) -> None:
    assert unbroken[-1].finished.state == event_pb2.RUN_STATE_SUCCEEDED, unbroken[-1].finished.cause
    assert sorted(digests(unbroken)) == list(range(1, STEPS + 1))
    assert {event.evaluation.split for event in unbroken if event.HasField("evaluation")} == {"test"}
    assert multiprocessing.active_children() == []


# That every position gives the same batches is shown without training: tests/data/large.
@pytest.mark.parametrize("cancel_at", [0, 5])
def test_f1_stopped_anywhere_it_goes_on_bit_for_bit(
    photos: Photos, unbroken: list[event_pb2.Event], tmp_path: Path, cancel_at: int
) -> None:
    first = attempt(photos, tmp_path, cancel_at=cancel_at)
    assert first[-1].finished.state == event_pb2.RUN_STATE_CANCELLED
    second = attempt(photos, tmp_path, resume=True)
    assert digests(first) | digests(second) == digests(unbroken) | digests(first)
    assert digests(second)[STEPS] == digests(unbroken)[STEPS]


@pytest.mark.parametrize("count", [1, 127, 128, 129])
def test_scores_are_exact_for_any_number_of_images(photos: Photos, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Each image counts once, whether or not they fill the last batch: as the mean over single images."""
    monkeypatch.setattr(file_run, "workers", lambda: 0)
    asked = photo_config()
    dataset = assembly.load_dataset(photos.facts, photos.data)
    model = dataset_network(asked.model, photos.facts)
    variables = assembly.compiled_new_state(model)(jax.random.key(3)).student
    scorer = FileScorer(asked, dataset, model)
    indices = np.arange(count) % len(dataset.images.test_labels)
    score = scorer.score(variables, scorer.split(indices, "test"))
    singles = [scorer.score(variables, scorer.split(np.array([index]), "test")) for index in np.unique(indices)]
    expected = np.array([singles[index] for index in indices]).mean(0)
    np.testing.assert_allclose(score, expected, rtol=1e-5, atol=1e-7)


def test_f6_a_file_that_is_gone_ends_a_run_before_its_first_step(tmp_path: Path) -> None:
    photos = Photos(tmp_path)
    gone = next(photos.root.glob("unlabeled/*"))
    gone.unlink()
    events = attempt(photos, tmp_path / "checkpoints")
    cause = events[-1].finished.cause
    assert (events[-1].finished.state, cause.code) == (event_pb2.RUN_STATE_FAILED, "DATASET_DAMAGED")
    assert str(gone) in cause.message
    assert not any(event.HasField("metrics") for event in events)


def test_f6_a_file_that_was_spoiled_ends_a_run_by_its_name(tmp_path: Path) -> None:
    photos = Photos(tmp_path)
    spoiled = next(photos.root.glob("labeled/r/*"))
    spoiled.write_bytes(b"no image any more")
    events = attempt(photos, tmp_path / "checkpoints")
    cause = events[-1].finished.cause
    assert (events[-1].finished.state, cause.code) == (event_pb2.RUN_STATE_FAILED, "DATASET_DAMAGED")
    assert str(spoiled) in cause.message


def test_a_set_of_class_folders_is_read_where_it_lies(photos: Photos, tmp_path: Path) -> None:
    wnids = {"r": "n00000001", "g": "n00000002", "b": "n00000003"}
    for path in [*photos.root.glob("labeled/*/*"), *photos.root.glob("test/*/*")]:
        part = "train" if path.parts[-3] == "labeled" else "val"
        target = tmp_path / "imagenet" / part / wnids[path.parent.name] / f"{path.stem}.JPEG"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    # As among the published files: CMYK, and PNG in spite of its name.
    first, second = sorted((tmp_path / "imagenet" / "train").glob("*/*"))[:2]
    Image.open(first).convert("CMYK").save(first, "JPEG")
    Image.open(second).save(second, "PNG")
    facts = replace(CATALOG["imagenet"], classes=tuple("012"), train=12, test=7, height=SIZE, width=SIZE)
    prepare("imagenet", tmp_path / "imagenet", tmp_path / "data", facts=facts)
    dataset = assembly.load_dataset(facts, tmp_path / "data")
    assert dataset.contents().classes == ("n00000001", "n00000002", "n00000003")
    for split, labels in (("train", [0] * 4 + [1] * 4 + [2] * 4), ("test", [0] * 3 + [1] * 2 + [2] * 2)):
        [batch] = split_batches(split, dataset, whole_split(split, dataset), photo_config())
        assert batch.labels[: batch.real].tolist() == labels
        strongest = batch.images[: batch.real].mean((1, 2)).argmax(-1)
        np.testing.assert_array_equal(strongest, labels)
    second.unlink()
    with pytest.raises(
        DatasetDamaged, match=rf"{second}: expected .*, found no file\. Put them back, or prepare it again"
    ):
        assembly.load_dataset(facts, tmp_path / "data")
