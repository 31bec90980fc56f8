"""Under which names weights come or go."""

from cowmask.v1 import experiments_pb2, models_pb2
from cowmask_worker.runs.refusal import Violation, invalid, shown

LEAF_NAMES = ("cowmask", "reference")


def checked_names(
    request: models_pb2.ExportRequest | experiments_pb2.ImportOptions | experiments_pb2.StepOptions,
) -> str:
    """The names that a request asks for, ours by default. Raises `INVALID_OPTION` for others."""
    names = request.names if request.HasField("names") else LEAF_NAMES[0]
    if names not in LEAF_NAMES:
        raise invalid([Violation("names", f"must be 'cowmask' or 'reference'; got {shown(names)}")])
    return names
