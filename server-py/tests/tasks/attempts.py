"""One attempt of a run, in this process, and what its events tell."""

from pathlib import Path
from typing import Any

from settings import DATASET

from cowmask.internal.v1 import tasks_pb2
from cowmask.v1 import datasets_pb2, event_pb2
from cowmask_worker.tasks.train import training

type Events = list[event_pb2.Event]


def attempt(
    folder: Path,
    asked: Any,
    *,
    dataset: datasets_pb2.Dataset = DATASET,
    data: Path = Path(),
    resume: bool = False,
    cancel_at: int | None = None,
) -> Events:
    """`asked` is its config, `folder` holds its checkpoints, `data` its dataset; `cancel_at` asks for its end once that
    many steps are reported."""
    command = tasks_pb2.Train(run_id="r", config=asked, checkpoint_folder=str(folder), resume=resume, dataset=dataset)
    events: Events = []
    for event in training(command, data, lambda: cancel_at is not None and len(losses(events)) >= cancel_at):
        events.append(event)
    return events


def losses(events: Events) -> list[float]:
    return [loss for event in events for loss in event.metrics.loss]


def digests(events: Events) -> dict[int, str]:
    """Of the checkpoints, by step."""
    return {event.checkpoint.step: event.checkpoint.digest for event in events if event.HasField("checkpoint")}
