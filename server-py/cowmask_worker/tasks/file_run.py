"""Training and scoring on images that are read from their files: made ready on the host while the device computes.

A batch is a function of the run's keys and the step alone, as it is on the device, so that resume is as exact.
"""

import contextlib
import math
from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PRNGKeyArray

from cowmask.v1 import experiment_config_pb2 as config_pb2
from cowmask_worker.data.batches import RawBatch
from cowmask_worker.data.catalog import DatasetFacts
from cowmask_worker.data.image_file import Channels
from cowmask_worker.data.large.evaluation_batches import EvaluationBatch, evaluation_batches
from cowmask_worker.data.large.host_random import Words
from cowmask_worker.data.large.large_batches import (
    LargeBatchOptions,
    LargePool,
    StreamWords,
    large_batches,
)
from cowmask_worker.data.large.prefetch import Prefetched, on_device
from cowmask_worker.data.large.records import Records
from cowmask_worker.data.large.resample import Resample
from cowmask_worker.data.large.views import Augmentation, Shape
from cowmask_worker.data.splits import Indices, Splits
from cowmask_worker.models.functional import Functional
from cowmask_worker.tasks.assembly import (
    EVALUATION_BATCH,
    Dataset,
    normalization,
    plan,
    random_stream,
    root_key,
    second_view,
    split_indices,
    step_on_images,
    step_options,
    stream_keys,
)
from cowmask_worker.tasks.visible_cores import visible_cores
from cowmask_worker.training.evaluation import Tally, tally
from cowmask_worker.training.layout import ON_ONE_DEVICE, Layout
from cowmask_worker.training.loop import Program, Score
from cowmask_worker.training.state import TrainState, Variables
from cowmask_worker.training.step import StepMetrics

MOST_WORKERS = 16
# Decoded images of a split are kept between evaluations if they are no more than this.
_KEPT_BYTES = 1 << 30


@contextlib.contextmanager
def file_program(
    config: config_pb2.ExperimentConfig,
    dataset: Dataset,
    model: Functional,
    parts: Splits,
    state: TrainState,
    layout: Layout,
) -> Generator[Program]:
    """Compiles all that the loop will call, and reads ahead from the state's step on until it is left.

    A file that can't be used any more raises `Unreadable` from the step that needs it.
    """
    assert dataset.files is not None
    root = root_key(config)
    options = step_options(config, model)
    pool = LargePool(dataset.files.train, parts.labeled, parts.unlabeled)
    batches = large_batches(
        pool,
        LargeBatchOptions(
            labeled=config.batch_size,
            unlabeled=config.unlabeled_batch_size,
            shape=shape_of(dataset.facts, config),
            augmentation=Augmentation(
                area=(config.augmentation.crop_area.low, config.augmentation.crop_area.high),
                flip=config.augmentation.horizontal_flip,
            ),
            second_view=second_view(options),
        ),
        _stream_words(root),
        first_step=int(state.step),
        workers=workers(),
    )
    with Prefetched(batches, partial(on_device, sharding=layout.parts)) as ahead:
        first = next(ahead)
        take = step_on_images(config, dataset.facts, options, layout)
        with random_stream(config):
            stepper: Any = jax.jit(take, donate_argnums=0).lower(state, root, first).compile()
        scorer = FileScorer(config, dataset, model, layout)
        planned = plan(config, dataset.facts)
        names = {*planned.splits, *planned.final_splits}
        sets = {name: scorer.split(split_indices(name, dataset.images, parts), name) for name in names}
        scorer.compile(state.student)
        yield Program(
            partial(_steps, stepper, root, _preceded(first, ahead)),
            lambda variables, name: scorer.score(variables, sets[name]),
        )


def _preceded(first: RawBatch, others: Iterator[RawBatch]) -> Iterator[RawBatch]:
    yield first
    yield from others


