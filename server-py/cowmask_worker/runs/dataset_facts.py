"""A dataset's facts as a message of the contract, and back."""

from typing import Literal, cast

from cowmask.v1 import datasets_pb2
from cowmask_worker.data.catalog import DatasetFacts, Resize


def dataset_message(facts: DatasetFacts, *, ready: bool = True) -> datasets_pb2.Dataset:
    return datasets_pb2.Dataset(
        name=facts.name,
        description=facts.description,
        classes=facts.classes,
        height=facts.height,
        width=facts.width,
        channels=facts.channels,
        train=facts.train,
        test=facts.test,
        mean=facts.mean,
        std=facts.std,
        ready=ready,
        imported=facts.imported,
        label_counts=facts.label_counts,
        validation=facts.validation,
        shift=facts.shift,
        horizontal_flip=facts.horizontal_flip,
        storage=facts.storage,
        digest=facts.digest,
        notes=facts.notes,
        resize=facts.resize,
    )


def facts_of(message: datasets_pb2.Dataset) -> DatasetFacts:
    """All but what only the start of a run asks for."""
    return DatasetFacts(
        name=message.name,
        description=message.description,
        classes=tuple(message.classes),
        height=message.height,
        width=message.width,
        channels=message.channels,
        train=message.train,
        test=message.test,
        mean=tuple(message.mean),
        std=tuple(message.std),
        shift=message.shift,
        horizontal_flip=message.horizontal_flip,
        label_counts=tuple(message.label_counts),
        validation=message.validation,
        storage=cast(Literal["pixels", "files"], message.storage),
        digest=message.digest,
        notes=tuple(message.notes),
        resize=cast(Resize, message.resize or "crop"),
    )
