"""A run of the digits as it is asked for."""

from cowmask.v1 import experiment_config_pb2
from cowmask_worker.data.catalog import CATALOG
from cowmask_worker.runs.dataset_facts import dataset_message
from cowmask_worker.runs.requested import Requested


def asked(config: experiment_config_pb2.ExperimentConfig, key: str = "") -> Requested:
    return Requested(config, config, dataset_message(CATALOG["digits"]), key)
