"""Answers the commands of the control process."""

from collections.abc import Callable

import jax

from cowmask.internal.v1 import tasks_pb2
from cowmask.v1 import system_pb2
from cowmask_worker.tasks.call import Call
from cowmask_worker.tasks.failures import error_detail
from cowmask_worker.tasks.import_dataset import import_dataset
from cowmask_worker.tasks.imports import import_model
from cowmask_worker.tasks.inspect import inspect
from cowmask_worker.tasks.masks import erase, generate, mix
from cowmask_worker.tasks.models import evaluate, export, predict
from cowmask_worker.tasks.predict_files import predict_files
from cowmask_worker.tasks.splits import create_split, import_split
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
    "predict_files": predict_files,
    "evaluate": evaluate,
    "export": export,
    "inspect": inspect,
    "devices": _devices,
    "train": train,
    "import_model": import_model,
    "step": step,
    "import_dataset": import_dataset,
    "create_split": create_split,
    "import_split": import_split,
}
