"""The inspection of sources and of imported datasets, as the Datasets service asks for it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image
from settings import config
from task_call import said

from cowmask.internal.v1 import tasks_pb2
from cowmask.v1 import datasets_pb2
from cowmask_worker.data.catalog import CATALOG
from cowmask_worker.data.contents import Contents, Part
from cowmask_worker.data.damage import DatasetUnusable
from cowmask_worker.data.digits import Images
from cowmask_worker.data.large.records import records
from cowmask_worker.data.own.folder import list_folder
from cowmask_worker.data.own.store import store
from cowmask_worker.data.own.taken import Options, take_listing
from cowmask_worker.runs.dataset_facts import dataset_message
from cowmask_worker.tasks import inspect as tasks_inspect
from cowmask_worker.tasks import training_cost
from cowmask_worker.tasks.assembly import Dataset, Files
from cowmask_worker.tasks.inspect import inspect
from cowmask_worker.training.step import StepMetrics

OPTIONS = datasets_pb2.InspectOptions(batch_size=4, resize="crop")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    for label in ("cat", "dog"):
        for number in range(5):
            path = tmp_path / f"photos/labeled/{label}/{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(random.integers(0, 256, (8, 8), np.uint8)).save(path)
    return tmp_path / "photos"


def inspected(data_folder: Path = Path(), **command: Any) -> datasets_pb2.InspectResponse:
    (answer,) = said(inspect, data_folder, inspect=tasks_pb2.Inspect(options=OPTIONS, **command))
    return answer.inspect


def test_what_does_not_fit_into_memory_is_planned_but_not_tried(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cheap_step(*_: Any) -> Any:
        return lambda state, _: (state, StepMetrics(*[jnp.float32(0)] * len(StepMetrics._fields)))

    monkeypatch.setattr(training_cost.assembly, "one_step", cheap_step)
    monkeypatch.setattr(training_cost, "free_memory", lambda: -(2**30))
    report = inspected(path=str(folder), config=config(batch_size=4)).report
    # Student, teacher and momentum at least.
    assert report.cost.step_bytes > 3 * 4 * report.cost.parameters
    assert (report.cost.steps_per_epoch, report.cost.dataset_bytes) == (2, 8 * 64)
    assert not report.cost.HasField("seconds_per_step")
    assert not report.cost.HasField("seconds_per_epoch")
    (advice,) = (each.text for each in report.advice if each.code == "memory")
    assert "needs 1.0 GiB more than there is here" in advice

    monkeypatch.setattr(training_cost, "free_memory", lambda: None)
    cost = inspected(path=str(folder), config=config(batch_size=4)).report.cost
    assert cost.seconds_per_epoch == pytest.approx(2 * cost.seconds_per_step)


@pytest.mark.parametrize("storage", ["pixels", "files"])
def test_an_imported_dataset_is_told_with_the_names_of_its_files(tmp_path: Path, folder: Path, storage: Any) -> None:
    (folder / "labeled/cat/0.png").write_bytes((folder / "labeled/dog/0.png").read_bytes())
    taken = take_listing("mine", list_folder(folder), Options(storage=storage), lambda *_: None)
    facts = store(taken, tmp_path / "data")
    (folder / "labeled/cat/3.png").write_bytes((folder / "labeled/cat/4.png").read_bytes())
    response = inspected(tmp_path / "data", dataset=dataset_message(facts))
    assert (list(response.train_counts), list(response.test_counts)) == ([4, 4], [1, 1])
    assert response.contact_sheet.startswith(b"\x89PNG")
    report = response.report
    assert (report.decision.storage, report.decision.train) == (storage, 8)
    assert list(report.contradicting.first[0].names) == ["labeled/cat/0.png", "labeled/dog/0.png"]
    # Pixels are those that were imported; files may be others by now.
    assert report.faults.count == (storage == "files")
    assert all(each.file.endswith("labeled/cat/3.png") for each in report.faults.first)


def test_a_set_that_is_known_by_name_may_live_in_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"labeled/{label}/{number}.png" for label in ("cat", "dog") for number in range(5)]
    train = records(folder, names[:8], [0, 0, 0, 0, 0, 1, 1, -1])
    files = Files(train, records(folder, names[8:], [1, 1]))
    facts = replace(CATALOG["digits"], classes=("cat", "dog"), train=7, test=2, validation=1, storage="files")
    none = np.zeros((0, 8, 8, 1), np.uint8)
    images = Images(none, train.labels, none, files.test.labels)
    digests = ["0" * 64] * 10
    parts = Part(names[:8], digests[:8], train.labels), Part(names[8:], digests[8:], files.test.labels)
    stored = Contents("digits", facts.classes, *parts, own_validation=1)
    monkeypatch.setattr(tasks_inspect, "load_dataset", lambda *_: Dataset(facts, images, files, stored))
    response = inspected(dataset=dataset_message(facts))
    assert (list(response.train_counts), list(response.test_counts)) == ([5, 2], [0, 2])
    assert (response.report.images, response.report.unreadable.count, len(response.digest)) == (10, 0, 64)


def test_names_that_are_no_unicode_and_sources_that_are_none_are_told(tmp_path: Path, folder: Path) -> None:
    (folder / "labeled/cat/\udcff.png").write_bytes(b"")
    report = inspected(path=str(folder)).report
    assert report.unreadable.count == 1
    file = tmp_path / "text.txt"
    file.touch()
    with pytest.raises(DatasetUnusable, match="nothing that can be imported"):
        inspected(path=str(file))
    with pytest.raises(DatasetUnusable, match="laid out otherwise"):
        inspected(path=str(folder / "labeled"))
