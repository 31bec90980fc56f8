"""A model to be asked, as a run would have left it: the smallest network with parameters that tell images apart."""

from functools import cache
from pathlib import Path

import jax
import jax.numpy as jnp
from settings import config

from cowmask.internal.v1 import tasks_pb2
from cowmask_worker.data.catalog import CATALOG, DatasetFacts
from cowmask_worker.runs.dataset_facts import dataset_message
from cowmask_worker.tasks import assembly
from cowmask_worker.tasks.networks import dataset_network
from cowmask_worker.training import checkpoints
from cowmask_worker.training.state import TrainState

CONFIG = config()
STEP = 7
DIGITS = CATALOG["digits"]


@cache
def state(facts: DatasetFacts = DIGITS) -> TrainState:
    """Student and teacher are the same. Untrained networks answer all images alike, so there is noise on this one."""
    fresh = assembly.compiled_new_state(dataset_network(CONFIG.model, facts))(jax.random.key(0))
    leaves, tree = jax.tree.flatten(fresh.student)
    keys = jax.random.split(jax.random.key(1), len(leaves))
    noisy = [
        leaf + 0.3 * jnp.abs(jax.random.normal(key, leaf.shape)) if leaf.ndim == 1 else 2 * leaf
        for leaf, key in zip(leaves, keys, strict=True)
    ]
    student = jax.tree.unflatten(tree, noisy)
    return fresh._replace(student=student, teacher=student, step=jnp.asarray(STEP, fresh.step.dtype))


def checkpoint(folder: Path, facts: DatasetFacts = DIGITS) -> tasks_pb2.CheckpointFiles:
    """Writes the state as a checkpoint of a run on such a dataset."""
    checkpoints.save(folder, state(facts), step=STEP, facts={})
    return tasks_pb2.CheckpointFiles(
        folder=str(folder), weights="teacher", config=CONFIG, dataset=dataset_message(facts)
    )
