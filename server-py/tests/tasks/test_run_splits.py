"""Which split a run trains on: told, recorded, and refused where it is another one than before. Nothing trains here."""

from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from settings import DATASET, config
from task_call import answered
from trained_model import checkpoint

from cowmask.internal.v1 import tasks_pb2
from cowmask.v1 import event_pb2
from cowmask_worker.data import split_folder
from cowmask_worker.data.catalog import CATALOG
from cowmask_worker.data.own.arrays import checked_arrays
from cowmask_worker.data.own.store import store
from cowmask_worker.data.own.taken import Options, take_arrays
from cowmask_worker.data.split_file import SplitFile
from cowmask_worker.data.split_members import made, members
from cowmask_worker.runs.dataset_facts import dataset_message
from cowmask_worker.tasks import assembly
from cowmask_worker.tasks.checkpoint_facts import imported_facts
from cowmask_worker.tasks.models import evaluate
from cowmask_worker.tasks.networks import dataset_network
from cowmask_worker.tasks.splits import SplitChanged
from cowmask_worker.tasks.train import training
from cowmask_worker.training import checkpoints

DIGITS = assembly.load_dataset(CATALOG["digits"], Path())
OTHER = "f" * 64


def drawn(images: assembly.Dataset, **changes: Any) -> SplitFile:
    asked = config(**changes)
    return made(images.contents(), assembly.splits(asked, images), assembly.drawn_rule(asked, images.facts))


def naming(split: str, name: str = "digits") -> dict[str, Any]:
    return {"name": name, "labeled": 40, "validation": 0, "split": split}


def before_compiling(data: Path, folder: Path | None = None, earlier: str | None = None, **changes: Any) -> Any:
    """The events of an attempt up to the point where it would compile; `folder` holds checkpoints of an earlier one."""
    command = tasks_pb2.Train(
        run_id="r",
        config=config(**changes),
        checkpoint_folder=str(folder),
        resume=folder is not None,
        dataset=DATASET,
        split_fingerprint=earlier,
    )
    return list(takewhile(lambda event: event.progress.phase != "compile", training(command, data, lambda: False)))


def fingerprints(events: list[event_pb2.Event]) -> list[str]:
    return [event.progress.split_fingerprint for event in events if event.progress.HasField("split_fingerprint")]


def cause(events: list[event_pb2.Event]) -> event_pb2.Failure:
    assert events[-1].finished.state == event_pb2.RUN_STATE_FAILED
    return events[-1].finished.cause


@pytest.fixture(scope="module")
def state() -> Any:
    model = dataset_network(config().model, DIGITS.facts)
    return assembly.compiled_new_state(model)(assembly.root_key(config()))


def saved(folder: Path, state: Any, **facts: Any) -> Path:
    checkpoints.save(folder, state, step=0, facts={**imported_facts("r", config()), "environment": {}, **facts})
    return folder


def test_a_run_tells_its_split_once_the_data_is_loaded(tmp_path: Path) -> None:
    split = drawn(DIGITS)
    events = before_compiling(tmp_path)
    assert fingerprints(events) == [split.fingerprint]
    assert events[-1].progress.phase == "load_data"
    assert events[-1].progress.HasField("duration_ms")
    split_folder.keep(split, tmp_path)
    assert fingerprints(before_compiling(tmp_path, dataset=naming(split.fingerprint))) == [split.fingerprint]
    without = config(dataset={**naming("rule"), "split": ""})
    without.dataset.ClearField("split")
    assert assembly.is_drawn(without), "a config from before there were splits"


