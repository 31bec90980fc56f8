"""Predicts, scores and exports what runs have trained, for the Models service."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from cowmask.internal.v1 import tasks_pb2
from cowmask.v1 import event_pb2, models_pb2
from cowmask.v1 import experiment_config_pb2 as config_pb2
from cowmask_worker.data.augmentation import normalize_unit
from cowmask_worker.data.catalog import DatasetFacts
from cowmask_worker.data.splits import Indices
from cowmask_worker.models.functional import Functional
from cowmask_worker.runs.dataset_facts import facts_of
from cowmask_worker.runs.refusal import Violation, invalid, refusal
from cowmask_worker.tasks import assembly
from cowmask_worker.tasks.arrays import array_chunks, to_array
from cowmask_worker.tasks.call import Call
from cowmask_worker.tasks.file_run import BatchTally, batch_tally
from cowmask_worker.tasks.networks import dataset_network
from cowmask_worker.tasks.scoring import labeled, score_batches, split_batches, whole_split
from cowmask_worker.tasks.splits import check_same_split, split_fingerprint
from cowmask_worker.tasks.weights import exported, names_of
from cowmask_worker.tensors import TensorError
from cowmask_worker.training import checkpoints
from cowmask_worker.training.checkpoints import CheckpointDamaged
from cowmask_worker.training.state import Variables

PREDICTION_BATCH = 128
_KEPT_CHECKPOINTS = 4


class Architecture(NamedTuple):
    """What all checkpoints of the same network and dataset share, their programs above all."""

    facts: DatasetFacts
    functional: Functional
    tally: BatchTally
    predict: Callable[[Variables, Any], tuple[Any, Any]]
    """Given variables and `PREDICTION_BATCH` images (uint8 0..255 or float32 0..1): labels and probabilities."""


def predict(call: Call) -> None:
    """Streams "labels" and "probabilities"."""
    command = call.command.predict.model
    architecture = architecture_of(command)
    facts = architecture.facts
    images = to_array(call.tensor("images"))
    expected = (facts.height, facts.width, facts.channels)
    if images.dtype.name not in ("uint8", "float32"):
        raise TensorError(f"images are uint8 (0 to 255) or float32 (0 to 1), {images.dtype} came")
    if images.shape[1:] != expected or len(images) == 0:
        raise TensorError(
            f"the model was trained on {facts.name} and takes images of the shape [count, "
            f"{', '.join(map(str, expected))}], {list(images.shape)} came"
        )
    _, variables = checkpoint_of(command)
    labels: list[NDArray[Any]] = []
    probabilities: list[NDArray[Any]] = []
    for first in range(0, len(images), PREDICTION_BATCH):
        call.check()
        part = images[first : first + PREDICTION_BATCH]
        fill = ((0, PREDICTION_BATCH - len(part)), (0, 0), (0, 0), (0, 0))
        answer = architecture.predict(variables, np.pad(part, fill))
        for column, values in zip((labels, probabilities), answer, strict=True):
            column.append(np.asarray(values)[: len(part)])
    call.send_chunks(array_chunks("labels", np.concatenate(labels)))
    call.send_chunks(array_chunks("probabilities", np.concatenate(probabilities)))


def evaluate(call: Call) -> None:
    """Answers loss, errors and the confusion matrix on a split of the run's dataset, or of another one."""
    command, split = call.command.evaluate.model, call.command.evaluate.split
    architecture = architecture_of(command)
    dataset, indices = _split(call)
    if len(indices) == 0:
        raise invalid([Violation("split", f"must have labeled images; {dataset.facts.name} has none for {split}")])
    step, variables = checkpoint_of(command)
    batches = split_batches(split, dataset, indices, command.config)
    classes = architecture.facts.classes
    scored = score_batches(architecture.tally, variables, batches, len(classes), call.check)
    score = event_pb2.Score(**{name: float(value) for name, value in scored.evaluation._asdict().items()})
    response = models_pb2.EvaluateResponse(score=score, count=len(indices), step=step, classes=classes)
    if scored.confusion is not None:
        response.confusion.extend(scored.confusion.reshape(-1).tolist())
    call.send(answer=tasks_pb2.Answer(evaluate=response))


