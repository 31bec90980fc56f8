"""A run as it is asked for."""

import hashlib
from typing import NamedTuple

from cowmask.v1 import datasets_pb2, experiment_config_pb2


class Requested(NamedTuple):
    """`config` holds the fields that were set, `resolved` all of them. An empty key is none."""

    config: experiment_config_pb2.ExperimentConfig
    resolved: experiment_config_pb2.ExperimentConfig
    dataset: datasets_pb2.Dataset
    idempotency_key: str

    def digest(self, *, imported: bool = False) -> bytes:
        """What the key stands for: a run that trains is another thing than weights that were imported for its
        config."""
        asked = b"import:" if imported else b""
        return hashlib.sha256(asked + self.config.SerializeToString(deterministic=True)).digest()
