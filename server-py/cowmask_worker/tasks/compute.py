"""Answers the commands of the control process."""

import hashlib
from collections.abc import Callable

import jax
import numpy as np

from cowmask.internal.v1 import tasks_pb2
from cowmask.v1 import datasets_pb2, system_pb2
from cowmask_worker.runs.dataset_facts import facts_of
from cowmask_worker.tasks.assembly import load_dataset
from cowmask_worker.tasks.call import Call
from cowmask_worker.tasks.failures import error_detail
from cowmask_worker.tasks.import_dataset import import_dataset
from cowmask_worker.tasks.predict_files import predict_files
from cowmask_worker.tasks.imports import import_model
from cowmask_worker.tasks.masks import erase, generate, mix
from cowmask_worker.tasks.models import evaluate, export, predict
from cowmask_worker.tasks.step import step
from cowmask_worker.tasks.train import train


def answer(call: Call) -> None:
    """Runs one command to its end. An error is sent as the call's failure; it never ends the process."""
    try:
        _ANSWERS[call.command.WhichOneof("message") or ""](call)
    except Exception as error:
        call.send(failure=error_detail(error))
    else:
        call.send(done=tasks_pb2.Done())


def _inspect(call: Call) -> None:
    facts, images, _ = load_dataset(facts_of(call.command.inspect.dataset), call.data_folder)
    digest = hashlib.sha256()
    for array in images:
        digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    classes = len(facts.classes)
    response = datasets_pb2.InspectResponse(
        train_counts=np.bincount(images.train_labels[images.train_labels >= 0], minlength=classes),
        test_counts=np.bincount(images.test_labels, minlength=classes),
    "predict_files": predict_files,
        digest=digest.hexdigest(),
    )
    call.send(answer=tasks_pb2.Answer(inspect=response))


def _devices(call: Call) -> None:
    devices = [
        system_pb2.Device(id=device.id, platform=device.platform, kind=device.device_kind) for device in jax.devices()
    ]
    call.send(answer=tasks_pb2.Answer(devices=system_pb2.DevicesResponse(devices=devices)))


_ANSWERS: dict[str, Callable[[Call], None]] = {
    "generate": generate,
    "mix": mix,
    "erase": erase,
    "predict": predict,
    "evaluate": evaluate,
    "export": export,
    "inspect": _inspect,
    "devices": _devices,
    "train": train,
    "import_model": import_model,
    "step": step,
    "import_dataset": import_dataset,
}