def _steps(
    stepper: Callable[..., tuple[TrainState, StepMetrics]],
    root: PRNGKeyArray,
    batches: Iterator[RawBatch],
    state: TrainState,
    count: int,
) -> tuple[TrainState, StepMetrics]:
    """`count` steps, one call of the device each; the metrics come back as columns."""
    measured: list[StepMetrics] = []
    for _ in range(count):
        state, metrics = stepper(state, root, next(batches))
        measured.append(metrics)
    columns = (np.asarray(values, np.float32) for values in zip(*jax.device_get(measured), strict=True))
    return state, StepMetrics(*cast(Any, columns))


type BatchTally = Callable[[Variables, Any, Any], tuple[Tally, Array]]
"""Given variables, images (uint8, [b, h, w, c]) and their labels ([b]): the tally and the logits."""


def batch_tally(facts: DatasetFacts, model: Functional, layout: Layout = ON_ONE_DEVICE) -> BatchTally:
    """Tallies a batch by the model's own normalization, which is that of `facts`."""
    normalized = normalization(facts, layout)

    def count(variables: Variables, images: Array, labels: Array) -> tuple[Tally, Array]:
        logits, _ = model.apply(variables, normalized(images), train=False, key=None)
        return tally(logits, labels), logits

    return count


class FileSplit(NamedTuple):
    """Images of one split, read when they are needed; `kept` are those that were read and are small enough."""

    records: Records
    indices: Indices
    shape: Shape
    kept: list[EvaluationBatch]


class FileScorer:
    """Scores variables on image files, each image once."""

    def __init__(
        self,
        config: config_pb2.ExperimentConfig,
        dataset: Dataset,
        model: Functional,
        layout: Layout = ON_ONE_DEVICE,
    ) -> None:
        self._shape = shape_of(dataset.facts, config)
        self._dataset = dataset
        self._count: Any = jax.jit(batch_tally(dataset.facts, model, layout))

    def compile(self, variables: Variables) -> None:
        size, channels, _ = self._shape
        images = np.zeros((EVALUATION_BATCH, size, size, channels), np.uint8)
        self._count = self._count.lower(variables, images, np.zeros(EVALUATION_BATCH, np.int32)).compile()

    def split(self, indices: Indices, name: str) -> FileSplit:
        """`indices` are places in the dataset's test records for "test", else in its training records."""
        files = self._dataset.files
        assert files is not None
        return FileSplit(files.test if name == "test" else files.train, indices, self._shape, [])

    def score(self, variables: Variables, split: FileSplit) -> Score:
        total: Tally | None = None
        for batch in _batches(split):
            part, _ = self._count(variables, batch.images, batch.labels)
            total = part if total is None else jax.tree.map(jnp.add, total, part)
        assert total is not None
        return Score(*map(float, jax.device_get(total.evaluation())))


def _batches(split: FileSplit) -> Iterator[EvaluationBatch]:
    """From the files, or as they were read before; rows past the last image have the label `PADDING`."""
    if split.kept:
        yield from split.kept
        return
    size, channels, _ = split.shape
    keep = len(split.indices) * math.prod((size, size, channels)) <= _KEPT_BYTES
    read: list[EvaluationBatch] = []
    reading = evaluation_batches(split.records, split.indices, split.shape, batch=EVALUATION_BATCH, workers=workers())
    with contextlib.closing(reading) as batches:
        for batch in batches:
            yield batch
            if keep:
                read.append(batch)
    split.kept.extend(read)


def workers() -> int:
    """Processes that decode: one for every core that this process may use."""
    return min(visible_cores(), MOST_WORKERS)


def shape_of(facts: DatasetFacts, config: config_pb2.ExperimentConfig) -> Shape:
    """What every image file becomes, in training and when a model is asked about it."""
    return Shape(facts.height, cast(Channels, facts.channels), cast(Resample, config.augmentation.resample))


def _stream_words(root: PRNGKeyArray) -> StreamWords:
    return StreamWords(*(Words(*map(int, jax.random.key_data(key))) for key in stream_keys(root)))
