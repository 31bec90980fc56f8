"""The smallest experiment that goes through every part of the real thing."""

from typing import Any

from google.protobuf import json_format

from cowmask.v1 import experiment_config_pb2
from cowmask_worker.data.catalog import CATALOG
from cowmask_worker.runs.dataset_facts import dataset_message

DATASET = dataset_message(CATALOG["digits"])


def config(**changes: Any) -> experiment_config_pb2.ExperimentConfig:
    """A resolved config: WRN-10-1 on digits, CowMix, 12 steps of 16 images; `changes` replace top-level fields."""
    cowmix = {
        "weight": 30,
        "confidence": {"threshold": 0, "average": True, "source": "mixed_confidences"},
        "augment_separately": False,
        "mix_logits": False,
        "sigma": {"low": 1, "high": 4},
        "proportion": {"low": 0.2, "high": 0.8},
    }
    fields: dict[str, Any] = {
        "dataset": {
            "name": "digits",
            "labeled": 40,
            "seed": 1,
            "validation": 0,
            "validation_seed": 131,
            "split": "rule",
        },
        "model": {"wide_resnet": {"depth": 10, "width": 1, "dropout": 0.3}},
        "perturb": {"none": {}},
        "mix": {"cowmix": cowmix},
        "augmentation": {"shift": 1, "horizontal_flip": False},
        "optimizer": {"learning_rate": 0.4, "momentum": 0.9, "nesterov": True, "l2": 5e-4, "weight_decay": 0},
        "schedule": {"stepped": {"boundaries": [{"at": 0.5, "factor": 0.2}], "warmup": 0.1}},
        "teacher": {"alpha": 0.9, "anneal": False},
        "batch_size": 16,
        "unlabeled_batch_size": 16,
        "steps": 12,
        "evaluate_every": 6,
        "checkpoint_every": 4,
        "seed": 5,
        "non_finite_loss": "halt",
        "strict_parity": False,
        "random_stream": "current",
    }
    return json_format.ParseDict(fields | changes, experiment_config_pb2.ExperimentConfig())
