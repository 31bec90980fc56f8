"""The whole training step with a tiny network, through every option: every value of every tree after every step."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array

from cowmask_worker.models.batch_norm import BatchNorm
from cowmask_worker.models.functional import Variables, functional
from cowmask_worker.parity.comparison import Comparison
from cowmask_worker.parity.row import Row
from cowmask_worker.parity.scenario import METRICS, SHARES, Scenario, step_options
from cowmask_worker.parity.vectors import Recorded, VectorFile, nested
from cowmask_worker.training.keys import reference_step_keys
from cowmask_worker.training.state import TrainState
from cowmask_worker.training.step import Batch, train_step

_GROUP = "training"
_KEY = 1040
_PARAMETERS = ("bn/bias", "bn/scale", "out/bias", "out/kernel")
_STATISTICS = ("bn/mean", "bn/var")


class _Probe(nnx.Module):
    """Batch norm, flatten, dense."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.bn = BatchNorm(3)
        self.out = nnx.Linear(108, 5, rngs=rngs)

    def __call__(self, images: Array, *, train: bool, key: Array | None) -> Array:
        del key
        return self.out(self.bn(images, train=train).reshape(len(images), -1))


def probe(file: VectorFile) -> Iterator[Row]:
    """A row a scenario."""
    key = file.entry.get("seeds", {}).get("key", _KEY)
    for name, scenario in file.entry["scenarios"].items():
        ranges = {"cow_sigma_range": file.entry["cow_sigma_range"]}
        perturb = {**ranges, "cow_prop_range": file.entry["perturb_proportion_range"], **scenario["perturb"]}
        mix = {**ranges, "cow_prop_range": file.entry["mix_proportion_range"], **scenario["mix"]}
        yield _steps(name, {**scenario, "perturb": perturb, "mix": mix}, file.arrays, key)


def _steps(name: str, scenario: Scenario, arrays: Recorded, first_key: int) -> Row:
    comparison = Comparison()
    step = jax.jit(partial(train_step, step_options(scenario, functional(_Probe).apply)))
    state = _start(arrays)
    recorded = arrays[f"{name}/metrics"]
    for number in range(len(recorded)):
        batch = Batch(*(jnp.asarray(arrays[f"in/{part}"][number]) for part in ("x_sup", "y", "x_u0", "x_u1")))
        state, metrics = step(state, batch, reference_step_keys(jax.random.PRNGKey(first_key + number)))
        for metric, expected in zip(METRICS, recorded[number], strict=True):
            allowed = 0.0 if metric in SHARES else _allowed(expected)
            found = getattr(metrics, metric)
            comparison.close(f"{metric} of step {number}", found, np.float32(expected), allowed)
        for owner, leaves, tree in [
            ("student", _PARAMETERS, state.student.parameters),
            ("student", _STATISTICS, state.student.statistics),
            ("teacher", _PARAMETERS, state.teacher.parameters),
            ("teacher", _STATISTICS, state.teacher.statistics),
            ("momentum", _PARAMETERS, state.momentum),
        ]:
            for leaf in leaves:
                part, _, value = leaf.partition("/")
                expected = arrays[f"{name}/{owner}/{leaf}"][number]
                comparison.close(f"{owner}/{leaf} after step {number}", tree[part][value], expected, _allowed(expected))
    return comparison.row(_GROUP, f"probe, {name}", "1e-4 of (value + 5 % of the largest); shares equal")


def _start(arrays: Recorded) -> TrainState:
    def tree(owner: str, leaves: tuple[str, ...]) -> dict[str, Any]:
        return nested({leaf: jnp.asarray(arrays[f"in/{owner}/{leaf}"]) for leaf in leaves})

    student, teacher = (Variables(tree(each, _PARAMETERS), tree(each, _STATISTICS)) for each in ("student", "teacher"))
    return TrainState(jnp.int32(0), student, jax.tree.map(jnp.zeros_like, student.parameters), teacher)


def _allowed(expected: Any) -> Any:
    magnitude = np.abs(np.asarray(expected, np.float64))
    return 1e-4 * (magnitude + 0.05 * magnitude.max() + 1e-6)