def test_a_named_split_gives_the_same_images_in_the_same_order(tmp_path: Path) -> None:
    dataset = DIGITS._replace(data_folder=tmp_path)
    rule = {"name": "digits", "labeled": 50, "seed": 3, "validation": 60, "validation_seed": 4, "split": "rule"}
    split = split_folder.keep(drawn(DIGITS, dataset=rule), tmp_path)
    expected = assembly.splits(config(dataset=rule), DIGITS)
    found = assembly.splits(config(dataset=naming(split.fingerprint)), dataset)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_run_that_would_go_on_with_other_images_is_refused(tmp_path: Path, state: Any) -> None:
    now = drawn(DIGITS).fingerprint
    for events in (
        before_compiling(tmp_path, earlier=OTHER),
        before_compiling(tmp_path, saved(tmp_path / "other", state, split=OTHER)),
    ):
        assert cause(events).code == "SPLIT_CHANGED"
        assert now in cause(events).message
        assert OTHER in cause(events).message
    for facts in ({}, {"split": now}):
        events = before_compiling(tmp_path, saved(tmp_path / str(len(facts)), state, **facts), earlier=now)
        assert fingerprints(events) == [now]
        assert not events[-1].HasField("finished")


def test_another_order_of_the_labeled_images_is_told(tmp_path: Path, state: Any) -> None:
    split = drawn(DIGITS)
    split_folder.keep(split._replace(labeled=split.labeled[::-1]), tmp_path)
    folder = saved(tmp_path / "run", state, split=split.fingerprint, labeled_order=OTHER)
    events = before_compiling(tmp_path, folder, dataset=naming(split.fingerprint))
    told = [event.warning.message for event in events if event.HasField("warning")]
    assert len(told) == 1
    assert "the order of the labeled images changed" in told[0]


def test_a_split_that_is_gone_or_of_other_images_ends_the_run(tmp_path: Path) -> None:
    gone = cause(before_compiling(tmp_path, dataset=naming(OTHER)))
    assert (gone.code, gone.python_type) == ("SPLIT_NOT_FOUND", "")
    random = np.random.default_rng(0)

    # Each time other images.
    def imported() -> assembly.Dataset:
        arrays = {
            "images": random.integers(0, 256, (30, 8, 8, 1), np.uint8),
            "labels": np.arange(30, dtype=np.int32) % 3,
            "test_images": random.integers(0, 256, (6, 8, 8, 1), np.uint8),
            "test_labels": np.arange(6, dtype=np.int32) % 3,
        }
        taken = take_arrays("mine", checked_arrays(arrays, (), "arrays"), Options(), lambda *_: None)
        return assembly.load_dataset(store(taken, tmp_path), tmp_path)

    numbers = {"labeled": 6, "validation": 3, "split": "rule"}
    split = split_folder.keep(drawn(imported(), dataset={**numbers, "name": "mine"}), tmp_path)
    replaced = imported()
    assert split_folder.fingerprints(tmp_path, "mine") == (split.fingerprint,), "importing anew takes no split away"
    command = tasks_pb2.Train(
        config=config(dataset=naming(split.fingerprint, "mine")), dataset=dataset_message(replaced.facts)
    )
    (*_, last) = training(command, tmp_path, lambda: False)
    assert last.finished.cause.code == "SPLIT_MISMATCH"
    assert "that are missing" in last.finished.cause.message or "other content" in last.finished.cause.message


def test_images_without_names_are_called_by_their_places() -> None:
    contents = DIGITS.contents()
    assert contents.train.names[:2] == ["train/0", "train/1"]
    assert contents.test.names[-1] == "test/359"
    split = drawn(DIGITS)
    assert [f"train/{index}" for index in members(split, contents).labeled] == [image.name for image in split.labeled]


def test_scores_are_of_the_images_that_the_run_trained_on(tmp_path: Path) -> None:
    model = checkpoint(tmp_path)
    model.split_fingerprint = drawn(DIGITS).fingerprint
    answer, _ = answered(evaluate, {}, evaluate=tasks_pb2.Evaluate(model=model, split="train"))
    assert answer.evaluate.count == 1437
    model.split_fingerprint = OTHER
    with pytest.raises(SplitChanged, match=OTHER):
        answered(evaluate, {}, evaluate=tasks_pb2.Evaluate(model=model, split="train"))
    answer, _ = answered(evaluate, {}, evaluate=tasks_pb2.Evaluate(model=model, split="test"))
    assert answer.evaluate.count == 360, "the test images are no choice of the split"
