"""What a checkpoint tells of the run that wrote it: a run is exact only where these facts stay the same."""

import hashlib
from collections.abc import Mapping
from typing import Any

import flax
import jax
import numpy

import cowmask_worker
from cowmask.v1 import experiment_config_pb2 as config_pb2
from cowmask_worker.tasks.visible_cores import visible_cores


def checkpoint_facts(
    run_id: str, config: config_pb2.ExperimentConfig, split: str, labeled_order: str, devices: int
) -> dict[str, object]:
    """`split` is the fingerprint of the images trained on, `labeled_order` a digest of the order of the labeled ones,
    which the fingerprint does not cover; `devices` says how many compute."""
    trained_on = {"split": split, "labeled_order": labeled_order}
    return {**imported_facts(run_id, config), **trained_on, "environment": _environment(devices)}


def imported_facts(run_id: str, config: config_pb2.ExperimentConfig) -> dict[str, object]:
    """Those of weights from elsewhere, of which nobody knows where they were computed."""
    return {
        "run_id": run_id,
        "config_sha256": hashlib.sha256(config.SerializeToString(deterministic=True)).hexdigest(),
    }


def _environment(devices: int) -> dict[str, object]:
    """Versions, devices and visible cores, under the names that a warning shows."""
    device = jax.devices()[0]
    return {
        "worker version": cowmask_worker.__version__,
        "jax version": jax.__version__,
        "flax version": flax.__version__,
        "numpy version": numpy.__version__,
        "device": f"{device.platform} {device.device_kind}",
        "device count": devices,
        # How XLA:CPU divides a sum among threads depends on their number.
        "visible cores": visible_cores(),
    }


def differences(before: Any, now: Mapping[str, Any]) -> list[str]:
    """What a manifest's facts say otherwise than those of now: the config, the order of the labeled images, or
    something of the environment."""
    environment_before = before.get("environment", now["environment"])
    changed = [
        f"the {name} changed from {environment_before.get(name)} to {value}"
        for name, value in now["environment"].items()
        if environment_before.get(name) != value
    ]
    if before["config_sha256"] != now["config_sha256"]:
        changed.append("the config changed")
    if "labeled_order" in before and before["labeled_order"] != now["labeled_order"]:
        changed.append("the order of the labeled images changed")
    return changed
