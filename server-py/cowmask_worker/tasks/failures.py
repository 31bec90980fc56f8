"""What went wrong in a task, as data."""

import traceback

import jax

from cowmask.v1 import error_pb2, event_pb2
from cowmask_worker.data.damage import DatasetDamaged, DatasetMissing, DatasetUnusable
from cowmask_worker.data.own.store import DatasetChanged
from cowmask_worker.data.split_file import SplitDamaged
from cowmask_worker.data.split_folder import SplitMissing
from cowmask_worker.durable_files import NO_ROOM
from cowmask_worker.runs.refusal import Refusal, storage_full
from cowmask_worker.runs.split_facts import split_failure
from cowmask_worker.tasks.call import CallCancelled
from cowmask_worker.tasks.splits import SplitChanged
from cowmask_worker.tensors import TensorError
from cowmask_worker.training.checkpoints import CheckpointDamaged, NoRoom


def error_detail(error: Exception) -> error_pb2.ErrorDetail:
    """The failure of a call; options that are wrong are told field by field."""
    violations = error.violations if isinstance(error, Refusal) else ()
    if isinstance(error, TensorError):  # the only tensor that a call takes
        violations = (error_pb2.FieldViolation(path="images", reason=str(error)),)
    return error_pb2.ErrorDetail(failure=failure(error), violations=violations)


def failure(error: Exception) -> event_pb2.Failure:
    """Every exception has a code; what nobody foresaw is INTERNAL and carries its traceback."""
    match error:
        case Refusal():
            return error.failure
        case CallCancelled():
            return event_pb2.Failure(code="CANCELLED_BY_USER", message="The call was cancelled.")
        case TensorError():
            return event_pb2.Failure(code="INVALID_OPTION", message=str(error))
        case NoRoom():
            return storage_full(f"The disk is full: {error}.").failure
        case OSError() if error.errno in NO_ROOM:
            return storage_full(f"The disk is full: {error}.").failure
        case CheckpointDamaged():
            hint = "Name an older step, or resume the run, which goes on from the newest checkpoint that verifies."
            return event_pb2.Failure(code="CHECKPOINT_DAMAGED", message=str(error), hint=hint)
        case SplitDamaged() | SplitMissing():
            return split_failure(error)
        case SplitChanged():
            hint = "Bring back the images that the run began with, or start another run on these."
            return event_pb2.Failure(code="SPLIT_CHANGED", message=str(error), hint=hint)
        case DatasetDamaged():
            return event_pb2.Failure(code="DATASET_DAMAGED", message=str(error))
        case DatasetUnusable():
            return event_pb2.Failure(code="DATASET_UNUSABLE", message=str(error), hint=error.advice)
        case DatasetChanged():
            hint = "Start another run on the dataset as it is now, or import what this run began with under its name."
            return event_pb2.Failure(code="DATASET_CHANGED", message=str(error), hint=hint)
        case DatasetMissing():
            return event_pb2.Failure(code="DATASET_NOT_PREPARED", message=str(error), hint=error.advice)
        case _ if _out_of_memory(error):
            code, message = "OUT_OF_MEMORY", f"The device is out of memory: {_first_line(error)}"
            hint = "Use a smaller batchSize or unlabeledBatchSize, a smaller model, or fewer or smaller images."
        case _:
            code, message = "INTERNAL", _first_line(error)
            hint = "This is a fault of the worker; please report it with the traceback."
    return event_pb2.Failure(
        code=code,
        message=message,
        hint=hint,
        python_type=f"{type(error).__module__}.{type(error).__qualname__}",
        traceback="".join(traceback.format_exception(error)),
    )


def _out_of_memory(error: Exception) -> bool:
    if isinstance(error, jax.errors.JaxRuntimeError):
        return "RESOURCE_EXHAUSTED" in str(error) or "out of memory" in str(error).lower()
    return isinstance(error, MemoryError)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
