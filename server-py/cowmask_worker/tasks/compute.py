"""Answers the commands of the control process.

What answers a command is loaded with the first one of its kind: whoever wants a mask does not wait for the libraries of
networks and datasets, which take longer to load than jax.
"""

import os
from collections.abc import Callable
from importlib import import_module

from cowmask.internal.v1 import tasks_pb2
from cowmask.v1 import system_pb2
from cowmask_worker.tasks.call import Call
from cowmask_worker.tasks.usable_devices import usable_devices


def answer(call: Call) -> None:
    """Runs one command to its end. An error is sent as the call's failure; it never ends the process."""
    try:
        answering(call.command.WhichOneof("message") or "")(call)
    except Exception as error:
        from cowmask_worker.tasks.failures import error_detail  # knows the errors of all, so it loads all of them

        call.send(failure=error_detail(error))
    else:
        call.send(done=tasks_pb2.Done())


def devices(call: Call) -> None:
    # Who only looks must not take most of the memory from those who train, as jax does by default.
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    found = [
        system_pb2.Device(id=device.id, platform=device.platform, kind=device.device_kind)
        for device in usable_devices()
    ]
    call.send(answer=tasks_pb2.Answer(devices=system_pb2.DevicesResponse(devices=found)))


def answering(command: str) -> Callable[[Call], None]:
    module, function = ANSWERS[command]
    return getattr(import_module(f"cowmask_worker.tasks.{module}"), function)


# By the command: a module of this folder and a function in it.
ANSWERS = {
    "generate": ("masks", "generate"),
    "mix": ("masks", "mix"),
    "erase": ("masks", "erase"),
    "predict": ("models", "predict"),
    "predict_files": ("predict_files", "predict_files"),
    "evaluate": ("models", "evaluate"),
    "export": ("models", "export"),
    "inspect": ("inspect", "inspect"),
    "devices": ("compute", "devices"),
    "train": ("train", "train"),
    "import_model": ("imports", "import_model"),
    "step": ("step", "step"),
    "import_dataset": ("import_dataset", "import_dataset"),
    "create_split": ("splits", "create_split"),
    "import_split": ("splits", "import_split"),
}
