"""Makes messages from configs as a TypeScript script writes them, the way the SDK does."""

import re
from typing import Any

from google.protobuf.message import Message

from cowmask.v1 import datasets_pb2, experiment_config_pb2, experiments_pb2, masks_pb2, splits_pb2
from cowmask_worker.runs.refusal import camel_case

MESSAGES: dict[str, type[Message]] = {
    "ExperimentConfig": experiment_config_pb2.ExperimentConfig,
    "GenerateRequest": masks_pb2.GenerateRequest,
    "MixOptions": masks_pb2.MixOptions,
    "EraseOptions": masks_pb2.EraseOptions,
    "DatasetImportOptions": datasets_pb2.DatasetImportOptions,
    "SplitOptions": splits_pb2.SplitOptions,
    "SplitImportOptions": splits_pb2.SplitImportOptions,
    "InspectOptions": datasets_pb2.InspectOptions,
    "StartRequest": experiments_pb2.StartRequest,
}


def from_script(message: str, config: dict[str, Any]) -> Message:
    made = MESSAGES[message]()
    _fill(made, config)
    return made


def _fill(message: Message, config: dict[str, Any]) -> None:
    """A field that the message lacks belongs to the case that the oneof's name chooses."""
    message.SetInParent()
    case: Message | None = None
    for oneof in message.DESCRIPTOR.oneofs:
        if oneof.name in config:
            chosen: Message = getattr(message, config[oneof.name])
            chosen.SetInParent()
            case = chosen
    for name, value in config.items():
        field = re.sub("[A-Z]", lambda letter: "_" + letter[0].lower(), name)
        if case is not None and name in (oneof.name for oneof in message.DESCRIPTOR.oneofs):
            continue
        holder = message if field in message.DESCRIPTOR.fields_by_name else case
        assert holder is not None, f"{message.DESCRIPTOR.name} has no field {name}"
        assert camel_case(field) == name
        _set(holder, field, value)


def _set(message: Message, field: str, value: Any) -> None:
    kind = message.DESCRIPTOR.fields_by_name[field].message_type
    if kind is None:
        setattr(message, field, value)
    elif kind.name == "Range":
        both = getattr(message, field)
        both.low, both.high = value
    elif kind.name == "Boundary":
        for at, factor in value:
            getattr(message, field).add(at=at, factor=factor)
    else:
        _fill(getattr(message, field), value)
