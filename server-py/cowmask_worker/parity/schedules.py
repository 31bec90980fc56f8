"""Learning rates and the annealed teacher against recorded ones."""

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp

from cowmask_worker.parity.comparison import Comparison
from cowmask_worker.parity.row import Row
from cowmask_worker.parity.vectors import BadVectors, VectorFile
from cowmask_worker.training.schedules import Schedule, annealed_alpha, constant, cosine, stepped

_GROUP = "schedules"
_TOLERANCE = "1e-6 of the base rate"


def schedules(file: VectorFile) -> Iterator[Row]:
    rates, alphas = Comparison(), Comparison()
    for name, case in file.entry["cases"].items():
        if "shape" in case:
            comparison, base, value = alphas, 1.0, annealed(case["shape"], case)
        else:
            comparison, base, value = rates, case["base"], schedule(case["kind"], case["base"], case)
        values = jax.jit(jax.vmap(value))(jnp.asarray(file.arrays[f"{name}_step"]))
        comparison.close(f"{name}_value", values, file.arrays[f"{name}_value"], 1e-6 * base)
    yield rates.row(_GROUP, "learning rates", _TOLERANCE)
    yield alphas.row(_GROUP, "annealed teacher", "1e-6")


def annealed(kind: str, case: dict[str, Any]) -> Schedule:
    return annealed_alpha(case["teacher_alpha"], lambda base: schedule(kind, base, {**case, "warmup_epochs": 0}))


def schedule(kind: str, base: float, case: dict[str, Any]) -> Schedule:
    """The schedule that a case of the manifest describes; its epochs become steps, rounded half to even."""
    per_epoch = case.get("steps_per_epoch", 1)
    warmup = float(case.get("warmup_epochs", 0) * per_epoch)
    match kind:
        case "constant":
            return constant(base)
        case "stepped":
            return stepped(base, [(round(epoch * per_epoch), factor) for epoch, factor in case["steps"]], warmup)
        case "cosine":
            return cosine(base, float(case["half_length_epochs"] * per_epoch), warmup)
        case _:
            raise BadVectors(f"there is no schedule {kind!r}")
