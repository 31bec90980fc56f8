"""Scores a model on the labeled images of a split, batch by batch: only one is on the device, and in memory where the
images are read from their files."""

from collections.abc import Callable, Generator
from contextlib import closing
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from cowmask.v1 import experiment_config_pb2 as config_pb2
from cowmask_worker.data.contents import UNLABELED
from cowmask_worker.data.large.evaluation_batches import EvaluationBatch, evaluation_batches
from cowmask_worker.data.splits import Indices
from cowmask_worker.tasks.assembly import EVALUATION_BATCH, Dataset
from cowmask_worker.tasks.file_run import BatchTally, shape_of, workers
from cowmask_worker.training.evaluation import Evaluation, Tally
from cowmask_worker.training.state import Variables

MOST_CONFUSED = 3_000
"""Classes of the largest confusion matrix: a larger one would not fit into a message."""


class Scored(NamedTuple):
    evaluation: Evaluation
    confusion: NDArray[np.int64] | None
    """[classes, classes]: images by their class (row) and by the answer (column), so its sum is the number of images.
    None for more than `MOST_CONFUSED` classes."""


def whole_split(name: str, dataset: Dataset) -> Indices:
    """The images of a dataset as it comes, without a run's choices: "test", "validation" (what the source has put
    aside) or "train". Places in the test arrays for "test", else in the training arrays."""
    if name == "test":
        return np.arange(len(dataset.images.test_labels))
    places = np.arange(len(dataset.images.train_labels))
    aside = len(places) - dataset.facts.validation
    return places[aside:] if name == "validation" else places[:aside]


def labeled(name: str, dataset: Dataset, indices: Indices) -> Indices:
    """Those of the places that have a label."""
    labels = dataset.images.test_labels if name == "test" else dataset.images.train_labels
    return indices[labels[indices] != UNLABELED]


def split_batches(
    name: str, dataset: Dataset, indices: Indices, config: config_pb2.ExperimentConfig
) -> Generator[EvaluationBatch]:
    """Every image once, in order, in batches of `EVALUATION_BATCH` rows, of which the last may not be full. Close it.

    Files are read as those of the config's run are when it is scored; one that can't be used any more raises
    `Unreadable`.
    """
    if dataset.files is not None:
        records = dataset.files.test if name == "test" else dataset.files.train
        shape = shape_of(dataset.facts, config)
        yield from evaluation_batches(records, indices, shape, batch=EVALUATION_BATCH, workers=workers())
        return
    test = name == "test"
    images = dataset.images.test_images if test else dataset.images.train_images
    labels = dataset.images.test_labels if test else dataset.images.train_labels
    for first in range(0, len(indices), EVALUATION_BATCH):
        part = indices[first : first + EVALUATION_BATCH]
        fill = EVALUATION_BATCH - len(part)
        filled = np.pad(images[part], ((0, fill), (0, 0), (0, 0), (0, 0)))
        padded = np.pad(labels[part].astype(np.int32), (0, fill), constant_values=UNLABELED)
        yield EvaluationBatch(filled, padded, len(part))


def score_batches(
    tally: BatchTally,
    variables: Variables,
    batches: Generator[EvaluationBatch],
    classes: int,
    check: Callable[[], None],
) -> Scored:
    """Scores at least one batch. `check` is called before each, and may raise."""
    total: Tally | None = None
    confusion = np.zeros((classes, classes), np.int64) if classes <= MOST_CONFUSED else None
    with closing(batches):
        for batch in batches:
            check()
            part, logits = tally(variables, batch.images, batch.labels)
            total = part if total is None else jax.tree.map(jnp.add, total, part)
            if confusion is not None:
                answers = np.asarray(logits)[: batch.real].argmax(1)
                np.add.at(confusion, (batch.labels[: batch.real], answers), 1)
    assert total is not None
    return Scored(jax.device_get(total.evaluation()), confusion)