def _split(call: Call) -> tuple[assembly.Dataset, Indices]:
    """The dataset to score on, and the places of the split's labeled images."""
    command, split = call.command.evaluate, call.command.evaluate.split
    if command.HasField("dataset"):
        dataset = assembly.load_dataset(facts_of(command.dataset), call.data_folder)
        return dataset, labeled(split, dataset, whole_split(split, dataset))
    dataset = assembly.load_dataset(facts_of(command.model.dataset), call.data_folder)
    config, before = command.model.config, command.model.split_fingerprint
    parts = assembly.splits(config, dataset)
    if before and split != "test":
        check_same_split(before, split_fingerprint(config, dataset, parts))
    return dataset, labeled(split, dataset, assembly.split_indices(split, dataset.images, parts))


def export(call: Call) -> None:
    """Streams every parameter and statistic under its name."""
    command = call.command.export
    _, variables = checkpoint_of(command.model)
    for name, array in sorted(exported(variables, names_of(command.names, command.model.config.model)).items()):
        call.send_chunks(array_chunks(name, array))


def checkpoint_of(files: tasks_pb2.CheckpointFiles) -> tuple[int, Variables]:
    """The step of the wanted checkpoint, and its teacher's or student's variables on the device."""
    path = _wanted(Path(files.folder), files.step if files.HasField("step") else None)
    digest = checkpoints.verify(path)["digest"]
    return int(path.name), _variables(path, digest, files.weights, *_key(files))


def _wanted(folder: Path, step: int | None) -> Path:
    if step is not None:
        path = folder / f"{step:010d}"
        if path.is_dir():
            return path
        there = ", ".join(str(int(each.name)) for each in sorted(folder.glob("[0-9]*"))) or "none"
        raise refusal("CHECKPOINT_NOT_FOUND", f"The run has no checkpoint of step {step}.", f"There are: {there}.")
    newest = checkpoints.newest_verified(folder)
    if newest.path is not None:
        return newest.path
    if newest.skipped:
        raise CheckpointDamaged(
            f"no checkpoint of the run verifies: {'; '.join(each.reason for each in newest.skipped)}"
        )
    raise refusal(
        "CHECKPOINT_NOT_FOUND",
        "The run has no checkpoint yet.",
        "A run writes one every checkpointEvery steps, when it is cancelled and at its end.",
    )


@lru_cache(_KEPT_CHECKPOINTS)
def _variables(path: Path, digest: str, weights: str, facts: DatasetFacts, model: bytes) -> Variables:
    """`digest` tells a checkpoint from one that replaced it, so that what is kept here never answers for another."""
    del digest
    functional = _shared(facts, model).functional
    state = checkpoints.load(path, assembly.state_shapes(functional))
    return jax.device_put(state.student if weights == "student" else state.teacher)


def architecture_of(files: tasks_pb2.CheckpointFiles) -> Architecture:
    return _shared(*_key(files))


def _key(files: tasks_pb2.CheckpointFiles) -> tuple[DatasetFacts, bytes]:
    return facts_of(files.dataset), files.config.model.SerializeToString(deterministic=True)


@lru_cache(_KEPT_CHECKPOINTS)
def _shared(facts: DatasetFacts, model: bytes) -> Architecture:
    functional = dataset_network(config_pb2.ModelConfig.FromString(model), facts)

    def predicted(variables: Variables, images: Any) -> tuple[Any, Any]:
        unit = images.astype(jnp.float32) / 255 if images.dtype == jnp.uint8 else images
        normalized = normalize_unit(unit, facts.mean, facts.std)
        logits, _ = functional.apply(variables, normalized, train=False, key=None)
        return logits.argmax(1).astype(jnp.int32), jax.nn.softmax(logits)

    return Architecture(facts, functional, jax.jit(batch_tally(facts, functional)), jax.jit(predicted))
