"""Classifies image files of the user's, for the Models service."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from itertools import batched
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from cowmask.internal.v1 import tasks_pb2
from cowmask.v1 import experiment_config_pb2 as config_pb2
from cowmask.v1 import models_pb2
from cowmask_worker.data.catalog import DatasetFacts
from cowmask_worker.data.image_file import Channels, Unreadable
from cowmask_worker.data.image_threads import in_threads
from cowmask_worker.data.large.views import read_evaluation_view
from cowmask_worker.data.own.images_below import Below, ImageName, images_below
from cowmask_worker.data.own.taken import read_pixels
from cowmask_worker.data.source_file import SourceFile
from cowmask_worker.tasks.call import Call
from cowmask_worker.tasks.file_run import shape_of
from cowmask_worker.tasks.models import PREDICTION_BATCH, Architecture, architecture_of, checkpoint_of
from cowmask_worker.training.state import Variables

type _Outcome = NDArray[np.uint8] | str
"""An image, or why there is none."""


def predict_files(call: Call) -> None:
    """Answers what was found, then predictions, a batch at a time: memory grows with the names of files alone."""
    command = call.command.predict_files
    architecture = architecture_of(command.model)
    below = images_below(Path(command.path))
    step, variables = checkpoint_of(command.model)
    classes = architecture.facts.classes
    _send(call, found=models_pb2.FilesFound(count=len(below.names), ignored=below.ignored, step=step, classes=classes))
    with closing(_outcomes(below, image_reader(architecture.facts, command.model.config), call.check)) as outcomes:
        for batch in batched(outcomes, PREDICTION_BATCH):
            predictions = _predictions(architecture, variables, batch)
            _send(call, predictions=models_pb2.FilePredictions(predictions=predictions))


def image_reader(facts: DatasetFacts, config: config_pb2.ExperimentConfig) -> Callable[[Path], NDArray[np.uint8]]:
    """Makes of an image file what the images of a run's dataset are when the run is scored on them: uint8 [height,
    width, channels]. What it returns raises `Unreadable`."""
    if facts.reads_files:
        shape = shape_of(facts, config)
        return lambda path: read_evaluation_view(path, shape)
    channels = cast(Channels, facts.channels)
    return lambda path: read_pixels(path, facts.height, facts.width, channels, facts.resize)


def _outcomes(
    below: Below, read: Callable[[Path], NDArray[np.uint8]], check: Callable[[], None]
) -> Generator[tuple[str, _Outcome]]:
    def work(image: ImageName) -> _Outcome:
        return image.problem or read(SourceFile(below.root, image.name))

    with closing(in_threads(work, below.names)) as done:
        for image, outcome in done:
            check()
            if isinstance(outcome, Unreadable):
                yield image.name, f"expected {outcome.expected}, found {outcome.found}"
            else:
                yield image.name, outcome


def _predictions(
    architecture: Architecture, variables: Variables, batch: Sequence[tuple[str, _Outcome]]
) -> Iterator[models_pb2.FilePrediction]:
    images = [outcome for _, outcome in batch if not isinstance(outcome, str)]
    labels, confidences = iter(()), iter(())
    if images:
        # Always as many as in a prediction of pixels: one program, and the same answers.
        filled = np.zeros((PREDICTION_BATCH, *images[0].shape), np.uint8)
        np.stack(images, out=filled[: len(images)])
        answered, probabilities = architecture.predict(variables, filled)
        labels, confidences = iter(np.asarray(answered).tolist()), iter(np.asarray(probabilities).max(1).tolist())
    for name, outcome in batch:
        if isinstance(outcome, str):
            yield models_pb2.FilePrediction(name=name, problem=outcome)
        else:
            answer = models_pb2.ClassAnswer(label=next(labels), confidence=next(confidences))
            yield models_pb2.FilePrediction(name=name, answer=answer)


def _send(call: Call, **part: Any) -> None:
    call.send(answer=tasks_pb2.Answer(predict_files=models_pb2.PredictFilesResponse(**part)))
